"""Freshness: proof that the ledger knows of everything that was sent from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Settlement:
    """What has to be settled after a copy has become the ledger."""

    campaigns: tuple[str, ...]
    """Campaigns that may have gone to people that the copy does not know of."""
    uncertain: int
    """Deliveries that were pending or in flight in the copy."""
    certain: bool
    """Whether a mark told which campaigns these are; False means: perhaps others, too."""


class Freshness(Protocol):
    def check(self) -> None:
        """Refuse a ledger that is older than what was sent from it, or a copy beside the original.

        Raises:
            StaleLedger: with the number of people who may already have been mailed.
        """
        ...

    def accept(self, sent: Sequence[str], *, now: datetime) -> Settlement:
        """Make this copy the ledger from now on.

        Whatever may have been sent from another copy becomes uncertain, to be settled first; people
        added later to such a campaign, too.

        Args:
            sent: campaigns that a person knows to have been sent after the copy was made.
            now: the time.
        """
        ...

    def close(self) -> None: ...
