"""The part of the daily quota that a send may use when some of it is reserved for other mail."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from mailer.errors import TransportError

if TYPE_CHECKING:
    from collections.abc import Callable


class QuotaReserve:
    """Counts down the rest of the quota as SES last reported it. Without a reserve, SES enforces the limit.

    Other processes send at the same time, and quota used a day ago comes free, so SES is asked again
    before the quota counts as used up.
    """

    def __init__(self, reserve: int) -> None:
        self._reserve = reserve
        self._left: int | None = None
        self._used_up = False
        self._lock = Lock()

    def know(self, left: int | None) -> None:
        """The rest of the quota above the reserve; None when there is no limit."""
        self._left = left
        self._used_up = False

    def take(self, number: int, ask: Callable[[], object]) -> None:
        """Take a number of messages from the quota; `ask` ends in `know`.

        Raises:
            TransportError: the rest is too small, or SES could not be asked.
        """
        if not self._reserve:
            return
        with self._lock:
            if not self._used_up and self._is_short_of(number):
                ask()
            if self._is_short_of(number):
                self._used_up = True
                raise TransportError(
                    f"the rest of today's quota at Amazon SES, {self._reserve:,}, is reserved for "
                    "other mail",
                    hint="SES counts the last 24 hours, so more is free again soon. The number is "
                    "reserve, under [ses] in mailer.toml.",
                )
            if self._left is not None:
                self._left -= number

    def _is_short_of(self, number: int) -> bool:
        return self._left is not None and self._left < number
