"""The values of the ledger: sends, deliveries and their states."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mailer.lists.subscriber import Subscriber

HELD_BACK = "had another campaign lately"
"""Why a recipient is left out, or skipped, in a quiet period."""


class SendState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class DeliveryState(StrEnum):
    """pending → sending → accepted | failed | uncertain, or skipped."""

    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    SKIPPED = "skipped"

    __hash__ = str.__hash__


@dataclass(frozen=True, slots=True)
class Send:
    """One campaign to its lists. With its first list, the campaign names it."""

    id: int
    campaign: str
    list_name: str
    state: SendState
    audience_query: str
    """The `audience:` and `--where` expression it was frozen with, "" for the whole list."""
    snapshot: bytes
    """`Snapshot.to_bytes()`: everything a compile needs, as it was when the audience was frozen."""
    digest: str
    """`Snapshot.digest`, to tell staff when their files have changed since."""
    transport: str
    """The transport it was started with. It stays: only that one knows what became of its mail."""
    created: str
    note: str = ""
    """Why it is paused, for staff."""
    quiet_hours: float = 0
    """Hours since another campaign in which a recipient is skipped; 0 skips nobody."""
    held_back: int = 0
    """How many were left out for that when people were last added; they can be added later."""
    plan: str = ""
    """When it was ordered for; "" for at once. A worker starts what has a plan."""
    winner: int = 0
    """The number of the A/B test's arm that the rest get, once that is known."""
    rate: float = 0
    """Messages a second at most, as it was ordered; 0 leaves that to mailer.toml."""
    stop_after: int = 0
    """Messages tried, from the start of the send, after which it pauses; 0 for no end."""
    version: int = 0
    """Grows with each change of the state: tells whether the state is still the one that was read."""
    further_lists: tuple[str, ...] = ()
    """The lists it goes to besides `list_name`, in the order of their names."""

    @property
    def is_over(self) -> bool:
        return self.state in {SendState.FINISHED, SendState.CANCELLED}

    @property
    def lists(self) -> tuple[str, ...]:
        return (self.list_name, *self.further_lists)

    @property
    def shown_lists(self) -> str:
        """Its lists, for staff: "members, allies"."""
        return ", ".join(self.lists)


@dataclass(frozen=True, slots=True)
class Counts:
    """The ledger of a send. `audience` is kept apart from the rows, so the sum can be checked."""

    audience: int
    pending: int = 0
    sending: int = 0
    accepted: int = 0
    failed: int = 0
    uncertain: int = 0
    skipped: int = 0

    @property
    def tried(self) -> int:
        """Deliveries that were handed over, with any result."""
        return self.accepted + self.failed + self.uncertain

    @property
    def touched(self) -> int:
        """Tried, or in flight at the moment."""
        return self.tried + self.sending

    def __str__(self) -> str:
        """For staff: "12 accepted, 3 pending"."""
        parts = [f"{n:,} {state}" for state, n in asdict(self).items() if n and state != "audience"]
        return ", ".join(parts) or "nobody"

    @property
    def balanced(self) -> bool:
        """The invariant: nobody was lost and nobody was made up."""
        parts = self.pending + self.sending + self.accepted + self.failed
        return self.audience == parts + self.uncertain + self.skipped


class Claim(NamedTuple):
    """A delivery taken by this worker and durably marked `sending`."""

    delivery_id: int
    subscriber: Subscriber
    arm: int = 1
    """The number of the arm in an A/B test, else 1; 0 while the winner is not known."""


class Remaining(NamedTuple):
    """A delivery that is still pending, and what `claim` would do with it now."""

    claim: Claim
    left_out: str
    """"" when it would be claimed, else why it would be skipped: unsubscribed, bounced, erased, or
    `HELD_BACK`."""


class StoredMessage(NamedTuple):
    """A mail as it was sent, to be shown again."""

    digest: str
    """The digest of `content`."""
    content: bytes
    """See `mailer.mail.web_version`: what all recipients of the variant share."""
    values: str
    """What is this recipient's own: JSON of values, and of references to shared ones."""
    shared: Mapping[str, str] = MappingProxyType({})
    """Values that many recipients share: the digest in a reference → JSON."""
    email: str = ""
    """The recipient's address."""


class Result(NamedTuple):
    """How one claimed delivery ended, to be recorded."""

    delivery_id: int
    state: DeliveryState
    """ACCEPTED, FAILED, UNCERTAIN, or PENDING for "not sent, may be tried again"."""
    message_id: str = ""
    detail: str = ""
    """The provider's answer or the reason, for staff."""
    kept: StoredMessage | None = None
    """The mail, to be shown again in a browser; stored when it was accepted or is uncertain."""


@dataclass(frozen=True, slots=True)
class UncertainDelivery:
    """An uncertain delivery."""

    delivery_id: int
    email: str
    """"" when the person was erased."""
    since: str
    why: str
    unlikely: bool = False
    """Very likely not sent: SES has reported its neighbors as sent, and not this one."""


@dataclass(frozen=True, slots=True)
class PendingGroup:
    """Pending deliveries that are due at the same moment in the same time zone."""

    due: datetime | None
    """None for those who wait for the winner of an A/B test."""
    timezone: str
    """The recipients' own, "" where it is not known."""
    pending: int
