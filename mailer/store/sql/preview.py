"""Questions of the preview."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from mailer.ledger.statistics import AcceptedInMinute
from mailer.store.sql import rows
from mailer.store.sql.rows import SUBSCRIBER

if TYPE_CHECKING:
    from mailer.lists.subscriber import Subscriber
    from mailer.store.sql.database import SqlDatabase


_MOST_WORDS = 8


class SqlPreview:
    def __init__(self, database: SqlDatabase) -> None:
        self._db = database

    def search(self, list_name: str, text: str, limit: int) -> list[Subscriber]:
        # SQLite's LIKE ends at a NUL, and PostgreSQL's text holds none
        terms = text.replace("\0", " ").split()[:_MOST_WORDS]
        patterns = {f"word{number}": f"%{_literal(word)}%" for number, word in enumerate(terms)}
        # one condition for each word: half the time of looking through a list of patterns
        conditions = "".join(_MATCHES.format(name=name) for name in patterns)
        sql = _SEARCH.format(matches=conditions)
        subscriber_rows = self._db.rows(sql, {"list": list_name, "limit": limit, **patterns})
        return [rows.subscriber(row) for row in subscriber_rows]

    def accepted_by_minute(self, send_id: int) -> list[AcceptedInMinute]:
        return [
            AcceptedInMinute(datetime.fromisoformat(f"{minute}:00+00:00"), number)
            for minute, number in self._db.rows(_BY_MINUTE, {"send": send_id})
        ]


def _literal(word: str) -> str:
    """Escape a word for LIKE."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


_SEARCH = f"""
SELECT {SUBSCRIBER}
FROM memberships m JOIN subscribers s ON s.id = m.subscriber_id
WHERE m.list_id = (SELECT id FROM lists WHERE name = :list){{matches}}
ORDER BY m.subscriber_id LIMIT :limit"""

_MATCHES = """
    AND s.email || ' ' || s.first_name || ' ' || s.last_name LIKE :{name} ESCAPE '\\'"""

_BY_MINUTE = """
SELECT substr(changed, 1, 16) AS minute, count(*) FROM deliveries
WHERE send_id = :send AND state = 'accepted' GROUP BY minute ORDER BY minute"""
