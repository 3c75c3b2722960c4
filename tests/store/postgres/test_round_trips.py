"""Ways to the server and back, each of which takes as long as the network is slow."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailer.errors import StoreError
from mailer.ledger.delivery import DeliveryState, Result, SendState, StoredMessage
from mailer.lists.import_row import ImportRow

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
KEPT = StoredMessage("digest", b"content", "[]")


def freeze(store, campaign="vote", quiet_hours=0, first=0):
    rows = [ImportRow(n, f"person{n}@example.org") for n in range(60)]
    store.imports.import_rows("members", rows, source="test", now=NOW)
    ids = [person.id for person in store.subscribers.audience("members")][first:]
    content = {"query": "", "snapshot": b"", "digest": "", "transport": "fake"}
    send, _ = store.sends.freeze(
        campaign, "members", ids, **content, quiet_hours=quiet_hours, now=NOW
    )
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    return send


@pytest.fixture
def ways(store, monkeypatch):
    """Counts what `send` is asked to do."""
    counted = []
    send = store.database._send

    def count(statements):
        counted.append([statement for statement, _ in statements])
        return send(statements)

    monkeypatch.setattr(store.database, "_send", count)
    return counted


@pytest.mark.parametrize(("quiet_hours", "number"), [(0, 3), (24, 5)])
def test_a_claim_takes_few_ways_whatever_its_size(store, ways, quiet_hours, number):
    other = freeze(store, "gala", first=59)
    assert len(store.deliveries.claim(other.id, 5, now=NOW)) == 1
    send = freeze(store, quiet_hours=quiet_hours)
    for size in (2, 40):
        ways.clear()
        assert len(store.deliveries.claim(send.id, size, now=NOW)) == size
        assert len(ways) == number


def test_answers_take_two_ways_whatever_their_number(store, ways):
    send = freeze(store)
    for size in (2, 40):
        claims = store.deliveries.claim(send.id, size, now=NOW)
        accepted = [Result(c.delivery_id, DeliveryState.ACCEPTED, "id", kept=KEPT) for c in claims]
        ways.clear()
        store.deliveries.record(accepted, now=NOW)
        assert len(ways) == 2
    assert store.sends.counts(send.id).accepted == 42
    assert store.database.value("SELECT count(*) FROM copies") == 42


def test_a_reservation_of_the_rate_takes_three_ways(store, ways):
    store.throttle.reserve("ses", 5, rate=10, burst=5, clock=lambda: 0)
    assert len(ways) == 3
    assert store.throttle.reserve("ses", 5, rate=10, burst=5, clock=lambda: 0).wait > 0


def test_steps_of_one_transaction_take_a_way_each_and_none_where_nothing_is_asked(store, ways):
    add = "INSERT INTO lists (id, name) VALUES (:id, :name)"

    def ask(number, name):
        return lambda: store.database.execute(add, {"id": number, "name": name})

    def tell(number, name):
        return lambda: store.database.execute_later(add, [{"id": number, "name": name}])

    store.database.together([ask(1, "board"), tell(2, "members"), ask(3, "friends"), tell(4, "x")])
    assert len(ways) == 3
    assert store.database.value("SELECT count(*) FROM lists") == 4


def test_what_was_only_told_fails_the_whole_transaction(store):
    add = "INSERT INTO lists (id, name) VALUES (:id, :name)"
    same = [{"id": 1, "name": "board"}]
    steps = [lambda: store.database.execute_later(add, same) for _ in range(2)]
    with pytest.raises(StoreError, match="nothing of this step was kept"):
        store.database.together(steps)
    assert store.database.value("SELECT count(*) FROM lists") == 0


def test_a_step_that_fails_before_it_has_written_undoes_nothing_else(store):
    add = "INSERT INTO lists (name) VALUES (:name)"

    def fail():
        store.database.execute_later(add, [{"name": "never"}])
        raise ValueError

    steps = [lambda: store.database.execute(add, {"name": "board"}), fail, fail]
    results = store.database.together([*steps, lambda: store.database.execute(add, {"name": "x"})])
    assert results[0] == results[3] == 1
    assert [type(result) for result in results[1:3]] == [ValueError, ValueError]
    assert store.database.rows("SELECT name FROM lists ORDER BY name") == [("board",), ("x",)]


def test_what_waits_is_dropped_with_its_transaction(store):
    def fail():
        with store.database.writing():
            store.database.execute_later("INSERT INTO lists (name) VALUES ('never')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.database.writing():
        store.database.execute_later("INSERT INTO lists (name) VALUES ('board')")
    assert store.database.rows("SELECT name FROM lists") == [("board",)]
    assert store.sends.find("vote", "members") is None
