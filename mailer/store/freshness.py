"""Freshness: proof that the ledger records all mail that was sent from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Settlement:
    """Open questions after a copy has become the ledger."""

    campaigns: tuple[str, ...]
    """Campaigns that may have gone to people that the copy does not record."""
    uncertain: int
    """Deliveries that were pending or in flight in the copy."""
    certain: bool
    """Whether a mark named these campaigns; if False, there may be others."""


class Freshness(Protocol):
    def check(self) -> None:
        """Refuse a ledger that is older than the mail sent from it, or a copy beside the original.

        Raises:
            StaleLedger: with the number of people who may already have been mailed.
        """
        ...

    def unrecorded(self, sent: int, *, now: datetime) -> int:
        """Messages of the last 24 hours that the provider counts and the ledger does not record.

        0 where a mark proves that the ledger is not behind, and for a few more, such as test mail.

        Args:
            sent: messages of the last 24 hours by the provider's count.
            now: the time.
        """
        ...

    def vouch(self) -> None:
        """Keep a person's word that the ledger is not behind: other programs have sent the rest."""
        ...

    def accept(self, sent: Sequence[str], *, now: datetime) -> Settlement:
        """Make this copy the ledger from now on.

        Deliveries that may have been sent from another copy become uncertain, to be settled first; so do
        those of people added later to such a campaign.

        Args:
            sent: campaigns that were sent after the copy, as a person states.
            now: the time.
        """
        ...

    def move_here(self) -> None:
        """Begin anew in a store into which everything was copied, out of one that sends no more."""
        ...

    def close(self) -> None: ...
