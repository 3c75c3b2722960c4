"""The rate that all senders share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.throttle import Reservation


class Throttle(Protocol):
    def reserve(
        self, key: str, n: int, *, rate: float, burst: int, clock: Callable[[], float]
    ) -> Reservation:
        """Take n messages of the shared rate `key`.

        The clock gives seconds, the same for all processes. It is read inside the transaction, so
        that waiting for another process's transaction does not look like a clock set back.
        """
        ...

    def slow_down(self, key: str, *, clock: Callable[[], float]) -> float:
        """Halve the shared rate, for every process; it recovers as time passes.

        Return the new rate factor.
        """
        ...
