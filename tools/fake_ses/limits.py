"""What SES refuses in a request; botocore lets all of it pass."""

from __future__ import annotations

import re
from email.utils import getaddresses, parseaddr
from typing import TYPE_CHECKING, Any

from tools.fake_ses import mime
from tools.fake_ses.errors import bad_request

if TYPE_CHECKING:
    from collections.abc import Iterable

RECIPIENTS = 50
ENTRIES = 50
HEADERS = 15
HEADER_NAME = 126
HEADER_VALUE = 995
HEADER = 996
TAG = 256
LINE = 1000
"""Octets of a raw line with its CRLF (RFC 5321 section 4.5.3.1.6)."""
MESSAGE = 40 * 1024 * 1024
"""Octets after base64."""
INLINE_REQUEST = 1024 * 1024
TEMPLATE_DATA = 262_144

SET_BY_SES = frozenset(
    {
        "bcc",
        "cc",
        "content-disposition",
        "content-type",
        "date",
        "from",
        "message-id",
        "mime-version",
        "reply-to",
        "return-path",
        "subject",
        "to",
    }
)
"""The developer guide's list: not allowed as custom headers of simple, templated and bulk mail."""

ONCE = frozenset(
    {
        "auto-submitted",
        "content-transfer-encoding",
        "content-type",
        "date",
        "dkim-signature",
        "from",
        "in-reply-to",
        "list-archive",
        "list-help",
        "list-id",
        "list-owner",
        "list-post",
        "list-subscribe",
        "list-unsubscribe",
        "list-unsubscribe-post",
        "message-id",
        "mime-version",
        "organization",
        "precedence",
        "references",
        "reply-to",
        "return-path",
        "sender",
        "subject",
        "user-agent",
    }
)
"""Of the developer guide's list of fields that may not appear twice, those a newsletter may have."""

_SIMPLE_ADDRESS = re.compile(r"[!#-'*+\-./0-9=?A-Z^-~]+@[A-Za-z0-9.-]+\.[A-Za-z0-9-]+")
_HEADER_NAME = re.compile(r"[!-9;-@A-~]+")
_PRINTABLE = re.compile(r"[ -~]+")
_TAG = re.compile(r"[A-Za-z0-9_-]+")
_RESERVED_TAGS = frozenset({"ses:feedback-id-a", "ses:feedback-id-b"})


def address(text: str) -> str:
    """The bare address of `Name <address>`."""
    if _SIMPLE_ADDRESS.fullmatch(text):
        return text
    if not text.isascii() and "<" in text and not text.partition("<")[0].isascii():
        raise bad_request(f"The name in <{text}> must be an RFC 2047 encoded word.")
    bare = parseaddr(text)[1] or text
    local, at, domain = bare.rpartition("@")
    if not at or not domain:
        raise bad_request("Missing final '@domain'")
    if not local.isascii():
        raise bad_request(f"Local part of <{bare}> contains non-ASCII characters.")
    if not _SIMPLE_ADDRESS.fullmatch(f"x@{domain}"):
        raise bad_request("Domain contains illegal character")
    if not _SIMPLE_ADDRESS.fullmatch(bare):
        raise bad_request("Local address contains control or whitespace")
    return bare


def recipients(destination: dict[str, Any]) -> list[str]:
    addresses = [
        address(text)
        for kind in ("ToAddresses", "CcAddresses", "BccAddresses")
        for text in destination.get(kind) or ()
    ]
    return counted(addresses)


def counted(found: list[str]) -> list[str]:
    if not found:
        raise bad_request("At least one recipient is required.")
    if len(found) > RECIPIENTS:
        raise bad_request(f"Recipient count exceeds {RECIPIENTS}.")
    return found


def tags(given: Iterable[dict[str, str]] | None) -> dict[str, str]:
    for tag in given or ():
        if tag["Name"] not in _RESERVED_TAGS:
            _tag_part("name", tag["Name"])
        _tag_part("value", tag["Value"])
    return {tag["Name"]: tag["Value"] for tag in given or ()}


def _tag_part(part: str, text: str) -> None:
    if len(text) > TAG:
        raise bad_request(f"Tag {part} <{text}> is longer than {TAG} characters.")
    if not _TAG.fullmatch(text):
        raise bad_request(
            f"Invalid tag {part} <{text}>: only alphanumeric ASCII characters, '_', and '-' are allowed."
        )


def headers(given: list[dict[str, str]] | None) -> dict[str, tuple[str, str]]:
    """Custom headers by their lower-case name."""
    if len(given or ()) > HEADERS:
        raise bad_request(f"Header count exceeds {HEADERS}.")
    for header in given or ():
        _header(header["Name"], header["Value"])
    return {h["Name"].lower(): (h["Name"], h["Value"]) for h in given or ()}


def _header(name: str, value: str) -> None:
    if len(name) > HEADER_NAME or not _HEADER_NAME.fullmatch(name):
        raise bad_request(f"Header name <{name}> is invalid.")
    if len(value) > HEADER_VALUE or not _PRINTABLE.fullmatch(value):
        raise bad_request(f"The value of header <{name}> is invalid.")
    if len(name) + len(value) > HEADER:
        raise bad_request(f"Header <{name}> is longer than {HEADER} characters.")
    if name.lower() in SET_BY_SES:
        raise bad_request(f"Header <{name}> is not allowed as a custom header.")


def raw_headers(data: bytes) -> dict[str, list[str]]:
    """Header values by lower-case name, of a raw message that SES would take.

    That SES counts the line's CRLF is RFC 5321's reading; a real account may allow two more octets.
    """
    if max(map(len, data.split(b"\n"))) + 1 > LINE:
        raise bad_request(f"Invalid MIME content: a line is longer than {LINE} octets.")
    found: dict[str, list[str]] = {}
    for name, value in mime.fields(data):
        found.setdefault(name.lower(), []).append(value)
    if "from" not in found:
        raise bad_request(
            "Invalid MIME content: the header must have From and end with a blank line."
        )
    for name, values in found.items():
        if len(values) > 1 and name in ONCE:
            raise bad_request(f"Duplicate header '{name}'.")
    return found


def raw_recipients(found: dict[str, list[str]]) -> list[str]:
    texts = [value for name in ("to", "cc", "bcc") for value in found.get(name, ())]
    return counted([address(bare) for _, bare in getaddresses(texts)])
