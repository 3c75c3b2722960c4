"""Examine the database without changing it: existence, damage, and version."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import ExitStack, closing
from pathlib import Path

from sqlite_utils import Database

from mailer.store.health import Health
from mailer.store.sql.petitions import MISCOUNTED, PETITIONS
from mailer.store.sql.schedule import SCHEDULED
from mailer.store.sql.sends import WAITS_FOR_WINNER
from mailer.store.sql.suppressions import KEY_MARKS, NUMBER_ERASED
from mailer.store.sqlite.database import is_writable, open_to_read
from mailer.store.sqlite.leases import attendants
from mailer.store.sqlite.migrations import migrations
from mailer.store.sqlite.schema import step_names

_MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = frozenset(
    ["9p", "afs", "ceph", "cifs", "fuse.glusterfs", "fuse.sshfs", "nfs", "nfs4", "smb3", "smbfs"]
)
_SECONDS = 10.0
_STEPS = 100_000
"""Steps of SQLite's virtual machine between two looks at the clock."""


def examine(path: Path) -> Health:
    """May run while a send does, and where nothing can be written."""
    try:
        path = path.resolve()
        with ExitStack() as stack:
            connection = stack.enter_context(closing(_open(path, stack)))
            connection.execute("PRAGMA query_only=ON")
            return _examine(connection, path)
    except (OSError, RuntimeError, sqlite3.Error) as err:  # RuntimeError: links in a circle
        return Health(problem=str(err))


def _open(path: Path, stack: ExitStack) -> sqlite3.Connection:
    # rw, as a connection that is opened read-only leaves WAL files behind
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)
    try:
        connection.execute("PRAGMA schema_version")
    except sqlite3.OperationalError:
        connection.close()
        if is_writable(path):
            raise
        connection, copy = open_to_read(path)
        if copy:
            stack.enter_context(copy)
    return connection


def _examine(connection: sqlite3.Connection, path: Path) -> Health:
    damage = _damage(connection)
    if damage:
        return Health(damage=damage)
    db = Database(connection, execute_plugins=False)
    tables = db.table_names()
    ours = step_names()
    applied = {step.name for step in migrations.applied(db)}
    older = bool(ours - applied)
    scheduled = 0 if older else _scheduled(connection)
    return Health(
        unfinished=damage is None,
        network_drive=network_drive(path, _MOUNTS),
        newer=tuple(sorted(applied - ours)),
        older=older,
        sends=db.table("sends").count if "sends" in tables else 0,
        fields=_fields(connection) if "field_names" in tables else frozenset(),
        erased=0 if older else connection.execute(NUMBER_ERASED).fetchone()[0],
        key_marks=frozenset() if older else _key_marks(connection),
        petitions=() if older else _names(connection, PETITIONS),
        miscounted=() if older else _names(connection, MISCOUNTED),
        scheduled=scheduled,
        attended=not scheduled or _is_attended(connection, path),
    )


def network_drive(path: Path, mounts: Path) -> str:
    """The kind of network drive that a file is on, or "".

    Args:
        path: of the file.
        mounts: a list as in proc_pid_mountinfo(5).
    """
    device = path.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""  # another system than Linux
    kinds = {
        kind
        for line in lines
        for before, _, after in [line.partition(" - ")]
        for kind in after.split()[:1]
        if number in before.split()[2:3]
    }
    return next(iter(kinds & _NETWORK), "")


def _fields(connection: sqlite3.Connection) -> frozenset[str]:
    return frozenset(row[0] for row in connection.execute("SELECT name FROM field_names"))


def _scheduled(connection: sqlite3.Connection) -> int:
    (number,) = connection.execute(SCHEDULED, {"winner": WAITS_FOR_WINNER}).fetchone()
    return int(number)


def _names(connection: sqlite3.Connection, sql: str) -> tuple[str, ...]:
    return tuple(name for (name,) in connection.execute(sql))


def _is_attended(connection: sqlite3.Connection, path: Path) -> bool:
    """Asked in a transaction that writes nothing, as `LockFolder` needs; True if none can be had."""
    connection.execute("PRAGMA query_only=OFF")
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return True
    try:
        return attendants(path).is_anyone_here()
    finally:
        connection.rollback()


def _key_marks(connection: sqlite3.Connection) -> frozenset[str]:
    return frozenset(row[0] for row in connection.execute(KEY_MARKS))


def _damage(connection: sqlite3.Connection) -> str | None:
    """The damage, "" for none, None when the check would take too long."""
    end = time.monotonic() + _SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    try:
        problems = [row[0] for row in connection.execute("PRAGMA quick_check(3)")]
    except sqlite3.DatabaseError as err:
        code = err.sqlite_errorcode
        if code == sqlite3.SQLITE_INTERRUPT:
            return None
        if code == sqlite3.SQLITE_CORRUPT:
            return str(err)
        raise
    finally:
        connection.set_progress_handler(None, 0)
    return "" if problems == ["ok"] else "; ".join(problems)
