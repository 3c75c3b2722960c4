"""What the preview asks, in SQLite."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from mailer.ledger.statistics import AcceptedInMinute
from mailer.store.sqlite import rows
from mailer.store.sqlite.rows import SUBSCRIBER

if TYPE_CHECKING:
    from sqlite_utils import Database

    from mailer.lists.subscriber import Subscriber


_MOST_WORDS = 8


class Glances:
    """See `store.showing.Showing`."""

    db: Database

    def search(self, list_name: str, words: str, limit: int) -> list[Subscriber]:
        patterns = [f"%{_literal(word)}%" for word in words.split()[:_MOST_WORDS]]
        query = _SEARCH.format(matches=_MATCHES * len(patterns))
        found = self.db.execute(query, (list_name, *patterns, limit)).fetchall()
        return [rows.subscriber(row) for row in found]

    def pulse(self, send_id: int) -> list[AcceptedInMinute]:
        found = self.db.execute(_PULSE, (send_id,)).fetchall()
        return [
            AcceptedInMinute(datetime.fromisoformat(f"{at}:00+00:00"), number)
            for at, number in found
        ]


def _literal(word: str) -> str:
    """A word in which LIKE sees no pattern."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


_SEARCH = f"""
SELECT {SUBSCRIBER}
FROM memberships m JOIN subscribers s ON s.id = m.subscriber_id
WHERE m.list_id = (SELECT id FROM lists WHERE name = ?){{matches}}
ORDER BY m.subscriber_id LIMIT ?"""

# spelt out for each word: half the time of looking through a list of patterns
_MATCHES = """
    AND s.email || ' ' || s.first_name || ' ' || s.last_name LIKE ? ESCAPE '\\'"""

_PULSE = """
SELECT substr(changed, 1, 16) AS minute, count(*) FROM deliveries
WHERE send_id = ? AND state = 'accepted' GROUP BY minute ORDER BY minute"""
