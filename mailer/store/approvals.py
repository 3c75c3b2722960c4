"""What the approval of campaigns asks of a store, in the domain's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Approval:
    """That somebody wants these words to go to this audience."""

    person: str
    at: str
    query: str
    """The audience's expression, "" for the whole list."""
    snapshot: bytes
    """`Sources.to_bytes()`, as they were looked at."""


class Approvals(Protocol):
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
