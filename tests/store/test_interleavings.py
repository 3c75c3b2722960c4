"""Start, pause, resume and cancel from three processes in any order: a pause wins."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from mailer.ledger.delivery import SendState
from mailer.lists.import_row import ImportRow
from mailer.store import connect
from tests.store.conftest import hashes

NOW = datetime(2026, 10, 6, 9, 0, tzinfo=UTC)
STEPS = ("look", "start", "pause", "claim", "claim")


@pytest.fixture
def stores(tmp_path):
    opened = [connect(tmp_path / "mailer.db", hashes) for _ in range(3)]
    rows = [ImportRow(row, f"person{row}@example.org") for row in range(30)]
    opened[0].imports.import_rows("members", rows, source="test", now=NOW)
    yield opened
    for store in opened:
        store.close()


class Run:
    """One send, and what three processes may do to it. `send` and `resume` look first, and start later."""

    def __init__(self, stores, campaign):
        self.stores = stores
        ids = [person.id for person in stores[0].subscribers.audience("members")]
        content = {"query": "", "snapshot": b"", "digest": "", "transport": "outbox"}
        self.send, _ = stores[0].sends.freeze(campaign, "members", ids, now=NOW, **content)
        self.looked = [self.send.version] * 3
        self.looked_since_stop = {0, 1, 2}
        self.state = "queued"

    def set_state(self, process, state, **seen):
        return self.stores[process].sends.set_state(self.send.id, state, now=NOW, **seen)

    def look(self, process):
        send = self.stores[process].sends.find(self.send.campaign, "members")
        self.looked[process] = send.version
        self.looked_since_stop.add(process)

    def start(self, process):
        started = self.set_state(process, SendState.SENDING, seen=self.looked[process])
        if self.state == "cancelled":
            assert not started
        elif started:
            assert self.state == "sending" or process in self.looked_since_stop
            self.state = "sending"

    def pause(self, process):
        assert self.set_state(process, SendState.PAUSED) is (self.state != "cancelled")
        if self.state != "cancelled":
            self.state = "paused"
            self.looked_since_stop = set()

    def cancel(self, process):
        self.set_state(process, SendState.CANCELLED)
        self.state = "cancelled"

    def claim(self, process):
        claims = self.stores[process].deliveries.claim(self.send.id, 2, now=NOW)
        if self.state != "sending":
            assert claims == []


@pytest.mark.parametrize("seed", range(4))
def test_after_a_pause_has_answered_nothing_is_claimed(stores, seed):
    chance = random.Random(seed)
    held = claimed = 0
    for number in range(15):
        run = Run(stores, f"campaign-{number}")
        for _ in range(chance.randrange(4, 25)):
            step = chance.choice(STEPS)
            getattr(run, step)(chance.randrange(3))
            held += step == "claim" and run.state == "paused"
            claimed += step == "claim" and run.state == "sending"
        run.cancel(chance.randrange(3))
        run.look(0)
        run.start(0)
        run.claim(0)
        counts = stores[0].sends.counts(run.send.id)
        assert counts.balanced
    assert held
    assert claimed
