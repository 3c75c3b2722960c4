"""Text from settings and lists → header values: the one way in.

All that comes out is ASCII on one line, for any input, with nothing that could begin another header
(RFC 5322, 2.2; names by RFC 2047). `fold` breaks it into lines where a message is written.
"""

from __future__ import annotations

import re
import unicodedata
from email import base64mime, quoprimime
from email.utils import formataddr
from typing import TYPE_CHECKING

from mailer.compiler.escaping import clean
from mailer.hosts import ascii_host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LINE = 76
"""Columns of a line, so that it may stand in a quotation (RFC 5322, 2.1.1, asks for 78)."""
_LENGTH = 78
"""Characters of a line (RFC 5322, 2.1.1)."""
_UNFOLDED = 66
"""Characters of a subject that stand on one line with its name."""
_LABEL = 60
"""Characters of a list's name in its List-Id, which has at most 255 (RFC 2919, 3)."""


def mailbox(name: str, email: str) -> str:
    """A name and an address, as From takes them; the address alone where there is no name."""
    ascii_email = address(email)
    text = _one_line(name)
    if not text:
        return ascii_email
    if text.isascii() and "=?" not in text:
        return formataddr((text, ascii_email))
    return f"{_encoded(text)} <{ascii_email}>"


def address(email: str) -> str:
    """An address with its domain in ASCII (RFC 5890); its local part must be."""
    local, at, domain = _one_line(email).rpartition("@")
    return f"{local}{at}{domain if domain.isascii() else ascii_host(domain)}"


def list_id(phrase: str, list_name: str, host: str) -> str:
    """What mail programs show for a list, then what they know it by (RFC 2919)."""
    identifier = f"<{_label(list_name)}.{ascii_host(host)}>"
    text = _one_line(phrase)
    if not text:
        return identifier
    shown = formataddr((text, "x")).removesuffix(" <x>") if text.isascii() else _encoded(text)
    return f"{shown} {identifier}"


def fold(name: str, value: str) -> str:
    """A whole header, CRLF line ends, broken at blanks where it is too long."""
    return "".join(f"{line}\r\n" for line in _lines(f"{name}: {value}".split(" ")))


def _lines(words: list[str]) -> Iterator[str]:
    line = words[0]
    for number, word in enumerate(words[1:], 1):
        # a line of nothing but a header's name is no line to some programs
        if len(line) + 1 + len(word) > _LINE and number > 1 and line.strip():
            yield line
            line = ""
        line += f" {word}"
    yield line


def _label(list_name: str) -> str:
    """A list's name as a part of a domain's, told apart from others even where it is not ASCII."""
    text = unicodedata.normalize("NFC", clean(list_name).strip().lower()) or "mail"
    label = re.sub(r"[^\w-]+", "-", text).strip("-")[:_LABEL] or "list"
    return label if label.isascii() else f"xn--{label.encode('punycode').decode()}"


def subject(text: str) -> bytes:
    """The value of a Subject header, folded."""
    if text.isascii() and len(text) <= _UNFOLDED and "=?" not in text:
        return text.encode()
    return "\r\n ".join(
        encoded_words(text, first=_LENGTH - len("Subject: "), further=_LENGTH - 1)
    ).encode()


def encoded_words(text: str, *, first: int, further: int) -> list[str]:
    """A text as encoded words in UTF-8, in base64 or, where that is not longer, in "Q" (RFC 2047, 4).

    As `email.header.Header` writes it, which measures the whole line again for each character.

    Args:
        text: on one line.
        first: characters of the first word at most.
        further: of each one after it.
    """
    octets = text.encode()
    first, further = first - _CHROME, further - _CHROME
    if quoprimime.header_length(octets) <= base64mime.header_length(octets):
        words = _cut(text, quoprimime.header_length, first, further)
        return [quoprimime.header_encode(word, "utf-8") for word in words]
    words = _cut(text, len, first // 4 * 3, further // 4 * 3)
    return [base64mime.header_encode(word, "utf-8") for word in words]


_CHROME = len("=?utf-8?q??=")


def _cut(text: str, width: Callable[[bytes], int], first: int, further: int) -> Iterator[bytes]:
    """A text in UTF-8, in pieces of whole characters that have so much width at most."""
    octets = text.encode()
    if width(octets) <= first:
        yield octets
        return
    piece, room = b"", first
    for character in map(str.encode, text):
        if width(piece + character) > room:
            yield piece
            piece, room = b"", further
        piece += character
    yield piece


def _encoded(text: str) -> str:
    """Encoded words, each short enough for a line, whatever the name of the header."""
    return " ".join(encoded_words(text, first=_LINE - 11, further=_LINE - 2))


def _one_line(text: str) -> str:
    return " ".join(clean(text).split())
