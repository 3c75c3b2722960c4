"""What Amazon SES reported about a delivery, and what taking it in came to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

HELD_BACK_BY_SES = {
    "EmailValidationSuppressed",
    "OnAccountSuppressionList",
    "OnTenantSuppressionList",
    "Suppressed",
    "UnsubscribedRecipient",
}
"""Subtypes of bounces and complaints by which SES says that it did not try (SES developer guide, "Bounce
types" and "Auto Validation")."""


class EventOutcome(StrEnum):
    """What an event says about its recipient; NOTHING for all that only happens by the way."""

    NOTHING = ""
    DELIVERED = "delivered"
    """The recipient's mail server took it. A bounce may follow all the same."""
    BOUNCED = "bounced"
    """There is no such mailbox, and there will not be."""
    RETURNED = "returned"
    """It could not be delivered this time: mailbox full, server down."""
    DECLINED = "declined"
    """This mail was not wanted there (too large, content): it says nothing about the mailbox."""
    UNRECOGNIZED = "unrecognized bounce"
    """Permanent, for a reason that is not known here: it proves nothing about the mailbox."""
    NOT_TRIED = "not tried"
    """SES held it back by its own prediction or lists: it says nothing about the mailbox."""
    COMPLAINED = "complained"
    NEVER_SENT = "never sent"
    """SES accepted it, then did not send it."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to one recipient of one message. Its words are Amazon's."""

    key: bytes
    """Equal for the same event, however often and in any way it is reported."""
    kind: str
    """Bounce, Delivery, Rendering Failure…"""
    at: str
    """ISO, UTC, to the second; "" when it is not said."""
    message_id: str
    campaign: str
    """The tag that the message was sent with; "" without."""
    delivery: int
    """The tag that the message was sent with; 0 without."""
    recipient: str
    """Normalized; "" when it is no address. Only the ledger can say whether it is one of ours."""
    destination: tuple[str, ...]
    """Everybody the message went to. A bounce may name the mailbox it was forwarded to instead."""
    alone: bool
    """The message had no other recipient, so nobody else can be meant."""
    outcome: EventOutcome
    type: str
    """The type of a bounce, a complaint or a delay."""
    subtype: str
    status: str
    """The enhanced status code (RFC 3463), such as 5.1.1."""
    diagnostic: str
    """The words of the other server, or why SES did not send it."""
    raw: str
    """The JSON, less the headers of the message: they are known, and hold personal links."""

    @property
    def domain(self) -> str:
        return self.recipient.rpartition("@")[2]

    @property
    def harms_reputation(self) -> bool:
        """Whether SES counts it in the account's bounce or complaint rate."""
        held_back = self.subtype in HELD_BACK_BY_SES
        return self.outcome in {EventOutcome.BOUNCED, EventOutcome.COMPLAINED} and not held_back


def delivery_tag(text: str) -> str:
    """A name as it can stand in a tag, and as it comes back in an event."""
    return _NOT_FOR_TAGS.sub("_", text)[:_LONGEST_TAG]


@dataclass(frozen=True, slots=True)
class NotSentAlert:
    """A message that SES accepted and then did not send."""

    campaign: str
    """"" when it was none of ours."""
    why: str


@dataclass(frozen=True, slots=True)
class IngestResult:
    """What came of taking in events."""

    stored: int = 0
    known: int = 0
    """Reported before."""
    suppressed: int = 0
    """Addresses that get no mail from now on."""
    settled: int = 0
    """Deliveries that were uncertain before."""
    alarms: tuple[NotSentAlert, ...] = ()
    not_tried: int = 0
    """Mail that SES held back by its own prediction or lists. The next campaign tries again."""
    unrecognized: int = 0
    """Permanent bounces for a reason that is not known here: nobody is suppressed for them."""

    def plus(self, other: IngestResult) -> IngestResult:
        return IngestResult(
            self.stored + other.stored,
            self.known + other.known,
            self.suppressed + other.suppressed,
            self.settled + other.settled,
            self.alarms + other.alarms,
            self.not_tried + other.not_tried,
            self.unrecognized + other.unrecognized,
        )


@dataclass(frozen=True, slots=True)
class DeliverabilityStats:
    """What is known of a send's accepted mail, one for each delivery."""

    known: int
    """Delivered, bounced or complained about. Where SES reports no deliveries: accepted."""
    bounced: int
    """Bounced for good, and not only held back by SES's own list."""
    complained: int
    watched: bool = True
    """Whether the send is to stop when there are too many."""


_NOT_FOR_TAGS = re.compile(r"[^A-Za-z0-9_-]")


_LONGEST_TAG = 256
