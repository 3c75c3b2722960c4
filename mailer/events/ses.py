"""What Amazon SES reports about a message: event JSON → Events, one for each recipient.

The shapes are those of "Contents of event data" in the SES developer guide, as they come through SNS:
raw, or in SNS's envelope. New kinds and fields may appear at any time and are kept as they are.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from mailer.ledger.event import HELD_BACK_BY_SES, Event, EventOutcome
from mailer.lists.address import BadAddressError, normalize

if TYPE_CHECKING:
    from collections.abc import Iterator

    Table = dict[str, Any]


class NotAnEventError(ValueError):
    """Text that is no event of SES or SNS; the message says why, for staff."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A part of a message or file that is no event."""

    body: str
    why: str


def parse(body: str) -> tuple[list[Event], list[Rejected]]:
    """Read the events in one message of the queue, or in one document of a file.

    What SES and SNS say about themselves, such as that a topic works, is neither event nor rejected.
    A part that is no event leaves the others as they are.
    """
    events: list[Event] = []
    rejected: list[Rejected] = []
    documents = 0
    for document in documents_in(body, 0):
        if isinstance(document, Rejected):
            rejected.append(document)
            continue
        documents += 1
        try:
            events += list(_events(document))
        except (NotAnEventError, RecursionError) as err:
            rejected.append(_rejected(document, err))
    if rejected and not documents:
        rejected = [Rejected(body, rejected[0].why)]
    return events, rejected


def read(body: str) -> list[Event]:
    """Read the events in a message that holds nothing else.

    Raises:
        NotAnEventError: a part of it is no event.
    """
    events, rejected = parse(body)
    for part in rejected:
        raise NotAnEventError(part.why)
    return events


# ---------------------------------------------------------------- out of its envelopes


def documents_in(text: str, depth: int) -> Iterator[Table | Rejected]:
    """Each event in a text of JSON values, one after another."""
    place, end = 0, len(text)
    if text.strip() == _TOPIC_WORKS:
        return
    while (place := _BETWEEN.match(text, place).end()) < end:  # type: ignore[union-attr]
        try:
            value, after = _DECODER.raw_decode(text, place)
        except ValueError as err:
            yield Rejected(text[place:], f"it is not JSON: {err}")
            return
        except RecursionError:
            yield Rejected(text[place:], "it is nested too deeply")
            return
        whole = text if place == 0 and after == end else text[place:after]
        yield from _unwrapped(value, whole, depth)
        place = after


def _unwrapped(value: object, text: str, depth: int) -> Iterator[Table | Rejected]:
    """Take an event out of what it came in: SNS, SQS, Lambda, EventBridge, an array.

    Args:
        value: decoded.
        text: as it was written, for what is rejected.
        depth: of envelopes so far.
    """
    if depth > _DEEPEST:
        yield Rejected(text, "it is nested too deeply")
    elif isinstance(value, dict) and not {"eventType", "notificationType"}.isdisjoint(value):
        yield value
    elif value == [] or not isinstance(value, dict | list):
        yield Rejected(text, "it is not a JSON object")
    else:
        yield from _inside(value, text, depth)


def _inside(value: object, text: str, depth: int) -> Iterator[Table | Rejected]:
    match value:
        case list(values) | {"Records": list(values)} | {"Messages": list(values)}:
            for part in values:
                yield from _unwrapped(part, _dump(part), depth + 1)
        case {"Sns": dict(inner)} | {"detail-type": str(), "detail": dict(inner)}:
            yield from _unwrapped(inner, text, depth + 1)
        case {"Body": str(body)} | {"body": str(body)}:
            yield from documents_in(body, depth + 1)
        case {"Type": "Notification", "TopicArn": str(topic), "Message": str(message)} if (
            topic.startswith("arn:")
        ):
            yield from documents_in(message, depth + 1)
        case {"Message": _}:
            yield Rejected(text, "it is an envelope, but not of a notification from SNS")
        case _:
            yield Rejected(text, "it does not say what kind of event it is")


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _rejected(document: Table, err: Exception) -> Rejected:
    if isinstance(err, RecursionError):
        return Rejected(repr(document)[:_LONGEST_TEXT], "it is nested too deeply")
    return Rejected(_dump(document), str(err))


# ---------------------------------------------------------------- what it says


def _events(notification: Table) -> Iterator[Event]:
    kind = _text(notification.get("eventType") or notification.get("notificationType"))
    if not kind:
        raise NotAnEventError("it does not say what kind of event it is")
    kind = _KINDS.get(kind.lower(), kind)
    if kind in {_SUBSCRIBED, _RECEIVED}:
        return  # the second is not about our mail; see unsubscribe_mail
    mail = _table(notification.get("mail"))
    detail = _table(notification.get(_SECTIONS.get(kind, kind[:1].lower() + kind[1:])))
    destination = [_address(entry) for entry in _list(mail.get("destination"))]
    recipients = [
        (_address(entry), _table(entry)) for entry in _list(detail.get(_RECIPIENTS.get(kind, "")))
    ] or [(entry, {}) for entry in destination or [""]]
    raw = _dump({**notification, "mail": {n: v for n, v in mail.items() if n not in _OUR_OWN}})
    tags = _table(mail.get("tags"))
    number = _text(_only(tags.get("delivery")))
    for recipient, entry in recipients:
        texts = {
            name: _text(where.get(key)) for name, where, key in _text_fields(kind, detail, entry)
        }
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
            outcome=_outcome(kind, texts),
            raw=raw,
            **texts,
        )


def _text_fields(kind: str, detail: Table, recipient: Table) -> Iterator[tuple[str, Table, str]]:
    """Each text field of an event, with its table and key in Amazon's JSON."""
    types = {
        "Bounce": ("bounceType", "bounceSubType"),
        "Complaint": ("complaintFeedbackType", "complaintSubType"),
        "DeliveryDelay": ("delayType", ""),
    }
    diagnostic_keys = {
        "Delivery": "smtpResponse",
        "Reject": "reason",
        "Rendering Failure": "errorMessage",
    }
    main, sub = types.get(kind, ("", ""))
    yield "type", detail, main
    yield "subtype", detail, sub
    yield "status", recipient, "status"
    if kind in diagnostic_keys:
        yield "diagnostic", detail, diagnostic_keys[kind]
    else:
        yield "diagnostic", recipient, "diagnosticCode"


def _outcome(kind: str, texts: dict[str, str]) -> EventOutcome:
    match kind, texts["type"]:
        case "Delivery", _:
            return EventOutcome.DELIVERED
        case "Bounce", _:
            return _bounce(texts)
        case "Complaint", "not-spam":
            return EventOutcome.NOTHING
        case "Complaint", _:
            return EventOutcome.COMPLAINED
        case (("Reject" | "Rendering Failure"), _):
            return EventOutcome.NEVER_SENT
    return EventOutcome.NOTHING


def _bounce(texts: dict[str, str]) -> EventOutcome:
    subtype = texts["subtype"]
    if subtype in HELD_BACK_BY_SES:
        return EventOutcome.NOT_TRIED
    if subtype in _ABOUT_THE_MAIL:
        return EventOutcome.DECLINED
    if texts["type"] == "Permanent":
        is_mailbox_missing = subtype in _NO_SUCH_MAILBOX
        return EventOutcome.BOUNCED if is_mailbox_missing else EventOutcome.UNRECOGNIZED
    if (texts["type"], subtype) == ("Transient", "General") and not (
        texts["status"] or texts["diagnostic"]
    ):
        # an automatic reply ("I am on holiday"): a mail server's report has a status
        return EventOutcome.NOTHING
    return EventOutcome.RETURNED


def _key(kind: str, mail: Table, recipient: str, detail: Table, raw: str) -> bytes:
    message_id = _text(mail.get("messageId"))
    if message_id and kind in _ONCE:
        own = _text(detail.get("feedbackId"))
        if detail.get("complaintFeedbackType") == "not-spam":
            own += " not-spam"  # so that a complaint that follows is not taken for this one
    else:
        # opened, clicked, delayed: it may happen again, with another time or link
        own = _dump(detail) if message_id and detail else raw
    return blake2b(_dump([message_id, kind, recipient, own]).encode(), digest_size=16).digest()


# ---------------------------------------------------------------- untrusted values, made safe


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
    named = _NAMED_ADDRESS.fullmatch(text.strip())
    text = named[1] if named else text
    try:
        return normalize(text)
    except BadAddressError:
        return text.lower()


def _time(value: object) -> str:
    try:
        parsed = datetime.fromisoformat(_text(value))
        aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        return ""


def _dump(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


_DECODER = json.JSONDecoder(parse_constant=_refuse)
_BETWEEN = re.compile(r"[\s,\ufeff]*")
_DEEPEST = 8
"""Envelopes in each other; SQS in SNS in EventBridge are three."""
_NAMED_ADDRESS = re.compile(r"""(?:"(?:[^"\\]|\\.)*"|[^<>@,"]*)\s*<([^<>\s,]+)>""")
"""One mailbox with its name (RFC 5322): never a list of them."""
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
_RECEIVED = "Received"
_ONCE = {"Send", "Delivery", "Bounce", "Complaint", "Reject", "Rendering Failure"}
"""Kinds that happen once to a recipient of a message, or say so with an id of their own."""
_KINDS = {kind.lower(): kind for kind in (*_ONCE, "DeliveryDelay", "Open", "Click", "Subscription")}
_NO_SUCH_MAILBOX = {"", "General", "NoEmail", "Undetermined"}
"""Subtypes of a permanent bounce that say so. SES may add others, which mean something else."""
_ABOUT_THE_MAIL = {
    "AttachmentRejected",
    "ContentRejected",
    "CustomTimeoutExceeded",
    "MessageTooLarge",
}
