"""Sends: one campaign on its way to one list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from mailer.campaigns.schedule import Timing
    from mailer.campaigns.subject_test import SplitTest
    from mailer.ledger.delivery import Counts, Send, SendState


class Sends(Protocol):
    def freeze(
        self,
        campaign: str,
        list_name: str,
        subscriber_ids: Iterable[int],
        *,
        query: str,
        snapshot: bytes,
        digest: str,
        transport: str,
        quiet_hours: float = 0,
        held_back: int = 0,
        fresh: bool = False,
        now: datetime,
        timing: Timing | None = None,
        trial: SplitTest | None = None,
    ) -> tuple[Send, int]:
        """Make the send (state queued), or add to an existing one; return how many were added.

        Subscribers with a delivery of this campaign, from any send, are left out. The query, the
        snapshot, the transport and the quiet period of an existing send never change. With a timing,
        everything pending is due by it; without one, added people are due at once.

        Raises:
            SendStopped: with `fresh`, the send exists with another snapshot, query or transport;
                nothing was added.
            UsageError: there is no such list, or the send was cancelled.
        """
        ...

    def find(self, campaign: str, list_name: str) -> Send | None: ...

    def all(self, campaign: str | None = None) -> list[Send]:
        """Every send, or every send of a campaign, in the order they were made."""
        ...

    def published(self, campaign: str) -> Send | None:
        """The first send of a campaign with an accepted delivery."""
        ...

    def set_state(self, send_id: int, state: SendState, *, note: str = "", now: datetime) -> None:
        """Change the state, if the ledger allows it.

        Cancelled is final, and skips what is pending. A send with anything due or in flight does not
        become finished; nothing changes then. If the rest is not due yet, it becomes queued instead.
        SENDING makes this process the send's worker.
        """
        ...

    def counts(self, send_id: int) -> Counts: ...
