"""Which encoding a text file has: UTF-8, UTF-16, or a code page of Windows, MS-DOS or the Mac.

Nothing is guessed that would damage names quietly: what fits no encoding well is an error.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from mailer.errors import ImportFileError, Place, UsageError
from mailer.lists.code_pages import decoded as _decoded
from mailer.lists.code_pages import rank
from mailer.lists.translation import is_heading_in_other_script

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
_OF_HEADINGS = (
    *("cp1251", "koi8_r", "iso8859_5", "cp866", "mac_cyrillic", "cp1256", "iso8859_6", "cp1255"),
    *("cp932", "euc_jp", "gb18030", "big5", "cp949"),
)
"""Code pages of other scripts than Latin, whose letters are certain only when they make words."""
_ISO_2022_JP = b"\x1b$"
"""How it changes to Japanese characters."""
_PDF = b"%PDF"
_ACCENTED = re.compile(rb"[A-Za-z'.\x80-\xff-]*[\x80-\xff][A-Za-z'.\x80-\xff-]*")
_MOST_WORDS = 2_000
_PLAUSIBLE = 0.8
_CLEAR = 0.1
_CONTROL = bytes(c for c in range(32) if c not in b"\t\n\v\f\r")


def encoding_of(stream: BinaryIO, path: str, wanted: str = "") -> str:
    """The encoding of a text file, as Python names it; a byte-order mark stays in the text.

    Args:
        stream: the file, seekable.
        path: as the user typed it, for messages.
        wanted: the encoding that the user says it has; "" to recognize it.

    Raises:
        ImportFileError: it is no text, or has bytes that fit no encoding, with their line.
    """
    if wanted:
        return _certain(stream, _named(wanted), path)
    stream.seek(0)
    head = stream.read(_HEAD)
    if head.startswith(_PDF):
        raise ImportFileError("is a PDF, not CSV", place=Place(path), hint=SAVE_AS_CSV)
    encoding = next((name for bom, name in _BOMS if head.startswith(bom)), "") or _utf16(head)
    if _ISO_2022_JP in head:
        encoding = "iso2022_jp"
    if encoding.startswith(("utf-16", "iso2022")):
        return _certain(stream, encoding, path)
    if len(head.translate(None, _CONTROL)) < 0.95 * len(head):
        raise ImportFileError("is not a text file", place=Place(path), hint=SAVE_AS_CSV)
    if _undecodable(stream, "utf-8") is None:
        return "utf-8"
    if encoding or _is_mostly_utf8(stream):
        return _certain(stream, "utf-8", path)
    return _certain(stream, _code_page(stream, path), path)


def _named(wanted: str) -> str:
    try:
        return codecs.lookup({"macroman": "mac_roman"}.get(wanted.lower(), wanted)).name
    except LookupError as err:
        raise UsageError(
            f'--encoding: there is no encoding "{wanted}"',
            hint="Common ones: utf-8, utf-16, cp1252 (Windows), mac_roman, cp437 and cp850 (MS-DOS),"
            " cp1250 (Central Europe), cp1251 (Cyrillic).",
        ) from err


def _code_page(stream: BinaryIO, path: str) -> str:
    """The code page in which the words with accents are words.

    Raises:
        ImportFileError: none is certain, with the readings that are possible.
    """
    if (by_headings := _by_headings(stream)) is not None:
        return by_headings
    words = _accented_words(stream)
    ranked = rank(words)
    best, score = ranked[0]
    rivals = [name for name, other in ranked[1:] if other > score - _CLEAR]
    same = [name for name in rivals if all(_decoded(w, name) == _decoded(w, best) for w in words)]
    if score >= _PLAUSIBLE and (best == "cp1252" or len(same) == len(rivals)):
        return best
    if score < _PLAUSIBLE and _undecodable(stream, "cp1252") is not None:
        return "cp1252"  # whose damage has a line
    examples = [
        f"{name}: {', '.join(_decoded(word, name) for word in words[:3])}" for name, _ in ranked[:3]
    ]
    raise ImportFileError(
        "its letters with accents are in an encoding that is not certain",
        place=Place(path),
        hint="Say which reading is right with --encoding NAME. "
        + "; ".join(examples)
        + ". Others: shift_jis (Japanese), gb18030 and big5 (Chinese), cp949 (Korean), koi8_r (Russian),"
        " cp1254 (Turkish), cp1255 (Hebrew), cp1256 (Arabic). Or open it in the program that it comes from and save it as CSV UTF-8.",
    )


def _by_headings(stream: BinaryIO) -> str | None:
    """The encoding in which headings in another script are known words; None without such headings."""
    stream.seek(0)
    first = next((line for line in stream if not line.isascii()), b"")
    scores = {
        name: sum(map(is_heading_in_other_script, re.split('[,;|\t"\r\n]', first.decode(name))))
        for name in _OF_HEADINGS
        if _decodes(first, name)
    }
    best = max(scores, key=scores.__getitem__, default="")
    return best if best and scores[best] and _undecodable(stream, best) is None else None


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _accented_words(stream: BinaryIO) -> list[bytes]:
    """The first different words of a file that have bytes beyond ASCII."""
    words: dict[bytes, None] = {}
    stream.seek(0)
    while (chunk := stream.read(_CHUNK)) and len(words) < _MOST_WORDS:
        words.update(dict.fromkeys(_ACCENTED.findall(chunk + stream.readline())))
    return list(words)[:_MOST_WORDS]


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
    names = {"utf-8": "UTF-8", "cp1252": "UTF-8 or Windows-1252"}
    name = names.get(encoding, "UTF-16" if encoding.startswith("utf-16") else encoding)
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
