"""What the pipeline asks of a store, in the domain's words.

SQLite (`store/sqlite.py`) is the first implementation; a second must pass the same suite. Every
method is one transaction: it happens whole or not at all. Times are aware UTC datetimes, passed in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mailer.store.approvals import ApprovalStore
from mailer.store.events import EventStore
from mailer.store.preview import PreviewStore
from mailer.store.quiet_period import QuietPeriodStore
from mailer.store.recipients import RecipientStore
from mailer.store.schedule import ScheduleStore
from mailer.store.statistics import StatisticsStore
from mailer.store.throttle import ThrottleStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from mailer.campaigns.schedule import Timing
    from mailer.campaigns.subject_test import SplitTest
    from mailer.ledger.delivery import (
        Claim,
        Counts,
        Remaining,
        Result,
        Send,
        SendState,
        UncertainDelivery,
    )
    from mailer.lists.import_row import ImportRow, ImportTotals, StoredRow
    from mailer.lists.membership import History, ListSummary, Membership, SuppressionReason
    from mailer.lists.subscriber import Subscriber


# ---------------------------------------------------------------- lists and subscribers


# ---------------------------------------------------------------- sends and deliveries


class Store(
    RecipientStore,
    ApprovalStore,
    PreviewStore,
    EventStore,
    ScheduleStore,
    StatisticsStore,
    QuietPeriodStore,
    ThrottleStore,
    Protocol,
):
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
        on_stored: Callable[[StoredRow], None] | None = None,
    ) -> ImportTotals:
        """Add or update subscribers and their membership of a list; all of them or none.

        Later non-blank values win, tags and fields are united. Nobody unsubscribed, suppressed or
        erased is revived. Memory does not grow with the number of rows.
        """
        ...

    def history(self, email: str) -> History | None: ...

    def members(
        self, list_name: str
    ) -> Iterator[tuple[Subscriber, Membership, SuppressionReason | None]]:
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

    def suppress(
        self, email: str, reason: SuppressionReason, *, detail: str, now: datetime
    ) -> None: ...

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
        trial: SplitTest | None = None,
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

    def doubts(self, send_id: int) -> Iterator[UncertainDelivery]:
        """Every uncertain delivery, streamed."""
        ...

    def resolve(self, send_id: int, results: Iterable[Result], *, now: datetime) -> int:
        """What an event or a person says became of uncertain deliveries; returns how many were.

        Whoever is not uncertain (any more) is left alone. A finished send that gets people back as
        PENDING is queued again; in a cancelled one they are skipped.
        """
        ...

    def close(self) -> None: ...
