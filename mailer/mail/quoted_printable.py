"""Quoted-printable text in pieces that are put together: each ends with a soft line break.

So that none disturbs the columns of the next (RFC 2045, 6.7).
"""

from __future__ import annotations

import re
from binascii import b2a_qp

SOFT_BREAK = b"=\r\n"
_LINE = 76
"""Octets of a line, its soft break included."""
ROOM = _LINE - len(b"=")
"""Octets of a line without it."""
_LONG = re.compile(rb"^(.{74,75})(=20|=09)$", re.MULTILINE)
"""A line too long: `b2a_qp` forgets what the blank at its end becomes."""


def quoted(text: str) -> bytes:
    """A text on its own: the last piece of a part."""
    encoded = _LONG.sub(rb"\1=\n\2", b2a_qp(text.encode()))
    return encoded.replace(b"\n", b"\r\n")


def piece(text: str) -> bytes:
    """A text before another piece."""
    # as it is: most values are such, and this takes a third of the time
    return text.encode() + SOFT_BREAK if is_plain(text) else open_ended(quoted(text))


def is_plain(text: str) -> bool:
    """Whether a text on one line is the same encoded."""
    return len(text) <= ROOM and text.isascii() and text.isprintable() and "=" not in text


def rest(before: str, text: bytes) -> bytes:
    """The end of the piece `before` + `text`, which are plain but together too long; no break at its end."""
    return piece(before + text.decode())[len(before) : -len(SOFT_BREAK)]


def open_ended(encoded: bytes) -> bytes:
    """Encoded text with a soft break after it, moved back where its last line has no room for the "="."""
    last_line = len(encoded) - encoded.rfind(b"\n") - 1
    if last_line <= ROOM:
        return encoded + SOFT_BREAK
    tail = encoded.rfind(b"=", len(encoded) - 3)
    cut = tail if tail > 0 else len(encoded) - 1
    return encoded[:cut] + SOFT_BREAK + encoded[cut:] + SOFT_BREAK
