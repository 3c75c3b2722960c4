"""Statistics for reports, without personal data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mailer.campaigns.ab_test import ArmFigures
    from mailer.ledger.statistics import SendStatistics, VariantCount


class Statistics(Protocol):
    def of_send(self, send_id: int) -> SendStatistics: ...

    def arm_figures(self, send_id: int) -> list[ArmFigures]:
        """Figures for each subject that went out, by its number."""
        ...

    def variant_counts(self, send_id: int, *, limit: int) -> tuple[list[VariantCount], int]:
        """The variants with the most recipients, and the number of other variants."""
        ...
