"""What the send loop asks of a way out.

The delivery states are the contract: nothing about a recipient is ever guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mailer.ledger.delivery import DeliveryState, Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailer.errors import TransportError
    from mailer.ledger.delivery import Claim
    from mailer.mail.merge import Merged

MAX_IN_FLIGHT = 500
"""Letters that one process has in hand, whatever the rate."""


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One merged message on its way to one recipient."""

    delivery_id: int
    merged: Merged


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the other side lets through at the moment; None where it sets no limit."""

    rate: float | None = None
    """Messages a second."""
    daily: int | None = None
    """Messages in any 24 hours."""
    left: int | None = None
    """Of `daily`, now."""


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What came of handing over one parcel."""

    results: Sequence[Result]
    """One for each letter, in any order."""
    complaint: str = ""
    """Why the other side wants less: the rate is halved for every process, then recovers."""
    stop: TransportError | None = None
    """Why nothing more can be handed over until somebody has done something or time has passed: the
    send pauses. What was not handed over is PENDING."""

    @classmethod
    def unsent(
        cls, parcel: Sequence[OutgoingMessage], stop: TransportError | None = None
    ) -> BatchResult:
        """Nothing of a parcel was handed over."""
        results = [Result(letter.delivery_id, DeliveryState.PENDING) for letter in parcel]
        return cls(results, stop=stop)


class Transport(Protocol):
    name: str
    """Also names the rate that all processes share."""
    lanes: int
    """The most parcels that may be on their way at once, each in a thread of its own."""

    def allowance(self) -> Allowance:
        """Raises TransportError when nothing can be sent at all, or nobody can be asked."""
        ...

    def together(self, rate: float | None) -> int:
        """The most letters that are handed over in one call, at so many messages a second."""
        ...

    def parcels(
        self, letters: Sequence[OutgoingMessage], together: int
    ) -> Sequence[Sequence[OutgoingMessage]]:
        """Letters by the call they are handed over in, at most `together` in each."""
        ...

    def deliver(self, parcel: Sequence[OutgoingMessage]) -> BatchResult:
        """Hand over every letter of a parcel, each once: never retry what may have been taken."""
        ...

    def settle(self, claims: Sequence[Claim]) -> list[Result]:
        """What became of deliveries whose worker died.

        Accepted, or pending where it is sure that nothing was handed over, else uncertain.
        """
        ...
