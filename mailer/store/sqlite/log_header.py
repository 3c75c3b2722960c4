"""The head of SQLite's log: whether it is there, as somebody may have emptied the log under a running program.

SQLite keeps in memory where the log ends, and goes on writing there: what was emptied becomes a gap of
zeros. See "The Write-Ahead Log" in SQLite's file format.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SIZE = 32
_LITTLE_ENDIAN, _BIG_ENDIAN = 0x377F0682, 0x377F0683
"""Magic numbers, by the byte order of the checksums."""


def read(log: Path) -> bytes:
    """Read the head of a log: SQLite begins each log with another one. Empty for an empty log.

    Raises:
        OSError: it cannot be read.
    """
    with log.open("rb") as file:
        return file.read(_SIZE)


def is_intact(head: bytes) -> bool:
    """Whether a log is empty, or begins as SQLite begins one."""
    if not head:
        return True
    if len(head) < _SIZE:
        return False
    (magic,) = struct.unpack_from(">I", head)
    if magic not in (_LITTLE_ENDIAN, _BIG_ENDIAN):
        return False
    order = ">" if magic == _BIG_ENDIAN else "<"
    return _checksum(struct.unpack_from(f"{order}6I", head)) == struct.unpack_from(">2I", head, 24)


def _checksum(words: tuple[int, ...]) -> tuple[int, int]:
    first = second = 0
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second
