"""What scheduled sends and subject tests ask of a store, in the domain's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.ledger.delivery import PendingGroup, Send


class ScheduleStore(Protocol):
    def is_due(self, send_id: int, *, now: datetime) -> bool:
        """Whether anything pending could be claimed now."""
        ...

    def next_due(self, send_id: int, *, now: datetime) -> datetime | None:
        """When something that is not due yet will be; None when there is nothing of that kind."""
        ...

    def waves(self, send_id: int, *, now: datetime) -> list[PendingGroup]:
        """What is pending and not due yet, the first first."""
        ...

    def has_to_come(self, send_id: int) -> bool:
        """Whether anything pending is due, or will be, that does not wait for a winner."""
        ...

    def awaits_winner(self, send_id: int) -> bool:
        """Whether somebody waits for the winner of a subject test."""
        ...

    def declare_winner(self, send_id: int, arm: int, *, now: datetime) -> bool:
        """Whoever waits for the winner gets this subject, and is due now.

        False when somebody has declared one already; that one stays.
        """
        ...

    def ripe_trials(self, *, now: datetime) -> list[Send]:
        """Sends whose winner a worker is to choose now: nothing has gone out for the time to wait."""
        ...

    def take_up(self, *, now: datetime) -> Send | None:
        """A send that a worker is to go on with, in the state SENDING, and this process's from now on.

        That is one that was scheduled and is due, or one whose process died. Of several processes
        that ask at once, one gets it.
        """
        ...

    def is_anyone_at_work(self, send_id: int) -> bool:
        """Whether the process that took a send up last, or one that has mail in flight, is alive."""
        ...

    def attend(self) -> None:
        """This process starts what is due, until it ends."""
        ...

    def is_attended(self) -> bool:
        """Whether any process starts what is due."""
        ...
