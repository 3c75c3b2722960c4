"""The state of a database, as far as it can be seen without changing it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Health:
    problem: str = ""
    """Why it cannot be opened or read; "" when it can."""
    damage: str = ""
    """What a check for damage found; "" when nothing."""
    unfinished: bool = False
    """The check for damage took too long and was given up."""
    newer: tuple[str, ...] = ()
    """Changes to the schema that were made by a later version of mailer."""
    older: bool = False
    """The next command brings the schema up to date."""
    sends: int = 0
    fields: frozenset[str] = frozenset()
    """Names of the further columns that subscribers have."""
    scheduled: int = 0
    """Sends that a worker is to start or to choose the winner of."""
    attended: bool = True
    """Whether a worker runs; looked at where something is scheduled."""
