"""The keys that all machines on one store share: of links, and of erased addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.store.sql.suppressions import KEY_MARKS, MARK_KEY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailer.store.sql.database import SqlDatabase


class SqlSharedKey:
    def __init__(self, database: SqlDatabase) -> None:
        self._db = database

    def agrees(self, fingerprints: Sequence[str]) -> bool:
        known = self._db.value(_KNOWN)
        if known == fingerprints[0]:
            return True
        if self._db.read_only:
            return known is None or known in fingerprints
        with self._db.writing():
            known = self._db.value(_KNOWN)
            if known is not None and known not in fingerprints:
                return False
            self._db.execute("DELETE FROM shared_key")
            self._db.execute(_KEEP, {"fingerprint": fingerprints[0]})
        return True

    def agrees_on_addresses(self, marks: Sequence[str]) -> bool:
        known = self._marks()
        if not known and not self._db.read_only:
            with self._db.writing():
                known = self._marks()
                if not known:
                    self._db.execute(MARK_KEY, {"hash": marks[0]})
        return known <= set(marks)

    def _marks(self) -> set[str]:
        return {mark for (mark,) in self._db.rows(KEY_MARKS)}


_KNOWN = "SELECT fingerprint FROM shared_key"

_KEEP = "INSERT INTO shared_key (fingerprint) VALUES (:fingerprint)"
