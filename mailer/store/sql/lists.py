"""Lists as a whole, and tags."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mailer.store.sql.database import SqlDatabase


class SqlLists:
    def __init__(self, database: SqlDatabase) -> None:
        self._db = database

    def rename(self, old: str, new: str) -> None:
        with self._db.writing():
            for statement in _RENAME:
                self._db.execute(statement, {"old": old, "new": new})

    def copy(self, name: str, copy: str) -> int:
        with self._db.writing():
            self._db.execute("INSERT INTO lists (name) VALUES (:copy)", {"copy": copy})
            return self._db.execute(_COPY, {"name": name, "copy": copy})

    def empty(self, name: str) -> tuple[int, int]:
        with self._db.writing():
            taken_off = self._db.execute(_TAKE_OFF, {"name": name})
            left = int(self._db.value(_LEFT, {"name": name}))
            self._db.execute(_REMOVE, {"name": name})
            return taken_off, left

    def unfinished_sends(self, name: str) -> Sequence[str]:
        return [campaign for (campaign,) in self._db.rows(_UNFINISHED, {"name": name})]

    def tag(self, emails: Iterable[str], tag: str, *, remove: bool = False) -> int:
        people = ({"email": email} for email in emails)
        with self._db.writing():
            return sum(self._tag(person, tag, remove=remove) for person in people)

    def _tag(self, person: dict[str, str], tag: str, *, remove: bool) -> int:
        tags = self._db.value("SELECT tags FROM subscribers WHERE email = :email", person)
        if tags is None:
            return 0
        before = set(json.loads(tags))
        after = before - {tag} if remove else before | {tag}
        if after == before:
            return 0
        changed = json.dumps(sorted(after), ensure_ascii=False, separators=(",", ":"))
        return self._db.execute(_SET_TAGS, {**person, "tags": changed})


_RENAME = (
    "UPDATE lists SET name = :new WHERE name = :old",
    "UPDATE imports SET list_name = :new WHERE list_name = :old",
)

_COPY = """
INSERT INTO memberships (list_id, subscriber_id, status, since, how, note)
SELECT (SELECT id FROM lists WHERE name = :copy), subscriber_id, status, since, how, note
FROM memberships WHERE list_id = (SELECT id FROM lists WHERE name = :name)"""

_TAKE_OFF = """
DELETE FROM memberships
WHERE status = 'subscribed' AND list_id = (SELECT id FROM lists WHERE name = :name)"""

_LEFT = """
SELECT count(*) FROM memberships WHERE list_id = (SELECT id FROM lists WHERE name = :name)"""

_REMOVE = """
DELETE FROM lists WHERE name = :name
    AND NOT EXISTS (SELECT 1 FROM memberships WHERE memberships.list_id = lists.id)
    AND NOT EXISTS (SELECT 1 FROM sends WHERE sends.list_id = lists.id)
    AND NOT EXISTS (SELECT 1 FROM further_lists f WHERE f.list_id = lists.id)"""

_UNFINISHED = """
SELECT campaign FROM sends JOIN lists ON lists.name = :name
WHERE state NOT IN ('finished', 'cancelled') AND (lists.id = sends.list_id OR EXISTS (
    SELECT 1 FROM further_lists f WHERE f.send_id = sends.id AND f.list_id = lists.id))
ORDER BY campaign"""

_SET_TAGS = "UPDATE subscribers SET tags = :tags WHERE email = :email"
