"""The sending rate: a token bucket in recipients."""

from __future__ import annotations


class Bucket:
    """Holds `burst` seconds' worth of the rate and is full at the start."""

    def __init__(self) -> None:
        self._used = 0.0
        self._then = 0.0

    def fits(self, recipients: int, *, rate: float, burst: float, now: float) -> bool:
        self._used = max(0.0, self._used - max(0.0, now - self._then) * rate)
        self._then = now
        return self._used + recipients <= max(1.0, rate * burst)

    def take(self, recipients: int) -> None:
        self._used += recipients
