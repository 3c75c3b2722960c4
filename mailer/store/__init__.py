"""The store of subscribers, sends and deliveries.

Each file holds one interface. Its implementation in SQL has the same name in `sql/`. Every method
is one transaction: it happens whole or not at all, and raises StoreError where the database fails. Times
are aware UTC datetimes, passed in.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailer.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from mailer.store.approvals import Approvals
    from mailer.store.clicks import Clicks
    from mailer.store.database import Database
    from mailer.store.deliveries import Deliveries
    from mailer.store.events import Events
    from mailer.store.freshness import Freshness
    from mailer.store.health import Health
    from mailer.store.imports import ImportLog, Imports
    from mailer.store.leases import Leases
    from mailer.store.lists import Lists
    from mailer.store.petitions import Petitions
    from mailer.store.preview import Preview
    from mailer.store.public_versions import PublicVersions
    from mailer.store.quiet_period import QuietPeriod
    from mailer.store.requests import Requests
    from mailer.store.schedule import Schedule
    from mailer.store.sends import Sends
    from mailer.store.shared_key import SharedKey
    from mailer.store.statistics import Statistics
    from mailer.store.subscribers import Subscribers
    from mailer.store.suppressions import Suppressions
    from mailer.store.throttle import Throttle
    from mailer.store.unsubscribes import Unsubscribes
    from mailer.store.visitors import Visitors
    from mailer.store.web_versions import WebVersions


@dataclass(frozen=True, slots=True)
class Store:
    """The whole store, in parts that share one connection. Use it in one thread at a time."""

    database: Database
    subscribers: Subscribers
    imports: Imports
    import_log: ImportLog
    lists: Lists
    suppressions: Suppressions
    sends: Sends
    deliveries: Deliveries
    schedule: Schedule
    leases: Leases
    shared_key: SharedKey
    freshness: Freshness
    quiet_period: QuietPeriod
    throttle: Throttle
    approvals: Approvals
    preview: Preview
    events: Events
    statistics: Statistics
    clicks: Clicks
    unsubscribes: Unsubscribes
    requests: Requests
    petitions: Petitions
    web_versions: WebVersions
    public_versions: PublicVersions
    visitors: Visitors

    def close(self) -> None:
        """Release this process's leases and close the connection."""
        self.leases.leave()
        self.freshness.close()
        self.database.close()


def connect(
    place: Path | str,
    address_hashes: Callable[[str], list[str]],
    announce: Callable[[str], None] = lambda _: None,
) -> Store:
    """Open the store, and create it if there is none.

    Args:
        place: the database file, or the address of a PostgreSQL database.
        address_hashes: an address → its keyed hashes, the current key's first. They recognize an erased
            address without keeping it.
        announce: called with a sentence before a database of an older version is updated.

    Raises:
        StoreError: it cannot be opened, or was written by a newer version.
    """
    if isinstance(place, str):
        with _needs_postgres():
            from mailer.store import postgres  # noqa: PLC0415 - loaded by those who open one

        return postgres.connect(place, address_hashes, announce)
    from mailer.store import sqlite  # noqa: PLC0415 - loaded by those who open one

    return sqlite.connect(place, address_hashes, announce)


@contextmanager
def _needs_postgres() -> Iterator[None]:
    try:
        yield
    except ImportError as err:
        raise StoreError(
            "a store on PostgreSQL needs further software that is not installed",
            hint="Install it with: pip install 'mailer[postgres]'",
        ) from err


def put_back(place: Path | str, backup: Path, *, aside: str) -> None:
    """Put a backup in the place of a database.

    Args:
        place: the database file, or the address of a PostgreSQL database.
        backup: a file of `Database.back_up`.
        aside: the name by which a database file that was there is kept.

    Raises:
        StoreError: the backup is refused, and the database is as it was, or the files cannot be written.
    """
    if isinstance(place, str):
        with _needs_postgres():
            from mailer.store.postgres import dump  # noqa: PLC0415 - as above

        dump.restore(place, backup)
        return
    from mailer.store.sqlite import backups  # noqa: PLC0415 - as above

    backups.put_back(place, backup, aside)


def copy_all(
    old: Store, new: Store, *, on_table: Callable[[str, int], None], now: datetime
) -> dict[str, tuple[int, str]]:
    """Copy everything from one store into another; the old one can only be read from then on.

    A copy that was cut off can be repeated. Until it is whole, the new store cannot be written.

    Returns:
        The tables, with their numbers of rows and the hash that both have.

    Raises:
        StoreError: nothing was copied, or the copy differs.
    """
    from mailer.store.sql import copying  # noqa: PLC0415 - as above

    return copying.move(old, new, on_table, now)


def is_unfinished_copy(path: Path) -> bool:
    """Whether a file is a store into which a copy was begun; it may be any file."""
    from mailer.store.sqlite import database  # noqa: PLC0415 - as above

    return database.is_unfinished_copy(path)


def examine(place: Path | str) -> Health:
    """Examine the database without changing it. May run during a send."""
    if isinstance(place, str):
        with _needs_postgres():
            from mailer.store.postgres import health as server  # noqa: PLC0415 - as above

        return server.examine(place)
    from mailer.store.sqlite import health  # noqa: PLC0415 - as above

    return health.examine(place)
