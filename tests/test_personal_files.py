"""Files that hold addresses are for the user who runs mailer alone, whatever the umask says."""

from __future__ import annotations

import os
import stat

import pytest

from mailer import atomic
from tools.projects.project import files, make_project, open_store, start

LIST = "Email,First Name\nana@example.org,Ana\nno address,Bo\n"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def usual_umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_every_file_about_people_is_private(tmp_path):
    root = make_project(tmp_path / "project", 2)
    (root / "new.csv").write_text(LIST)
    commands = [
        ("lists", "import", str(root / "new.csv"), "--list", "members", "--source", "a form"),
        ("lists", "export", "members", "--out", str(root / "exports" / "members.csv")),
        ("build", "vote", "--for", "ana@example.org"),
        ("test", "vote", "bounce@simulator.amazonses.com"),
        ("send", "vote", "--yes"),
    ]
    for command in commands:
        process = start(root, *command)
        said, _ = process.communicate()
        assert process.returncode in {0, 1}, said
    assert len(files(root)) == 3
    store = open_store(root)  # while it is open, its log is there
    folders = [root / name for name in ("lists", "outbox", "exports", "build")]
    personal = [path for folder in folders for path in (folder, *folder.rglob("*"))]
    assert {path.suffix for path in personal} >= {
        ".db",
        ".key",
        ".eml",
        ".csv",
        ".db-wal",
        ".db-shm",
    }
    modes = {path.relative_to(root).as_posix(): mode(path) for path in personal}
    store.close()
    wrong = {name: oct(mode) for name, mode in modes.items() if mode & 0o077}
    assert wrong == {}


def test_a_private_folder_is_private_down_from_what_was_there(tmp_path):
    atomic.private_folder(tmp_path / "a" / "b")
    assert [mode(tmp_path / name) for name in ("a", "a/b")] == [0o700, 0o700]
    (tmp_path / "shared").mkdir(mode=0o755)
    atomic.private_folder(tmp_path / "shared")
    assert mode(tmp_path / "shared") == 0o755  # what staff have decided stays


def test_a_private_file_stays_private_though_it_takes_the_place_of_a_public_one(tmp_path):
    file = tmp_path / "list.csv"
    file.write_text("old")
    with atomic.atomic_write(file, private=True) as stream:
        stream.write(b"new")
    assert (file.read_text(), mode(file)) == ("new", 0o600)
    with atomic.atomic_write(tmp_path / "page.html") as stream:
        stream.write(b"page")
    assert mode(tmp_path / "page.html") == 0o644
