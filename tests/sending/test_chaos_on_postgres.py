"""A small run of `python -m tools.chaos.postgres`, which does more: four workers, and everything goes wrong."""

import pytest

from tests.support.postgres import MISSING
from tools.chaos.postgres import run
from tools.postgres import programs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not programs(), reason=MISSING),
]


def test_four_workers_mail_everybody_once_while_the_server_and_the_network_fail():
    chaos = run(1, 1, people=120, percent=5, rate=60)
    assert chaos.figures["looks"]
    assert not [note for note in chaos.pauses if "store" in note or "no longer" in note]
