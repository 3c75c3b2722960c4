"""The shared rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer import throttle
from mailer.throttle import Reservation

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.store.sql.database import SqlDatabase


class SqlThrottle:
    def __init__(self, database: SqlDatabase) -> None:
        self._db = database

    def reserve(
        self, key: str, n: int, *, rate: float, burst: int, clock: Callable[[], float]
    ) -> Reservation:
        with self._db.writing():
            bucket = self._bucket(key)
            bucket, wait = throttle.reserve(
                bucket, n, rate=rate, burst=burst, now=self._db.now(clock)
            )
            self._keep(key, bucket)
        return Reservation(wait, bucket.rate_factor)

    def slow_down(self, key: str, *, clock: Callable[[], float]) -> float:
        with self._db.writing():
            bucket = throttle.slow_down(self._bucket(key), now=self._db.now(clock))
            self._keep(key, bucket)
        return bucket.rate_factor

    def _bucket(self, key: str) -> throttle.Bucket | None:
        row = self._db.row(_BUCKET, {"key": key})
        return throttle.Bucket(*row) if row else None

    def _keep(self, key: str, bucket: throttle.Bucket) -> None:
        times = {"busy_until": bucket.busy_until, "read_at": bucket.read_at}
        slower = {"share": bucket.rate_factor, "slowed_at": bucket.slowed_at}
        self._db.execute_later(_KEEP, [{"key": key, **times, **slower}])


_BUCKET = "SELECT busy_until, read_at, share, slowed_at FROM throttles WHERE key = :key"

_KEEP = """
INSERT INTO throttles (key, busy_until, read_at, share, slowed_at)
VALUES (:key, :busy_until, :read_at, :share, :slowed_at)
ON CONFLICT (key) DO UPDATE SET busy_until = excluded.busy_until, read_at = excluded.read_at,
    share = excluded.share, slowed_at = excluded.slowed_at"""
