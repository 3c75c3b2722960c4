"""Mail that unsubscribes its writer: the answer to the `mailto:` of List-Unsubscribe (RFC 2369, 3.2).

Mail programs write it with the token as the subject; people may forward the whole thing. Amazon SES
receives it and reports it through SNS, or a mail server keeps it in a mailbox file.
"""

from __future__ import annotations

import binascii
import email
import email.policy
import mailbox
import re
from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailer.events.ses import documents_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from email.message import EmailMessage
    from pathlib import Path

    from mailer.links import Keys
    from mailer.store import Store

RECEIVED = "Received"
"""What SES calls a mail that it received, in `notificationType`."""
TEST_SEND = 0
"""The send id in the links of test mail, which change nothing."""
_TOKEN = re.compile(r"(?<![\w-])[\w-]{42}(?![\w-])|[\w-]{3,40}\.[\w-]{20,80}")
"""A token of this version, or of an earlier one."""
_MOST_CANDIDATES = 200
_LARGEST = 1_000_000
"""Octets that are read of a mail: SNS carries 150 KB, and a mail program writes less than one."""
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class UnsubscribeResult:
    """Result of mail to the address of List-Unsubscribe."""

    unsubscribed: int = 0
    known: int = 0
    """Mail from people who had left before, or who answered a test mail."""
    automatic: int = 0
    """Auto-replies and bounces, which ask for nothing."""
    unreadable: tuple[tuple[str, str], ...] = ()
    """Mail that names no person, or several, with the reason, for staff to review."""

    def plus(self, other: UnsubscribeResult) -> UnsubscribeResult:
        """Add up the numbers; what is unreadable is not kept."""
        return UnsubscribeResult(
            self.unsubscribed + other.unsubscribed,
            self.known + other.known,
            self.automatic + other.automatic,
        )


def received(body: str) -> Iterator[bytes | str]:
    """The mails in a message of the queue, or why one that SES received cannot be read."""
    if RECEIVED not in body:
        return
    for document in documents_in(body, 0):
        if isinstance(document, dict) and document.get("notificationType") == RECEIVED:
            content = document.get("content")
            yield (
                _decoded(content)
                if isinstance(content, str) and content
                else "SES received a mail, but its notification holds none: add an SNS action to the "
                "receipt rule, in the place of S3"
            )


def _decoded(content: str) -> bytes:
    """SNS carries a mail as text or, where the action says so, in Base64."""
    try:
        return b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        return content.encode("utf-8", "surrogateescape")


def is_mailbox(path: Path) -> bool:
    """Whether a file holds mail, and not events.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return path.suffix == ".eml" or file.read(5) == b"From "


def mails_in(path: Path) -> Iterator[bytes]:
    """The mails in a mailbox file (mbox), or the one in an .eml file."""
    if path.suffix == ".eml":
        yield path.read_bytes()
        return
    box = mailbox.mbox(path, create=False)
    try:
        for key in box.iterkeys():
            yield box.get_bytes(key)
    finally:
        box.close()


def take(mail: bytes, store: Store, keys: Keys, *, now: datetime) -> UnsubscribeResult:
    """Unsubscribe the person that a mail names from the list of the token's send."""
    message = email.message_from_bytes(mail[:_LARGEST], policy=email.policy.default)
    people = _people(message, keys)
    if is_automatic(message, people):
        return UnsubscribeResult(automatic=1)
    if len(people) != 1:
        why = "names several people" if people else "names nobody: it holds no valid token"
        writer = _header(message, "From")
        text = mail[:_LARGEST].decode("utf-8", "replace")
        return UnsubscribeResult(unreadable=((text, f"a mail from {writer} to unsubscribe {why}"),))
    subscriber_id, send_id = people[0]
    if send_id == TEST_SEND:
        return UnsubscribeResult(known=1)
    changed = store.unsubscribes.leave(subscriber_id, send_id, how="mail", now=now)
    return UnsubscribeResult(unsubscribed=1) if changed else UnsubscribeResult(known=1)


def is_automatic(message: EmailMessage, people: list[tuple[int, int]]) -> bool:
    """Whether a program answered a mail by itself (RFC 3834), or reports that it could not deliver.

    Mail programs that unsubscribe may call their mail "auto-generated". Its subject is a token then,
    and nothing more.
    """
    submitted = _header(message, "Auto-Submitted").partition(";")[0].strip().lower() or "no"
    if submitted == "auto-generated" and people:
        return not _TOKEN.fullmatch(_header(message, "Subject"))
    return (
        submitted != "no"
        or message.get_content_type() == "multipart/report"
        or _header(message, "Return-Path") == "<>"
        or _header(message, "Precedence").lower() in {"auto_reply", "bulk", "junk", "list"}
        or any(name in message for name in ("X-Autoreply", "X-Autorespond", "List-Id"))
        or re.match(r"(?i)(.*<)?(mailer-daemon|postmaster)@", _header(message, "From")) is not None
    )


def _people(message: EmailMessage, keys: Keys) -> list[tuple[int, int]]:
    """Ids of the subscriber and the send of each valid token: in the subject, else in the text."""
    for text in (_header(message, "Subject"), _text(message)):
        candidates = list(dict.fromkeys(_TOKEN.findall(text)))[:_MOST_CANDIDATES]
        ids = [keys.read("unsubscribe", candidate) for candidate in candidates]
        people = list(dict.fromkeys(person for person in ids if person))
        if people:
            return people
    return []


def _header(message: EmailMessage, name: str) -> str:
    """A header as text; "" where it is missing or too broken to be read."""
    try:
        return str(message.get(name, "")).strip()
    except Exception:  # noqa: BLE001 - the parser of the standard library fails in many ways
        return ""


def _text(message: EmailMessage) -> str:
    """The text of all text parts, without tags and with broken lines joined."""
    texts: list[str] = []
    for part in message.walk():
        if part.get_content_maintype() == "text":
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                texts.append(payload.decode("utf-8", "replace"))
    return "\n".join(texts) + "\n" + _TAG.sub(" ", "\n".join(texts))
