"""Nothing is written to a database that is no longer there, or whose log is not."""

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from mailer.errors import DatabaseReplacedError, StaleLedger, StoreError
from tests.support.ledger_files import NOW, enroll, mail, start

pytestmark = pytest.mark.sqlite_only("harms its files")


def replaced(path):
    path.rename(path.with_name("old.db"))
    shutil.copy(path.with_name("old.db"), path)


def cut_off(path):
    with path.open("r+b") as file:
        file.truncate(4096)


def log_deleted(path):
    Path(f"{path}-wal").unlink()


def log_emptied(path):
    os.truncate(f"{path}-wal", 0)


def log_cut_in_its_head(path):
    os.truncate(f"{path}-wal", 20)


def log_cut_in_its_middle(path):
    log = Path(f"{path}-wal")
    os.truncate(log, log.stat().st_size // 2)


def mailing(opened):
    """A store and its send, of which 20 were mailed since the log was last moved into the file."""
    store = opened()
    enroll(store)
    send = start(store)
    store.database.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    mail(store, send, 20)
    return store, send


@pytest.mark.parametrize("harm", [log_emptied, log_cut_in_its_head])
def test_a_log_that_was_emptied_stops_the_next_writer_and_leaves_the_file_whole(opened, path, harm):
    """SQLite goes on behind a gap, and would move the gap into the file at the end."""
    store, send = mailing(opened)
    harm(path)
    with pytest.raises(StoreError):
        mail(store, send, 20)
    with pytest.raises(StoreError):
        mail(store, send, 20)
    store.close()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    with pytest.raises(StaleLedger, match="20 may already have had their mail"):
        opened().freshness.check()


def test_a_log_that_another_process_has_cleared_is_no_matter(opened):
    store, eraser = opened(), opened()
    enroll(store)
    send = start(store)
    for _ in range(3):
        mail(store, send, 20)
        eraser.database.execute("PRAGMA user_version = 1")
        assert eraser.database.clear_log()
    assert len(mail(store, send, 20)) == 20


@pytest.mark.parametrize("harm", [replaced, Path.unlink, cut_off, log_deleted])
def test_nothing_is_written_to_a_database_that_is_no_longer_there(opened, path, harm):
    store, send = mailing(opened)
    harm(path)
    with pytest.raises(DatabaseReplacedError, match="replaced or deleted while in use") as refusal:
        mail(store, send, 20)
    assert refusal.value.exit_code == 3
    with pytest.raises(DatabaseReplacedError):
        store.unsubscribes.leave(1, send.id, how="link", now=NOW)
    with pytest.raises(DatabaseReplacedError):
        store.database.check_present()


def test_a_log_that_was_cut_in_its_middle_stops_the_next_writer_and_leaves_the_file_whole(
    opened, path
):
    """SQLite goes on behind the gap, and a reader would notice it only when it comes to a page in there."""
    store = opened()
    enroll(store)
    send = start(store)
    mail(store, send, 20)
    log_cut_in_its_middle(path)
    with pytest.raises(DatabaseReplacedError):
        store.unsubscribes.leave(1, send.id, how="link", now=NOW)
    with pytest.raises(DatabaseReplacedError):
        mail(store, send, 20)
    store.close()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def test_a_page_that_was_cut_off_is_no_full_disk_to_be_waited_for(opened, path):
    store, _ = mailing(opened)
    cut_off(path)
    store.database.connection.execute("PRAGMA shrink_memory")
    with pytest.raises(DatabaseReplacedError):
        store.subscribers.history("person1@example.org")
