"""What reports ask of a store: numbers, never a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mailer.campaigns.subject_test import Figures


class Bounces(NamedTuple):
    """Mail that came back, in Amazon's words of why."""

    type: str
    """Permanent, Transient or Undetermined."""
    subtype: str
    number: int


class Domain(NamedTuple):
    name: str
    accepted: int
    bounced: int
    """Of the accepted, for good."""


@dataclass(frozen=True, slots=True)
class Reckoning:
    """What became of a send, added up at one instant. A delivery counts once in each number."""

    outcomes: Mapping[str, int]
    """`events.Outcome` → deliveries of which that was reported."""
    unsubscribed: int
    """By a link in this mail, and not taken back."""
    reasons: Mapping[str, int]
    """Why they left, as they ticked it."""
    bounces: tuple[Bounces, ...]
    """The most first; so is all that follows."""
    domains: tuple[Domain, ...]
    states: tuple[tuple[str, int], ...]
    """Where those live to whom it was handed over; "" where that is not known."""
    skipped: tuple[tuple[str, int], ...]
    failed: tuple[tuple[str, int], ...]
    """As the other side said it, which may name an address."""


@dataclass(frozen=True, slots=True)
class Share:
    """The deliveries of one variant that were handed over."""

    content: bytes
    """Of the variant: see `pages.Kept`."""
    number: int


class Reckonings(Protocol):
    def reckon(self, send_id: int) -> Reckoning: ...

    def subject_figures(self, send_id: int) -> list[Figures]:
        """For each subject that went out, by its number."""
        ...

    def shares(self, send_id: int, *, limit: int) -> tuple[list[Share], int]:
        """The variants that most people got, and how many others there are."""
        ...
