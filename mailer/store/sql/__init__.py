"""The parts of a store, in SQL that SQLite and PostgreSQL both speak."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.store import Store
from mailer.store.sql.approvals import SqlApprovals
from mailer.store.sql.clicks import SqlClicks
from mailer.store.sql.deliveries import SqlDeliveries
from mailer.store.sql.events import SqlEvents
from mailer.store.sql.import_log import SqlImportLog
from mailer.store.sql.imports import SqlImports
from mailer.store.sql.lists import SqlLists
from mailer.store.sql.personal_data import PersonalData
from mailer.store.sql.petitions import SqlPetitions
from mailer.store.sql.preview import SqlPreview
from mailer.store.sql.public_versions import SqlPublicVersions
from mailer.store.sql.quiet_period import SqlQuietPeriod
from mailer.store.sql.reconciliation import Reconciliation
from mailer.store.sql.requests import SqlRequests
from mailer.store.sql.schedule import SqlSchedule
from mailer.store.sql.sends import SqlSends
from mailer.store.sql.shared_key import SqlSharedKey
from mailer.store.sql.statistics import SqlStatistics
from mailer.store.sql.subscribers import SqlSubscribers
from mailer.store.sql.suppressions import SqlSuppressions
from mailer.store.sql.throttle import SqlThrottle
from mailer.store.sql.unsubscribes import SqlUnsubscribes
from mailer.store.sql.visitors import SqlVisitors
from mailer.store.sql.web_versions import SqlWebVersions

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.store.leases import Leases
    from mailer.store.sql.database import SqlDatabase
    from mailer.store.sql.freshness import SqlFreshness


def assemble(
    database: SqlDatabase,
    leases: Leases,
    freshness: SqlFreshness,
    address_hashes: Callable[[str], list[str]],
) -> Store:
    """Put the parts together over one connection."""
    sends = SqlSends(database, leases, freshness)
    quiet_period = SqlQuietPeriod(database)
    web_versions = SqlWebVersions(database)
    reconciliation = Reconciliation(database)
    suppressions = SqlSuppressions(database, address_hashes)
    import_log = SqlImportLog(database)
    subscribers = SqlSubscribers(database, suppressions, PersonalData(database))
    unsubscribes = SqlUnsubscribes(database, suppressions)
    petitions = SqlPetitions(database)
    return Store(
        database=database,
        subscribers=subscribers,
        imports=SqlImports(database, address_hashes, import_log),
        import_log=import_log,
        lists=SqlLists(database),
        suppressions=suppressions,
        sends=sends,
        deliveries=SqlDeliveries(
            database,
            sends=sends,
            leases=leases,
            quiet_period=quiet_period,
            web_versions=web_versions,
            reconciliation=reconciliation,
            freshness=freshness,
        ),
        schedule=SqlSchedule(database, sends, leases),
        leases=leases,
        shared_key=SqlSharedKey(database),
        freshness=freshness,
        quiet_period=quiet_period,
        throttle=SqlThrottle(database),
        approvals=SqlApprovals(database),
        preview=SqlPreview(database),
        events=SqlEvents(database, suppressions, sends, reconciliation),
        statistics=SqlStatistics(database),
        clicks=SqlClicks(database),
        unsubscribes=unsubscribes,
        requests=SqlRequests(
            database,
            suppressions,
            subscribers,
            unsubscribes,
            petitions=petitions,
            address_hashes=address_hashes,
        ),
        petitions=petitions,
        web_versions=web_versions,
        public_versions=SqlPublicVersions(database),
        visitors=SqlVisitors(database),
    )
