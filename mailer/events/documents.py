"""The documents in a file of events: one on each line, pretty-printed, in an array, or run together.

Lines are read one after another, so that memory grows with the largest document and not with the file.
"""

from __future__ import annotations

import codecs
import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_LARGEST = 32_000_000
"""Characters of a document of several lines: more is a file with a bracket that is never closed."""
_TOP_LEVEL = {
    "eventType", "notificationType", "Type", "Message", "Messages", "Records", "detail", "Body",
}  # fmt: skip
"""Keys of an object that is a document of its own, wherever its line stands."""
_STRINGS_AND_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[][{}]|"')


def encoding_of(path: Path) -> str:
    """UTF-8, or UTF-16 where the file begins with its mark, as Windows PowerShell writes it.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(2)
    return "utf-16" if start in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE} else "utf-8-sig"


def documents(lines: Iterable[str]) -> Iterator[str]:
    """Each document in the lines. Text that is not JSON is one, too: its reader says what is wrong."""
    pending = _Pending()
    for line in lines:
        if not line.strip(" \t\r\n,"):
            continue
        if pending.lines and _is_document(line):
            yield from pending.take()
        if not pending.lines and not _begins_more(line):
            if line.strip(" \t\r\n,") != "]":
                yield line
            continue
        pending.add(line)
        if pending.is_complete:
            yield from pending.take()
    yield from pending.take()


def _is_document(line: str) -> bool:
    """Whether a line at the margin is a whole document by itself."""
    if not line.startswith("{"):
        return False
    try:
        value = json.loads(line.strip(" \t\r\n,"))
    except (ValueError, RecursionError):
        return False
    return not _TOP_LEVEL.isdisjoint(value)


def _begins_more(line: str) -> bool:
    """Whether a line opens a document that later lines close."""
    return line.lstrip()[0] in "{[" and _depth(line) > 0


def _depth(line: str) -> int:
    """Brackets opened less those closed, outside strings.

    A string that does not end on its line is no JSON: the document is taken for complete.
    """
    marks = _STRINGS_AND_BRACKETS.findall(line)
    if '"' in marks:
        return -_LARGEST
    return sum((mark in "{[") - (mark in "}]") for mark in marks if len(mark) == 1)


class _Pending:
    """Lines of a document that is not complete yet."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._depth = 0
        self._length = 0

    @property
    def is_complete(self) -> bool:
        return self._depth <= 0 or self._length > _LARGEST

    def add(self, line: str) -> None:
        self.lines.append(line)
        self._depth += _depth(line)
        self._length += len(line)

    def take(self) -> list[str]:
        """The document, and nothing where it is but the opening bracket of an array."""
        text = "".join(self.lines)
        self.lines, self._depth, self._length = [], 0, 0
        return [text] if text.strip(" \t\r\n,[]") else []
