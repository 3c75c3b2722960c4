"""Which encoding a text file has: UTF-8, UTF-16 or Windows-1252, as offices save them.

Nothing is guessed that would damage names quietly: bytes that fit no encoding are an error.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from mailer.errors import ImportFileError, Place

if TYPE_CHECKING:
    from typing import BinaryIO

SAVE_AS_CSV = "Open it in your spreadsheet and save it as CSV UTF-8, then import that file."

_HEAD = 4096
_CHUNK = 1 << 20
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BINARY = (
    (b"PK\x03\x04", "is a workbook (.xlsx, .ods) or a zip file, not CSV"),
    (b"\xd0\xcf\x11\xe0", "is an Excel workbook (.xls), not CSV"),
    (b"%PDF", "is a PDF, not CSV"),
)
_CONTROL = bytes(c for c in range(32) if c not in b"\t\n\v\f\r")


def encoding_of(stream: BinaryIO, path: str) -> str:
    """The encoding of a text file, as Python names it; a byte-order mark stays in the text.

    Raises:
        ImportFileError: it is no text, or has bytes that fit no encoding, with their line.
    """
    stream.seek(0)
    head = stream.read(_HEAD)
    for magic, what in _BINARY:
        if head.startswith(magic):
            raise ImportFileError(what, place=Place(path), hint=SAVE_AS_CSV)
    encoding = next((name for bom, name in _BOMS if head.startswith(bom)), "") or _utf16(head)
    if encoding.startswith("utf-16"):
        return _certain(stream, encoding, path)
    if len(head.translate(None, _CONTROL)) < 0.95 * len(head):
        raise ImportFileError("is not a text file", place=Place(path), hint=SAVE_AS_CSV)
    if _undecodable(stream, "utf-8") is None:
        return "utf-8"
    return _certain(stream, "utf-8" if encoding or _is_mostly_utf8(stream) else "cp1252", path)


def _utf16(head: bytes) -> str:
    """UTF-16 without a mark shows in the headings: they are ASCII, so every second byte is NUL."""
    pairs = head[:128]
    even, odd = pairs[0::2].count(0), pairs[1::2].count(0)
    if max(even, odd) * 4 <= len(pairs) or min(even, odd) * 4 > max(even, odd):
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _certain(stream: BinaryIO, encoding: str, path: str) -> str:
    line = _undecodable(stream, encoding)
    if line is None:
        return encoding
    name = {"utf-8": "UTF-8", "cp1252": "UTF-8 or Windows-1252"}.get(encoding, "UTF-16")
    raise ImportFileError(
        f"a character cannot be read as {name}",
        place=Place(path, line),
        hint="Correct that line, or open the file in your spreadsheet and save it as CSV UTF-8.",
    )


def _undecodable(stream: BinaryIO, encoding: str) -> int | None:
    """The line of the first bytes that are not in this encoding; None when all are.

    All of the file is looked at, about 1 GB a second: the one odd byte may be its last.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    stream.seek(0)
    line = 1
    while True:
        chunk = stream.read(_CHUNK)
        try:
            line += decoder.decode(chunk, final=not chunk).count("\n")
        except UnicodeDecodeError as err:
            return line + err.object[: err.start].decode(encoding, "ignore").count("\n")
        if not chunk:
            return None


def _is_mostly_utf8(stream: BinaryIO) -> bool:
    """Whether most characters beyond ASCII are sound UTF-8: then it is UTF-8, with damage.

    In Windows-1252 text hardly any are: a letter with an accent seldom stands before another.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    stream.seek(0)
    sound = damaged = 0
    while chunk := stream.read(_CHUNK):
        text = decoder.decode(chunk)
        bad = text.count("\ufffd")
        damaged += bad
        sound += len(text) - bad - len(text.encode("ascii", "ignore"))
    return sound > damaged
