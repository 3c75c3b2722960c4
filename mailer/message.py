"""Merged → RFC 5322 bytes and headers.

The parts of a variant that are the same for everybody are quoted-printable encoded once; a value is
encoded for its recipient and stands between two soft line breaks, so that neither disturbs the
other's columns (RFC 2045, 6.7).
"""

from __future__ import annotations

import hashlib
from binascii import b2a_qp
from dataclasses import dataclass
from email.header import Header
from email.utils import format_datetime, formataddr
from functools import lru_cache
from typing import TYPE_CHECKING

from mailer.escaping import ESCAPES, Context

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.compile import Variant
    from mailer.config import Content
    from mailer.merge import Merged

_SOFT_BREAK = b"=\r\n"
_LINE = 76
"""Octets of a quoted-printable line, its soft break included (RFC 2045, 6.7)."""
_FOLD = ">,\r\n <"
"""Between the URIs of a header (RFC 5322, 2.2.3)."""
_SHORT = 66
"""Characters of a subject that need no folding, its name included (RFC 5322, 2.1.1)."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """The headers that all messages of a send share."""

    sender: str
    """From, encoded."""
    domain: str
    """Of the sender: the right side of Message-ID."""
    reply_to: str
    list_id: str
    unsubscribe_email: str

    @classmethod
    def of(cls, content: Content, *, list_name: str) -> Envelope:
        sender = content.sender
        host = content.site.base_url.partition("://")[2].partition("/")[0].partition(":")[0]
        return cls(
            sender=formataddr((sender.name, sender.email)),
            domain=sender.email.partition("@")[2],
            reply_to=sender.reply_to,
            list_id=f"<{list_name or 'mail'}.{host}>",
            unsubscribe_email=sender.unsubscribe_email,
        )


def encode(merged: Merged, envelope: Envelope, *, message_id: str, date: datetime) -> bytes:
    """The finished message, CRLF line ends.

    Args:
        merged: the recipient's message.
        envelope: of the send.
        message_id: the left side of Message-ID; unique.
        date: aware; for the Date header.
    """
    boundary, body = _body(merged.variant)
    headers = _headers(merged, envelope, boundary, message_id=message_id, date=date)
    parts = [headers.encode("ascii")]
    values = merged.values
    for static, slot, context in body:
        parts.append(static)
        if context is not None:
            parts.append(_open_ended(_quoted(ESCAPES[context](values[slot]))))
    return b"".join(parts)


def list_headers(merged: Merged, envelope: Envelope) -> dict[str, str]:
    """What tells mail programs that this is a list, and how to leave it; ASCII, not folded.

    Or, where the envelope names no list, that a program answers somebody's request (RFC 3834).
    """
    if not envelope.list_id:
        return {"Auto-Submitted": "auto-generated"}
    link = merged.links.unsubscribe
    unsubscribe = f"<{link}>"
    if envelope.unsubscribe_email:
        token = link.rpartition("/")[2]
        unsubscribe += f", <mailto:{envelope.unsubscribe_email}?subject={token}>"
    return {
        "List-Id": envelope.list_id,
        "List-Unsubscribe": unsubscribe,
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Precedence": "bulk",
    }


def _headers(
    merged: Merged,
    envelope: Envelope,
    boundary: str,
    *,
    message_id: str,
    date: datetime,
) -> str:
    lines = [
        f"From: {envelope.sender}",
        f"To: {merged.email}",
        f"Subject: {_subject(merged.subject)}",
        f"Date: {format_datetime(date)}",
        f"Message-ID: <{message_id}@{envelope.domain}>",
        *(
            f"{name}: {value.replace('>, <', _FOLD)}"
            for name, value in list_headers(merged, envelope).items()
        ),
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
    ]
    if envelope.reply_to:
        lines.insert(3, f"Reply-To: {envelope.reply_to}")
    return "\r\n".join(lines) + "\r\n\r\n"


def _subject(text: str) -> str:
    if text.isascii() and len(text) <= _SHORT and "=?" not in text:
        return text
    return Header(text, "utf-8", header_name="Subject").encode(linesep="\r\n")


@lru_cache(maxsize=1024)
def _body(variant: Variant) -> tuple[str, list[tuple[bytes, int, Context | None]]]:
    """(boundary, [(encoded text, slot after it, its context)]) of a variant's MIME body."""
    digest = hashlib.sha256("".join((*variant.text.static, *variant.html.static)).encode())
    # "=_" cannot stand in quoted-printable text
    boundary = f"=_{digest.hexdigest()[:32]}"
    pieces: list[tuple[bytes, int, Context | None]] = []
    lead = b""
    for kind, cut in (("plain", variant.text), ("html", variant.html)):
        lead += (
            f"--{boundary}\r\n"
            f"Content-Type: text/{kind}; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        ).encode()
        *before, last = map(_quoted, cut.static)
        for static, (slot, context) in zip(before, cut.places, strict=True):
            pieces.append((lead + _open_ended(static), slot, context))
            lead = b""
        lead += last + b"\r\n"
    pieces.append((lead + f"--{boundary}--\r\n".encode(), 0, None))
    return boundary, pieces


def _open_ended(encoded: bytes) -> bytes:
    """A piece with a soft break after it, moved back where the last line has no room for its "="."""
    last_line = len(encoded) - encoded.rfind(b"\n") - 1
    if last_line < _LINE:
        return encoded + _SOFT_BREAK
    tail = encoded.rfind(b"=", len(encoded) - 3)
    cut = tail if tail > 0 else len(encoded) - 1
    return encoded[:cut] + _SOFT_BREAK + encoded[cut:] + _SOFT_BREAK


def _quoted(text: str) -> bytes:
    return b2a_qp(text.encode()).replace(b"\n", b"\r\n")
