"""Counts of clicks, without any record of the person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mailer.ledger.statistics import LinkClicks


class Clicks(Protocol):
    def link(self, send_id: int, arm: int, url: str) -> int:
        """The id of a link in a send's mail, on record from the first call."""
        ...

    def destination(self, link_id: int) -> str | None:
        """The URL that a link leads to; None when there is no such link."""
        ...

    def add(self, numbers: Mapping[int, int]) -> None:
        """Add to the counts: link id → number of clicks."""
        ...

    def of_send(self, send_id: int) -> list[LinkClicks]:
        """Every link of a send, the most clicked first."""
        ...
