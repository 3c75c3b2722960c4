"""Lists and subscribers."""

from __future__ import annotations

import heapq
from itertools import groupby
from typing import TYPE_CHECKING

from mailer.lists.membership import (
    ExportedMember,
    History,
    ListSummary,
    Membership,
    SuppressionReason,
)
from mailer.lists.subscriber import COLUMNS
from mailer.store.sql import rows
from mailer.store.sql.audience_facts import SqlAudienceFacts
from mailer.store.sql.rows import PAGE, SUBSCRIBER, iso

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from mailer.lists.audience_facts import AudienceFacts
    from mailer.lists.subscriber import Subscriber
    from mailer.store.sql.database import Row, SqlDatabase
    from mailer.store.sql.personal_data import PersonalData
    from mailer.store.sql.suppressions import SqlSuppressions


Member = tuple["Subscriber", Membership, SuppressionReason | None]


class SqlSubscribers:
    def __init__(
        self,
        database: SqlDatabase,
        suppressions: SqlSuppressions,
        personal_data: PersonalData,
    ) -> None:
        self._db = database
        self._suppressions = suppressions
        self._personal_data = personal_data

    # ---------------------------------------------------------------- reading

    def lists(self) -> list[ListSummary]:
        return [ListSummary(*row) for row in self._db.rows(_LISTS)]

    def get(self, subscriber_id: int) -> Subscriber | None:
        row = self._db.row(_BY_ID, {"id": subscriber_id})
        return rows.subscriber(row) if row else None

    def members(self, *list_names: str) -> Iterator[Member]:
        if len(list_names) == 1:
            return self._members(list_names[0])
        streams = [self._members(name) for name in list_names]
        everybody = heapq.merge(*streams, key=lambda member: member[0].id)
        people = groupby(everybody, key=lambda member: member[0].id)
        # "subscribed" comes first
        return (min(same, key=lambda member: member[1].status) for _, same in people)

    def _members(self, list_name: str) -> Iterator[Member]:
        for row in self._pages(_MEMBERS, list_name):
            *_, status, since, how, reason = row
            yield (
                rows.subscriber(row),
                Membership(list_name, status, since, how),
                SuppressionReason(reason) if reason else None,
            )

    def ids(self, list_name: str) -> Iterator[int]:
        return (row[0] for row in self._pages(_IDS, list_name))

    def facts(self, list_names: Sequence[str] = ()) -> AudienceFacts:
        return SqlAudienceFacts(self._db, list_names)

    def export(self, list_name: str) -> Iterator[ExportedMember]:
        for row in self._pages(_EXPORT, list_name):
            status, since, how, note, reason, *others = row[-9:]
            membership = Membership(list_name, status, since, how, note)
            yield ExportedMember(rows.subscriber(row), membership, reason or "", *others)

    def audience(self, list_name: str) -> Iterator[Subscriber]:
        return map(rows.subscriber, self._pages(_AUDIENCE, list_name))

    def _pages(self, sql: str, list_name: str) -> Iterator[Row]:
        place = {"list": list_name, "last": 0, "page": PAGE}
        while True:
            page = self._db.rows(sql, place)
            yield from page
            if len(page) < PAGE:
                return
            place["last"] = page[-1][0]

    def field_names(self) -> frozenset[str]:
        return frozenset(name for (name,) in self._db.rows("SELECT name FROM field_names"))

    def is_subscribed(self, list_name: str, email: str) -> bool:
        return bool(self._db.row(_IS_SUBSCRIBED, {"list": list_name, "email": email}))

    def history(self, email: str) -> History | None:
        row = self._db.row(_BY_EMAIL, {"email": email})
        suppression = self._suppressions.find(email)
        elsewhere = self._personal_data.show(row[0] if row else -1, email)
        if row is None and suppression is None and not elsewhere:
            return None
        *_, created, source = row or ("", "")
        subscriber = rows.subscriber(row) if row else None
        return History(
            subscriber,
            created,
            source,
            tuple(Membership(*m) for m in self._of(_MEMBERSHIPS, subscriber)),
            SuppressionReason(suppression[0]) if suppression else None,
            suppression[1] if suppression else "",
            suppression[2] if suppression else "",
            tuple(dict(zip(_DELIVERY, d, strict=True)) for d in self._of(_DELIVERIES, subscriber)),
            tuple(dict(zip(_EVENT, e, strict=True)) for e in self._of(_EVENTS, subscriber)),
            elsewhere,
        )

    def _of(self, sql: str, subscriber: Subscriber | None) -> list[Row]:
        return self._db.rows(sql, {"id": subscriber.id}) if subscriber else []

    # ---------------------------------------------------------------- changing

    def unsubscribe(self, list_name: str, email: str, *, how: str, now: datetime) -> bool:
        membership = {"list": list_name, "email": email, "how": how, "at": iso(now)}
        with self._db.writing():
            return self._db.execute(_UNSUBSCRIBE, membership) == 1

    def update(self, subscriber_id: int, details: Mapping[str, str], *, now: datetime) -> bool:
        del now  # when a detail was set is not kept
        columns = {name: details[name] for name in COLUMNS[1:] if name in details}
        assignments = ", ".join(f"{name} = :{name}" for name in columns) or "email = email"
        with self._db.writing():
            changed = self._db.execute(
                f"UPDATE subscribers SET {assignments} WHERE id = :id",
                {**columns, "id": subscriber_id},
            )
        return changed == 1

    def edit(self, email: str, details: Mapping[str, str], fields: Mapping[str, str]) -> bool:
        with self._db.writing():
            row = self._db.row(_BY_EMAIL, {"email": email})
            if row is None:
                return False
            subscriber = rows.subscriber(row)
            kept = {k: v for k, v in {**subscriber.fields, **fields}.items() if v}
            person = {name: getattr(subscriber, name) for name in COLUMNS[1:]} | dict(details)
            self._db.execute(_EDIT, {**person, "id": subscriber.id, "fields": rows.as_json(kept)})
            for name in fields:
                self._db.execute(_ADD_FIELD, {"name": name})
        return True

    def erase(self, email: str, *, now: datetime) -> bool:
        with self._db.writing():
            was_erased = self._suppressions.reason(email) is SuppressionReason.ERASED
            subscriber_id = self.id_of(email) or -1
            erased = self._personal_data.erase(subscriber_id, email, iso(now))
            if erased:
                self._suppressions.forget(email, now)
                self._db.clear_log_later()
        self.finish_erasing()
        return bool(erased) and not was_erased

    def finish_erasing(self) -> bool:
        return self._db.clear_log()

    # ---------------------------------------------------------------- for other parts of the store

    def id_of(self, email: str) -> int | None:
        subscriber_id: int | None = self._db.value(_ID, {"email": email})
        return subscriber_id


_LISTS = """
SELECT name,
    (SELECT count(*) FROM memberships m WHERE m.list_id = lists.id AND status = 'subscribed'),
    (SELECT count(*) FROM memberships m WHERE m.list_id = lists.id AND status = 'unsubscribed'),
    (SELECT count(*) FROM suppressions x JOIN subscribers s ON s.email = x.address
        JOIN memberships m ON m.list_id = lists.id AND m.subscriber_id = s.id
        WHERE m.status = 'subscribed')
FROM lists ORDER BY name"""

# The ids of both tables are bounded: PostgreSQL would merge them, for each page from the first subscriber on, which
# for a million took 107 s.
_MEMBERS = f"""
SELECT {SUBSCRIBER}, m.status, m.since, m.how, x.reason
FROM memberships m JOIN subscribers s ON s.id = m.subscriber_id
LEFT JOIN suppressions x ON x.address = s.email
WHERE m.list_id = (SELECT id FROM lists WHERE name = :list) AND m.subscriber_id > :last
    AND s.id > :last
ORDER BY m.subscriber_id LIMIT :page"""

_IDS = """
SELECT m.subscriber_id FROM memberships m
WHERE m.list_id = (SELECT id FROM lists WHERE name = :list) AND m.subscriber_id > :last
ORDER BY m.subscriber_id LIMIT :page"""

_EXPORT = f"""
SELECT {SUBSCRIBER}, m.status, m.since, m.how, m.note, x.reason, coalesce(x.created, ''),
    coalesce(x.detail, ''), s.created, s.consent_source
FROM memberships m JOIN subscribers s ON s.id = m.subscriber_id
LEFT JOIN suppressions x ON x.address = s.email
WHERE m.list_id = (SELECT id FROM lists WHERE name = :list) AND m.subscriber_id > :last
    AND s.id > :last
ORDER BY m.subscriber_id LIMIT :page"""

_AUDIENCE = f"""
SELECT {SUBSCRIBER}
FROM memberships m JOIN subscribers s ON s.id = m.subscriber_id
WHERE m.list_id = (SELECT id FROM lists WHERE name = :list) AND m.subscriber_id > :last
    AND s.id > :last
    AND m.status = 'subscribed'
    AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.address = s.email)
ORDER BY m.subscriber_id LIMIT :page"""

_EDIT = f"""
UPDATE subscribers SET {", ".join(f"{name} = :{name}" for name in COLUMNS[1:])}, fields = :fields
WHERE id = :id"""

_ADD_FIELD = "INSERT INTO field_names (name) VALUES (:name) ON CONFLICT (name) DO NOTHING"

_ID = "SELECT id FROM subscribers WHERE email = :email"

_BY_ID = f"SELECT {SUBSCRIBER} FROM subscribers s WHERE s.id = :id"

_BY_EMAIL = (
    f"SELECT {SUBSCRIBER}, s.created, s.consent_source FROM subscribers s WHERE s.email = :email"
)

_MEMBERSHIPS = """
SELECT lists.name, m.status, m.since, m.how, m.note
FROM lists JOIN memberships m ON m.list_id = lists.id AND m.subscriber_id = :id ORDER BY lists.name"""

_DELIVERY = ("campaign", "list", "state", "at", "message_id")

_DELIVERIES = """
SELECT d.campaign, lists.name, d.state, d.changed, d.message_id
FROM deliveries d JOIN sends ON sends.id = d.send_id JOIN lists ON lists.id = sends.list_id
WHERE d.subscriber_id = :id ORDER BY d.id"""

_EVENT = ("kind", "at", "type", "subtype", "status", "diagnostic")

_EVENTS = f"""
SELECT {", ".join(_EVENT)} FROM events WHERE subscriber_id = :id ORDER BY at, id"""

_UNSUBSCRIBE = """
UPDATE memberships SET status = 'unsubscribed', since = :at, how = :how
WHERE list_id = (SELECT id FROM lists WHERE name = :list)
    AND subscriber_id = (SELECT id FROM subscribers WHERE email = :email)
    AND status = 'subscribed'"""

_IS_SUBSCRIBED = """
SELECT 1 FROM memberships m JOIN lists ON lists.id = m.list_id
JOIN subscribers s ON s.id = m.subscriber_id
WHERE s.email = :email AND lists.name = :list AND m.status = 'subscribed'"""
