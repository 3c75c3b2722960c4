"""Marks for each delivery in flight: proof of its progress after the process was killed.

A file beside the database, 8 octets for each delivery: its id, and whether it was claimed, left, refused
or accepted. A mark is one write to the page cache, which outlives the process but not the machine. So
marks count only in the boot and in the file in which they were written: a copy, or a restored backup,
proves nothing. Only a mark is proof, never the lack of one: of two deliveries with the same place, the
later one has it.
"""

from __future__ import annotations

import os
import struct
from enum import IntEnum
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from mailer.atomic import PRIVATE_FILE
from mailer.errors import TransportError

if TYPE_CHECKING:
    from collections.abc import Iterable

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_MAGIC = b"mailer1\n"
_HEADER = struct.Struct("<8s40sqq")
"""Magic, boot, device and inode."""
_MARK = struct.Struct("<q")
"""The id of the delivery, 8 times, and its progress."""
_PLACES = 1 << 22
_CHUNK = 1 << 17
"""Marks for which room on the disk is taken at once, 1 MB: a mark must not fail because a disk is full."""


class Progress(IntEnum):
    """Progress of a delivery."""

    UNKNOWN = 0
    CLAIMED = 1
    """Claimed by a process that has not handed it over."""
    LEFT = 2
    """The request was signed, and about to be written to the network."""
    REFUSED = 3
    """The answer says that the message was not sent."""
    ACCEPTED = 4
    """The answer says that the message was accepted."""


def boot_id() -> str:
    """The id of this boot of the machine; "" where the system has none."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""


class InFlightMarks:
    """The marks of one database.

    Args:
        path: of the file; created when a delivery is claimed.
        boot: of this machine; "" for one that does not say, where nothing can be proven.
    """

    def __init__(self, path: Path, *, boot: str) -> None:
        self._path = path
        self._boot = boot
        self._file: int | None = None
        self._reserved: set[int] = set()

    def claim(self, delivery_ids: Iterable[int]) -> None:
        """Mark deliveries that this process has claimed, after the claim is committed.

        Raises:
            TransportError: the marks cannot be written.
        """
        ids = sorted(delivery_ids)
        if not ids or not self._boot:
            return
        try:
            self._reserve(ids)
        except OSError as err:
            raise TransportError(
                f"{self._path} cannot be written: {err.strerror}",
                hint="Check that the disk is not full. What was claimed was not handed over.",
            ) from err
        self.set(ids, Progress.CLAIMED)

    def set(self, delivery_ids: Iterable[int], progress: Progress) -> None:
        """Mark deliveries that were claimed before. Safe in several threads."""
        if self._file is None:
            return
        ids = sorted(delivery_ids)
        # runs of consecutive places, one write each: a bulk call is one
        for _, run in groupby(enumerate(ids), lambda pair: _place(pair[1]) - pair[0]):
            numbers = [delivery_id for _, delivery_id in run]
            marks = b"".join(_MARK.pack(number * 8 + progress) for number in numbers)
            os.pwrite(self._file, marks, _offset(_place(numbers[0])))

    def get(self, delivery_id: int) -> Progress:
        """Progress of a delivery of this boot; UNKNOWN without a mark."""
        if self._file is None and not self._open():
            return Progress.UNKNOWN
        assert self._file is not None
        mark = os.pread(self._file, _MARK.size, _offset(_place(delivery_id)))
        try:
            marked_id, progress = divmod(_MARK.unpack(mark)[0], 8)
            return Progress(progress) if marked_id == delivery_id else Progress.UNKNOWN
        except (struct.error, ValueError):
            return Progress.UNKNOWN

    def _reserve(self, delivery_ids: Iterable[int]) -> None:
        if self._file is None and not self._open():
            self._make()
        assert self._file is not None
        chunks = {_place(delivery_id) // _CHUNK for delivery_id in delivery_ids}
        for chunk in chunks - self._reserved:
            os.posix_fallocate(self._file, _offset(chunk * _CHUNK), _CHUNK * _MARK.size)
            self._reserved.add(chunk)

    def _open(self) -> bool:
        """Whether there is a file of this boot."""
        try:
            file = os.open(self._path, os.O_RDWR)
        except OSError:
            return False
        if self._boot and os.pread(file, _HEADER.size, 0) == self._header(file):
            self._file = file
            return True
        os.close(file)
        return False

    def _make(self) -> None:
        part = self._path.with_name(f"{self._path.name}.{os.getpid()}.part")
        file = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
        try:
            os.pwrite(file, self._header(file), 0)
            part.replace(self._path)
        except OSError:
            os.close(file)
            part.unlink(missing_ok=True)
            raise
        self._file = file

    def _header(self, file: int) -> bytes:
        status = os.fstat(file)
        return _HEADER.pack(_MAGIC, self._boot.encode(), status.st_dev, status.st_ino)


def _place(delivery_id: int) -> int:
    return delivery_id % _PLACES


def _offset(place: int) -> int:
    return _HEADER.size + place * _MARK.size
