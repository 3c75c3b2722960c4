"""What tests of a store need to know of the database below it."""

from __future__ import annotations

from mailer.store.sqlite.database import SqliteDatabase


def kill(store):
    """Its process dies, as far as others can see: its leases are free, nothing is tidied up."""
    if not isinstance(store.database, SqliteDatabase):
        store.leases.leave()
    elif store.leases.workers._lock:
        store.leases.workers._lock.release()


def address_of(store):
    """What another process opens the same store by."""
    return getattr(store.database, "url", None) or str(store.database.path)


def table_names(store):
    if isinstance(store.database, SqliteDatabase):
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    else:
        query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    return [name for (name,) in store.database.rows(query)]
