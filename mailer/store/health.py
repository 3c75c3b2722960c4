"""The health of a database, as far as it can be examined without changing it."""

from __future__ import annotations

from dataclasses import dataclass


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
    sends: int = 0
    fields: frozenset[str] = frozenset()
    """Names of the further columns that subscribers have."""
    erased: int = 0
    """Number of erased people, who are kept as keyed hashes."""
    key_marks: frozenset[str] = frozenset()
    """The hash of no address under each key that marked erased people, as far as it is known."""
    scheduled: int = 0
    """Number of sends that a worker has to start, or has to choose the winner of."""
    petitions: int = 0
    """Number of petitions with signatures."""
    miscounted: tuple[str, ...] = ()
    """Petitions whose counts are not those of their signatures."""
    attended: bool = True
    """Whether a worker runs; checked only if a send is scheduled."""
