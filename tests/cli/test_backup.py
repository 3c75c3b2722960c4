"""backup and restore, as staff use them: nobody is mailed twice, whatever copy is put back."""

import os
import re
import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest

from mailer.lists.membership import SuppressionReason
from tools.projects.project import NOW, address, make_project, open_store


@pytest.fixture
def root(tmp_path):
    return make_project(tmp_path / "project", 12)


def mailed(root):
    """Every message that went to the outbox, by file name."""
    return {file.name for file in (root / "outbox").rglob("*.eml")}


def test_a_backup_that_is_put_back_by_hand_is_refused_and_restored_it_is_settled_first(
    mailer, root, tmp_path
):
    assert mailer("send", "vote", "--yes", "--limit", "4")[0] == 0
    code, said = mailer("backup", str(tmp_path / "backup"))
    assert code == 0
    assert "keep it safe" in said
    assert mailer("send", "vote", "--yes", "--limit", "3")[0] == 0
    before = mailed(root)
    for file in (root / "lists").glob("mailer.db*[!k]"):
        file.unlink()
    shutil.copy(tmp_path / "backup" / "mailer.db", root / "lists")
    for command in (("send", "vote", "--yes"), ("resume", "vote", "--yes"), ("worker", "--once")):
        code, said = mailer(*command)
        if code != 0:
            assert code == 3
            assert "3 may already have had their mail" in said
            assert "mailer restore" in said
    assert mailed(root) == before
    code, said = mailer("restore", str(tmp_path / "backup"), "--yes")
    assert code == 0
    assert "mailer reconcile vote" in said
    assert mailer("send", "vote", "--yes")[0] in (0, 1, 3)
    assert mailed(root) == before


def test_a_backup_holds_the_database_and_the_key_for_their_owner_alone(mailer, tmp_path):
    assert mailer("backup", str(tmp_path / "backup"))[0] == 0
    files = {file.name: file.stat().st_mode & 0o077 for file in (tmp_path / "backup").iterdir()}
    assert files == {"mailer.db": 0, "secret.key": 0, "addresses.key": 0}
    copy = sqlite3.connect(tmp_path / "backup" / "mailer.db")
    assert copy.execute("SELECT count(*) FROM subscribers").fetchone() == (12,)
    copy.close()


def test_restoring_keeps_what_was_there(mailer, root, tmp_path):
    mailer("backup", str(tmp_path / "backup"))
    mailer("send", "vote", "--yes")
    code, said = mailer("restore", str(tmp_path / "backup"), "--yes")
    assert code == 0
    (kept,) = (root / "lists").glob("mailer.db.before-restore-*[0-9]")
    assert kept.name in said
    store = open_store(root)
    assert store.sends.all() == []
    store.close()


def test_a_campaign_that_the_copy_does_not_know_is_settled_as_the_words_say(mailer, root, tmp_path):
    mailer("backup", str(tmp_path / "backup"))
    mailer("send", "vote", "--yes", "--limit", "4")
    before = mailed(root)
    output = mailer("restore", str(tmp_path / "backup"), "--yes")[1]
    assert "if you type mailer send vote, nobody is mailed" in output
    assert "12 uncertain" in mailer("send", "vote", "--yes")[1]
    assert mailed(root) == before
    assert "12 uncertain" in mailer("reconcile", "vote")[1]


def test_a_damaged_database_is_restored(mailer, root, tmp_path):
    mailer("backup", str(tmp_path / "backup"))
    (root / "lists" / "mailer.db").write_bytes(b"no database" * 1000)
    assert mailer("restore", str(tmp_path / "backup"), "--yes")[0] == 0
    assert address(3) in mailer("subscriber", "show", address(3))[1]


def test_nothing_is_restored_while_something_sends_or_without_a_yes(mailer, tmp_path, store):
    mailer("backup", str(tmp_path / "backup"))
    code, said = mailer("restore", str(tmp_path / "backup"), answers=["n"])
    assert code == 2
    assert "nothing was restored" in said
    store.leases.attend()
    code, said = mailer("restore", str(tmp_path / "backup"), "--yes")
    assert code == 2
    assert "Stop mailer send, worker and serve" in said


def test_a_folder_without_a_backup_is_refused(mailer, tmp_path):
    (tmp_path / "empty").mkdir()
    code, said = mailer("restore", str(tmp_path / "empty"), "--yes")
    assert code == 2
    assert "there is no mailer.db" in said


def test_a_copy_of_the_project_sends_after_it_was_made_the_ledger(mailer, root, tmp_path):
    mailer("send", "vote", "--yes", "--limit", "4")
    shutil.copytree(root, tmp_path / "copy")
    code, said = mailer("--project", str(tmp_path / "copy"), "resume", "vote", "--yes")
    assert code == 3
    assert "which sends, too" in said
    code, said = mailer("--project", str(tmp_path / "copy"), "restore", "--yes")
    assert code == 0
    assert mailer("--project", str(tmp_path / "copy"), "send", "vote", "--yes")[0] in (0, 1, 3)


COMMANDS = """
    approve vote; backup {tmp}/backup; build vote; campaigns; cancel vote; check vote
    events import {tmp}/file.csv; events pull --once
    lists copy members other; lists export members; lists import {tmp}/file.csv --list members; lists imports
    lists remove members; lists rename members other; lists show; lists tag members x
    lists undo 1; lists unsubscribe members person3@example.org
    pause vote; preview --port 0; reconcile vote; report vote
    restore --yes; resume vote --yes; send vote --yes; serve --port 0; status vote; store copy {tmp}/new.db
    subscriber edit person3@example.org state=OR; subscriber erase person3@example.org
    subscriber export person3@example.org; subscriber show person3@example.org
    suppress person3@example.org; suppressions export; test vote person3@example.org; winner vote 1
    worker --once
"""


@pytest.mark.parametrize(
    "command", [line.strip() for line in re.split("[;\n]", COMMANDS) if line.strip()]
)
def test_a_database_of_a_newer_version_is_refused_by_every_command(
    mailer, store, tmp_path, command
):
    (tmp_path / "file.csv").write_text("email\nperson3@example.org\n")
    database = store.database.connection
    database.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('mailer', 'later', '')"
    )
    code, output = mailer(*command.format(tmp=tmp_path).split())
    assert code == 2
    assert "written by a newer version of mailer (later)" in output


def test_an_update_is_announced_and_backed_up_first(mailer, root, store):
    connection = store.database.connection
    connection.execute("DELETE FROM _sqlite_migrations WHERE name = 'freshness'")
    connection.execute("DROP TABLE ledger")
    connection.execute("DROP TABLE unsettled")
    code, said = mailer("lists", "show")
    assert code == 0
    assert "Updating mailer.db for this version of mailer" in said
    backup = sqlite3.connect(root / "lists" / "mailer.db.before-update")
    names = {name for (name,) in backup.execute("SELECT name FROM sqlite_master")}
    backup.close()
    assert "deliveries" in names
    assert "ledger" not in names
    assert "Updating" not in mailer("lists", "show")[1]


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("{root}", "inside the project"),
        ("{root}/lists", "inside the project"),
        ("{root}/backups/today", "inside the project"),
        ("{tmp}/link-to-project/backups", "inside the project"),
        ("{tmp}/file", "cannot be written"),
        ("{tmp}/file/below", "cannot be written"),
        ("/proc/nowhere", "cannot be written"),
    ],
)
def test_a_place_that_cannot_hold_a_backup_is_refused(mailer, root, tmp_path, place, says):
    (tmp_path / "file").touch()
    (tmp_path / "link-to-project").symlink_to(root)
    before = sorted(root.rglob("*"))
    code, output = mailer("backup", place.format(root=root, tmp=tmp_path))
    assert code == 2
    assert says in output
    assert [
        file for file in root.rglob("*") if file not in before and "lock" not in str(file)
    ] == []


def test_a_backup_takes_the_place_of_an_earlier_one(mailer, root, tmp_path):
    mailer("backup", str(tmp_path / "backup"))
    mailer("keys", "rotate")
    mailer("suppress", address(3))
    assert mailer("backup", str(tmp_path / "backup"))[0] == 0
    assert (tmp_path / "backup" / "secret.key").read_text() == (
        root / "lists" / "secret.key"
    ).read_text()
    names = sorted(file.name for file in (tmp_path / "backup").iterdir())
    assert names == ["addresses.key", "mailer.db", "secret.key"]


def test_a_backup_that_is_cut_off_leaves_the_earlier_one(mailer, tmp_path, monkeypatch):
    mailer("backup", str(tmp_path / "backup"))
    before = (tmp_path / "backup" / "mailer.db").read_bytes()
    mailer("send", "vote", "--yes", "--limit", "4")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left")))
        code, output = mailer("backup", str(tmp_path / "backup"))
    assert code == 2
    assert "No space left" in output
    assert (tmp_path / "backup" / "mailer.db").read_bytes() == before
    assert not list((tmp_path / "backup").glob("*.part"))


def test_a_backup_of_an_earlier_version_is_brought_up_to_date(mailer, root, store, tmp_path):
    mailer("send", "vote", "--yes", "--limit", "4")
    connection = store.database.connection
    connection.execute("DELETE FROM _sqlite_migrations WHERE name = 'freshness'")
    connection.execute("DROP TABLE ledger")
    connection.execute("DROP TABLE unsettled")
    store.database.back_up(tmp_path / "mailer.db")
    store.close()
    (root / "lists" / "mailer.db").unlink()
    code, output = mailer("restore", str(tmp_path), "--yes")
    assert code == 0
    assert "Updating mailer.db for this version of mailer" in output
    before = mailed(root)
    mailer("send", "vote", "--yes")
    assert mailed(root) == before


def test_the_database_itself_is_no_backup(mailer, root, tmp_path):
    mailer("send", "vote", "--yes", "--limit", "4")
    (tmp_path / "link").symlink_to(root / "lists")
    for folder in (root / "lists", tmp_path / "link"):
        code, output = mailer("restore", str(folder), "--yes")
        assert code == 2
        assert "holds the database that is in use" in output
    store = open_store(root)
    assert store.sends.counts(1).accepted == 4
    store.close()


def test_a_new_database_in_the_place_of_one_that_has_mailed_is_announced(mailer, root):
    assert "was not there" not in mailer("lists", "show")[1]
    mailer("send", "vote", "--yes", "--limit", "4")
    for suffix in ("", "-wal", "-shm"):
        (root / "lists" / f"mailer.db{suffix}").unlink(missing_ok=True)
    output = mailer("lists", "show")[1]
    assert "mailer.db was not there: this is a new, empty one" in output
    assert "4 were mailed" in output
    assert "mailer restore DIR" in output


def test_without_a_database_there_is_nothing_to_make_the_ledger(mailer, root):
    for file in (root / "lists").glob("mailer.db*"):
        file.unlink()
    code, output = mailer("restore", "--yes")
    assert code == 2
    assert "there is no database in lists" in output
    assert not (root / "lists" / "mailer.db").exists()


def test_on_a_new_machine_nothing_is_kept_that_was_not_there(mailer, root, tmp_path):
    mailer("backup", str(tmp_path / "backup"))
    for file in (root / "lists").glob("mailer.db*"):
        file.unlink()
    code, output = mailer("restore", str(tmp_path / "backup"), "--yes")
    assert code == 0
    assert "is kept as" not in output
    assert not list((root / "lists").glob("*before-restore*"))
    assert address(3) in mailer("subscriber", "show", address(3))[1]


def test_two_restores_in_one_second_keep_both_databases(mailer, root, tmp_path, at):
    mailer("backup", str(tmp_path / "backup"))
    at(NOW)
    for _ in range(2):
        assert mailer("restore", str(tmp_path / "backup"), "--yes")[0] == 0
    assert len(list((root / "lists").glob("mailer.db.before-restore-*"))) == 2


@pytest.fixture
def another_user():
    """Somebody who may look at files, and write none."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    yield lambda: os.seteuid(65534)
    os.seteuid(0)


@pytest.fixture
def open_folder():
    """Outside the folder of tests, which pytest keeps to its user."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.parametrize("log", [False, True])
def test_looking_works_where_nothing_can_be_written(
    mailer, root, open_folder, another_user, *, log
):
    mailer("send", "vote", "--yes", "--limit", "4")
    project = shutil.copytree(root, open_folder / "project")
    store = open_store(project)
    store.suppressions.suppress(address(3), SuppressionReason.MANUAL, detail="", now=NOW)
    if not log:
        store.close()
    for file in [project, *project.rglob("*")]:
        file.chmod(0o755 if file.is_dir() else 0o644)
    another_user()
    code, said = mailer("--project", str(project), "status", "vote")
    assert code == 0
    assert "accepted" in said
    assert "suppressed" in mailer("--project", str(project), "subscriber", "show", address(3))[1]
    assert mailer("--project", str(project), "check", "vote")[0] in (0, 1)
    output = mailer("--project", str(project), "doctor")[1]
    assert "lists/mailer.db is whole" in output
    assert "Traceback" not in output
    code, said = mailer("--project", str(project), "subscriber", "erase", address(0), "--yes")
    assert code == 2
    assert "can only be read" in said
    os.seteuid(0)
    store.close()
