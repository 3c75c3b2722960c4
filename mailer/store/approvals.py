"""Approvals of campaigns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.campaigns.approval import Approval


class Approvals(Protocol):
    def add(
        self,
        campaign: str,
        list_name: str,
        *,
        person: str,
        query: str,
        snapshot: bytes,
        digest: str,
        now: datetime,
    ) -> None: ...

    def all(self, campaign: str, list_name: str) -> list[Approval]:
        """Every approval of a campaign for a list, the oldest first."""
        ...
