"""What the store knows of people beyond their own details, for the conditions of an audience."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection


class AudienceFacts(Protocol):
    """Asked about people in the order of their ids, it reads the store in pages."""

    def lists(self, subscriber_id: int) -> tuple[str, ...]:
        """The lists that a person is subscribed to."""
        ...

    def joined(self, subscriber_id: int) -> str:
        """The day on which a person joined: the earliest of the audience's lists, ISO; "" for none."""
        ...

    def had(self, subscriber_id: int, campaign: str) -> bool:
        """Whether a campaign was mailed to a person, or may have been."""
        ...

    def signed(self, subscriber_id: int, petition: str) -> bool:
        """Whether a person's signature of a petition counts."""
        ...

    def petitions(self) -> Collection[str]:
        """The petitions that anybody has signed."""
        ...

    def list_names(self) -> Collection[str]: ...

    def campaigns(self) -> Collection[str]:
        """The campaigns that were ever sent."""
        ...
