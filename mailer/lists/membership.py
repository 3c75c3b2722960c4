"""List memberships, their dates and sources, and the history of an address."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mailer.lists.subscriber import Subscriber


class SuppressionReason(StrEnum):
    """Why an address is suppressed on all lists."""

    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    ERASED = "erased"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class ListSummary:
    name: str
    subscribed: int
    unsubscribed: int
    suppressed: int
    """Subscribed people whose address is suppressed."""


@dataclass(slots=True)
class Membership:
    """One for each subscriber in a stream, and so not frozen either."""

    list_name: str
    status: str
    """"subscribed" or "unsubscribed"."""
    since: str
    how: str
    """import, form, one-click, campaign, staff."""
    note: str = ""
    """The words of an imported file about a person who left."""


@dataclass(frozen=True, slots=True)
class SuppressedAddress:
    email: str
    reason: SuppressionReason
    since: str = ""
    """ISO date or time; "" for now."""
    note: str = ""
    """Who or what said so."""


@dataclass(slots=True)
class ExportedMember:
    """Everything that `lists export` writes of one person. One for each in a stream, too."""

    subscriber: Subscriber
    membership: Membership
    suppression: str
    """A `SuppressionReason`, "" for none."""
    suppressed_since: str
    suppression_note: str
    created: str
    consent_source: str


@dataclass(frozen=True, slots=True)
class History:
    """Everything kept about one address: for `subscriber show` and the data export of the GDPR."""

    subscriber: Subscriber | None
    """None when only a suppression is kept: of a stranger, or of an erased person."""
    created: str
    consent_source: str
    memberships: tuple[Membership, ...]
    suppression: SuppressionReason | None
    suppressed_at: str
    suppression_note: str
    """Who or what said so: a file's own words, an event, the staff's source."""
    deliveries: tuple[Mapping[str, str], ...]
    """campaign, list, state, at, message_id."""
    events: tuple[Mapping[str, str], ...]
    """kind, at, type, subtype, status, diagnostic: what Amazon SES reported about their mail."""
    elsewhere: Mapping[str, Sequence[Mapping[str, object]]]
    """What lies in other places: web versions, unsubscribes, requests, moves, imports."""
