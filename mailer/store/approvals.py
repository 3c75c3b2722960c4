"""What the approval of campaigns asks of a store, in the domain's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.campaigns.approval import Approval


class ApprovalStore(Protocol):
    def approve(
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

    def approvals(self, campaign: str, list_name: str) -> list[Approval]:
        """Every one there ever was, the oldest first."""
        ...
