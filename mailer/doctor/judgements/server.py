"""A store on a PostgreSQL server: whether it keeps what it has committed, and knows who is alive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.doctor.finding import Diagnosis, Topic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailer.store.health import Health, ServerHealth

_AREA = Topic("Project")
_DOC = "See docs/many-machines.md."
_SKEW = 2.0
"""Seconds by which the clocks of a machine and of the server may differ."""


def judge(health: Health, fingerprints: Sequence[str]) -> list[Diagnosis]:
    """Everything about the server.

    Args:
        health: of a store on a server.
        fingerprints: of this machine's keys of links, the one that signs first; empty for no keys.
    """
    if health.problem:
        return [_AREA.error("store", health.problem, _DOC)]
    if health.newer:
        names = ", ".join(health.newer)
        problem = f"the store was written by a later version of mailer ({names})"
        return [_AREA.error("store", problem, "Install that version here.")]
    assert health.server is not None
    problems = [
        *_connection(health.server),
        *_durability(health.server),
        *_key(health, fingerprints),
    ]
    older = ", its tables are brought up to date by the next command" if health.older else ""
    return [*problems, _AREA.ok("store", f"the server answers{older}")]


def _connection(server: ServerHealth) -> list[Diagnosis]:
    findings = []
    if server.standby:
        todo = "Name the primary server in the address of the store."
        findings.append(_AREA.error("store", "the server is a standby: it can only be read", todo))
    if server.pooled:
        findings.append(
            _AREA.error(
                "connection pooler",
                "a pooler, such as PgBouncer in transaction mode, answers in the server's place. It gives "
                "the lease of a living sender away, and its deliveries become uncertain",
                "Connect to the server itself, or to a pool with pool_mode = session.",
            )
        )
    if abs(server.skew) > _SKEW:
        findings.append(
            _AREA.warning(
                "clock",
                f"this machine's clock and the server's differ by {abs(server.skew):.0f} seconds",
                "Let both keep time by NTP: timedatectl set-ntp true",
            )
        )
    return findings


def _durability(server: ServerHealth) -> list[Diagnosis]:
    findings = []
    if not server.fsync:
        findings.append(
            _AREA.error(
                "durability",
                "fsync is off: after a crash, the server may have forgotten mail that was sent",
                "Set fsync = on in postgresql.conf.",
            )
        )
    if server.standbys and not server.synchronous_standbys:
        findings.append(
            _AREA.warning(
                "standby",
                "the standby follows with a delay: when it takes over, what was sent last may be missing, "
                "and sends stop until you settle it",
                "Set synchronous_standby_names on the primary server. " + _DOC,
            )
        )
    elif server.synchronous_standbys and server.synchronous_commit == "local":
        findings.append(
            _AREA.warning(
                "standby",
                "synchronous_commit is local: commits do not wait for the standby",
                "Set synchronous_commit = on.",
            )
        )
    return findings


def _key(health: Health, fingerprints: Sequence[str]) -> list[Diagnosis]:
    if not health.shared_key or not fingerprints or health.shared_key in fingerprints:
        return []
    return [
        _AREA.error(
            "secret key",
            "is not the one of the other machines on this store: links in mail from here would not work",
            "Copy lists/secret.key and lists/addresses.key from one of them. " + _DOC,
        )
    ]
