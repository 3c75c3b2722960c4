"""Suppressed addresses and the reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from mailer.lists.membership import SuppressedAddress, SuppressionReason


class Suppressions(Protocol):
    def suppress(
        self, email: str, reason: SuppressionReason, *, detail: str, now: datetime
    ) -> None: ...

    def suppress_all(self, addresses: Iterable[SuppressedAddress], *, now: datetime) -> int:
        """Suppress many addresses, all or none. Return how many were new, or had a weaker reason."""
        ...

    def export(self) -> Iterator[SuppressedAddress]:
        """Every suppressed address except erased ones, streamed in order of address."""
        ...

    def suppress_reported(
        self, email: str, reason: SuppressionReason, *, detail: str, now: datetime
    ) -> bool:
        """Suppress an address; after a complaint, unsubscribe it from every list, too.

        Return False when it was suppressed before, for this or a stronger reason.
        """
        ...

    def addresses(
        self, reasons: Iterable[SuppressionReason]
    ) -> Iterator[tuple[str, SuppressionReason]]:
        """Addresses that are suppressed for one of these reasons, streamed."""
        ...
