"""Processes that send, or wait for sends that are due."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class Lease:
    """What shows that a process is alive.

    A worker holds one for itself and one more for each send that it works on.
    """

    key: str
    """The first eight characters of the lease's id."""
    host: str
    process: int
    """Its number on the host."""
    since: datetime


@dataclass(frozen=True)
class WorkerStatus:
    """A process with a lease."""

    host: str
    process: int
    since: datetime
    campaigns: tuple[str, ...]
    """What it sends; empty while it waits."""
