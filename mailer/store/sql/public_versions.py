"""Public web versions, each compiled by one page server for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.store.sql.database import SqlDatabase


class SqlPublicVersions:
    def __init__(self, database: SqlDatabase) -> None:
        self._db = database

    def find(self, send_id: int, arm: int, program: str) -> bytes | None:
        version = {"send": send_id, "arm": arm, "program": program}
        content = self._db.value(_FIND, version)
        return bytes(content) if content else None

    def begin(
        self, send_id: int, arm: int, program: str, *, patience: float, clock: Callable[[], float]
    ) -> bool:
        now = self._db.now(clock)
        version = {"send": send_id, "arm": arm, "program": program}
        with self._db.writing():
            return bool(
                self._db.execute(_BEGIN, {**version, "now": now, "given_up": now - patience})
            )

    def keep(self, send_id: int, arm: int, program: str, content: bytes) -> None:
        version = {"send": send_id, "arm": arm, "program": program, "content": content}
        with self._db.writing():
            self._db.execute(_KEEP, version)

    def give_up(self, send_id: int, arm: int) -> None:
        with self._db.writing():
            self._db.execute(_GIVE_UP, {"send": send_id, "arm": arm})


_FIND = """
SELECT content FROM public_versions WHERE send_id = :send AND arm = :arm AND program = :program"""

# What another version of the program has compiled is compiled again.
_BEGIN = """
INSERT INTO public_versions (send_id, arm, program, begun) VALUES (:send, :arm, :program, :now)
ON CONFLICT (send_id, arm) DO UPDATE
SET program = excluded.program, begun = excluded.begun, content = NULL
WHERE public_versions.program <> excluded.program
    OR public_versions.content IS NULL AND public_versions.begun <= :given_up"""

_KEEP = """
UPDATE public_versions SET content = :content
WHERE send_id = :send AND arm = :arm AND program = :program"""

_GIVE_UP = """
DELETE FROM public_versions WHERE send_id = :send AND arm = :arm AND content IS NULL"""
