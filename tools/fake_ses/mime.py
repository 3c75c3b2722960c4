"""The message (RFC 5322, RFC 2045) that SES makes of a subject, a text and an HTML part."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from email.header import Header
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"^([!-9;-~]+):[ \t]*(.*(?:\r?\n[ \t].*)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Envelope:
    """The address headers, as the request gives them."""

    source: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    reply_to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Content:
    subject: str
    text: str | None
    html: str | None


def envelope(source: str, request: dict[str, Any], destination: dict[str, Any]) -> Envelope:
    return Envelope(
        source=source,
        to=tuple(destination.get("ToAddresses") or ()),
        cc=tuple(destination.get("CcAddresses") or ()),
        reply_to=tuple(request.get("ReplyToAddresses") or ()),
    )


def build(
    mail: Envelope,
    content: Content,
    headers: Iterable[tuple[str, str]],
    *,
    message_id: str,
    at: float,
) -> bytes:
    """By hand, because EmailMessage takes milliseconds and a test may look at thousands.

    Args:
        headers: the custom ones.
        at: seconds since the epoch.
    """
    lines = [
        *_address_headers(mail),
        f"Message-ID: <{message_id}>",
        f"Subject: {_encoded(content.subject)}",
        "MIME-Version: 1.0",
        *(f"{name}: {value}" for name, value in headers),
        f"Date: {formatdate(at)}",
    ]
    bodies = (("plain", content.text), ("html", content.html))
    parts = [_part(kind, body) for kind, body in bodies if body is not None]
    if len(parts) == 1:
        return "\r\n".join(lines).encode() + b"\r\n" + parts[0]
    boundary = f"----=_Part_{message_id[:24]}"
    lines.append(f'Content-Type: multipart/alternative; boundary="{boundary}"')
    dash = f"\r\n--{boundary}".encode()
    body = b"".join(dash + b"\r\n" + part for part in parts) + dash + b"--\r\n"
    return "\r\n".join(lines).encode() + b"\r\n" + body


def fields(data: bytes) -> list[tuple[str, str]]:
    """The header fields of a message, unfolded; none when no blank line ends the header."""
    end = _BLANK_LINE.search(data)
    matches = _FIELD.findall(data, 0, end.start()) if end else []
    return [(n.decode(), b" ".join(v.split()).decode("utf-8", "replace")) for n, v in matches]


def _address_headers(mail: Envelope) -> list[str]:
    headers = (
        ("From", (mail.source,)),
        ("Reply-To", mail.reply_to),
        ("To", mail.to),
        ("Cc", mail.cc),
    )
    return [f"{name}: " + ",\r\n ".join(addresses) for name, addresses in headers if addresses]


def _encoded(subject: str) -> str:
    if subject.isascii():
        return subject
    return Header(subject, "utf-8", header_name="Subject").encode(linesep="\r\n")


def _part(kind: str, body: str) -> bytes:
    # The line end added here, and taken off again, tells b2a_qp to break its lines with CRLF.
    crlf = body.replace("\r\n", "\n").replace("\n", "\r\n").encode() + b"\r\n"
    head = (
        f"Content-Type: text/{kind}; charset=UTF-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    return head.encode() + binascii.b2a_qp(crlf).removesuffix(b"\r\n")
