"""Leases: which processes are alive, so that another can take over what a dead one held."""

from __future__ import annotations

from typing import Protocol


class Leases(Protocol):
    def worker_id(self) -> str:
        """This process's id as a sender. It counts as alive until `leave` or the process's end.

        Call it inside a write transaction, as `is_gone`.
        """
        ...

    def is_gone(self, worker_id: str) -> bool:
        """Whether the sender with this id has ended."""
        ...

    def attend(self) -> None:
        """From now on this process starts whatever is due, until it ends."""
        ...

    def is_attended(self) -> bool:
        """Whether any process starts whatever is due."""
        ...

    def is_anyone_here(self) -> bool:
        """Whether any process sends, or starts whatever is due."""
        ...

    def leave(self) -> None:
        """Give up this process's leases: deliveries that it has not recorded are now abandoned."""
        ...
