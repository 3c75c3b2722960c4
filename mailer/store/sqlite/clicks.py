"""Links and how often they were clicked on, in SQLite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.ledger.statistics import LinkClicks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from sqlite_utils import Database


class Counters:
    """See `store.clicks.ClickCounts`."""

    db: Database
    writing: Callable[[], AbstractContextManager[None]]

    def link(self, send_id: int, arm: int, url: str) -> int:
        with self.writing():
            self.db.execute(_KEEP, (send_id, arm, url))
            row: tuple[int] = self.db.execute(_LINK, (send_id, arm, url)).fetchone()
        return row[0]

    def destination(self, link_id: int) -> str | None:
        row = self.db.execute("SELECT url FROM links WHERE id = ?", (link_id,)).fetchone()
        return row[0] if row else None

    def clicked(self, numbers: Mapping[int, int]) -> None:
        rows = [(number, link_id) for link_id, number in numbers.items()]
        with self.writing():
            self.db.conn.executemany("UPDATE links SET clicks = clicks + ? WHERE id = ?", rows)

    def clicks(self, send_id: int) -> list[LinkClicks]:
        return [LinkClicks(*row) for row in self.db.execute(_CLICKS, (send_id,)).fetchall()]


_KEEP = "INSERT INTO links (send_id, arm, url) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"

_LINK = "SELECT id FROM links WHERE send_id = ? AND arm = ? AND url = ?"

_CLICKS = "SELECT arm, url, clicks FROM links WHERE send_id = ? ORDER BY clicks DESC, id"
