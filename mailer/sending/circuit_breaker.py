"""Circuit breaker: pause a send when its recipients cannot be the cause of what fails.

Equal refusals count in a row. Lost answers count by their share and for how long it lasts: one broken
connection, or a proxy that starts anew, loses everything in flight at that moment, which may be dozens of
calls and says no more than one.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mailer.ledger.delivery import DeliveryState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mailer.ledger.delivery import Result

THRESHOLD = 10
"""Equal refusals in a row that open the circuit, and lost calls that make the network doubtful."""
PATIENCE = 30
"""Seconds for which the network is doubtful before the circuit opens."""
_WEIGHT = 2
"""Answers that make up for a lost call: of a third of the calls lost, the level does not fall."""
_LONGEST_REST = 10
"""Seconds between two probes at most."""


class CircuitBreaker:
    """Counts refusals with the same message, and calls without an answer.

    Each lost call raises a level, and each answer lowers it. At the level of ten lost calls the network is
    doubtful: only probes go out, one at a time and ever less often. A probe that is answered lowers the
    level, and sending goes on. If the level was above zero for `PATIENCE`, the circuit opens.

    Args:
        timer: monotonic seconds.
    """

    def __init__(self, *, timer: Callable[[], float] = time.monotonic) -> None:
        self.verdict: Result | None = None
        """The last result when the circuit opened."""
        self._timer = timer
        self._refusal = ""
        self._refusals = 0
        self._level = 0
        self._well = timer()
        """When an answer last left the level at zero."""
        self._rest_until = self._well

    @property
    def is_doubtful(self) -> bool:
        """Whether so many calls were lost that only probes should go out."""
        return self._level >= THRESHOLD * _WEIGHT

    @property
    def is_resting(self) -> bool:
        """Whether it is too early for another probe."""
        return self.is_doubtful and self._timer() < self._rest_until

    def add(self, outcomes: Iterable[tuple[Result, str]]) -> None:
        """Count the results of one call, each with its recipient's address.

        Each refusal counts. A lost answer counts once, however many messages the call carried: it says
        something about the connection, and nothing about any of them.
        """
        lost, is_answered = None, False
        for result, email in outcomes:
            if result.state is DeliveryState.ACCEPTED:
                self._refusals = 0
                is_answered = True
            elif result.state is DeliveryState.FAILED:
                self._refuse(result, result.detail.replace(email, "…"))
                is_answered = True
            elif result.state is DeliveryState.UNCERTAIN:
                lost = result
        if is_answered:
            self._answer()
        elif lost:
            self._lose(lost)

    def _refuse(self, result: Result, message: str) -> None:
        self._refusals = self._refusals + 1 if message == self._refusal else 1
        self._refusal = message
        if self._refusals >= THRESHOLD:
            self._open(result)

    def _answer(self) -> None:
        self._level = max(0, self._level - 1)
        if not self._level:
            self._well = self._timer()

    def _lose(self, result: Result) -> None:
        self._refusals = 0
        self._level = min(THRESHOLD * _WEIGHT, self._level + _WEIGHT)
        now = self._timer()
        trouble = now - self._well
        # as long again as it has lasted: seven probes in half a minute
        self._rest_until = now + min(trouble, _LONGEST_REST)
        if self.is_doubtful and trouble >= PATIENCE:
            self._open(result)

    def _open(self, result: Result) -> None:
        self.verdict = self.verdict or result
