"""Deliveries that are due at different moments, and the processes that see to them."""

import os
import socket
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from mailer.campaigns.ab_test import ABTest
from mailer.campaigns.schedule import Timing
from mailer.ledger.delivery import DeliveryState, PendingGroup, Result, SendState
from mailer.lists.import_row import ImportRow
from mailer.store import connect
from tests.support.stores import kill

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
NEW_YORK, DENVER = "America/New_York", "America/Denver"
AT_TEN = Timing("2026-05-04 10:00 local", NOW + 4 * HOUR, {NEW_YORK: NOW + 2 * HOUR})
NO_WORDS = {"query": "", "snapshot": b"", "digest": "", "transport": "outbox"}


@pytest.fixture
def ids(store):
    """Of nine people: three in New York, three in Denver, three nobody knows where."""
    rows = [
        ImportRow(row, f"person{row}@example.org", timezone=(NEW_YORK, DENVER, "")[row % 3])
        for row in range(9)
    ]
    store.imports.import_rows("members", rows, source="test", now=NOW)
    return [person.id for person in store.subscribers.audience("members")]


@pytest.fixture
def other(store):
    """Another process on the same store."""
    opened = connect(store.database.path, lambda email: [f"hash of {email}"])
    yield opened
    opened.close()


def freeze(store, ids, **options):
    return store.sends.freeze("vote", "members", ids, **NO_WORDS, now=NOW, **options)[0]


def claim(store, send, now, limit=9):
    store.sends.set_state(send.id, SendState.SENDING, now=now)
    return store.deliveries.claim(send.id, limit, now=now)


def record(store, claims, now=NOW):
    store.deliveries.record(
        [Result(c.delivery_id, DeliveryState.ACCEPTED) for c in claims], now=now
    )


def finish(store, send, now):
    store.sends.set_state(send.id, SendState.FINISHED, now=now)
    return store.sends.find("vote", "members").state


# ---------------------------------------------------------------- when


def test_only_what_is_due_is_claimed_whatever_the_order_of_the_ids(store, ids):
    send = freeze(store, ids, timing=AT_TEN)
    assert claim(store, send, NOW + 2 * HOUR - timedelta(seconds=1)) == []
    first = claim(store, send, NOW + 2 * HOUR)
    assert {c.subscriber.timezone for c in first} == {NEW_YORK}
    assert len(first) == 3
    assert len(claim(store, send, NOW + 4 * HOUR)) == 6


def test_a_send_with_more_to_come_is_queued_and_not_finished(store, ids):
    send = freeze(store, ids, timing=AT_TEN)
    first = claim(store, send, NOW + 2 * HOUR)
    assert finish(store, send, NOW + 2 * HOUR) is SendState.SENDING
    record(store, first)
    assert finish(store, send, NOW + 2 * HOUR) is SendState.QUEUED
    rest = claim(store, send, NOW + 4 * HOUR)
    assert finish(store, send, NOW + 4 * HOUR) is SendState.SENDING
    record(store, rest)
    assert finish(store, send, NOW + 4 * HOUR) is SendState.FINISHED


def test_what_is_to_come_is_counted_by_moment_and_time_zone(store, ids):
    send = freeze(store, ids, timing=AT_TEN)
    assert store.schedule.pending_groups(send.id, now=NOW) == [
        PendingGroup(NOW + 2 * HOUR, NEW_YORK, 3),
        PendingGroup(NOW + 4 * HOUR, "", 3),
        PendingGroup(NOW + 4 * HOUR, DENVER, 3),
    ]
    assert store.schedule.next_due(send.id, now=NOW) == NOW + 2 * HOUR
    assert store.schedule.next_due(send.id, now=NOW + 2 * HOUR) == NOW + 4 * HOUR
    assert store.schedule.next_due(send.id, now=NOW + 4 * HOUR) is None
    assert store.schedule.pending_groups(send.id, now=NOW + 4 * HOUR) == []
    assert [
        len(list(store.deliveries.remaining(send.id, now=NOW + n * HOUR))) for n in (0, 2, 4)
    ] == [0, 3, 9]
    assert len(list(store.deliveries.remaining(send.id, now=NOW, later=True))) == 9


def test_an_order_that_is_moved_moves_what_is_pending_and_whoever_is_added(store, ids):
    send = freeze(store, ids[:5], timing=AT_TEN)
    record(store, claim(store, send, NOW + 2 * HOUR))
    moved = Timing("later", NOW + 9 * HOUR)
    send = freeze(store, ids, timing=moved)
    assert (send.plan, send.state) == ("later", SendState.QUEUED)
    assert [wave.due for wave in store.schedule.pending_groups(send.id, now=NOW)] == [
        NOW + 9 * HOUR
    ] * 3
    assert store.sends.counts(send.id).pending == 7


def test_whoever_is_added_without_a_time_is_due_at_once_and_the_rest_keep_theirs(store, ids):
    freeze(store, ids[:6], timing=AT_TEN)
    send = freeze(store, ids)
    assert len(claim(store, send, NOW)) == 3
    assert store.schedule.next_due(send.id, now=NOW) == NOW + 2 * HOUR


def test_a_claim_goes_through_one_moment_after_another(store, ids):
    timing = Timing("", NOW + HOUR, {NEW_YORK: NOW, DENVER: NOW + 2 * HOUR})
    send = freeze(store, ids, timing=timing)
    zones = [claim(store, send, NOW + 2 * HOUR, limit=2) for _ in range(5)]
    found = [c.subscriber.timezone for claims in zones for c in claims]
    assert found == [NEW_YORK] * 3 + [""] * 3 + [DENVER] * 3


# ---------------------------------------------------------------- who


def test_a_worker_takes_up_what_was_scheduled_when_it_is_due(store, ids):
    freeze(store, ids, timing=AT_TEN)
    assert store.schedule.take_up(now=NOW) is None
    taken = store.schedule.take_up(now=NOW + 2 * HOUR)
    assert (taken.campaign, taken.state) == ("vote", SendState.SENDING)


def test_of_two_workers_one_takes_it_up(store, other, ids):
    freeze(store, ids, timing=AT_TEN)
    assert store.schedule.take_up(now=NOW + 4 * HOUR)
    assert other.schedule.take_up(now=NOW + 4 * HOUR) is None


@pytest.mark.parametrize("state", [SendState.PAUSED, SendState.CANCELLED, SendState.FINISHED])
def test_a_worker_leaves_alone_what_somebody_stopped_or_is_over(store, ids, state):
    send = freeze(store, ids, timing=AT_TEN)
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    store.sends.set_state(send.id, state, now=NOW)
    kill(store)
    due = NOW + 4 * HOUR
    taken = store.schedule.take_up(now=due)
    # not finished, as the people are not due yet: queued
    assert (taken is not None) == (state is SendState.FINISHED)


def test_a_worker_leaves_to_a_person_what_a_person_started(store, ids):
    freeze(store, ids)
    assert store.schedule.take_up(now=NOW) is None


def test_a_worker_takes_up_what_a_dead_process_left_and_not_what_a_living_one_has(
    store, other, ids
):
    send = freeze(store, ids)
    claim(store, send, NOW, limit=2)
    assert store.schedule.is_anyone_at_work(send.id)
    assert other.schedule.take_up(now=NOW) is None
    kill(store)
    assert not other.schedule.is_anyone_at_work(send.id)
    assert other.schedule.take_up(now=NOW).id == send.id
    assert other.schedule.is_anyone_at_work(send.id)


def test_a_worker_takes_up_what_no_worker_is_written_down_for(store, other, ids):
    send = freeze(store, ids)
    claim(store, send, NOW, limit=2)
    store.database.connection.execute("UPDATE sends SET worker = ''")
    store.database.connection.execute("UPDATE deliveries SET worker = ''")
    assert not other.schedule.is_anyone_at_work(send.id)
    assert other.schedule.take_up(now=NOW).id == send.id
    assert len(other.deliveries.abandoned(send.id)) == 2


def test_whoever_has_mail_in_flight_is_at_work_though_another_came_later(store, other, ids):
    send = freeze(store, ids)
    claim(store, send, NOW, limit=2)
    other.sends.set_state(send.id, SendState.SENDING, now=NOW)
    kill(other)
    assert other.schedule.is_anyone_at_work(send.id)
    assert other.schedule.take_up(now=NOW) is None


def test_a_store_is_attended_while_a_worker_lives(store, other):
    assert not other.leases.is_attended()
    store.leases.attend()
    assert other.leases.is_attended()
    store.leases.leave()
    assert not other.leases.is_attended()


# ---------------------------------------------------------------- which subject


def draw(subscriber_id):
    return subscriber_id % 3


def test_the_test_goes_out_and_the_rest_wait_for_the_winner(store, ids):
    send = freeze(store, ids, ab_test=ABTest(draw, None))
    test = claim(store, send, NOW)
    assert Counter(c.arm for c in test) == {1: 3, 2: 3}
    assert all(c.arm == draw(c.subscriber.id) for c in test)
    assert store.schedule.has_to_come(send.id) is False
    record(store, test)
    assert finish(store, send, NOW) is SendState.QUEUED
    assert store.schedule.pending_groups(send.id, now=NOW) == [
        PendingGroup(None, zone, number) for zone, number in Counter(_waiting(store, send)).items()
    ]
    assert store.schedule.awaits_winner(send.id)


def _waiting(store, send):
    tested = {
        found.claim.subscriber.id
        for found in store.deliveries.remaining(send.id, now=NOW, later=True)
    }
    people = store.subscribers.audience("members")
    return sorted(p.timezone for p in people if draw(p.id) == 0 and p.id not in tested)


def test_the_rest_get_the_subject_that_was_declared_first(store, ids):
    send = freeze(store, ids, ab_test=ABTest(draw, None))
    record(store, claim(store, send, NOW))
    finish(store, send, NOW)
    assert store.schedule.declare_winner(send.id, 2, now=NOW + HOUR)
    assert not store.schedule.declare_winner(send.id, 1, now=NOW + HOUR)
    rest = claim(store, send, NOW + HOUR)
    assert [c.arm for c in rest] == [2, 2, 2]
    assert not store.schedule.awaits_winner(send.id)


def test_whoever_is_added_later_gets_the_winner_at_once(store, ids):
    send = freeze(store, ids[:6], ab_test=ABTest(draw, None))
    record(store, claim(store, send, NOW))
    store.schedule.declare_winner(send.id, 2, now=NOW)
    record(store, claim(store, send, NOW))
    freeze(store, ids, ab_test=ABTest(lambda _: 0, None))
    assert [c.arm for c in claim(store, send, NOW)] == [2, 2, 2]


def test_a_worker_is_to_choose_when_the_test_has_been_out_for_the_time(store, ids):
    send = freeze(store, ids, ab_test=ABTest(draw, 4 * HOUR), timing=Timing("later", NOW + HOUR))
    assert store.schedule.tests_to_decide(now=NOW + 9 * HOUR) == []
    due = NOW + HOUR
    record(store, claim(store, send, due), due)
    assert store.schedule.tests_to_decide(now=NOW + 9 * HOUR) == []
    finish(store, send, due)
    assert store.schedule.tests_to_decide(now=due + 4 * HOUR - timedelta(seconds=1)) == []
    assert [found.id for found in store.schedule.tests_to_decide(now=due + 4 * HOUR)] == [send.id]
    store.schedule.declare_winner(send.id, 1, now=due + 4 * HOUR)
    assert store.schedule.tests_to_decide(now=due + 4 * HOUR) == []
    assert store.schedule.take_up(now=due + 4 * HOUR).id == send.id


def test_a_worker_does_not_choose_what_a_person_is_to_choose(store, ids):
    send = freeze(store, ids, ab_test=ABTest(draw, None))
    record(store, claim(store, send, NOW))
    finish(store, send, NOW)
    assert store.schedule.tests_to_decide(now=NOW + 999 * HOUR) == []
    assert store.schedule.take_up(now=NOW + 999 * HOUR) is None


# ---------------------------------------------------------------- who is at work


def test_workers_are_listed_with_what_they_send_until_they_end(store, other, ids):
    assert store.schedule.workers() == []
    earliest = datetime.now(UTC) - timedelta(seconds=2)
    other.leases.attend()
    (worker,) = store.schedule.workers()
    assert (worker.host, worker.campaigns) == (socket.gethostname()[:30], ())
    assert earliest <= worker.since <= datetime.now(UTC) + timedelta(seconds=2)
    for campaign in ("vote", "gala"):
        send, _ = store.sends.freeze(campaign, "members", ids, **NO_WORDS, now=NOW)
        other.sends.set_state(send.id, SendState.SENDING, now=NOW)
    (worker,) = store.schedule.workers()
    assert worker.campaigns == ("gala", "vote")
    assert worker.process == os.getpid()
    other.leases.leave()
    assert wait_for_workers(store, 0) == []


def test_a_worker_that_joined_a_send_is_listed_by_what_it_has_in_flight(store, other, ids):
    send, _ = store.sends.freeze("vote", "members", ids, **NO_WORDS, now=NOW)
    other.sends.set_state(send.id, SendState.SENDING, now=NOW)
    store.deliveries.claim(send.id, 1, now=NOW)
    other.leases.leave()
    (worker,) = wait_for_workers(store, 1)
    assert worker.campaigns == ("vote",)


def wait_for_workers(store, number):
    """A server takes a moment to see that a connection has ended."""
    end = time.monotonic() + 30
    while len(workers := store.schedule.workers()) != number and time.monotonic() < end:
        time.sleep(0.01)
    return workers
