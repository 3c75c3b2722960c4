"""The pace of a send, and what it has done so far: values of the loop."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mailer.ledger.delivery import DeliveryState
from mailer.transports.base import MAX_IN_FLIGHT

if TYPE_CHECKING:
    from mailer.transports.base import BatchResult

_STEP = 0.25
"""Seconds of sending in one batch: small, so that sending is even and few messages are in flight."""
_OUTSTANDING = 1.5
"""Seconds of sending that may be unanswered. At a latency of 0.1 s, 0.1 is needed."""
_FEWEST_OUTSTANDING = 4
"""Messages in flight at least, at any rate, so that a hanging call does not delay the rest."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Pace of sending; a batch holds about one second of sending at most, so that few messages are in flight."""

    rate: float | None
    """Messages a second, as requested and attainable; None is as fast as possible."""
    call_size: int = 1
    """Messages in one call, if the rate has so many in a second."""

    @property
    def batch_size(self) -> int:
        if self.rate is None:
            return MAX_IN_FLIGHT
        call = min(self.call_size, int(self.rate))
        return max(1, min(MAX_IN_FLIGHT, max(call, int(self.rate * _STEP))))

    @property
    def most_outstanding(self) -> int:
        """Messages that may be unanswered at a time, which limits the number of uncertain ones."""
        if self.rate is None:
            return MAX_IN_FLIGHT
        return max(_FEWEST_OUTSTANDING, self.batch_size, int(self.rate * _OUTSTANDING))


@dataclass(frozen=True, slots=True)
class SendProgress:
    """What this run has done so far."""

    accepted: int = 0
    failed: int = 0
    uncertain: int = 0
    slowdowns: int = 0
    """Number of requests to slow down from the other side."""
    slow_down: str = ""
    """Message of the last such request."""
    rate_factor: float = 1
    """Factor of the rate in use after such requests."""

    @property
    def tried(self) -> int:
        return self.accepted + self.failed + self.uncertain

    def plus(self, batch_result: BatchResult) -> SendProgress:
        states = [result.state for result in batch_result.results]
        return replace(
            self,
            accepted=self.accepted + states.count(DeliveryState.ACCEPTED),
            failed=self.failed + states.count(DeliveryState.FAILED),
            uncertain=self.uncertain + states.count(DeliveryState.UNCERTAIN),
            slowdowns=self.slowdowns + bool(batch_result.slow_down),
            slow_down=batch_result.slow_down or self.slow_down,
        )
