"""Marks in odd places: unusable folders, links, other users, machines and clocks."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailer.errors import StaleLedger, StoreError
from mailer.store.sql import freshness, marks
from tests.support.ledger_files import NOW, back_up, enroll, mail, start

pytestmark = pytest.mark.sqlite_only("looks at its files")


def send_some(store, number=20):
    enroll(store)
    store.freshness.check()
    send = start(store)
    mail(store, send, number)
    return send


@pytest.mark.parametrize(
    "spoil",
    [
        lambda state: state.write_text("a file"),
        lambda state: (
            (state / "mailer").mkdir(parents=True) or (state / "mailer" / "ledgers").touch()
        ),
        lambda state: state.symlink_to(state.with_name("nowhere") / "deeper"),
        lambda state: state.symlink_to(state),
    ],
)
def test_a_state_directory_that_cannot_be_used_leaves_the_mark_beside(opened, path, state, spoil):
    spoil(state)
    store = opened()
    send_some(store)
    old = path.with_name("old.db")
    back_up(store, old)
    mail(store, store.sends.all()[0], 20)
    store.close()
    put_back_keeping_the_mark(old, path)
    with pytest.raises(StaleLedger, match="20 may already have had their mail"):
        opened().freshness.check()


def put_back_keeping_the_mark(backup, path):
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    shutil.copy(backup, path)


@pytest.mark.parametrize("base", ["", "relative/state"])
def test_a_user_without_a_home_has_the_mark_beside_the_database(
    opened, path, monkeypatch, tmp_path, base
):
    """A relative path is to be ignored (XDG Base Directory Specification): it would move with the folder."""

    def homeless(_):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setenv("XDG_STATE_HOME", base)
    monkeypatch.setattr(Path, "expanduser", homeless)
    monkeypatch.chdir(tmp_path)
    store = opened()
    send_some(store)
    assert marks.Marks(path).highest().claimed == 20
    assert not (tmp_path / "relative").exists()
    assert store.freshness.unrecorded(5_000, now=NOW) == 5_000


WHOLE = {
    "epoch": "e", "claimed": 5, "path": "/x", "machine": "m", "boot": "b",
    "at": "2026-09-01T12:00:00+00:00", "campaigns": {},
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"claimed": "5"}, {"claimed": None}, {"claimed": 1.5}, {"claimed": True}, {"epoch": 7},
        {"path": None}, {"machine": []}, {"boot": {}}, {"at": "yesterday"}, {"at": 7},
        {"at": "2026-09-01T12:00:00"}, {"campaigns": []}, {"campaigns": {"vote": "5"}},
        {"campaigns": None}, {"more": 1},
    ],
)  # fmt: skip
def test_a_mark_of_another_shape_is_no_mark(opened, path, change):
    path.parent.mkdir(parents=True)
    mark = path.with_name("mailer.db.mark")
    mark.write_text(json.dumps(WHOLE))
    assert len(marks.Marks(path).own()) == 1
    mark.write_text(json.dumps(WHOLE | change))
    assert marks.Marks(path).own() == []
    send_some(opened())


@pytest.mark.parametrize(
    "content", [b"[1]", b"7", b"null", b"\xff\xfe", b"[" * 100_000, b"\0" * 4096]
)
def test_a_mark_that_is_no_mark_at_all_is_none(opened, path, content):
    path.parent.mkdir(parents=True)
    path.with_name("mailer.db.mark").write_bytes(content)
    assert marks.Marks(path).own() == []
    send_some(opened())
    assert marks.Marks(path).highest().claimed == 20


def test_a_second_name_of_the_same_file_is_another_database(opened, path, tmp_path):
    """Each name has a log of its own: both would mail everybody, and spoil the file."""
    store = opened()
    send_some(store)
    store.close()
    twin = tmp_path / "twin" / "lists" / "mailer.db"
    twin.parent.mkdir(parents=True)
    twin.hardlink_to(path)
    with pytest.raises(StaleLedger, match=r"is a copy of .*, which sends, too"):
        opened(twin).freshness.check()


@pytest.mark.parametrize("linked", ["file", "folder"])
def test_a_symbolic_link_is_the_same_database(opened, path, tmp_path, linked):
    store = opened()
    send = send_some(store)
    store.close()
    other = tmp_path / "other"
    if linked == "file":
        (other / "lists").mkdir(parents=True)
        (other / "lists" / "mailer.db").symlink_to(path)
    else:
        other.symlink_to(path.parent.parent)
    store = opened(other / "lists" / "mailer.db")
    store.freshness.check()
    assert len(mail(store, send, 20)) == 20
    store.close()
    opened().freshness.check()


@pytest.mark.parametrize("target", ["nowhere/mailer.db", "mailer.db"])
def test_a_link_to_a_disk_that_is_not_there_makes_no_database(opened, path, target):
    path.parent.mkdir(parents=True)
    path.symlink_to(target)
    with pytest.raises(StoreError, match=f"is a link to {target}, where there is no database"):
        opened()
    assert not (path.parent / "nowhere").exists()


def test_a_machine_without_a_boot_id_sends(opened, monkeypatch):
    monkeypatch.setattr(freshness, "boot_id", lambda: "")
    store = opened()
    send_some(store)
    store.close()
    opened().freshness.check()


def test_a_clock_that_is_turned_back_is_no_older_ledger(opened, path):
    send_some(opened())
    mark = marks.Marks(path).highest()
    later = datetime.now(UTC) + timedelta(days=400)
    file = path.with_name("mailer.db.mark")
    file.write_text(json.dumps(json.loads(file.read_text()) | {"at": later.isoformat()}))
    store = opened()
    store.freshness.check()
    assert len(mail(store, store.sends.all()[0], 20)) == 20
    assert marks.Marks(path).highest().claimed == mark.claimed + 20
