"""Figures about a send: numbers, never a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class BounceCount(NamedTuple):
    """Mail that came back, in Amazon's words of why."""

    type: str
    """Permanent, Transient or Undetermined."""
    subtype: str
    number: int


class DomainCount(NamedTuple):
    name: str
    accepted: int
    bounced: int
    """Accepted deliveries that bounced for good."""


@dataclass(frozen=True, slots=True)
class SendStatistics:
    """What became of a send, added up at one instant. A delivery counts once in each number."""

    outcomes: Mapping[str, int]
    """`EventOutcome` → deliveries that it was reported for."""
    unsubscribed: int
    """Unsubscribed by a link in this mail, and not taken back."""
    reasons: Mapping[str, int]
    """Why they left, as they ticked it."""
    bounces: tuple[BounceCount, ...]
    """The most first; so is all that follows."""
    domains: tuple[DomainCount, ...]
    states: tuple[tuple[str, int], ...]
    """States of the recipients that it was handed over for; "" where that is not known."""
    skipped: tuple[tuple[str, int], ...]
    failed: tuple[tuple[str, int], ...]
    """Failures in the provider's words, which may name an address."""


@dataclass(frozen=True, slots=True)
class VariantCount:
    """The deliveries of one variant that were handed over."""

    content: bytes
    """The variant's content, as it is kept for the web version."""
    number: int


@dataclass(frozen=True, slots=True)
class AcceptedInMinute:
    """How many messages of a send were accepted in one minute."""

    at: datetime
    accepted: int


@dataclass(frozen=True, slots=True)
class LinkClicks:
    """Clicks on one link in the mail of one subject."""

    arm: int
    """The number of the subject."""
    url: str
    number: int
