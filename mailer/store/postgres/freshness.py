"""Freshness of the ledger on a server: its marks lie on each machine that sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.errors import StaleLedger
from mailer.store.sql.freshness import ACCEPT, SqlFreshness
from mailer.store.sql.marks import Marks

if TYPE_CHECKING:
    from mailer.store.postgres.database import PostgresDatabase


class PostgresFreshness(SqlFreshness):
    def __init__(self, database: PostgresDatabase) -> None:
        super().__init__(database, Marks(database.name), name=f"the store at {database.name}")
        self._server = database
        self._known: tuple[object, str] = (None, "")
        """A connection, and the instance that it leads to."""

    def _instance(self) -> str:
        """The server's id, its timeline and the database's number, which a restored dump does not keep.

        A connection that can write leads to the same one for as long as it lives.
        """
        if self._known[0] is not self._server.connection:
            instance = "/".join(map(str, self._server.row(_INSTANCE) or ()))
            self._known = self._server.connection, instance
        return self._known[1]

    def _refuse_copies(self, epoch: str, instance: str) -> None:
        del epoch  # of a copy on this machine, the higher mark has been found before
        here = self._instance()
        if not instance or instance == here:
            return
        system, database, _ = instance.split("/")
        if here.startswith(f"{system}/{database}/"):
            reason = (
                f"another server has taken over {self._name}: what was sent in the last moments before "
                f"may be missing in it ({self._waiting():,} are pending)"
            )
        else:
            reason = (
                f"{self._name} is a copy: if the original still sends, everybody is mailed twice "
                f"({self._waiting():,} are pending here)"
            )
        raise StaleLedger(reason, hint=ACCEPT)


_INSTANCE = """
SELECT system_identifier, (SELECT oid FROM pg_database WHERE datname = current_database()), timeline_id
FROM pg_control_system(), pg_control_checkpoint()"""
