"""From the queue into the store: nothing is deleted before it is on disk, nothing stops the rest."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.errors import StoreError, TransportError
from mailer.events.ingest import FULL, Ingestor, Message, QueueConsumer
from mailer.store import connect
from tests.support.ses_events import ANYTHING, damaged, sample

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


class Queue:
    """Hands out each message once, and again when it was not deleted."""

    def __init__(self, *bodies):
        self.waiting = [Message(body, str(number)) for number, body in enumerate(bodies)]
        self.out = []
        self.asked = []
        self.deleted = []
        self.trouble = []

    def receive(self, *, seconds):
        self.asked.append(seconds)
        if self.trouble:
            raise self.trouble.pop(0)
        found, self.waiting = self.waiting[:FULL], self.waiting[FULL:]
        self.out += found
        return found

    def delete(self, messages):
        self.deleted += [message.body for message in messages]
        self.out = [message for message in self.out if message not in messages]

    def come_again(self):
        self.waiting, self.out = self.out + self.waiting, []


class Stop:
    """Is pulled when the queue is empty; waiting brings back what was not deleted."""

    def __init__(self, queue):
        self.queue = queue
        self.waits = []

    @property
    def requested(self):
        return not self.queue.waiting and not self.queue.out

    def wait(self, seconds):
        self.waits.append(seconds)
        self.queue.come_again()


@pytest.fixture
def store(tmp_path):
    store = connect(tmp_path / "lists" / "mailer.db", lambda email: [f"hash of {email}"])
    yield store
    store.close()


@pytest.fixture
def clerk(store, tmp_path):
    return Ingestor(store, tmp_path / "lists" / "junk.jsonl", patience=3, clock=lambda: NOW)


def pull(queue, clerk, **more):
    stop = Stop(queue)
    told = []
    calls = {"on_round": lambda _: None, "on_trouble": told.append, **more}
    return stop, told, QueueConsumer(queue, clerk, stop=stop, **calls)


def event(number):
    found = sample("delivery")
    found["mail"]["messageId"] = f"id-{number}"
    return json.dumps(found)


def test_a_full_queue_is_emptied_in_rounds_of_several_calls(clerk):
    queue = Queue(*map(event, range(200)))
    rounds = []
    _, _, pulling = pull(queue, clerk, on_round=lambda found: rounds.append(found.stored))
    pulling.run(once=True)
    assert clerk.total.stored == 200
    assert rounds == [10, 80, 80, 30]
    assert sorted(queue.deleted) == sorted(map(event, range(200)))
    assert queue.asked[-1] == 1  # a queue that is asked for 0 seconds may say nothing is there


def test_an_idle_queue_is_asked_by_one_call_that_waits(clerk):
    queue = Queue(event(1), event(2))
    _, _, pulling = pull(queue, clerk)
    pulling.run(once=False)
    assert queue.asked == [5]
    assert clerk.total.stored == 2


def test_nothing_is_deleted_that_is_not_stored(clerk, monkeypatch):
    queue = Queue(event(1), "junk")
    _, _, pulling = pull(queue, clerk)

    def full(*_arguments, **_named):
        raise StoreError("the disk is full")

    monkeypatch.setattr(clerk.store.events, "ingest", full)
    with pytest.raises(StoreError):
        pulling.run(once=True)
    assert queue.deleted == []


def test_trouble_on_the_way_is_told_and_tried_again(clerk):
    queue = Queue(*map(event, range(15)))
    stop, told, pulling = pull(queue, clerk)
    delete, troubles = queue.delete, [None, TransportError("gone")]

    def fail_the_second_time(messages):
        if troubles and (trouble := troubles.pop(0)):
            raise trouble
        delete(messages)

    queue.delete = fail_the_second_time
    pulling.run(once=False)
    assert [err.message for err in told] == ["gone"]
    assert stop.waits == [30.0]
    assert (clerk.total.stored, clerk.total.known) == (15, 5)


def test_what_cannot_begin_is_told_at_once(clerk):
    queue = Queue(event(1))
    queue.trouble = [TransportError("no such queue")]
    stop, told, pulling = pull(queue, clerk)
    with pytest.raises(TransportError):
        pulling.run(once=False)
    assert (told, stop.waits) == ([], [])


@settings(max_examples=50)
@given(bodies=st.lists(damaged() | st.text() | ANYTHING.map(json.dumps), max_size=5))
def test_whatever_is_in_the_queue_the_rest_is_stored(clerk, bodies):
    before = clerk.total.stored + clerk.total.known
    queue = Queue(*bodies[:2], event(1), *bodies[2:])
    _, _, pulling = pull(queue, clerk)
    pulling.run(once=True)
    assert clerk.total.stored + clerk.total.known > before
    assert len(queue.deleted) == len(bodies) + 1


def test_junk_is_kept_word_for_word(clerk):
    junk = ["{", "a\nb", "\ud800", "☃"]
    clerk.take(junk)
    lines = clerk.junk_file.read_text().splitlines()
    assert [json.loads(line)["body"] for line in lines] == junk
    assert clerk.junk == 4
