"""Merged → RFC 5322 bytes and headers.

The parts of a variant that are the same for everybody are quoted-printable encoded once; a value is
encoded for its recipient and stands between two soft line breaks, so that neither disturbs the
other's columns (RFC 2045, 6.7).
"""

from __future__ import annotations

import hashlib
import re
from binascii import b2a_qp
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mailer.compiler.escaping import ESCAPES, Context
from mailer.mail import headers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mailer.compiler.compile import Variant
    from mailer.compiler.slots import FilledGroup, SlotGroup
    from mailer.config import Content
    from mailer.mail.merge import Merged

_SOFT_BREAK = b"=\r\n"
_LINE = 76
"""Octets of a quoted-printable line, its soft break included (RFC 2045, 6.7)."""
_LONG = re.compile(rb"^(.{74,75})(=20|=09)$", re.MULTILINE)
"""A line too long: `b2a_qp` forgets what the blank at its end becomes."""
_FOLD = ">,\r\n <"
"""Between the URIs of a header (RFC 5322, 2.2.3)."""
_KNOWN = 10_000
"""Subjects that are kept as they were folded."""
_SHORT = 66
"""Characters of a subject that need no folding, its name included (RFC 5322, 2.1.1)."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """The headers that all messages of a send share."""

    sender: str
    """From, encoded, on one line."""
    domain: str
    """Of the sender: the right side of Message-ID."""
    reply_to: str
    list_id: str
    unsubscribe_email: str

    @classmethod
    def of(cls, content: Content, *, list_name: str) -> Envelope:
        sender = content.sender
        host = urlsplit(content.site.base_url).hostname or ""
        phrase = f"{content.brand.name} {list_name}"
        return cls(
            sender=headers.mailbox(sender.name, sender.email),
            domain=headers.address(sender.email).rpartition("@")[2],
            reply_to=headers.address(sender.reply_to),
            list_id=headers.list_id(phrase, list_name, host),
            unsubscribe_email=headers.address(sender.unsubscribe_email),
        )


def encode(merged: Merged, envelope: Envelope, *, message_id: str, date: datetime) -> bytes:
    """The finished message, CRLF line ends.

    Args:
        merged: the recipient's message.
        envelope: of the send.
        message_id: the left side of Message-ID; unique.
        date: aware; for the Date header.
    """
    body = _body(merged.variant)
    head = _headers(merged, envelope, body.boundary, message_id=message_id, date=date)
    encoded: list[bytes] = []
    for filling in merged.fillings:
        encoded += filling.encoded or _encoded(filling)
    parts = body.parts.copy()
    parts[0] = head.encode("ascii")
    parts[2::2] = body.spread(encoded)
    return b"".join(parts)


def list_headers(merged: Merged, envelope: Envelope) -> dict[str, str]:
    """What tells mail programs that this is a list, and how to leave it; ASCII, not folded.

    Or, where the envelope names no list, that a program answers somebody's request (RFC 3834).
    """
    shared = _of_list(envelope)
    if not envelope.list_id:
        return shared
    return {**shared, "List-Unsubscribe": list_unsubscribe(merged, envelope)}


def _of_list(envelope: Envelope) -> dict[str, str]:
    if not envelope.list_id:
        return {"Auto-Submitted": "auto-generated"}
    return {
        "List-Id": envelope.list_id,
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Precedence": "bulk",
    }


def list_unsubscribe(merged: Merged, envelope: Envelope) -> str:
    """The one of these that is each recipient's own."""
    link = merged.links.unsubscribe
    if not envelope.unsubscribe_email:
        return f"<{link}>"
    token = link.rpartition("/")[2]
    return f"<{link}>, <mailto:{envelope.unsubscribe_email}?subject={token}>"


def _headers(
    merged: Merged,
    envelope: Envelope,
    boundary: str,
    *,
    message_id: str,
    date: datetime,
) -> str:
    first, last = _shared(envelope, boundary)
    return (
        f"{first}"
        f"To: {merged.email}\r\n"
        f"Subject: {_subject(merged.subject)}\r\n"
        f"Date: {_date(int(date.timestamp()))}\r\n"
        f"Message-ID: <{message_id}@{envelope.domain}>\r\n"
        f"{_leave(merged, envelope)}"
        f"{last}"
    )


@lru_cache(maxsize=1024)
def _shared(envelope: Envelope, boundary: str) -> tuple[str, str]:
    """The headers that all messages of a variant share: (the first, the last)."""
    reply_to = {"Reply-To": envelope.reply_to} if envelope.reply_to else {}
    last = {
        **reply_to,
        **_of_list(envelope),
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/alternative; boundary="{boundary}"',
    }
    lines = "".join([headers.fold(name, value) for name, value in last.items()])
    return headers.fold("From", envelope.sender), f"{lines}\r\n"


def _leave(merged: Merged, envelope: Envelope) -> str:
    if not envelope.list_id:
        return ""
    return f"List-Unsubscribe: {list_unsubscribe(merged, envelope).replace('>, <', _FOLD)}\r\n"


@lru_cache(maxsize=8)
def _date(timestamp: int) -> str:
    return format_datetime(datetime.fromtimestamp(timestamp, UTC))


@lru_cache(maxsize=_KNOWN)
def _subject(text: str) -> str:
    if text.isascii() and len(text) <= _SHORT and "=?" not in text:
        return text
    return Header(text, "utf-8", header_name="Subject").encode(linesep="\r\n")


@dataclass(frozen=True, slots=True)
class _Body:
    """A variant's MIME body."""

    boundary: str
    parts: list[bytes]
    """Room for the headers, the text before the first value, room for that, the text after it…"""
    spread: Callable[[Sequence[bytes]], Sequence[bytes]]
    """From the encoded forms of all facets to one for each place."""


@lru_cache(maxsize=1024)
def _body(variant: Variant) -> _Body:
    digest = hashlib.sha256("".join((*variant.text.static, *variant.html.static)).encode())
    # "=_" cannot stand in quoted-printable text
    boundary = f"=_{digest.hexdigest()[:32]}"
    parts: list[bytes] = [b""]
    lead = b""
    for kind, cut in (("plain", variant.text), ("html", variant.html)):
        lead += (
            f"--{boundary}\r\n"
            f"Content-Type: text/{kind}; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        ).encode()
        *before, last = map(_quoted, cut.static)
        for static in before:
            parts += (lead + _open_ended(static), b"")
            lead = b""
        lead += last + b"\r\n"
    parts.append(lead + f"--{boundary}--\r\n".encode())
    places = (*variant.text.places, *variant.html.places)
    forms = [form for form in variant.forms if form[1] is not Context.HEADER]
    return _Body(boundary, parts, _picking([forms.index(place) for place in places]))


def _picking(indexes: list[int]) -> Callable[[Sequence[bytes]], Sequence[bytes]]:
    if len(indexes) < 2:  # noqa: PLR2004 - of one, itemgetter makes no sequence
        return lambda values: values
    return itemgetter(*indexes)


def _between(text: str) -> bytes:
    """A value, quoted-printable, with the soft break that stands after each."""
    if len(text) < _LINE and text.isascii() and text.isprintable() and "=" not in text:
        # as it is: most values are such, and this takes a third of the time
        return text.encode() + _SOFT_BREAK
    return _open_ended(_quoted(text))


def _open_ended(encoded: bytes) -> bytes:
    """A piece with a soft break after it, moved back where the last line has no room for its "="."""
    last_line = len(encoded) - encoded.rfind(b"\n") - 1
    if last_line < _LINE:
        return encoded + _SOFT_BREAK
    tail = encoded.rfind(b"=", len(encoded) - 3)
    cut = tail if tail > 0 else len(encoded) - 1
    return encoded[:cut] + _SOFT_BREAK + encoded[cut:] + _SOFT_BREAK


def _quoted(text: str) -> bytes:
    encoded = _LONG.sub(rb"\1=\n\2", b2a_qp(text.encode()))
    return encoded.replace(b"\n", b"\r\n")


def _encoded(filling: FilledGroup) -> Sequence[bytes]:
    """Each form escaped, and encoded to stand between two statics."""
    encoded: list[bytes] = []
    last: str | None = None
    for slot, escape in _escapes(filling.facet):
        text = escape(filling.values[slot])
        # of a slot's forms, one after another, most are alike: there is nothing in it to escape
        encoded.append(encoded[-1] if text is last else _between(text))
        last = text
    filling.encoded = encoded
    return encoded


@lru_cache(maxsize=1024)
def _escapes(facet: SlotGroup) -> list[tuple[int, Callable[[str], str]]]:
    return [(slot, ESCAPES[how]) for slot, how in facet.forms if how is not Context.HEADER]
