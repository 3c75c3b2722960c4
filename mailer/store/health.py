"""The health of a database, as far as it can be examined without changing it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerHealth:
    """What decides whether a server keeps what it has committed, and whether leases hold."""

    pooled: bool
    """Whether a connection pooler gives the server's process to others between two transactions."""
    skew: float
    """The server's clock minus this machine's, in seconds."""
    standby: bool
    """Whether it can only be read."""
    synchronous_commit: str
    fsync: bool
    synchronous_standbys: str
    """synchronous_standby_names; "" where commits wait for none."""
    standbys: int
    """Standbys that are connected, as far as this user may see them."""


@dataclass(frozen=True, slots=True)
class Health:
    problem: str = ""
    """Reason why it cannot be opened or read; "" when it can."""
    damage: str = ""
    """Result of a check for damage; "" for none."""
    unfinished: bool = False
    """Whether the check for damage was stopped because it took too long."""
    newer: tuple[str, ...] = ()
    """Migrations of a later version of mailer."""
    older: bool = False
    """Whether the next command will migrate the schema."""
    empty: bool = False
    """Whether the database has no tables yet."""
    network_drive: str = ""
    """The kind of network drive that a file is on, such as nfs4; "" for a disk of this machine."""
    server: ServerHealth | None = None
    """None for a file."""
    shared_key: str = ""
    """The fingerprint of the key that signs links on all machines; "" where none is known."""
    sends: int = 0
    fields: frozenset[str] = frozenset()
    """Names of the further columns that subscribers have."""
    erased: int = 0
    """Number of erased people, who are kept as keyed hashes."""
    key_marks: frozenset[str] = frozenset()
    """The hash of no address under each key that marked erased people, as far as it is known."""
    scheduled: int = 0
    """Number of sends that a worker has to start, or has to choose the winner of."""
    petitions: tuple[str, ...] = ()
    """Petitions with signatures."""
    miscounted: tuple[str, ...] = ()
    """Petitions whose counts are not those of their signatures."""
    attended: bool = True
    """Whether a worker runs; checked only if a send is scheduled."""
