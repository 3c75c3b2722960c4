"""Subscribers and their membership of lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from mailer.lists.audience_facts import AudienceFacts
    from mailer.lists.membership import (
        ExportedMember,
        History,
        ListSummary,
        Membership,
        SuppressionReason,
    )
    from mailer.lists.subscriber import Subscriber


class Subscribers(Protocol):
    def lists(self) -> list[ListSummary]: ...

    def get(self, subscriber_id: int) -> Subscriber | None: ...

    def is_subscribed(self, list_name: str, email: str) -> bool: ...

    def history(self, email: str) -> History | None: ...

    def members(
        self, *list_names: str
    ) -> Iterator[tuple[Subscriber, Membership, SuppressionReason | None]]:
        """All members of lists, including unsubscribed and suppressed ones, streamed in id order.

        A person on several lists comes once: with a membership that is subscribed, if there is one.
        """
        ...

    def ids(self, list_name: str) -> Iterator[int]:
        """The ids of all people who are or were on a list, ascending."""
        ...

    def facts(self, list_names: Sequence[str] = ()) -> AudienceFacts:
        """What conditions may ask about people; `joined` is about these lists, or about all."""
        ...

    def export(self, list_name: str) -> Iterator[ExportedMember]:
        """All members of a list with all their data, streamed in id order."""
        ...

    def audience(self, list_name: str) -> Iterator[Subscriber]:
        """All members who may be mailed: subscribed to the list and not suppressed; in id order."""
        ...

    def field_names(self) -> frozenset[str]:
        """Every key that any subscriber's `fields` has or had."""
        ...

    def unsubscribe(self, list_name: str, email: str, *, how: str, now: datetime) -> bool:
        """Return False when the address is not a subscribed member of the list."""
        ...

    def update(self, subscriber_id: int, details: Mapping[str, str], *, now: datetime) -> bool:
        """Set columns of `subscriber.COLUMNS`. Return False when there is no such subscriber."""
        ...

    def edit(self, email: str, details: Mapping[str, str], fields: Mapping[str, str]) -> bool:
        """Set columns and further fields; "" removes a field. Return False when there is no such subscriber."""
        ...

    def finish_erasing(self) -> bool:
        """Remove erased data from the database log, too; return False while a reader still needs the log."""
        ...

    def erase(self, email: str, *, now: datetime) -> bool:
        """Forget a person; keep a keyed hash of the address so that no import brings it back.

        Their deliveries stay in the counts, without the person; pending ones become skipped.
        """
        ...
