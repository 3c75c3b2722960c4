"""What dead workers held is taken over once."""

import os
import signal
import subprocess
import sys
from collections import Counter

import pytest

from mailer.errors import StoreError
from tests.support.ledger import NOW, PENDING, address, die, enrol, outcome, start
from tests.support.stores import address_of, kill


def test_what_a_living_sender_holds_is_not_abandoned(store, other):
    send = start(store)
    store.deliveries.claim(send.id, 3, now=NOW)
    assert other.deliveries.abandoned(send.id) == []
    assert store.deliveries.abandoned(send.id) == []


def test_what_a_dead_sender_held_is_abandoned_and_taken_over_once(store, other, open_store):
    send = start(store)
    held = store.deliveries.claim(send.id, 3, now=NOW)
    die(store)
    assert other.deliveries.abandoned(send.id) == held
    assert open_store().deliveries.abandoned(send.id) == []
    other.deliveries.record(outcome(held), now=NOW)
    assert other.sends.counts(send.id).accepted == 3


def test_what_was_taken_over_is_abandoned_again_when_that_sender_dies(store, other, open_store):
    send = start(store)
    held = store.deliveries.claim(send.id, 3, now=NOW)
    die(store)
    other.deliveries.abandoned(send.id)
    die(other)
    assert open_store().deliveries.abandoned(send.id) == held


def test_what_another_took_over_cannot_be_recorded_any_more(store, other):
    send = start(store)
    held = store.deliveries.claim(send.id, 3, now=NOW)
    kill(store)
    other.deliveries.record(outcome(other.deliveries.abandoned(send.id)[:2], PENDING), now=NOW)
    with pytest.raises(StoreError, match="3 deliveries were no longer"):
        store.deliveries.record(outcome(held), now=NOW)
    assert other.sends.counts(send.id).accepted == 0


def test_an_abandoned_delivery_of_somebody_erased_has_no_address(store, other):
    send = start(store)
    held = store.deliveries.claim(send.id, 1, now=NOW)
    store.subscribers.erase(held[0].subscriber.email, now=NOW)
    die(store)
    (found,) = other.deliveries.abandoned(send.id)
    assert found.delivery_id == held[0].delivery_id
    assert found.subscriber.email == ""


@pytest.mark.sqlite_only("its leases are files")
def test_a_store_that_was_closed_leaves_no_lock_file(store, path):
    send = start(store)
    store.deliveries.claim(send.id, 1, now=NOW)
    assert len(list((path.parent / "workers").iterdir())) == 1
    store.close()
    assert list((path.parent / "workers").iterdir()) == []


@pytest.mark.sqlite_only("its leases are files")
def test_lock_files_of_the_dead_are_cleared_away_and_those_of_the_living_kept(
    store, other, open_store, path
):
    send = start(store)
    dead, living = (
        store.deliveries.claim(send.id, 1, now=NOW),
        other.deliveries.claim(send.id, 1, now=NOW),
    )
    die(store)
    third = open_store()
    assert third.deliveries.abandoned(send.id) == dead
    assert len(list((path.parent / "workers").iterdir())) == 2
    other.deliveries.record(outcome(living), now=NOW)


CLAIM_AND_HANG = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from mailer.store import connect
place = sys.argv[1] if "://" in sys.argv[1] else Path(sys.argv[1])
store = connect(place, lambda email: [email])
print(len(store.deliveries.claim(int(sys.argv[2]), 3, now=datetime.now(UTC))), flush=True)
time.sleep(60)
"""


def test_kill_9_abandons_what_a_process_held(store):
    send = start(store)
    with subprocess.Popen(
        [sys.executable, "-c", CLAIM_AND_HANG, address_of(store), str(send.id)],
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout.readline() == b"3\n"
        assert store.deliveries.abandoned(send.id) == []
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert len(store.deliveries.abandoned(send.id)) == 3


CLAIM_ALL = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from mailer.ledger.delivery import DeliveryState, Result
from mailer.store import connect
place = sys.argv[1] if "://" in sys.argv[1] else Path(sys.argv[1])
store, now = connect(place, lambda email: [email]), datetime.now(UTC)
while claims := store.deliveries.claim(int(sys.argv[2]), 7, now=now):
    print(*(claim.subscriber.email for claim in claims), sep="\\n")
    store.deliveries.record([Result(c.delivery_id, DeliveryState.ACCEPTED) for c in claims], now=now)
store.close()
"""


def test_processes_that_claim_at_once_share_everybody_between_them(store):
    enrol(store, range(400))
    send = start(store)
    command = [sys.executable, "-c", CLAIM_ALL, address_of(store), str(send.id)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    shares = [process.communicate()[0].split() for process in processes]
    assert Counter(email for share in shares for email in share) == Counter(
        address(n) for n in range(400)
    )
    assert store.sends.counts(send.id).accepted == 400
