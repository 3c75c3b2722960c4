"""What the send loop asks of a way out.

The delivery states are the contract: nothing about a recipient is ever guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailer.merge import Merged
    from mailer.store.base import Claim, Result


@dataclass(frozen=True, slots=True)
class Letter:
    """One merged message on its way to one recipient."""

    delivery_id: int
    merged: Merged


class Transport(Protocol):
    name: str

    def deliver(self, letters: Sequence[Letter]) -> list[Result]:
        """Hand over every letter and say how each ended, in any order, one `Result` for each.

        Raises:
            TransportError: the way out itself is broken; nothing of this batch was handed over.
        """
        ...

    def settle(self, claims: Sequence[Claim]) -> list[Result]:
        """What became of deliveries whose worker died.

        Accepted, or pending where it is sure that nothing was handed over, else uncertain.
        """
        ...
