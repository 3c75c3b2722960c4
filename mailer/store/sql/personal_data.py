"""Every place where anything about one address may lie: what is shown, exported and erased.

A table that gets personal data has to be listed here; a test plants an address in every table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mailer.store.sql.database import SqlDatabase


@dataclass(frozen=True, slots=True)
class PersonalRecord:
    """Where something about a person lies: `:id` is the subscriber's, -1 for none."""

    name: str
    show: str = ""
    """Selects what is there; "" where the person's own fields or mail show it."""
    erase: tuple[str, ...] = ()
    """Forgets it, at `:at`. What is counted stays, without the person."""


_OWN_DELIVERIES = """SELECT id FROM deliveries
    WHERE campaign IN (SELECT campaign FROM sends) AND subscriber_id = :id"""


def _own_signatures(states: str) -> str:
    """Counts a person's signatures of a petition in some states."""
    return f"""(SELECT count(*) FROM signatures s WHERE s.petition = petitions.name
        AND s.status IN ({states}) AND (s.email = :email OR s.subscriber_id = :id))"""


PLACES = (
    PersonalRecord(
        "web_versions",
        show=f"""SELECT d.campaign, c.slot_values AS "values",
                (SELECT json_group_array(v.content) FROM shared_values v
                    WHERE v.send_id = d.send_id AND instr(c.slot_values, v.digest) > 0) AS shared
            FROM copies c JOIN deliveries d ON d.id = c.delivery_id
            WHERE c.delivery_id IN ({_OWN_DELIVERIES}) ORDER BY d.id""",
        erase=(f"DELETE FROM copies WHERE delivery_id IN ({_OWN_DELIVERIES})",),
    ),
    # A provider's answer may quote the address. What is being sent at this moment keeps its state.
    PersonalRecord(
        "deliveries",
        erase=(
            """UPDATE deliveries SET state = 'skipped', detail = 'erased', changed = :at
                WHERE subscriber_id = :id AND state = 'pending'""",
            """UPDATE deliveries SET detail = '', message_id = ''
                WHERE subscriber_id = :id AND state NOT IN ('pending', 'sending', 'skipped')""",
        ),
    ),
    PersonalRecord(
        "events",
        erase=(
            """UPDATE events SET message_id = '', diagnostic = '', domain = '', raw = ''
                WHERE subscriber_id = :id""",
        ),
    ),
    PersonalRecord(
        "unsubscribes",
        show="""SELECT coalesce(sends.campaign, '') AS campaign, how, at, reason, undone
            FROM departures d LEFT JOIN sends ON sends.id = d.send_id
            WHERE d.subscriber_id = :id ORDER BY d.id""",
        erase=(
            """UPDATE departures SET reason = '', suppressed = '', visit = ''
                WHERE subscriber_id = :id""",
        ),
    ),
    # A signature that nobody stands behind any more is withdrawn: the sum of a petition's counts stays.
    PersonalRecord(
        "signatures",
        show="""SELECT petition, status, how, at, first_name, last_name, zip, city, state, comment,
                comment_public, consent, consent_version, consent_how, consented, reason
            FROM signatures WHERE email = :email OR subscriber_id = :id ORDER BY at, petition""",
        erase=(
            f"""UPDATE petitions SET
                withdrawn = withdrawn + {_own_signatures("'pending', 'signed'")},
                pending = pending - {_own_signatures("'pending'")},
                signed = signed - {_own_signatures("'signed'")}
                WHERE name IN (SELECT petition FROM signatures
                    WHERE email = :email OR subscriber_id = :id)""",
            """UPDATE signatures SET
                status = CASE status WHEN 'invalid' THEN 'invalid' ELSE 'withdrawn' END,
                email = '', subscriber_id = 0, send_id = 0, how = '', changed = :at, reason = 'erased',
                first_name = '', last_name = '', zip = '', city = '', state = '', comment = '',
                comment_public = 0, consent = '', consent_version = '', consent_how = '', consented = ''
                WHERE email = :email OR subscriber_id = :id""",
        ),
    ),
    PersonalRecord(
        "requests",
        show="""SELECT kind, email, asked, settled, lists, details, mail FROM requests
            WHERE email = :email OR subscriber_id = :id ORDER BY id""",
        erase=("DELETE FROM requests WHERE email = :email OR subscriber_id = :id",),
    ),
    PersonalRecord(
        "moves",
        show="""SELECT coalesce(old.email, '(erased)') AS formerly FROM moves
            LEFT JOIN subscribers old ON old.id = moves.formerly
            WHERE moves.subscriber_id = :id ORDER BY moves.formerly""",
        erase=("DELETE FROM moves WHERE subscriber_id = :id",),
    ),
    PersonalRecord(
        "imports",
        show="""SELECT imports.at, imports.file, p.moment, p.first_name, p.last_name, p.zip, p.city,
                p.state, p.county, p.timezone, p.fields, p.tags
            FROM import_people p JOIN imports ON imports.id = p.import_id
            WHERE p.subscriber_id = :id ORDER BY p.import_id, p.moment""",
        erase=("DELETE FROM import_people WHERE subscriber_id = :id",),
    ),
    PersonalRecord(
        "imported_memberships",
        show="""SELECT lists.name AS list, m.since, m.how, m.note
            FROM import_memberships m JOIN lists ON lists.id = m.list_id
            WHERE m.subscriber_id = :id ORDER BY m.import_id""",
        erase=("DELETE FROM import_memberships WHERE subscriber_id = :id",),
    ),
    PersonalRecord(
        "imported_suppressions",
        show="""SELECT reason, detail, created, new_reason, new_created FROM import_suppressions
            WHERE address = :email ORDER BY import_id""",
        erase=("DELETE FROM import_suppressions WHERE address = :email",),
    ),
    PersonalRecord("memberships", erase=("DELETE FROM memberships WHERE subscriber_id = :id",)),
    PersonalRecord("subscribers", erase=("DELETE FROM subscribers WHERE id = :id",)),
    PersonalRecord(
        "other_reasons_of_suppression",
        show="""SELECT reason, detail, created FROM suppression_reasons r
            WHERE address = :email AND NOT EXISTS (SELECT 1 FROM suppressions x
                WHERE x.address = r.address AND x.reason = r.reason AND x.created = r.created)
            ORDER BY created, reason""",
        erase=("DELETE FROM suppression_reasons WHERE address = :email",),
    ),
    PersonalRecord("suppressions", erase=("DELETE FROM suppressions WHERE address = :email",)),
)

_FREE_TEXT: Mapping[str, tuple[str, ...]] = {
    "sends": ("audience_query", "note"),
    "approvals": ("person", "query"),
    "imports": ("file", "source"),
    "links": ("url",),
    "shared_values": ("content",),
    "departures": ("reason",),
    # mail that is in no send may have gone to several
    "events": ("raw", "diagnostic"),
}
"""Columns of tables with an id in which staff or others may have written the address."""


class PersonalData:
    def __init__(self, database: SqlDatabase) -> None:
        self._db = database

    def show(self, subscriber_id: int, email: str) -> dict[str, list[dict[str, object]]]:
        """Name of a record → its rows, where there are any."""
        person = {"id": subscriber_id, "email": email}
        shown = {place.name: self._db.records(place.show, person) for place in PLACES if place.show}
        return {name: records for name, records in shown.items() if records}

    def erase(self, subscriber_id: int, email: str, at: str) -> int:
        """Return how many rows held anything."""
        person = {"id": subscriber_id, "email": email, "at": at}
        statements = [statement for place in PLACES for statement in place.erase]
        changed = sum(self._db.execute(statement, person) for statement in statements)
        return changed + sum(
            self._redact(table, columns, email) for table, columns in _FREE_TEXT.items()
        )

    def _redact(self, table: str, columns: tuple[str, ...], email: str) -> int:
        """Take the address out of text, but not out of a longer address."""
        whole = re.compile(rf"(?<![\w.+-]){re.escape(email)}(?![\w-]|\.\w)", re.IGNORECASE)
        mentions = " OR ".join(f"instr(lower({column}), :email) > 0" for column in columns)
        rows = self._db.rows(
            f"SELECT id, {', '.join(columns)} FROM {table} WHERE {mentions}", {"email": email}
        )
        changes = []
        for row_id, *texts in rows:
            redacted = [whole.sub("(erased)", text) for text in texts]
            if redacted != texts:
                changes.append({"id": row_id, **dict(zip(columns, redacted, strict=True))})
        assignments = ", ".join(f"{column} = :{column}" for column in columns)
        self._db.execute_many(f"UPDATE {table} SET {assignments} WHERE id = :id", changes)
        return len(changes)
