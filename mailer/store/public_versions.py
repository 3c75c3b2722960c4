"""Public web versions, each compiled by one page server for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class PublicVersions(Protocol):
    """A version is named by its send, the subject of an A/B test, and the program that compiles it."""

    def find(self, send_id: int, arm: int, program: str) -> bytes | None:
        """Return what was kept; None while nobody has compiled it."""
        ...

    def begin(
        self, send_id: int, arm: int, program: str, *, patience: float, clock: Callable[[], float]
    ) -> bool:
        """Return whether the caller is to compile it: nobody does, or has for `patience` seconds."""
        ...

    def keep(self, send_id: int, arm: int, program: str, content: bytes) -> None: ...

    def give_up(self, send_id: int, arm: int) -> None:
        """Let others try: the version does not compile here."""
        ...
