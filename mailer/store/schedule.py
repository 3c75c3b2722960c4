"""Scheduled sends and A/B tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mailer.ledger.delivery import PendingGroup, Send
    from mailer.ledger.worker import WorkerStatus


class Schedule(Protocol):
    def is_due(self, send_id: int, *, now: datetime) -> bool:
        """Whether anything pending could be claimed now."""
        ...

    def next_due(self, send_id: int, *, now: datetime) -> datetime | None:
        """The time when the next delivery that is not due yet will be; None when there is none."""
        ...

    def pending_groups(self, send_id: int, *, now: datetime) -> list[PendingGroup]:
        """Pending deliveries that are not due yet, the earliest group first."""
        ...

    def has_to_come(self, send_id: int) -> bool:
        """Whether anything pending is due, or will be, that does not wait for a winner."""
        ...

    def awaits_winner(self, send_id: int) -> bool:
        """Whether anything pending waits for the winner of an A/B test."""
        ...

    def declare_winner(self, send_id: int, arm: int, *, now: datetime) -> bool:
        """Give all recipients who wait for the winner this arm, due now.

        Return False when a winner was declared before; that one stays.
        """
        ...

    def tests_to_decide(self, *, now: datetime) -> list[Send]:
        """Sends whose winner a worker chooses now: nothing has gone out for the time to wait."""
        ...

    def take_up(
        self, *, now: datetime, join: Callable[[int], bool] = lambda _: False
    ) -> Send | None:
        """Take a send for this process to go on with, in state SENDING; None when there is none.

        It was scheduled and is due, or its process died. If several processes ask at once, only one gets
        it.

        Args:
            now: the time.
            join: from a send's id to whether to take it also while others send it and some is pending.
        """
        ...

    def is_anyone_at_work(self, send_id: int) -> bool:
        """Whether the process that took a send up last, or one that has mail in flight, is alive."""
        ...

    def workers(self) -> list[WorkerStatus]:
        """The processes that send or wait for sends, on all machines, by host and number."""
        ...
