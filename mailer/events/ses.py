"""What Amazon SES reports about a message: event JSON → Events, one for each recipient.

The shapes are those of "Contents of event data" in the SES developer guide, as they come through SNS:
raw, or in SNS's envelope. New kinds and fields may appear at any time and are kept as they are.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from mailer.ledger.event import Event, EventOutcome
from mailer.lists.address import BadAddressError, normalize

if TYPE_CHECKING:
    from collections.abc import Iterator

    Table = dict[str, Any]


class NotAnEventError(ValueError):
    """Not what SES or SNS writes; its text says why, for staff."""


def read(body: str) -> list[Event]:
    """The events in one message of the queue, or one line of a file.

    None come out of what SES and SNS say about themselves, such as that a topic works.

    Raises:
        NotAnEventError: it is something else.
    """
    if body.strip() in {"", _TOPIC_WORKS}:
        return []
    try:
        found = _parse(body)
        if "eventType" not in found and "notificationType" not in found and "Message" in found:
            return read(_unwrapped(found))
        return list(_events(found))
    except RecursionError as err:
        raise NotAnEventError("it is nested too deeply") from err


def _parse(body: str) -> Table:
    try:
        found = json.loads(body, parse_constant=_refuse)
    except ValueError as err:
        raise NotAnEventError(f"it is not JSON: {err}") from err
    if not isinstance(found, dict):
        raise NotAnEventError("it is not a JSON object")
    return found


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _unwrapped(envelope: Table) -> str:
    """The message in SNS's envelope (without RawMessageDelivery)."""
    match envelope:
        case {"Type": "Notification", "TopicArn": str(topic), "Message": str(message)} if (
            topic.startswith("arn:")
        ):
            return message
    raise NotAnEventError("it is an envelope, but not of a notification from SNS")


def _events(found: Table) -> Iterator[Event]:
    kind = _text(found.get("eventType") or found.get("notificationType"))
    if not kind:
        raise NotAnEventError("it does not say what kind of event it is")
    if kind == _SUBSCRIBED:
        return
    mail = _table(found.get("mail"))
    detail = _table(found.get(_SECTIONS.get(kind, kind[:1].lower() + kind[1:])))
    destination = [_address(each) for each in _list(mail.get("destination"))]
    recipients = [
        (_address(each), _table(each)) for each in _list(detail.get(_RECIPIENTS.get(kind, "")))
    ] or [(each, {}) for each in destination or [""]]
    raw = _dump({**found, "mail": {n: v for n, v in mail.items() if n not in _OUR_OWN}})
    tags = _table(mail.get("tags"))
    number = _text(_only(tags.get("delivery")))
    for recipient, each in recipients:
        words = {name: _text(where.get(key)) for name, where, key in _words(kind, detail, each)}
        yield Event(
            key=_key(kind, mail, recipient, detail, raw),
            kind=kind,
            at=_time(detail.get("timestamp")) or _time(mail.get("timestamp")),
            message_id=_text(mail.get("messageId")),
            campaign=_text(_only(tags.get("campaign"))),
            delivery=int(number) if re.fullmatch("[0-9]{1,18}", number) else 0,
            recipient=recipient if "@" in recipient else "",
            destination=tuple(destination),
            alone=len(destination) == 1 and len(recipients) == 1,
            outcome=_outcome(kind, words),
            raw=raw,
            **words,
        )


def _words(kind: str, detail: Table, recipient: Table) -> Iterator[tuple[str, Table, str]]:
    """Each of our words, with where Amazon has it, and under which name."""
    types = {
        "Bounce": ("bounceType", "bounceSubType"),
        "Complaint": ("complaintFeedbackType", "complaintSubType"),
        "DeliveryDelay": ("delayType", ""),
    }
    said = {"Delivery": "smtpResponse", "Reject": "reason", "Rendering Failure": "errorMessage"}
    main, sub = types.get(kind, ("", ""))
    yield "type", detail, main
    yield "subtype", detail, sub
    yield "status", recipient, "status"
    if kind in said:
        yield "diagnostic", detail, said[kind]
    else:
        yield "diagnostic", recipient, "diagnosticCode"


def _outcome(kind: str, words: dict[str, str]) -> EventOutcome:
    match kind, words["type"], words["subtype"]:
        case "Delivery", _, _:
            return EventOutcome.DELIVERED
        case "Bounce", "Permanent", _:
            return EventOutcome.BOUNCED
        case "Bounce", _, subtype if subtype in _ABOUT_THE_MAIL:
            return EventOutcome.DECLINED
        case "Bounce", "Transient", "General" if not (words["status"] or words["diagnostic"]):
            # an answering machine ("I am on holiday"): a mail server's report has a status
            return EventOutcome.NOTHING
        case "Bounce", _, _:
            return EventOutcome.RETURNED
        case "Complaint", "not-spam", _:
            return EventOutcome.NOTHING
        case "Complaint", _, _:
            return EventOutcome.COMPLAINED
        case (("Reject" | "Rendering Failure"), _, _):
            return EventOutcome.NEVER_SENT
    return EventOutcome.NOTHING


def _key(kind: str, mail: Table, recipient: str, detail: Table, raw: str) -> bytes:
    message_id = _text(mail.get("messageId"))
    if message_id and kind in _ONCE:
        own = _text(detail.get("feedbackId"))
    else:
        # opened, clicked, delayed: it may happen again, with another time or link
        own = _dump(detail) if message_id and detail else raw
    return blake2b(_dump([message_id, kind, recipient, own]).encode(), digest_size=16).digest()


# ---------------------------------------------------------------- whatever was sent, made safe


def _text(value: object) -> str:
    """Text that any database takes, "" for anything else."""
    if not isinstance(value, str):
        return ""
    return value[:_LONGEST_TEXT].replace("\0", "").encode("utf-8", "replace").decode()


def _table(value: object) -> Table:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _only(value: object) -> object:
    """The value of a tag: they come as lists of one."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _address(value: object) -> str:
    text = _text(_table(value).get("emailAddress") or value)
    try:
        return normalize(text)
    except BadAddressError:
        return text.lower()


def _time(value: object) -> str:
    try:
        found = datetime.fromisoformat(_text(value))
        aware = found if found.tzinfo else found.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        return ""


def _dump(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


_TOPIC_WORKS = "Successfully validated SNS topic for Amazon SES event publishing."
_SUBSCRIBED = "AmazonSnsSubscriptionSucceeded"
"""What identity notifications begin with."""
_LONGEST_TEXT = 2_000
_OUR_OWN = {"headers", "commonHeaders", "headersTruncated"}
_SECTIONS = {"Rendering Failure": "failure"}
"""Where the details of a kind are; else under the kind's name, which begins small there."""
_RECIPIENTS = {
    "Bounce": "bouncedRecipients",
    "Complaint": "complainedRecipients",
    "Delivery": "recipients",
    "DeliveryDelay": "delayedRecipients",
}
_ONCE = {"Send", "Delivery", "Bounce", "Complaint", "Reject", "Rendering Failure"}
"""Kinds that happen once to a recipient of a message, or say so with an id of their own."""
_ABOUT_THE_MAIL = {
    "AttachmentRejected",
    "ContentRejected",
    "CustomTimeoutExceeded",
    "MessageTooLarge",
}
