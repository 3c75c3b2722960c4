"""One-click departures while the database is taken away: none is answered with 200 and lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing

import pytest

from mailer.store.sqlite.database import SqliteDatabase

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
HALF = 3


def replace(database):
    copy = database.with_name("copy.db")
    shutil.copy(database, copy)
    copy.replace(database)


def delete(database):
    database.unlink()


def truncate(database):
    os.truncate(database, 8192)


def remove_log(database):
    database.with_name(f"{database.name}-wal").unlink()


def remove_log_and_index(database):
    remove_log(database)
    database.with_name(f"{database.name}-shm").unlink()


def empty_log(database):
    os.truncate(f"{database}-wal", 0)


EVERYTHING = (replace, delete, truncate, remove_log, remove_log_and_index, empty_log)


def leave(site, people):
    """Return who was answered with 200."""
    answers = {person: site.post(site.links(person).unsubscribe, ONE_CLICK) for person in people}
    assert {answer.status_code for answer in answers.values()} <= {200, 503}
    return [person for person, answer in answers.items() if answer.status_code == 200]


def gone(database):
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(
            "SELECT subscriber_id FROM memberships WHERE status = 'unsubscribed'"
        )
        return {person for (person,) in rows}


@pytest.mark.parametrize("tamper", EVERYTHING)
def test_nobody_leaves_into_a_database_that_is_not_there(site, tamper):
    database = site.store.database.path
    assert leave(site, range(1, HALF + 1)) == [*range(1, HALF + 1)]
    tamper(database)
    assert leave(site, range(HALF + 1, 2 * HALF + 1)) == []
    assert site.get("https://mail.example.org/healthz").status_code == 503


@pytest.mark.parametrize("tamper", [remove_log, remove_log_and_index])
def test_what_stood_in_a_log_that_was_deleted_is_kept(site, tamper):
    database = site.store.database.path
    left = leave(site, range(1, HALF + 1))
    tamper(database)
    assert leave(site, range(HALF + 1, 2 * HALF + 1)) == []
    assert {*left} <= gone(database)
    site.store.close()
    assert {*left} <= gone(database)


@pytest.mark.parametrize("tamper", [replace, delete, remove_log])
def test_a_database_that_goes_in_the_moment_of_a_commit_is_no_success(site, tamper, monkeypatch):
    execute = SqliteDatabase.execute
    database = site.store.database.path
    tampered = []

    def taken_away_first(self, sql, parameters=None):
        if sql == "COMMIT" and self.path == database and not tampered:
            tampered.append(tamper(database))
        return execute(self, sql, parameters or {})

    monkeypatch.setattr(SqliteDatabase, "execute", taken_away_first)
    assert leave(site, [1]) == []
    assert tampered


def test_what_is_committed_is_on_disk(site):
    """FULL is 2: the log is synchronized before each commit returns."""
    assert site.store.database.value("PRAGMA synchronous") == 2
    assert site.store.database.value("PRAGMA journal_mode") == "wal"
