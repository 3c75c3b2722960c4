"""Examine a database on a server without changing it: settings that decide whether sends are safe."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import psycopg

from mailer.errors import MailerError
from mailer.store.health import Health, ServerHealth
from mailer.store.postgres import errors, schema
from mailer.store.postgres.database import connect
from mailer.store.postgres.dialect import translate
from mailer.store.postgres.leases import count_attendants
from mailer.store.sql.database import NONE, Parameters
from mailer.store.sql.petitions import MISCOUNTED, PETITIONS
from mailer.store.sql.schedule import SCHEDULED
from mailer.store.sql.sends import WAITS_FOR_WINNER
from mailer.store.sql.suppressions import KEY_MARKS, NUMBER_ERASED
from mailer.store.sqlite.schema import step_names

if TYPE_CHECKING:
    from psycopg import Connection


_NAME = "mailer doctor"
"""Shown by the server beside the connection."""
_PROBES = 3
"""Others may take a process of the pool in between."""


def examine(url: str) -> Health:
    """May run while a send does."""
    try:
        errors.place(url)
        with connect(url, _NAME) as connection:
            return _examine(connection, url)
    except MailerError as err:
        return Health(problem=err.message)
    except psycopg.Error as err:
        return Health(problem=errors.failed(err, url, writing=False).message)


def _examine(connection: Connection[Any], url: str) -> Health:
    applied = schema.applied_steps(connection)
    server = _server(connection, url)
    if applied is None:
        return Health(empty=True, server=server)
    ours = step_names()
    newer = tuple(sorted(applied - ours))
    if ours - applied:
        return Health(newer=newer, older=True, sends=_number(connection, _SENDS), server=server)
    scheduled = _number(connection, SCHEDULED, {"winner": WAITS_FOR_WINNER})
    return Health(
        newer=newer,
        shared_key="".join(_column(connection, "SELECT fingerprint FROM shared_key")),
        sends=_number(connection, _SENDS),
        fields=frozenset(_column(connection, "SELECT name FROM field_names")),
        erased=_number(connection, NUMBER_ERASED),
        key_marks=frozenset(_column(connection, KEY_MARKS)),
        petitions=tuple(_column(connection, PETITIONS)),
        miscounted=tuple(_column(connection, MISCOUNTED)),
        scheduled=scheduled,
        attended=not scheduled or count_attendants(connection) > 0,
        server=server,
    )


def _server(connection: Connection[Any], url: str) -> ServerHealth:
    before = time.time()
    row = connection.execute(_STATE).fetchone()
    assert row is not None
    clock, *settings = row
    # half of the way there and back
    skew = float(clock) - (before + time.time()) / 2
    return ServerHealth(_is_shared(connection, url), skew, *settings)


def _is_shared(connection: Connection[Any], url: str) -> bool:
    """Whether a pooler gives the server's process to others as soon as a transaction ends.

    A pool with `pool_mode = session` does not; it shows another number of the process, too.
    """
    if connection.info.backend_pid == _process(connection):
        return False
    for _ in range(_PROBES):
        before = _process(connection)
        with connect(url, _NAME) as other, other.transaction():
            if before == _process(other) or before != _process(connection):
                return True
    return False


def _process(connection: Connection[Any]) -> int:
    """The number of the server's process, as it says itself."""
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    return int(row[0]) if row else 0


def _number(connection: Connection[Any], sql: str, parameters: Parameters = NONE) -> int:
    row = connection.execute(translate(sql), parameters).fetchone()
    return int(row[0]) if row else 0


def _column(connection: Connection[Any], sql: str) -> list[str]:
    return [name for (name,) in connection.execute(translate(sql), NONE)]


_SENDS = "SELECT count(*) FROM sends"

_STATE = """
SELECT extract(epoch FROM clock_timestamp()), pg_is_in_recovery(),
    current_setting('synchronous_commit'), current_setting('fsync') = 'on',
    current_setting('synchronous_standby_names'),
    (SELECT count(*) FROM pg_stat_replication)"""
