"""An address is found, shown and erased wherever it lies."""

import sqlite3
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from mailer.lists.import_row import ImportRow
from mailer.store import connect
from mailer.store.sql.personal_data import PLACES

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
ANA = "ana@example.org"

NAMES = {
    # what staff call their lists, columns and rates, and the books of the program itself
    "lists": {"name"},
    "field_names": {"name"},
    "import_fields": {"name"},
    "throttles": {"key"},
    "unsettled": {"campaign"},
    "imports": {"list_name"},
    "approvals": {"list_name", "campaign", "digest"},
    "approved": {"digest"},
    "variants": {"digest"},
    "shared_values": {"digest"},
    "sends": {"campaign", "transport", "digest", "plan", "worker", "state"},
    "deliveries": {"campaign", "worker", "state"},
    "memberships": {"status"},
    "import_people": {"moment"},
    "blocked_mailboxes": {"mailbox"},
    "suppressions": {"reason"},
    "address_key_marks": {"hash"},
    "shared_key": {"fingerprint"},
    "visitors": {"mark"},
    "public_versions": {"program"},
    "suppression_reasons": {"reason"},
    "events": {"kind", "outcome", "type", "subtype", "status"},
    "requests": {"kind", "mail", "settled"},
    "departures": {"how", "lists"},
    "import_suppressions": {"reason", "new_reason"},
    "petitions": {"name", "closed"},
    "signatures": {"petition", "status", "wording"},
}
"""Columns that hold no text from outside; times, too, which are left out by their names."""
TIMES = {
    "at",
    "created",
    "changed",
    "since",
    "new_since",
    "new_created",
    "stored",
    "asked",
    "undone",
    "consented",
}
TIMES |= {"mail_changed"}
OWN = {"_sqlite_migrations", "sqlite_sequence", "ledger", "moved"}
"""The program's own. A row in `moved` makes the store one that can only be read."""

pytestmark = pytest.mark.sqlite_only("plants through its own tables and reads its files")


def tables(connection):
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return [name for (name,) in names if name not in OWN]


def plant(connection):
    """Put the address into every text column of a row of every table, of the person with id 1."""
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("PRAGMA ignore_check_constraints = ON")
    for table in tables(connection):
        if table == "subscribers":
            continue
        columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
        row = {}
        for _, name, kind, *_ in columns:
            fixed = name in NAMES.get(table, ()) or name in TIMES
            if kind == "TEXT":
                row[name] = f"planted {name}" if fixed else f"of {ANA.upper()}"
            elif kind == "BLOB":
                row[name] = b"planted"
            else:
                row[name] = 1
        row |= {name: ANA for name in ("address", "email") if name in row}
        if table == "suppressions":
            row["reason"] = "bounced"
        if table == "sends":
            row["campaign"] = "planted campaign"
        connection.execute(
            f"INSERT OR REPLACE INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
            tuple(row.values()),
        )
    connection.execute("PRAGMA ignore_check_constraints = OFF")


def found(connection):
    """(table, column) of every value that holds the address."""
    places = set()
    for table in tables(connection):
        cursor = connection.execute(f"SELECT * FROM {table}")
        names = [column[0] for column in cursor.description]
        for row in cursor:
            for name, value in zip(names, row, strict=True):
                if ANA in str(value).lower():
                    places.add((table, name))
    return places


def hashes(email):
    return [sha256(email.encode()).hexdigest()]


@pytest.fixture
def store(tmp_path):
    opened = connect(tmp_path / "lists" / "mailer.db", hashes)
    yield opened
    opened.close()


@pytest.fixture
def planted(store):
    rows = [ImportRow(1, ANA, first_name="Ana"), ImportRow(2, f"di{ANA}")]
    store.imports.import_rows("members", rows, source="test", now=NOW)
    connection = store.database.connection
    ana = store.subscribers.history(ANA).subscriber.id
    assert ana == 1
    plant(connection)
    assert len({table for table, _ in found(connection)}) > 10
    return store


def test_erasing_leaves_the_address_nowhere(planted):
    assert planted.subscribers.erase(ANA, now=NOW)
    assert found(planted.database.connection) == {("subscribers", "email")}  # of somebody longer
    assert planted.subscribers.history(f"di{ANA}").subscriber is not None
    raw = (
        planted.database.path.read_bytes()
        + planted.database.path.with_name("mailer.db-wal").read_bytes()
    )
    assert raw.lower().count(ANA.encode()) == raw.count(f"di{ANA}".encode())


def test_what_lies_elsewhere_is_shown(planted):
    shown = planted.subscribers.history(ANA).elsewhere
    assert set(shown) == {place.name for place in PLACES if place.show}


def test_an_address_that_is_only_in_a_request_is_shown_and_erased(planted):
    connection = planted.database.connection
    connection.execute("UPDATE requests SET email = 'stranger@example.net', subscriber_id = 0")
    history = planted.subscribers.history("stranger@example.net")
    assert history.subscriber is None
    assert history.elsewhere["requests"][0]["email"] == "stranger@example.net"
    assert planted.subscribers.erase("stranger@example.net", now=NOW)
    assert connection.execute("SELECT count(*) FROM requests").fetchone() == (0,)


def test_erasing_says_that_a_reader_still_holds_the_address_and_finishes_later(
    planted, monkeypatch
):
    monkeypatch.setattr("mailer.store.sqlite.database._READER_SECONDS", 0)
    reader = sqlite3.connect(planted.database.path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM subscribers").fetchone()
    planted.subscribers.erase(ANA, now=NOW)
    assert not planted.subscribers.finish_erasing()
    reader.execute("ROLLBACK")
    reader.close()
    assert planted.subscribers.finish_erasing()
    log = planted.database.path.with_name("mailer.db-wal")
    assert ANA.encode() not in log.read_bytes().lower().replace(f"di{ANA}".encode(), b"")


def test_what_is_deleted_by_any_connection_is_overwritten(store):
    assert store.database.connection.execute("PRAGMA secure_delete").fetchone() == (1,)
