"""Links and their click counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.ledger.statistics import LinkClicks
from mailer.store.sql.ids import next_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mailer.store.sql.database import SqlDatabase


class SqlClicks:
    def __init__(self, database: SqlDatabase) -> None:
        self._db = database

    def link(self, send_id: int, arm: int, url: str) -> int:
        link = {"send": send_id, "arm": arm, "url": url}
        with self._db.writing():
            self._db.execute(_ADD, {**link, "id": next_id(self._db, "links")})
            return int(self._db.value(_LINK, link))

    def destination(self, link_id: int) -> str | None:
        url: str | None = self._db.value("SELECT url FROM links WHERE id = :id", {"id": link_id})
        return url

    def add(self, numbers: Mapping[int, int]) -> None:
        clicks = [{"id": link_id, "number": number} for link_id, number in numbers.items()]
        with self._db.writing():
            self._db.execute_many(
                "UPDATE links SET clicks = clicks + :number WHERE id = :id", clicks
            )

    def of_send(self, send_id: int) -> list[LinkClicks]:
        return [LinkClicks(*row) for row in self._db.rows(_OF_SEND, {"send": send_id})]


_ADD = """
INSERT INTO links (id, send_id, arm, url) VALUES (:id, :send, :arm, :url)
ON CONFLICT (send_id, arm, url) DO NOTHING"""

_LINK = "SELECT id FROM links WHERE send_id = :send AND arm = :arm AND url = :url"

_OF_SEND = "SELECT arm, url, clicks FROM links WHERE send_id = :send ORDER BY clicks DESC, id"
