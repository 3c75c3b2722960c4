"""What the send loop asks of a transport.

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
"""Messages that one process has in hand, whatever the rate."""


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
    """What came of handing over one batch."""

    results: Sequence[Result]
    """One for each outgoing, in any order."""
    slow_down: str = ""
    """Why the other side wants less: the rate is halved for every process, then recovers."""
    stop: TransportError | None = None
    """Why nothing more can be handed over until somebody has done something or time has passed: the
    send pauses. What was not handed over is PENDING."""

    @classmethod
    def unsent(
        cls, batch: Sequence[OutgoingMessage], stop: TransportError | None = None
    ) -> BatchResult:
        """Nothing of a batch was handed over."""
        results = [Result(outgoing.delivery_id, DeliveryState.PENDING) for outgoing in batch]
        return cls(results, stop=stop)


class Transport(Protocol):
    name: str
    """Also names the rate that all processes share."""
    connections: int
    """The most batches that may be on their way at once, each in a thread of its own."""

    def allowance(self) -> Allowance:
        """Raises TransportError when nothing can be sent at all, or nobody can be asked."""
        ...

    def batch_size(self, rate: float | None) -> int:
        """The most messages that are handed over in one call, at so many messages a second."""
        ...

    def batches(
        self, messages: Sequence[OutgoingMessage], size: int
    ) -> Sequence[Sequence[OutgoingMessage]]:
        """Messages by the call they are handed over in, at most `together` in each."""
        ...

    def expect(self, claims: Sequence[Claim]) -> None:
        """Take note of deliveries that were claimed and will be handed over.

        Raises:
            TransportError: that cannot be noted, so they must not be handed over.
        """
        ...

    def deliver(self, batch: Sequence[OutgoingMessage]) -> BatchResult:
        """Hand over every outgoing of a batch, each once: never retry what may have been taken."""
        ...

    def settle(self, claims: Sequence[Claim]) -> list[Result]:
        """What became of deliveries whose worker died.

        Accepted, or pending where it is sure that nothing was handed over, else uncertain.
        """
        ...
