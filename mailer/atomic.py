"""Files that are there whole or not at all, and personal ones that others cannot read."""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

_OPEN_FILES = Path("/proc/self/fd")
"""Links to the open files of this process, by which one gets a name: see open(2), O_TMPFILE."""
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
"""Modes of what holds personal data: for the user who runs mailer alone."""


def private_folder(path: Path) -> None:
    """Make a folder for personal files, and those above it, where they are not there."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)


def private_opener(path: str, flags: int) -> int:
    """Open a file, and make a new one private: for the `opener` of `open`."""
    return os.open(path, flags, PRIVATE_FILE)


def append(path: Path, data: bytes) -> None:
    """Add to a file, in one piece even when several processes do, and on disk when it returns."""
    private_folder(path.parent)
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE_FILE)
    try:
        if os.write(file, data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(file)
    finally:
        os.close(file)


def _draft(name: str, flags: int, mode: int) -> int:
    """Open a file without a name in the folder of `name`; one with that name where there is none such."""
    with suppress(OSError, AttributeError):
        if _OPEN_FILES.exists():
            return os.open(Path(name).parent, os.O_TMPFILE | os.O_WRONLY, mode)
    return os.open(name, flags, mode)


def _name(file: int, path: Path) -> None:
    """Give a name to an open file that has none."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # with a folder's number Python calls linkat(2), which follows the link in /proc
        os.link(_OPEN_FILES / str(file), path.name, dst_dir_fd=folder, follow_symlinks=True)
    finally:
        os.close(folder)


@contextmanager
def atomic_write(path: Path, *, private: bool = False) -> Iterator[BinaryIO]:
    """Open a file to write that takes the place of `path` when the block ends, unless it fails.

    Until then it has no name, where the system allows that: a program that is killed leaves nothing.

    Args:
        path: of the file; its folder is made if it is not there.
        private: whether only this user may read it.
    """
    private_folder(path.parent) if private else path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    mode = PRIVATE_FILE if private else 0o666
    try:
        with open(part, "wb", opener=lambda name, flags: _draft(name, flags, mode)) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if not part.exists():
                _name(file.fileno(), part)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
