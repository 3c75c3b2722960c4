"""Files are there whole or not at all, also after a process was killed."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mailer import atomic
from mailer.atomic import atomic_write

KILLED = """
import os, signal, sys
from pathlib import Path
from mailer.atomic import atomic_write
with atomic_write(Path(sys.argv[1]), private=True) as file:
    file.write(b"ana@example.org")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(params=["without a name", "with a name"])
def path(request, tmp_path, monkeypatch):
    if request.param == "with a name":
        monkeypatch.setattr(atomic, "_OPEN_FILES", Path("/nowhere"))
    return tmp_path / "folder" / "rows.csv"


def names(path):
    return [file.name for file in path.parent.iterdir()]


@pytest.mark.parametrize(("private", "mode"), [(True, 0o600), (False, 0o644)])
def test_a_file_takes_its_place_when_it_is_whole(path, private, mode):
    before = os.umask(0o022)
    for content in (b"first", b"second"):
        with atomic_write(path, private=private) as file:
            file.write(content)
            assert not path.exists() or path.read_bytes() == b"first"
    os.umask(before)
    assert path.read_bytes() == b"second"
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert names(path) == ["rows.csv"]


def test_a_file_that_fails_leaves_nothing_and_the_old_one(path):
    with atomic_write(path) as file:
        file.write(b"old")
    with pytest.raises(ZeroDivisionError), atomic_write(path) as file:
        file.write(b"%d" % (1 // len(path.read_bytes().replace(b"old", b""))))
    assert path.read_bytes() == b"old"
    assert names(path) == ["rows.csv"]


def test_a_process_that_is_killed_leaves_nothing(tmp_path):
    command = [sys.executable, "-c", KILLED, str(tmp_path / "rows.csv")]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []
