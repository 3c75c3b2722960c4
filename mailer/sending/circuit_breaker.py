"""The same answer again and again: then it is not the recipients who are wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.ledger.delivery import DeliveryState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mailer.ledger.delivery import Result

THRESHOLD = 10
"""In a row."""


class CircuitBreaker:
    """Counts refusals with the same words, or lost answers, that no success comes between."""

    def __init__(self) -> None:
        self.verdict: Result | None = None
        """The last of ten in a row, as soon as there were ten."""
        self._same: tuple[DeliveryState, str] | None = None
        self._length = 0

    def add(self, outcomes: Iterable[tuple[Result, str]]) -> None:
        """What came of one call: the results, each with its recipient's address.

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
