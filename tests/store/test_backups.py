"""A backup is put in place whole, or not at all; what is no backup is refused, and changes nothing."""

import os
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailer.errors import StoreError
from mailer.lists.import_row import ImportRow
from mailer.store import connect, put_back

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
OLD, NEW = 3, 5
"""People in the database that is there, and in the backup."""

pytestmark = pytest.mark.sqlite_only("puts files in place")


def hashes(email):
    return [f"hash of {email}"]


def make(path, people):
    store = connect(path, hashes)
    rows = [ImportRow(row, f"person{row}@example.org") for row in range(people)]
    store.imports.import_rows("members", rows, source="test", now=NOW)
    return store


def people(path):
    store = connect(path, hashes)
    number = len(list(store.subscribers.audience("members")))
    store.close()
    return number


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "project" / "lists" / "mailer.db"
    make(path, OLD).close()
    return path


@pytest.fixture
def backup(tmp_path):
    store = make(tmp_path / "other" / "mailer.db", NEW)
    file = tmp_path / "backup.db"
    store.database.back_up(file)
    store.close()
    return file


def files(path):
    return sorted(file.name for file in path.parent.iterdir() if file.name != "locks")


def test_the_old_one_is_kept(path, backup):
    put_back(path, backup, aside="aside")
    assert people(path) == NEW
    assert people(path.with_name("aside")) == OLD
    assert path.stat().st_mode & 0o077 == 0


def test_the_log_of_the_old_one_is_not_taken_for_the_new_ones(path, backup):
    writer = connect(path, hashes)
    writer.imports.import_rows("members", [ImportRow(1, "new@example.org")], source="", now=NOW)
    for suffix in ("", "-wal"):
        shutil.copy(f"{path}{suffix}", path.with_name(f"crashed{suffix}"))
    writer.close()
    crashed = path.with_name("crashed")
    put_back(crashed, backup, aside="aside")
    assert people(crashed) == NEW
    assert people(path.with_name("aside")) == OLD + 1


def test_a_database_copied_with_its_log_is_restored_with_it(path, tmp_path):
    writer = make(tmp_path / "other" / "mailer.db", NEW)
    for suffix in ("", "-wal"):
        shutil.copy(tmp_path / "other" / f"mailer.db{suffix}", tmp_path / f"copy.db{suffix}")
    writer.close()
    put_back(path, tmp_path / "copy.db", aside="aside")
    assert people(path) == NEW


@pytest.mark.parametrize("size", [512, 65536])
def test_another_page_size_is_no_matter(path, backup, size):
    connection = sqlite3.connect(backup)
    connection.executescript(f"PRAGMA journal_mode=DELETE; PRAGMA page_size={size}; VACUUM")
    connection.close()
    put_back(path, backup, aside="aside")
    assert people(path) == NEW


def test_a_backup_that_can_only_be_read_is_restored_and_left_alone(path, backup, tmp_path):
    folder = tmp_path / "read-only"
    folder.mkdir()
    file = Path(shutil.copy(backup, folder))
    file.chmod(0o400)
    folder.chmod(0o500)
    put_back(path, file, aside="aside")
    folder.chmod(0o700)
    assert people(path) == NEW
    assert list(folder.iterdir()) == [file]


def damaged(file):
    with file.open("r+b") as content:
        content.seek(4096)
        content.write(b"\xff" * 40_000)


def foreign(file):
    file.unlink()
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE moz_places (url)")
    connection.commit()
    connection.close()


def newer(file):
    connection = sqlite3.connect(file)
    connection.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('mailer', 'later', '')"
    )
    connection.commit()
    connection.close()


HARM = {
    "text": lambda file: file.write_text("hello"),
    "empty": lambda file: file.write_bytes(b""),
    "cut": lambda file: os.truncate(file, 8192),
    "damaged": damaged,
    "foreign": foreign,
    "newer": newer,
}


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM)
def test_what_is_no_backup_changes_nothing(path, backup, harm):
    harm(backup)
    before = files(path)
    with pytest.raises(StoreError) as refusal:
        put_back(path, backup, aside="aside")
    assert "Nothing was changed" in (refusal.value.hint or "")
    assert files(path) == before
    assert people(path) == OLD


@pytest.mark.parametrize("step", range(4))
def test_a_restore_that_is_cut_off_leaves_one_of_the_two(path, backup, monkeypatch, step):
    steps = []

    def cut_off(original):
        def replacement(*arguments, **more):
            steps.append(original)
            if len(steps) > step:
                raise KeyboardInterrupt
            return original(*arguments, **more)

        return replacement

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", cut_off(os.fsync))
        patch.setattr(os, "link", cut_off(os.link))
        patch.setattr(Path, "replace", cut_off(Path.replace))
        try:
            put_back(path, backup, aside="aside")
        except KeyboardInterrupt:
            assert people(path) == OLD
        else:
            assert step == 3
            assert people(path) == NEW


def test_where_a_file_can_have_one_name_only_the_old_one_is_moved(path, backup, monkeypatch):
    def refuse(*_):
        raise PermissionError("Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    put_back(path, backup, aside="aside")
    assert (people(path), people(path.with_name("aside"))) == (NEW, OLD)


def test_a_database_of_another_program_gets_no_tables(path):
    foreign(path)
    with pytest.raises(StoreError, match="is a database of another program"):
        connect(path, hashes)
    connection = sqlite3.connect(path)
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    assert names <= {"moz_places", "_sqlite_migrations"}
