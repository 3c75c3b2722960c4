"""The connection that all parts of a store share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

T = TypeVar("T")


class Database(Protocol):
    name: str
    """The name for staff: the file's, or the server's address without user and password."""

    def writing(self) -> AbstractContextManager[None]:
        """One write transaction, whole or not at all. Inside another one, it is a step of that."""
        ...

    def together(self, steps: Sequence[Callable[[], T]]) -> list[T | Exception]:
        """Run several steps in one transaction, with one wait for the disk.

        A step that raises is undone alone, and its exception stands in its place.

        Raises:
            StoreError: the database failed, and no step was kept.
        """
        ...

    def back_up(self, file: Path) -> None:
        """Copy the whole database into one file; safe during a send. The file appears when it is complete."""
        ...

    def check_present(self) -> None:
        """Raise DatabaseReplacedError when the database was replaced or deleted while in use."""
        ...

    def close(self) -> None: ...
