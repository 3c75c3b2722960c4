"""Ids in mail: random, growing, and given out by no two copies of a database."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime

import pytest

from mailer.ledger.delivery import SendState
from mailer.lists.import_row import ImportRow
from mailer.lists.request import RecipientRequest, RequestKind, RequestLimits
from mailer.store import connect
from mailer.store.sql import ids
from tests.store.conftest import hashes

NOW = datetime(2026, 10, 6, 9, 0, tzinfo=UTC)
TABLES = ("subscribers", "sends", "deliveries", "departures", "requests", "links")


@pytest.fixture
def opened(tmp_path):
    stores = []

    def connected(name="a"):
        stores.append(connect(tmp_path / name / "mailer.db", hashes))
        return stores[-1]

    yield connected
    for store in stores:
        store.close()


def enroll(store, *emails):
    rows = [ImportRow(row, email) for row, email in enumerate(emails, 2)]
    store.imports.import_rows("members", rows, source="a form", now=NOW)
    return [store.subscribers.history(email).subscriber.id for email in emails]


def use(store, campaign="vote"):
    """Add a row or more to each of the tables."""
    people = enroll(store, *(f"{campaign}{number}@example.org" for number in range(5)))
    content = {"query": "", "snapshot": b"", "digest": "", "transport": "outbox"}
    send, _ = store.sends.freeze(campaign, "members", people, now=NOW, **content)
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    store.clicks.link(send.id, 1, "https://www.example.org/")
    store.unsubscribes.leave(people[0], send.id, how="page", now=NOW)
    request = RecipientRequest(RequestKind.JOIN, f"{campaign}@example.net", lists=("members",))
    assert store.requests.add(request, limits=RequestLimits(3, 200, 1000), now=NOW)


def all_ids(store):
    return {
        table: [row[0] for row in store.database.rows(f"SELECT id FROM {table}")]
        for table in TABLES
    }


@pytest.mark.sqlite_only("copies its files")
@pytest.mark.usefixtures("random_ids")
def test_a_copy_put_in_place_by_hand_gives_out_none_of_the_ids_again(opened, tmp_path):
    store = opened()
    use(store, "early")
    store.close()
    shutil.copytree(tmp_path / "a", tmp_path / "copy")
    original, copy = opened(), opened("copy")
    known = all_ids(copy)
    use(original, "vote")
    use(copy, "vote")
    for table in TABLES:
        new = {*all_ids(original)[table]} - {*known[table]}
        assert new
        assert new.isdisjoint({*all_ids(copy)[table]} - {*known[table]})


@pytest.mark.usefixtures("random_ids")
def test_an_id_tells_nothing_about_how_many_there_are(opened):
    store = opened()
    use(store)
    for numbers in all_ids(store).values():
        assert numbers
        assert min(numbers) > 2**40
        assert max(numbers) < 2**53


def test_ids_grow_when_the_clock_is_turned_back(opened, monkeypatch):
    store = opened()
    monkeypatch.setattr(ids, "_EPOCH", 0)
    monkeypatch.setattr(ids.time, "time", lambda: 1000.0)
    assert enroll(store, "a@example.org", "b@example.org") == [1_000_001, 1_000_002]
    monkeypatch.setattr(ids.time, "time", lambda: 1.0)
    assert enroll(store, "c@example.org") == [1_000_003]


@pytest.mark.usefixtures("random_ids")
def test_ids_of_the_same_moment_differ_by_chance(opened, monkeypatch):
    monkeypatch.setattr(ids.time, "time", lambda: 1_790_000_000.0)
    numbers = {enroll(opened(name), "a@example.org")[0] for name in "abcdefghij"}
    assert len(numbers) >= 8
    assert max(numbers) - min(numbers) < 2**ids._RANDOM_BITS


def test_an_address_that_is_imported_again_keeps_its_id(opened):
    store = opened()
    (before,) = enroll(store, "b@example.org")
    assert enroll(store, "a@example.org", "b@example.org", "c@example.org")[1] == before
    assert len({*all_ids(store)["subscribers"]}) == 3
