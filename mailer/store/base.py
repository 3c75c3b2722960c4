"""What the pipeline asks of a store, in the domain's words.

SQLite (`store/sqlite.py`) is the first implementation; a second must pass the same suite. Every
method is one transaction: it happens whole or not at all. Times are aware UTC datetimes, passed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mailer.store.approvals import Approvals
from mailer.store.events import Feedback
from mailer.store.preview import Showing
from mailer.store.quiet_period import Respite
from mailer.store.recipients import Pages
from mailer.store.schedule import Timetable
from mailer.store.statistics import Reckonings
from mailer.store.throttle import Rates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from mailer.lists.subscriber import Subscriber
    from mailer.store.recipients import Kept
    from mailer.store.schedule import Timing, Trial


class Reason(StrEnum):
    """Why an address is suppressed, whatever list it is on."""

    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    ERASED = "erased"
    MANUAL = "manual"


HELD_BACK = "had another campaign lately"
"""Why somebody is left out, or skipped, for the sake of a quiet period."""


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


# ---------------------------------------------------------------- lists and subscribers


class ImportRow(NamedTuple):
    """One accepted row of a file: already normalised, ZIP repaired, place names filled in.

    A tuple, as it is made in a quarter of the time of a frozen dataclass, once for each row.
    """

    row: int
    """Counted from 1, the first row after the header."""
    email: str
    first_name: str = ""
    last_name: str = ""
    zip: str = ""
    city: str = ""
    state: str = ""
    county: str = ""
    timezone: str = ""
    fields: Mapping[str, str] = MappingProxyType({})
    tags: tuple[str, ...] = ()
    joined: str = ""
    """When the person joined the list, as the file says it (ISO date), or ""."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store did with an `ImportRow`."""

    row: int
    email: str
    action: str
    """"new" (a new subscriber), "updated" (known before this import), "merged" (same address as
    an earlier row of this file), or "erased" (asked to be erased: not stored)."""
    into: int | None = None
    """For "merged": the earlier row."""


@dataclass(frozen=True, slots=True)
class Imported:
    """The totals of one import. `new + updated + merged + erased` is the number of rows."""

    new: int = 0
    updated: int = 0
    merged: int = 0
    erased: int = 0
    joined: int = 0
    """Memberships of the list that this import created."""
    kept_unsubscribed: int = 0
    """People of the file who have unsubscribed from this list and stay so."""
    kept_suppressed: int = 0
    """People of the file whose address is suppressed and stays so."""


@dataclass(frozen=True, slots=True)
class ListSummary:
    name: str
    subscribed: int
    unsubscribed: int
    suppressed: int
    """Of the subscribed, those whose address is suppressed."""


@dataclass(slots=True)
class Membership:
    """One for each subscriber in a stream, and so not frozen either."""

    list_name: str
    status: str
    """"subscribed" or "unsubscribed"."""
    since: str
    how: str
    """import, form, one-click, campaign, staff."""


@dataclass(frozen=True, slots=True)
class History:
    """Everything kept about one address: for `subscriber show` and the data export of the GDPR."""

    subscriber: Subscriber | None
    """None when only a suppression is kept: of a stranger, or of somebody erased."""
    created: str
    consent_source: str
    memberships: tuple[Membership, ...]
    suppression: Reason | None
    suppressed_at: str
    deliveries: tuple[Mapping[str, str], ...]
    """campaign, list, state, at, message_id."""
    events: tuple[Mapping[str, str], ...]
    """kind, at, type, subtype, status, diagnostic: what Amazon SES reported about their mail."""


# ---------------------------------------------------------------- sends and deliveries


@dataclass(frozen=True, slots=True)
class Send:
    """One campaign to one list."""

    id: int
    campaign: str
    list_name: str
    state: SendState
    audience_query: str
    """The `audience:` and `--where` expression it was frozen with, "" for the whole list."""
    snapshot: bytes
    """`Sources.to_bytes()`: everything a compile needs, as it was when the audience was frozen."""
    digest: str
    """`Sources.digest`, to tell staff when their files have changed since."""
    transport: str
    """The way out it was started with. It stays: only that one knows what became of its mail."""
    created: str
    note: str = ""
    """Why it is paused, for staff."""
    quiet_hours: float = 0
    """Whoever had another campaign so lately is skipped; 0 is nobody."""
    held_back: int = 0
    """How many were left out for that when people were last added; they can be added later."""
    plan: str = ""
    """When it was ordered for; "" for at once. A worker starts what has a plan."""
    winner: int = 0
    """Of its subject test: the number of the subject that the rest get, once that is known."""


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
    def balanced(self) -> bool:
        """The invariant: nobody was lost and nobody was made up."""
        parts = self.pending + self.sending + self.accepted + self.failed
        return self.audience == parts + self.uncertain + self.skipped


class Claim(NamedTuple):
    """A delivery taken by this worker and durably marked `sending`."""

    delivery_id: int
    subscriber: Subscriber
    arm: int = 1
    """The number of the subject, where there are several; 0 while its winner is not known."""


class Remaining(NamedTuple):
    """A delivery that is still pending, and what `claim` would do with it now."""

    claim: Claim
    left_out: str
    """"" when it would be claimed, else why it would be skipped: unsubscribed, bounced, erased, or
    `HELD_BACK`."""


class Result(NamedTuple):
    """How one claimed delivery ended, to be recorded."""

    delivery_id: int
    state: DeliveryState
    """ACCEPTED, FAILED, UNCERTAIN, or PENDING for "not sent, may be tried again"."""
    message_id: str = ""
    detail: str = ""
    """The provider's answer or the reason, for staff."""
    kept: Kept | None = None
    """The mail, to be shown again in a browser; stored when it was accepted or is uncertain."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """An uncertain delivery."""

    delivery_id: int
    email: str
    """"" when the person was erased."""
    since: str
    why: str


class Store(Pages, Approvals, Showing, Feedback, Timetable, Reckonings, Respite, Rates, Protocol):
    # --- lists and subscribers
    def lists(self) -> list[ListSummary]: ...

    def import_rows(
        self,
        list_name: str,
        rows: Iterable[ImportRow],
        *,
        source: str,
        now: datetime,
        dry_run: bool = False,
        on_stored: Callable[[Stored], None] | None = None,
    ) -> Imported:
        """Add or update subscribers and their membership of a list; all of them or none.

        Later non-blank values win, tags and fields are united. Nobody unsubscribed, suppressed or
        erased is revived. Memory does not grow with the number of rows.
        """
        ...

    def history(self, email: str) -> History | None: ...

    def members(self, list_name: str) -> Iterator[tuple[Subscriber, Membership, Reason | None]]:
        """Everybody on a list, unsubscribed and suppressed included, streamed in id order."""
        ...

    def audience(self, list_name: str) -> Iterator[Subscriber]:
        """Those who may be mailed: subscribed to the list and not suppressed; in id order."""
        ...

    def field_names(self) -> frozenset[str]:
        """Every key that any subscriber's `fields` has or had."""
        ...

    def unsubscribe(self, list_name: str, email: str, *, how: str, now: datetime) -> bool:
        """False when the address is not a subscribed member of the list."""
        ...

    def suppress(self, email: str, reason: Reason, *, detail: str, now: datetime) -> None: ...

    def erase(self, email: str, *, now: datetime) -> bool:
        """Forget a person; keep a keyed hash of the address so that no import brings it back.

        Their deliveries stay in the counts, without the person; pending ones become skipped.
        """
        ...

    # --- sends
    def freeze(
        self,
        campaign: str,
        list_name: str,
        subscriber_ids: Iterable[int],
        *,
        query: str,
        snapshot: bytes,
        digest: str,
        transport: str,
        quiet_hours: float = 0,
        held_back: int = 0,
        fresh: bool = False,
        now: datetime,
        timing: Timing | None = None,
        trial: Trial | None = None,
    ) -> tuple[Send, int]:
        """Make the send (state queued), or add to the one there is, and return how many were added.

        Whoever takes it for `fresh`, and finds one of other words, query or transport, adds nothing
        (SendStopped).

        Whoever already has a delivery of this campaign, from any send, is left out. The query, the
        snapshot, the transport and the quiet period of an existing send are never replaced. With a
        timing, all that is pending is due by it; without one, whoever is added is due at once.
        """
        ...

    def send(self, campaign: str, list_name: str) -> Send | None: ...

    def sends(self, campaign: str | None = None) -> list[Send]: ...

    def set_state(self, send_id: int, state: SendState, *, note: str = "", now: datetime) -> None:
        """Change the state, where that is true to the ledger.

        Cancelled is final, and skips what is pending. Finished is not taken from a send that has
        something due or in flight; then nothing changes. Where the rest is not due yet, it is queued
        instead. Sending makes this process the one that took it up last.
        """
        ...

    def counts(self, send_id: int) -> Counts: ...

    def already_delivered(self, campaign: str) -> Iterator[int]:
        """Ids of subscribers with any delivery of this campaign, ascending.

        Those who had it under an address they have moved from are among them.
        """
        ...

    def remaining(self, send_id: int, *, now: datetime, later: bool = False) -> Iterator[Remaining]:
        """What is pending and due, streamed in the order it will be claimed.

        With `later`, also what will be due, but for those who wait for the winner of a subject test.
        """
        ...

    def claim(self, send_id: int, limit: int, *, now: datetime) -> list[Claim]:
        """Take up to `limit` deliveries that are due, marked `sending` for this worker, durably.

        Only while the send's state is SENDING; otherwise nothing is claimed. Whoever became
        unsubscribed, suppressed or erased since the audience was frozen, or had another campaign in
        the send's quiet period, is marked `skipped` with the reason, and others are claimed in their
        place: up to a page of skipped ones, so that nobody waits long. `is_due` tells whether
        anything is left.
        """
        ...

    def record(self, results: Iterable[Result], *, now: datetime) -> None:
        """How deliveries of this worker's ended. In a cancelled send, PENDING becomes skipped.

        Raises:
            StoreError: some were no longer this worker's (all others are recorded).
        """
        ...

    def abandoned(self, send_id: int) -> list[Claim]:
        """Deliveries still `sending` whose worker is gone (its process ended without recording).

        They are this worker's from now on, to be recorded as `Transport.settle` finds.
        """
        ...

    def failures(self, send_id: int, limit: int) -> list[tuple[str, str]]:
        """(address, reason) of failed and uncertain deliveries, for the summary."""
        ...

    def doubts(self, send_id: int) -> Iterator[Doubt]:
        """Every uncertain delivery, streamed."""
        ...

    def resolve(self, send_id: int, results: Iterable[Result], *, now: datetime) -> int:
        """What an event or a person says became of uncertain deliveries; returns how many were.

        Whoever is not uncertain (any more) is left alone. A finished send that gets people back as
        PENDING is queued again; in a cancelled one they are skipped.
        """
        ...

    def close(self) -> None: ...
