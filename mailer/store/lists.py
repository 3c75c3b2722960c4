"""Lists as a whole, and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Lists(Protocol):
    def rename(self, old: str, new: str) -> None:
        """Rename a list; its sends, memberships and imports go with it."""
        ...

    def copy(self, name: str, copy: str) -> int:
        """Make a list with the same memberships, also of people who left; return how many."""
        ...

    def empty(self, name: str) -> tuple[int, int]:
        """Unsubscribe all members of a list, and remove the list if nothing refers to it.

        People who left it stay on record, so that a later import does not bring them back.

        Returns:
            How many were taken off, and how many stay on record.
        """
        ...

    def unfinished_sends(self, name: str) -> Sequence[str]:
        """Campaigns with a send to the list that is neither finished nor cancelled."""
        ...

    def tag(self, emails: Iterable[str], tag: str, *, remove: bool = False) -> int:
        """Give people a tag, or take it from them; return how many changed."""
        ...
