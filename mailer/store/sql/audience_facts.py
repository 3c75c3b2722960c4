"""Memberships and earlier campaigns of people, read in pages of ids."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mailer.store.sql.petitions import SqlPetitions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from typing import Any

    from mailer.store.sql.database import Row, SqlDatabase

_PAGE = 2_000
"""Rows read at once: an audience asks in the order of ids, so memory stays flat."""
_NO_END = 1 << 63
_DAY = len("2026-05-01")


class SqlAudienceFacts:
    """The facts about an audience's people.

    Args:
        database: read only.
        list_names: of the audience; none for all lists.
    """

    def __init__(self, database: SqlDatabase, list_names: Sequence[str]) -> None:
        self._db = database
        self._of_audience = frozenset(list_names)
        self._memberships = _Pages(partial(self._rows, _MEMBERSHIPS))
        self._mailed: dict[str, _Pages] = {}
        self._signers: dict[str, frozenset[int]] = {}

    def lists(self, subscriber_id: int) -> tuple[str, ...]:
        return tuple(name for _, name, _ in self._memberships.of(subscriber_id))

    def joined(self, subscriber_id: int) -> str:
        days = [
            since[:_DAY]
            for _, name, since in self._memberships.of(subscriber_id)
            if name in self._of_audience or not self._of_audience
        ]
        return min(days, default="")

    def had(self, subscriber_id: int, campaign: str) -> bool:
        if campaign not in self._mailed:
            self._mailed[campaign] = _Pages(partial(self._rows, _MAILED, campaign=campaign))
        return bool(self._mailed[campaign].of(subscriber_id))

    def signed(self, subscriber_id: int, petition: str) -> bool:
        if petition not in self._signers:
            self._signers[petition] = SqlPetitions(self._db).signers(petition)
        return subscriber_id in self._signers[petition]

    def petitions(self) -> Collection[str]:
        return [name for (name,) in self._db.rows("SELECT name FROM petitions ORDER BY name")]

    def list_names(self) -> Collection[str]:
        return [name for (name,) in self._db.rows("SELECT name FROM lists ORDER BY name")]

    def campaigns(self) -> Collection[str]:
        rows = self._db.rows("SELECT DISTINCT campaign FROM sends ORDER BY campaign")
        return [campaign for (campaign,) in rows]

    def _rows(self, sql: str, first: int, **parameters: object) -> list[Row]:
        return self._db.rows(sql, {**parameters, "first": first, "page": _PAGE})


class _Pages:
    """Rows by their first column, an id; the page that was asked for last.

    Args:
        read: from an id to the rows from there on, in the order of ids.
    """

    def __init__(self, read: Callable[[int], list[Row]]) -> None:
        self._read = read
        self._first, self._end = 0, 0
        self._rows: dict[int, list[Row]] = {}

    def of(self, number: int) -> Sequence[tuple[Any, ...]]:
        if not self._first <= number < self._end:
            rows = self._read(number)
            # of the last id, there may be more rows on the next page
            self._first = number
            self._end = rows[-1][0] if len(rows) == _PAGE else _NO_END
            self._rows = {}
            for row in rows:
                self._rows.setdefault(row[0], []).append(row)
        return self._rows.get(number, ())


_MEMBERSHIPS = """
SELECT m.subscriber_id, lists.name, m.since
FROM memberships m JOIN lists ON lists.id = m.list_id
WHERE m.subscriber_id >= :first AND m.status = 'subscribed'
ORDER BY m.subscriber_id, lists.name LIMIT :page"""

# Also under an address that the person has moved from.
_MAILED = """
SELECT subscriber_id FROM deliveries
WHERE campaign = :campaign AND subscriber_id >= :first
    AND state IN ('sending', 'accepted', 'uncertain')
UNION SELECT moves.subscriber_id FROM moves JOIN deliveries d
    ON d.campaign = :campaign AND d.subscriber_id = moves.formerly
WHERE moves.subscriber_id >= :first AND d.state IN ('sending', 'accepted', 'uncertain')
ORDER BY 1 LIMIT :page"""
