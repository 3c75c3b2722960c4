"""Leases as session advisory locks, each process's on a connection of its own.

The server frees them when the connection ends: with the process, or when nothing has been heard of its
machine for half a minute. A process that was only cut off takes its lease again. If another has taken it
for dead, its deliveries are uncertain, and never pending.
"""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime
from selectors import EVENT_READ, DefaultSelector
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg

from mailer.ledger.worker import Lease
from mailer.store.postgres import errors
from mailer.store.postgres.database import connect, is_alive
from mailer.store.postgres.dialect import translate

if TYPE_CHECKING:
    from mailer.store.postgres.database import PostgresDatabase

_WORKERS, _ATTENDANTS = 7_305_002, 7_305_003
"""The first number of an advisory lock; the second one is the process's."""

_SURE_SECONDS = 1
"""A lease that is lost is taken again after this time. What is claimed until then may become uncertain."""

_SERVER_KEEPALIVES = """
SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;
SET tcp_user_timeout = 30000"""


class PostgresLeases:
    def __init__(self, database: PostgresDatabase) -> None:
        self._db = database
        self._id = ""
        self._kinds: set[int] = set()
        self._connection: psycopg.Connection[Any] | None = None
        self._seen = 0.0
        """When the server last answered on this connection, of `time.monotonic`."""

    def worker_id(self) -> str:
        self._hold(_WORKERS)
        return self._id

    def is_gone(self, worker_id: str) -> bool:
        if not worker_id:
            return True
        if worker_id == self._id:
            return False
        lock = {"kind": _WORKERS, "number": _number(worker_id)}
        return self._db.row(f"{_HELD} AND objid = :number", lock) is None

    def attend(self) -> None:
        self._hold(_ATTENDANTS)

    def is_attended(self) -> bool:
        return self._db.row(_HELD, {"kind": _ATTENDANTS}) is not None

    def is_anyone_here(self) -> bool:
        return self.is_attended() or self._db.row(_HELD, {"kind": _WORKERS}) is not None

    def held(self) -> list[Lease]:
        return [
            Lease(key, host, int(process), datetime.fromtimestamp(since, UTC))
            for name, since in self._db.rows(_CONNECTIONS)
            for _, key, host, process in [name.split()]
        ]

    def leave(self) -> None:
        if self._connection is not None:
            # the server ends a connection a moment after it was closed here
            with suppress(psycopg.Error):
                self._connection.execute("SELECT pg_advisory_unlock_all()")
            self._connection.close()
        self._connection, self._id = None, ""
        self._kinds.clear()

    def _hold(self, kind: int) -> None:
        """Hold a lock, and take it again after its connection was lost."""
        self._id = self._id or uuid4().hex
        try:
            if self._connection is None or not self._is_alive(self._connection):
                self._connection = self._connect()
            if kind not in self._kinds:
                self._take(self._connection, kind)
                self._kinds.add(kind)
        except psycopg.Error as err:
            raise errors.failed(err, self._db.url, writing=True, lost=True) from err

    def _is_alive(self, connection: psycopg.Connection[Any]) -> bool:
        """Whether the locks are still held.

        An end that the server has sent is seen at once. It is asked once a second only, as others wait for
        each claim to end.
        """
        if connection.closed:
            return False
        if time.monotonic() - self._seen < _SURE_SECONDS and not _has_news(connection):
            return True
        alive = is_alive(connection)
        self._seen = time.monotonic()
        return alive

    def _connect(self) -> psycopg.Connection[Any]:
        """A new connection, with all locks that the lost one had."""
        connection = connect(self._db.url, f"mailer {self._id[:8]} {_process()}")
        connection.execute(_SERVER_KEEPALIVES)
        for held in self._kinds:
            self._take(connection, held)
        return connection

    def _take(self, connection: psycopg.Connection[Any], kind: int) -> None:
        # the lock of the lost connection may not have been freed yet: both are this process's
        connection.execute("SELECT pg_advisory_lock_shared(%s, %s)", (kind, _number(self._id)))


def count_attendants(connection: psycopg.Connection[Any]) -> int:
    """Number of workers that run, for those who open no store."""
    rows = connection.execute(translate(_HELD), {"kind": _ATTENDANTS})
    return len(rows.fetchall())


def _number(worker_id: str) -> int:
    return int(worker_id[:8], 16) >> 1


def _has_news(connection: psycopg.Connection[Any]) -> bool:
    """Whether anything has arrived that was not asked for, such as the end of the connection."""
    with DefaultSelector() as selector:
        selector.register(connection, EVENT_READ)
        return bool(selector.select(timeout=0))


def _process() -> str:
    return f"{socket.gethostname()[:30]} {os.getpid()}"


_HELD = """
SELECT 1 FROM pg_locks
WHERE locktype = 'advisory' AND granted AND classid = :kind
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""

_CONNECTIONS = """
SELECT application_name, extract(epoch FROM backend_start)::float8 FROM pg_stat_activity
WHERE datname = current_database() AND application_name ~ '^mailer [0-9a-f]{8} [^ ]+ [0-9]+$'
ORDER BY application_name"""
