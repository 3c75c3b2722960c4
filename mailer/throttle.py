"""One rate for every process of an account: the generic cell rate algorithm (GCRA), as arithmetic.

In no window of one second are more than `rate + burst` messages let through, as long as each
reservation is at most `burst`, and every process waits as it was told.

When the other side asks for less, only a share of the rate is let through: half of what it was, then
more again as time passes without a further complaint.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

RECOVERY = 20
"""Seconds from nothing to the whole rate; from a half, half as long."""
_ONE_COMPLAINT = 1
"""Seconds in which complaints count as one: they are about calls that were under way together."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is remembered of a rate between two reservations; times in seconds."""

    busy_until: float
    """When everything reserved so far is paid for: GCRA's theoretical arrival time."""
    read_at: float
    """The clock at the last reservation."""
    rate_factor: float = 1
    """The share of the rate that was let through then."""
    slowed_at: float = 0
    """The clock when the share was last halved."""


def lowest_rate(*rates: float | None) -> float | None:
    """The lowest of several limits, in messages a second; None or 0 is no limit."""
    return min((rate for rate in rates if rate), default=None)


def reserve(
    bucket: Bucket | None, n: int, *, rate: float, burst: int, now: float
) -> tuple[Bucket, float]:
    """Take n messages at `now`; returns the new bucket and the seconds to wait before sending them.

    A clock that was set back counts as one that stood still: nobody waits longer for it than the
    reservations before them would have asked at that moment.
    """
    bucket = _at(bucket, now)
    wait = max(0, bucket.busy_until - now + (n - burst) / rate)
    return replace(bucket, busy_until=bucket.busy_until + n / (rate * bucket.rate_factor)), wait


def slow_down(bucket: Bucket | None, *, now: float) -> Bucket:
    """Lower the rate after a throttling answer. At a complaint every second a twentieth still goes through."""
    bucket = _at(bucket, now)
    if bucket.rate_factor < 1 and 0 <= now - bucket.slowed_at < _ONE_COMPLAINT:
        return bucket
    return replace(bucket, rate_factor=bucket.rate_factor / 2, slowed_at=now)


def _at(bucket: Bucket | None, now: float) -> Bucket:
    """What a bucket says at a later moment."""
    if bucket is None:
        return Bucket(busy_until=now, read_at=now)
    passed = max(0, now - bucket.read_at)
    backlog = max(0, bucket.busy_until - bucket.read_at - passed)
    rate_factor = min(1, bucket.rate_factor + passed / RECOVERY)
    return replace(bucket, busy_until=now + backlog, read_at=now, rate_factor=rate_factor)


@dataclass(frozen=True, slots=True)
class Reservation:
    """A reservation of the shared rate."""

    wait: float
    """Seconds to wait before sending what was reserved."""
    rate_factor: float
    """The share of the rate that is let through at the moment: less than 1 after `slow_down`."""
