"""`kill -9` at 20 random moments of a send; `python -m tools.chaos.outbox --runs 200` does more."""

import random

import pytest

from mailer.ledger.delivery import Counts
from tools.chaos.outbox import Chaos

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def chaos(tmp_path_factory):
    chaos = Chaos(tmp_path_factory.mktemp("chaos") / "project", 700, random.Random())
    chaos.prepare()
    return chaos


@pytest.mark.parametrize("number", range(1, 21))
def test_a_killed_send_is_finished_with_one_file_for_each(chaos, number):
    # reads all files, too: `assert_one_file_each`
    assert chaos.run(number) == Counts(audience=700, accepted=700)
