"""A small run of `python -m tools.chaos.events`, which does more: `kill -9` while events are pulled."""

from __future__ import annotations

import random

import pytest

from tools.chaos.events import Aws, moto, run

pytestmark = pytest.mark.slow


def test_two_killed_processes_store_each_event_once(tmp_path):
    with moto() as endpoint:
        figures = run(
            tmp_path / "project",
            Aws(endpoint),
            people=60,
            events=120,
            chance=random.Random(),
            patience=0.5,
        )
    assert figures["kills"]
