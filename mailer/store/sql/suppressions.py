"""Suppressed addresses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mailer.lists.membership import SuppressedAddress, SuppressionReason
from mailer.store.sql.rows import PAGE, iso

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from mailer.store.sql.database import SqlDatabase

ERASED = "hmac:"
"""Begins a suppression of an address that is kept as its keyed hash only."""


_STRONGEST = (
    SuppressionReason.ERASED,
    SuppressionReason.COMPLAINED,
    SuppressionReason.MANUAL,
    SuppressionReason.BOUNCED,
    SuppressionReason.UNSUBSCRIBED,
)


def strength(column: str) -> str:
    """SQL for how strong a reason is, a number; 0 where there is none. The strongest holds."""
    steps = " ".join(
        f"WHEN '{reason}' THEN {number}" for number, reason in enumerate(_STRONGEST[::-1], 1)
    )
    return f"(CASE {column} {steps} ELSE 0 END)"


class SqlSuppressions:
    def __init__(self, database: SqlDatabase, address_hashes: Callable[[str], list[str]]) -> None:
        self._db = database
        self._hashes = address_hashes

    def suppress(
        self, email: str, reason: SuppressionReason, *, detail: str, now: datetime
    ) -> None:
        with self._db.writing():
            if self.reason(email) is not SuppressionReason.ERASED:
                self._add(email, reason, detail, iso(now))

    def suppress_all(self, addresses: Iterable[SuppressedAddress], *, now: datetime) -> int:
        with self._db.writing():
            return sum(
                self._add(entry.email, entry.reason, entry.note, entry.since or iso(now))
                for entry in addresses
                if self.reason(entry.email) is not SuppressionReason.ERASED
            )

    def export(self) -> Iterator[SuppressedAddress]:
        last = ""
        while rows := self._db.rows(_EXPORT, {"page": PAGE, "last": last}):
            for address, reason, created, detail in rows:
                yield SuppressedAddress(address, SuppressionReason(reason), created, detail)
            last = rows[-1][0]

    def suppress_reported(
        self, email: str, reason: SuppressionReason, *, detail: str, now: datetime
    ) -> bool:
        with self._db.writing():
            before = self.find(email)
            self.suppress(email, reason, detail=detail, now=now)
            if reason is SuppressionReason.COMPLAINED:
                self._db.execute(_UNSUBSCRIBE, {"email": email, "at": iso(now)})
            return before != self.find(email)

    def addresses(
        self, reasons: Iterable[SuppressionReason]
    ) -> Iterator[tuple[str, SuppressionReason]]:
        last, wanted = "", json.dumps(list(reasons))
        page = {"reasons": wanted, "page": PAGE}
        while rows := self._db.rows(_ADDRESSES, page | {"last": last}):
            yield from ((address, SuppressionReason(reason)) for address, reason in rows)
            last = rows[-1][0]

    # ---------------------------------------------------------------- for other parts of the store

    def find(self, email: str) -> tuple[str, str, str] | None:
        """Reason, time and detail, stored under the address or, after an erasure, under its hash."""
        addresses = json.dumps([email, *self._erased(email)])
        row = self._db.row(_FIND, {"addresses": addresses})
        return (row[0], row[1], row[2]) if row else None

    def reason(self, email: str) -> SuppressionReason | None:
        row = self.find(email)
        return SuppressionReason(row[0]) if row else None

    def lift(self, email: str, *reasons: SuppressionReason) -> None:
        self._db.execute(_LIFT, {"address": email, "reasons": json.dumps(reasons)})

    def forget(self, email: str, now: datetime) -> None:
        """Keep the hash of an erased address in place of the address, and which key made it."""
        self._db.execute("DELETE FROM suppressions WHERE address = :address", {"address": email})
        row = {"address": self._erased(email)[0], "reason": SuppressionReason.ERASED}
        self._db.execute(_ADD, row | {"detail": "", "at": iso(now)})
        self._db.execute(MARK_KEY, {"hash": self._hashes("")[0]})

    def remember(self, email: str) -> None:
        """Lift the erasure of an address whose person has come back."""
        for address in self._erased(email):
            self.lift(address, SuppressionReason.ERASED)

    def _add(self, address: str, reason: SuppressionReason, detail: str, at: str) -> int:
        """Return 1 when this is the strongest reason so far: that one holds, and all are kept."""
        row = {"address": address, "reason": reason, "detail": detail, "at": at}
        self._db.execute(_KEEP, row)
        return self._db.execute(_ADD, row)

    def _erased(self, email: str) -> list[str]:
        return [ERASED + digest for digest in self._hashes(email)]


_FIND = """
SELECT reason, created, detail FROM suppressions
WHERE address IN (SELECT value FROM json_each(:addresses))"""

_ADD = f"""
INSERT INTO suppressions (address, reason, detail, created)
VALUES (:address, :reason, :detail, :at)
ON CONFLICT (address) DO UPDATE
SET reason = excluded.reason, detail = excluded.detail, created = excluded.created
WHERE {strength("excluded.reason")} > {strength("suppressions.reason")}"""

MARK_KEY = """
INSERT INTO address_key_marks (hash) VALUES (:hash) ON CONFLICT (hash) DO NOTHING"""

_KEEP = """
INSERT INTO suppression_reasons (address, reason, detail, created)
VALUES (:address, :reason, :detail, :at) ON CONFLICT (address, reason) DO NOTHING"""

_LIFT = """
DELETE FROM suppressions
WHERE address = :address AND reason IN (SELECT value FROM json_each(:reasons))"""

_UNSUBSCRIBE = """
UPDATE memberships SET status = 'unsubscribed', since = :at, how = 'complaint'
WHERE status = 'subscribed'
    AND subscriber_id = (SELECT id FROM subscribers WHERE email = :email)"""

_EXPORT = """
SELECT address, reason, created, detail FROM suppressions
WHERE reason <> 'erased' AND address > :last ORDER BY address LIMIT :page"""

_ADDRESSES = """
SELECT address, reason FROM suppressions
WHERE reason IN (SELECT value FROM json_each(:reasons)) AND address > :last
ORDER BY address LIMIT :page"""

# For the doctor, which opens no store.
NUMBER_ERASED = "SELECT count(*) FROM suppressions WHERE reason = 'erased'"

KEY_MARKS = "SELECT hash FROM address_key_marks"
