"""The store in one SQLite file (WAL), shared by every process on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.store import Store
from mailer.store.sqlite.approvals import SqliteApprovals
from mailer.store.sqlite.clicks import SqliteClicks
from mailer.store.sqlite.database import SqliteDatabase
from mailer.store.sqlite.deliveries import SqliteDeliveries
from mailer.store.sqlite.events import SqliteEvents
from mailer.store.sqlite.freshness import SqliteFreshness
from mailer.store.sqlite.import_log import SqliteImportLog
from mailer.store.sqlite.imports import SqliteImports
from mailer.store.sqlite.leases import SqliteLeases
from mailer.store.sqlite.lists import SqliteLists
from mailer.store.sqlite.personal_data import PersonalData
from mailer.store.sqlite.preview import SqlitePreview
from mailer.store.sqlite.quiet_period import SqliteQuietPeriod
from mailer.store.sqlite.reconciliation import Reconciliation
from mailer.store.sqlite.requests import SqliteRequests
from mailer.store.sqlite.schedule import SqliteSchedule
from mailer.store.sqlite.sends import SqliteSends
from mailer.store.sqlite.statistics import SqliteStatistics
from mailer.store.sqlite.subscribers import SqliteSubscribers
from mailer.store.sqlite.suppressions import SqliteSuppressions
from mailer.store.sqlite.throttle import SqliteThrottle
from mailer.store.sqlite.unsubscribes import SqliteUnsubscribes
from mailer.store.sqlite.web_versions import SqliteWebVersions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def connect(
    path: Path, address_hashes: Callable[[str], list[str]], announce: Callable[[str], None]
) -> Store:
    """Open the database file; make it, with its folder, if it is not there."""
    database = SqliteDatabase(path, announce)
    leases = SqliteLeases(database)
    freshness = SqliteFreshness(database)
    sends = SqliteSends(database, leases, freshness)
    quiet_period = SqliteQuietPeriod(database)
    web_versions = SqliteWebVersions(database)
    reconciliation = Reconciliation(database)
    suppressions = SqliteSuppressions(database, address_hashes)
    import_log = SqliteImportLog(database)
    subscribers = SqliteSubscribers(database, suppressions, PersonalData(database))
    unsubscribes = SqliteUnsubscribes(database, suppressions)
    return Store(
        database=database,
        subscribers=subscribers,
        imports=SqliteImports(database, address_hashes, import_log),
        import_log=import_log,
        lists=SqliteLists(database),
        suppressions=suppressions,
        sends=sends,
        deliveries=SqliteDeliveries(
            database,
            sends=sends,
            leases=leases,
            quiet_period=quiet_period,
            web_versions=web_versions,
            reconciliation=reconciliation,
            freshness=freshness,
        ),
        schedule=SqliteSchedule(database, sends, leases),
        leases=leases,
        freshness=freshness,
        quiet_period=quiet_period,
        throttle=SqliteThrottle(database),
        approvals=SqliteApprovals(database),
        preview=SqlitePreview(database),
        events=SqliteEvents(database, suppressions, sends, reconciliation),
        statistics=SqliteStatistics(database),
        clicks=SqliteClicks(database),
        unsubscribes=unsubscribes,
        requests=SqliteRequests(database, suppressions, subscribers, unsubscribes, address_hashes),
        web_versions=web_versions,
    )
