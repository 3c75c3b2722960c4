"""The store on a PostgreSQL server, shared by processes on many machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.store.postgres.database import PostgresDatabase
from mailer.store.postgres.freshness import PostgresFreshness
from mailer.store.postgres.leases import PostgresLeases
from mailer.store.sql import assemble

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.store import Store


def connect(
    url: str, address_hashes: Callable[[str], list[str]], announce: Callable[[str], None]
) -> Store:
    """Open the database; make its tables, if they are not there."""
    database = PostgresDatabase(url, announce)
    freshness = PostgresFreshness(database)
    return assemble(database, PostgresLeases(database), freshness, address_hashes)
