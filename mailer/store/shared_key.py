"""The keys that all machines on one store share: of links, and of erased addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class SharedKey(Protocol):
    def agrees(self, fingerprints: Sequence[str]) -> bool:
        """Whether one of these keys signs the links of all machines; the first ever asked about does.

        A key that was put before it, as `mailer keys rotate` does, takes its place.
        """
        ...

    def agrees_on_addresses(self, marks: Sequence[str]) -> bool:
        """Whether these keys recognize everybody who was erased; the first ever asked about do.

        Args:
            marks: the hash of no address under each key.
        """
        ...
