"""What scheduled sends and subject tests ask of a store, in the domain's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta

    from mailer.store.base import Send


@dataclass(frozen=True, slots=True)
class Timing:
    """When deliveries are due."""

    plan: str
    """As it was ordered, for staff: "2026-12-01 09:00 local"; "" for at once."""
    due: datetime
    zones: Mapping[str, datetime] = field(default_factory=dict)
    """By a recipient's time zone, where that differs."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A subject test: who gets which subject, and for how long the others wait."""

    arm: Callable[[int], int]
    """A subscriber's id → the number of the subject, from 1; 0 for those who get the winner."""
    wait: timedelta | None
    """After which a worker chooses the winner; None leaves that to a person."""


@dataclass(frozen=True, slots=True)
class Wave:
    """Pending deliveries that are due at the same moment in the same time zone."""

    due: datetime | None
    """None for those who wait for the winner of a subject test."""
    timezone: str
    """The recipients' own, "" where it is not known."""
    pending: int


class Timetable(Protocol):
    def is_due(self, send_id: int, *, now: datetime) -> bool:
        """Whether anything pending could be claimed now."""
        ...

    def next_due(self, send_id: int, *, now: datetime) -> datetime | None:
        """When something that is not due yet will be; None when there is nothing of that kind."""
        ...

    def waves(self, send_id: int, *, now: datetime) -> list[Wave]:
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
