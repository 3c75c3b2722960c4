"""Rate limits for the visitors of the pages. A mark is deleted once its requests no longer count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer import throttle
from mailer.throttle import Bucket

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.store.sql.database import SqlDatabase


class SqlVisitors:
    def __init__(self, database: SqlDatabase) -> None:
        self._db = database

    def is_limited(self, mark: str, *, rate: float, burst: int, clock: Callable[[], float]) -> bool:
        return self._counted(mark, rate, burst, clock) is None

    def count(self, mark: str, *, rate: float, burst: int, clock: Callable[[], float]) -> bool:
        with self._db.writing():
            bucket = self._counted(mark, rate, burst, clock)
            if bucket is None:
                return False
            times = {"busy_until": bucket.busy_until, "read_at": bucket.read_at}
            self._db.execute(_KEEP, {"mark": mark, **times})
        return True

    def _counted(
        self, mark: str, rate: float, burst: int, clock: Callable[[], float]
    ) -> Bucket | None:
        """The bucket with one more request; None when that is over the limit."""
        row = self._db.row(_BUCKET, {"mark": mark})
        bucket, wait = throttle.reserve(
            Bucket(*row) if row else None, 1, rate=rate, burst=burst, now=self._db.now(clock)
        )
        return None if wait > 0 else bucket

    def forget(self, *, clock: Callable[[], float]) -> None:
        moment = {"now": self._db.now(clock)}
        # looked for first without the write lock, which an idle server has no need of
        if self._db.row(_ANY_TO_FORGET, moment):
            with self._db.writing():
                self._db.execute(_FORGET, moment)


_BUCKET = "SELECT busy_until, read_at FROM visitors WHERE mark = :mark"

_KEEP = """
INSERT INTO visitors (mark, busy_until, read_at) VALUES (:mark, :busy_until, :read_at)
ON CONFLICT (mark) DO UPDATE SET busy_until = excluded.busy_until, read_at = excluded.read_at"""

_ANY_TO_FORGET = "SELECT 1 FROM visitors WHERE busy_until <= :now LIMIT 1"

_FORGET = "DELETE FROM visitors WHERE busy_until <= :now"
