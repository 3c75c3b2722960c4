from __future__ import annotations

import sqlite3

import pytest
from sqlite_utils import Database

from mailer.store.sqlite.migrations import migrations
from tools.projects.project import NOW, open_store

pytestmark = pytest.mark.sqlite_only("its own older schemas")


def test_requests_of_an_older_database_keep_their_numbers(tmp_path):
    """Links that were mailed carry them, so none is given out again either."""
    (tmp_path / "lists").mkdir()
    connection = sqlite3.connect(tmp_path / "lists" / "mailer.db")
    migrations.apply(Database(connection), stop_before="requests_of_strangers")
    add = """INSERT INTO requests (id, kind, email, subscriber_id, send_id, move_id, lists, details, asked)
        VALUES (?, 'leave', ?, 0, 0, 0, '[]', '{}', ?)"""
    for number in (7, 9):
        connection.execute(add, (number, f"a{number}@example.org", NOW.isoformat()))
    connection.execute("DELETE FROM requests WHERE id = 9")
    connection.commit()
    connection.close()
    store = open_store(tmp_path)
    assert store.requests.get(7).wish.email == "a7@example.org"
    with store.database.writing():
        store.database.connection.execute(add, (None, "b@example.org", NOW.isoformat()))
    assert store.requests.get(10).wish.email == "b@example.org"
    store.close()
