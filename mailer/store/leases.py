"""Leases: show which processes are alive, so that others can take over the work of dead ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mailer.ledger.worker import Lease


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
        """Register this process as a worker until it ends."""
        ...

    def is_attended(self) -> bool:
        """Whether any worker runs."""
        ...

    def is_anyone_here(self) -> bool:
        """Whether any process sends, or is a worker."""
        ...

    def held(self) -> list[Lease]:
        """The leases of all processes that are alive."""
        ...

    def leave(self) -> None:
        """Give up this process's leases: deliveries that it has not recorded are now abandoned."""
        ...
