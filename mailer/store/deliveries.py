"""Deliveries: one person's copy of one campaign, from pending to its outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from mailer.ledger.delivery import Claim, Remaining, Result, UncertainDelivery


class Deliveries(Protocol):
    def already_delivered(self, campaign: str, *, besides: int = 0) -> Iterator[int]:
        """Ids of subscribers with any delivery of this campaign, ascending, except those of one send.

        A delivery to an address that the subscriber has moved from counts.
        """
        ...

    def remaining(self, send_id: int, *, now: datetime, later: bool = False) -> Iterator[Remaining]:
        """Pending deliveries that are due, streamed in the order they will be claimed.

        With `later`, also those that will be due, except those that wait for the winner of an A/B test.
        """
        ...

    def claim(self, send_id: int, limit: int, *, now: datetime) -> list[Claim]:
        """Take up to `limit` deliveries that are due, marked `sending` for this worker, durably.

        Only while the send's state is SENDING; otherwise nothing is claimed. A delivery is marked
        `skipped`, with the reason, if its person was unsubscribed, suppressed or erased since the
        audience was frozen, or had another campaign in the send's quiet period; others are claimed in
        its place. A call stops after a page of skipped ones. `Schedule.is_due` tells whether anything
        is left.
        """
        ...

    def record(self, results: Iterable[Result], *, now: datetime) -> None:
        """Record outcomes of this worker's deliveries. In a cancelled send, PENDING becomes skipped.

        The same outcomes may be recorded again. An outcome counts, too, where another worker has taken
        the delivery over and settled it as uncertain.

        Raises:
            ClaimLostError: some that were handed over were no longer this worker's (all others are
                recorded).
        """
        ...

    def abandoned(self, send_id: int) -> list[Claim]:
        """Deliveries still `sending` whose worker's process has ended without recording them.

        They belong to this worker from now on. `Transport.settle` finds out what became of them.
        """
        ...

    def failures(self, send_id: int, limit: int) -> list[tuple[str, str]]:
        """(address, reason) of failed and uncertain deliveries, for the summary."""
        ...

    def uncertain(self, send_id: int) -> Iterator[UncertainDelivery]:
        """Every uncertain delivery, streamed."""
        ...

    def neighbors_reported(self, delivery_id: int, number: int) -> list[bool]:
        """For each accepted delivery beside an uncertain one, whether SES has reported it as sent.

        Args:
            delivery_id: of the uncertain one. Nothing is returned if anything was reported of it.
            number: of neighbors on each side, by id.
        """
        ...

    def resolve(self, send_id: int, results: Iterable[Result], *, now: datetime) -> int:
        """Settle deliveries by an event or a person's decision; return how many were uncertain.

        Other deliveries stay as they are. A finished send that gets deliveries back as PENDING is
        queued again; in a cancelled one they are skipped.
        """
        ...
