"""The interface of a transport, as the send loop uses it.

The delivery states are the contract: a recipient's state is never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mailer.ledger.delivery import DeliveryState, Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailer.errors import TransportError
    from mailer.ledger.delivery import Claim
    from mailer.mail.merge import Merged

MAX_IN_FLIGHT = 500
"""The most messages that one process holds, at any rate."""


class OutgoingMessage(NamedTuple):
    """One merged message on its way to one recipient."""

    delivery_id: int
    merged: Merged


@dataclass(frozen=True, slots=True)
class Allowance:
    """The current limits of the other side; None for no limit."""

    rate: float | None = None
    """Messages a second."""
    daily: int | None = None
    """Messages in any 24 hours."""
    left: int | None = None
    """The rest of `daily` at this moment."""
    sent: int | None = field(default=None, compare=False)
    """Messages of the last 24 hours, of all programs that send through the account; None for not known."""


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The result of handing over one batch."""

    results: Sequence[Result]
    """One for each outgoing, in any order."""
    slow_down: str = ""
    """Reason why the other side wants less: the rate is halved for every process, then recovers."""
    stop: TransportError | None = None
    """Reason why nothing more can be handed over until a person acts or time passes: the send pauses.
    Messages that were not handed over are PENDING."""

    @classmethod
    def unsent(
        cls, batch: Sequence[OutgoingMessage], stop: TransportError | None = None
    ) -> BatchResult:
        """The result of a batch that was not handed over."""
        results = [Result(outgoing.delivery_id, DeliveryState.PENDING) for outgoing in batch]
        return cls(results, stop=stop)


class Transport(Protocol):
    name: str
    """Name of the transport, and of the rate that all processes share."""
    connections: int
    """The most batches that may be in flight at once, each in its own thread."""

    def allowance(self) -> Allowance:
        """Raises TransportError when nothing can be sent at all, or the limits cannot be queried."""
        ...

    def batch_size(self, rate: float | None) -> int:
        """The most messages of one call, at a rate in messages a second."""
        ...

    def batches(
        self, messages: Sequence[OutgoingMessage], size: int
    ) -> Sequence[Sequence[OutgoingMessage]]:
        """Group messages by call, at most `size` in each."""
        ...

    def expect(self, claims: Sequence[Claim]) -> None:
        """Note deliveries that were claimed and will be handed over.

        Raises:
            TransportError: they cannot be noted, so they must not be handed over.
        """
        ...

    def deliver(self, batch: Sequence[OutgoingMessage]) -> BatchResult:
        """Hand over every message of a batch once: never retry one that may have been accepted."""
        ...

    def settle(self, claims: Sequence[Claim]) -> list[Result]:
        """The results of deliveries whose worker died.

        Accepted, or pending if the delivery was certainly not handed over, else uncertain.
        """
        ...
