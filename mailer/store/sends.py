"""Sends: one campaign on its way to one list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from mailer.campaigns.ab_test import ABTest
    from mailer.campaigns.schedule import Timing
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
        seen: int | None = None,
        replaces: int = 0,
        now: datetime,
        timing: Timing | None = None,
        ab_test: ABTest | None = None,
        further_lists: Sequence[str] = (),
    ) -> tuple[Send, int]:
        """Make the send (state queued), or add to an existing one; return how many were added.

        Subscribers with a delivery of this campaign, from any send, are left out. The query, the
        snapshot, the transport and the quiet period of an existing send never change. With a timing,
        everything pending is due by it; without one, added people are due at once.

        Args:
            campaign: name.
            list_name: of the first list.
            subscriber_ids: of the audience.
            query: the audience's expression.
            snapshot: `Snapshot.to_bytes()`.
            digest: of the snapshot.
            transport: by which it goes out.
            quiet_hours: see `Send`.
            held_back: see `Send`.
            fresh: whether there was no send when the caller looked.
            seen: the version of the send that the caller read.
            replaces: id of a send without mailed recipients, which is withdrawn in the same step.
            now: aware UTC.
            timing: when it is due.
            ab_test: that its audience is divided for.
            further_lists: names of the other lists that a new send goes to.

        Raises:
            SendStopped: with `fresh`, the send exists with another snapshot, query or transport; it has
                another version than the one seen, and is not being sent; the send to be replaced has mailed
                recipients. Nothing was changed.
            UsageError: there is no such list, or the send was cancelled.
        """
        ...

    def get(self, send_id: int) -> Send | None: ...

    def find(self, campaign: str, list_name: str) -> Send | None: ...

    def is_sending(self, campaign: str, list_name: str) -> bool:
        """Whether the state of a send is SENDING: asked with each batch, so it reads no snapshot."""
        ...

    def all(self, campaign: str | None = None) -> list[Send]:
        """Every send, or every send of a campaign, in order of creation."""
        ...

    def published(self, campaign: str) -> Send | None:
        """The first send of a campaign with an accepted delivery."""
        ...

    def set_state(
        self,
        send_id: int,
        state: SendState,
        *,
        note: str = "",
        seen: int | None = None,
        now: datetime,
    ) -> bool:
        """Change the state, if the ledger allows it, and return whether it did.

        Cancelled is final, and skips what is pending. A send with anything due or in flight does not
        become finished, nor does a paused one. If the rest is not due yet, it becomes queued instead.
        SENDING makes this process the send's worker.

        Args:
            send_id: of the send.
            state: wanted.
            note: why, for staff.
            seen: the version that the decision is based on. If the send has another one by now, nothing
                changes, unless it is being sent already and is to be.
            now: aware UTC.
        """
        ...

    def set_limits(self, send_id: int, *, rate: float, stop_after: int) -> None:
        """Store the options of a send: see `Send.rate` and `Send.stop_after`."""
        ...

    def withdraw(self, send_id: int) -> bool:
        """Delete a send without mailed recipients: its campaign becomes a draft again.

        False, and nothing changes, if any delivery is in flight or was tried.
        """
        ...

    def counts(self, send_id: int) -> Counts: ...
