"""One rate for every process of an account: the generic cell rate algorithm (GCRA), as arithmetic.

In no window of one second are more than `rate + burst` messages let through, as long as each
reservation is at most `burst`, and every process waits as it was told.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meter:
    """What is remembered of a rate between two reservations; times in seconds."""

    busy_until: float
    """When everything reserved so far is paid for: GCRA's theoretical arrival time."""
    read_at: float
    """The clock at the last reservation."""


def reserve(
    meter: Meter | None, n: int, *, rate: float, burst: int, now: float
) -> tuple[Meter, float]:
    """Take n messages at `now`; returns the new meter and the seconds to wait before sending them.

    A clock that was set back counts as one that stood still: nobody waits longer for it than the
    reservations before them would have asked at that moment.
    """
    backlog = max(0, meter.busy_until - max(now, meter.read_at)) if meter else 0
    wait = max(0, backlog + (n - burst) / rate)
    return Meter(busy_until=now + backlog + n / rate, read_at=now), wait
