"""Circuit breaker: stop after the same refusal many times in a row, as then the recipients are not the cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.ledger.delivery import DeliveryState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mailer.ledger.delivery import Result

THRESHOLD = 10
"""Equal answers in a row that open the circuit."""


class CircuitBreaker:
    """Counts refusals with the same message, or lost answers, without a success in between."""

    def __init__(self) -> None:
        self.verdict: Result | None = None
        """The last of ten equal answers in a row, as soon as there are ten."""
        self._same: tuple[DeliveryState, str] | None = None
        self._length = 0

    def add(self, outcomes: Iterable[tuple[Result, str]]) -> None:
        """Count the results of one call, each with its recipient's address.

        Each refusal counts. A lost answer counts once, however many messages the call carried: it says
        something about the connection, and nothing about any of them.
        """
        lost = False
        for result, email in outcomes:
            if result.state is DeliveryState.ACCEPTED:
                self._same = None
            elif result.state is DeliveryState.FAILED:
                self._count(result, result.detail.replace(email, "…"))
            elif result.state is DeliveryState.UNCERTAIN and not lost:
                self._count(result, "")
                lost = True

    def _count(self, result: Result, message: str) -> None:
        same = (result.state, message)
        self._length = self._length + 1 if same == self._same else 1
        self._same = same
        if self._length >= THRESHOLD and self.verdict is None:
            self.verdict = result
