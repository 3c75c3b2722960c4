"""What staff can do about an error of PostgreSQL. No message shows a password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import conninfo, errors

from mailer.errors import ConfigError, StoreError, StoreUnreachableError

if TYPE_CHECKING:
    import psycopg

_SERVER = (
    "Check that the server runs and can be reached from this machine; see docs/many-machines.md."
)
_ADDRESS = 'Check `store = "postgresql://…"` in mailer.toml, or MAILER_STORE.'

_REFUSALS = (
    # of the server's and the client library's English messages: they carry no code
    ("password authentication failed", "it refuses the user name or the password", _ADDRESS),
    ("no password supplied", "it asks for a password, and there is none in the address", _ADDRESS),
    ("does not exist", "it has no such database or user", _ADDRESS),
    ("no pg_hba.conf entry", "it does not accept this user from this machine", _ADDRESS),
    ("certificate", "its TLS certificate is not accepted", _ADDRESS),
    ("too many clients", "it has no connection left", "Raise max_connections on the server."),
    (
        "remaining connection slots",
        "it has no connection left",
        "Raise max_connections on the server.",
    ),
    ("starting up", "it is starting up", "Try again in a minute."),
    ("not yet accepting", "it is starting up", "Try again in a minute."),
    ("shutting down", "it is shutting down", _SERVER),
    ("could not translate host name", "there is no host of that name", _ADDRESS),
    ("failed to resolve host", "there is no host of that name", _ADDRESS),
    ("timeout", "it does not answer", _SERVER),
    ("refused", "nothing listens there", _SERVER),
)


def place(url: str) -> str:
    """The address of a database without user and password, to be shown.

    Raises:
        ConfigError: it is no address of a PostgreSQL database.
    """
    try:
        parts = conninfo.conninfo_to_dict(url)
    except Exception as err:
        raise ConfigError(
            "the address of the store cannot be read",
            hint=f"{_ADDRESS} It looks like postgresql://USER:PASSWORD@HOST:5432/DATABASE; a special "
            "character of the password is written as in a URL: @ as %40.",
        ) from err
    host, port = parts.get("host") or "", parts.get("port") or "5432"
    return f"postgresql://{host}:{port}/{parts.get('dbname') or parts.get('user') or ''}"


def unreachable(err: psycopg.Error, url: str) -> StoreError:
    text = str(err).lower()
    for part, reason, hint in _REFUSALS:
        if part in text:
            kind = StoreError if hint is _ADDRESS else StoreUnreachableError
            return kind(f"the store at {place(url)} cannot be opened: {reason}", hint=hint)
    return StoreUnreachableError(
        f"the store at {place(url)} cannot be opened: {_safe(err, url)}", hint=_SERVER
    )


def failed(err: psycopg.Error, url: str, *, writing: bool, lost: bool = False) -> StoreError:
    """An error in the middle of work. A connection that is lost takes its transaction with it."""
    doing = "written, and nothing of this step was kept" if writing else "read"
    if lost:
        reason, hint = "the connection was lost", _SERVER
    elif isinstance(err, errors.LockNotAvailable):
        reason, hint = "another process keeps it busy", "Try again. See what runs: mailer status"
    elif isinstance(err, errors.InsufficientPrivilege):
        reason, hint = _safe(err, url), "Make the user the owner of the database."
    elif isinstance(err, errors.DiskFull):
        reason, hint = "the server's disk is full", "Free some space on the server."
    else:
        reason, hint = _safe(err, url), "Look at it with: mailer doctor"
    kind = StoreUnreachableError if lost else StoreError
    return kind(f"the store at {place(url)} cannot be {doing}: {reason}", hint=hint)


def _safe(err: psycopg.Error, url: str) -> str:
    """The first line of an error, without the password."""
    lines = str(err).splitlines() or [type(err).__name__]
    password = conninfo.conninfo_to_dict(url).get("password")
    return lines[0].replace(str(password), "***") if password else lines[0]
