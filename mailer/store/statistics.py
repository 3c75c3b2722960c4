"""What reports ask of a store: numbers, never a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mailer.campaigns.subject_test import SubjectFigures
    from mailer.ledger.statistics import SendStatistics, VariantCount


class StatisticsStore(Protocol):
    def reckon(self, send_id: int) -> SendStatistics: ...

    def subject_figures(self, send_id: int) -> list[SubjectFigures]:
        """For each subject that went out, by its number."""
        ...

    def shares(self, send_id: int, *, limit: int) -> tuple[list[VariantCount], int]:
        """The variants that most people got, and how many others there are."""
        ...
