"""The fingerprint of the secret key that all machines on one store share."""

from __future__ import annotations

from typing import TYPE_CHECKING

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


_KNOWN = "SELECT fingerprint FROM shared_key"

_KEEP = "INSERT INTO shared_key (fingerprint) VALUES (:fingerprint)"
