"""Backups of a database on a server, by PostgreSQL's own pg_dump and pg_restore."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from psycopg import conninfo

from mailer.errors import StoreError
from mailer.store.postgres import errors

if TYPE_CHECKING:
    from pathlib import Path

_INSTALL = "Install PostgreSQL's client programs (postgresql-client), as new as the server."


def dump(url: str, file: Path) -> None:
    """Copy the whole database, as of one instant, into a file that appears when it is complete."""
    part = file.with_name(f"{file.name}.part")
    part.touch(mode=0o600)
    try:
        _run(url, ["pg_dump", "--format=custom", "--no-owner", f"--file={part}"])
        part.replace(file)
    except StoreError as err:
        part.unlink(missing_ok=True)
        raise StoreError(
            f"the store at {errors.place(url)} cannot be backed up to {file}: {err.message}",
            hint=_INSTALL,
        ) from err


def restore(url: str, file: Path) -> None:
    """Put a backup in the place of what is in the database, whole or not at all."""
    options = ["--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error"]
    try:
        _run(url, ["pg_restore", *options, str(file)])
    except StoreError as err:
        raise StoreError(
            f"{file} cannot be restored to {errors.place(url)}: {err.message}", hint=_INSTALL
        ) from err


def _run(url: str, command: list[str]) -> None:
    parts = {name: str(value) for name, value in conninfo.conninfo_to_dict(url).items()}
    # in the environment, as others can see the arguments
    password = parts.pop("password", None)
    environment = os.environ | ({"PGPASSWORD": password} if password else {})
    command = [*command, f"--dbname={conninfo.make_conninfo(**parts)}"]
    try:
        subprocess.run(  # noqa: S603 - a fixed program
            command, env=environment, check=True, capture_output=True, text=True
        )
    except OSError as err:
        raise StoreError(f"{command[0]} cannot be run: {err.strerror}") from err
    except subprocess.CalledProcessError as err:
        lines = err.stderr.strip().splitlines()
        raise StoreError(lines[-1] if lines else str(err)) from err
