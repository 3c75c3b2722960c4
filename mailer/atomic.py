"""Files that are there whole or not at all, and personal ones that others cannot read."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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


@contextmanager
def atomic_write(path: Path, *, private: bool = False) -> Iterator[BinaryIO]:
    """Open a file to write that takes the place of `path` when the block ends, unless it fails.

    Args:
        path: of the file; its folder is made if it is not there.
        private: whether only this user may read it.
    """
    private_folder(path.parent) if private else path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        with open(part, "wb", opener=private_opener if private else None) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
