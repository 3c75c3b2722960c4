"""What is asked of a store about events: take them in, and say what they add up to.

Every method is one transaction. Times are aware UTC datetimes, passed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from mailer.events.ses import Event
    from mailer.store.base import Reason


@dataclass(frozen=True, slots=True)
class Alarm:
    """A message that SES accepted and then did not send."""

    campaign: str
    """"" when it was none of ours."""
    why: str


@dataclass(frozen=True, slots=True)
class Intake:
    """What came of taking in events."""

    stored: int = 0
    known: int = 0
    """Reported before."""
    suppressed: int = 0
    """Addresses that get no mail from now on."""
    settled: int = 0
    """Deliveries of which nobody knew what had become."""
    alarms: tuple[Alarm, ...] = ()

    def plus(self, other: Intake) -> Intake:
        return Intake(
            self.stored + other.stored,
            self.known + other.known,
            self.suppressed + other.suppressed,
            self.settled + other.settled,
            self.alarms + other.alarms,
        )


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What is known of a send's accepted mail, one for each delivery."""

    known: int
    """Delivered, bounced or complained about. Where SES reports no deliveries: accepted."""
    bounced: int
    """For good, and not only held back by SES's own list."""
    complained: int
    watched: bool = True
    """Whether the send is to stop when there are too many."""


class Feedback(Protocol):
    def take_in(self, events: Iterable[Event], *, patience: int, now: datetime) -> Intake:
        """Store each event once, and do what it asks for.

        A permanent bounce suppresses; so does a complaint, which unsubscribes from everything, too;
        so do transient bounces on `patience` days with no mail getting through between them. What
        SES accepted and did not send has failed; anything else that is reported of a delivery
        proves that it was accepted. Whom an event is about, the ledger says: by the delivery that
        it names if campaign and message or address agree, else by the message id, else by the
        address of a subscriber if the message had no other recipient. Of somebody erased, only
        what happened is kept.
        """
        ...

    def silence(self, email: str, reason: Reason, *, detail: str, now: datetime) -> bool:
        """Suppress an address; one that complained is unsubscribed from everything, too.

        False when it was suppressed before, for this or a better reason.
        """
        ...

    def outcomes(self, send_id: int) -> Outcomes: ...

    def stop_watching(self, send_id: int) -> None:
        """A person has said that the send is to go on, whatever the outcomes."""
        ...

    def suppressed_for(self, reasons: Iterable[Reason]) -> Iterator[tuple[str, Reason]]:
        """Addresses that are suppressed for one of these reasons, streamed."""
        ...
