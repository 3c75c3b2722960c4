"""The schema, as steps that are each applied once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlite_utils import Migrations

if TYPE_CHECKING:
    from sqlite_utils import Database

migrations = Migrations("mailer")


@migrations()
def first_tables(db: Database) -> None:
    """Subscribers, lists, the ledger of deliveries, and the shared throttles."""
    for statement in _FIRST_TABLES.split(";"):
        if statement.strip():
            db.execute(statement)


@migrations()
def slower_throttles(db: Database) -> None:
    """What is left of a rate after the other side asked for less."""
    db.execute("ALTER TABLE throttles ADD COLUMN share REAL NOT NULL DEFAULT 1")
    db.execute("ALTER TABLE throttles ADD COLUMN slowed_at REAL NOT NULL DEFAULT 0")


_FIRST_TABLES = """
CREATE TABLE subscribers (
    -- AUTOINCREMENT: the id of somebody erased stands in deliveries and in links already mailed
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    email TEXT NOT NULL UNIQUE,
    first_name TEXT NOT NULL DEFAULT '',
    last_name TEXT NOT NULL DEFAULT '',
    zip TEXT NOT NULL DEFAULT '',
    city TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT '',
    county TEXT NOT NULL DEFAULT '',
    timezone TEXT NOT NULL DEFAULT '',
    fields TEXT NOT NULL DEFAULT '{}',
    tags TEXT NOT NULL DEFAULT '[]',
    created TEXT NOT NULL,
    consent_source TEXT NOT NULL DEFAULT ''
);
CREATE TABLE lists (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE memberships (
    list_id INTEGER NOT NULL REFERENCES lists(id),
    subscriber_id INTEGER NOT NULL REFERENCES subscribers(id),
    status TEXT NOT NULL CHECK (status IN ('subscribed', 'unsubscribed')),
    since TEXT NOT NULL,
    how TEXT NOT NULL,
    PRIMARY KEY (list_id, subscriber_id)
) WITHOUT ROWID;
CREATE TABLE field_names (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE suppressions (
    address TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '',
    created TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE sends (
    id INTEGER PRIMARY KEY,
    campaign TEXT NOT NULL,
    list_id INTEGER NOT NULL REFERENCES lists(id),
    state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'paused', 'finished', 'cancelled')),
    audience_query TEXT NOT NULL,
    transport TEXT NOT NULL,
    audience INTEGER NOT NULL DEFAULT 0,
    snapshot BLOB NOT NULL,
    digest TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT '',
    created TEXT NOT NULL,
    changed TEXT NOT NULL,
    UNIQUE (campaign, list_id)
);
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY,
    campaign TEXT NOT NULL,
    subscriber_id INTEGER NOT NULL,
    send_id INTEGER NOT NULL REFERENCES sends(id),
    state TEXT NOT NULL DEFAULT 'pending' CHECK
        (state IN ('pending', 'sending', 'accepted', 'failed', 'uncertain', 'skipped')),
    worker TEXT NOT NULL DEFAULT '',
    message_id TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT '',
    changed TEXT NOT NULL DEFAULT '',
    UNIQUE (campaign, subscriber_id)
);
CREATE INDEX deliveries_by_state ON deliveries (send_id, state);
CREATE TABLE throttles (
    key TEXT PRIMARY KEY,
    busy_until REAL NOT NULL,
    read_at REAL NOT NULL
) WITHOUT ROWID
"""
