"""Rate limits for the visitors of the pages, which all page servers share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class Visitors(Protocol):
    def is_limited(self, mark: str, *, rate: float, burst: int, clock: Callable[[], float]) -> bool:
        """Whether a further request of this visitor would be refused; counts nothing.

        Args:
            mark: a keyed hash of the visitor's network.
            rate: requests a second.
            burst: requests at once.
            clock: seconds since 1970, the same for all servers.
        """
        ...

    def count(self, mark: str, *, rate: float, burst: int, clock: Callable[[], float]) -> bool:
        """Count a request; return False, and count nothing, when it is over the limit."""
        ...

    def forget(self, *, clock: Callable[[], float]) -> None:
        """Delete the marks that no longer limit anything."""
        ...
