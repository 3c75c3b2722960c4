"""What the counting of clicks asks of a store: how often, never who."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mailer.ledger.statistics import LinkClicks


class ClickStore(Protocol):
    def link(self, send_id: int, arm: int, url: str) -> int:
        """The id of a link in a send's mail, on record from the first call."""
        ...

    def destination(self, link_id: int) -> str | None:
        """Where a link leads; None when there is none of this id."""
        ...

    def clicked(self, numbers: Mapping[int, int]) -> None:
        """So often, by the links' ids."""
        ...

    def clicks(self, send_id: int) -> list[LinkClicks]:
        """Of every link, the most first."""
        ...
