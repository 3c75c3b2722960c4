"""Signatures of petitions: their states, and who signed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SignatureState(StrEnum):
    """pending → signed → withdrawn | invalid."""

    PENDING = "pending"
    """Waits for its confirmation by mail."""
    SIGNED = "signed"
    WITHDRAWN = "withdrawn"
    """Withdrawn by the person, or because the person was erased."""
    INVALID = "invalid"
    """Set aside by staff, or never confirmed."""


@dataclass(frozen=True, slots=True)
class Consent:
    """The separate choice to join a list, as it was made."""

    text: str
    version: str
    """Digest of the text."""
    how: str


@dataclass(frozen=True, slots=True)
class Signer:
    """A person who signs.

    From a mail, the subscriber's id says who it is, and the details are the subscriber's own. From the
    public page, the confirmed address does, and the details are what was typed.
    """

    petition: str
    wording: str
    """Digest of what is signed."""
    email: str = ""
    """"" for the subscriber's own."""
    subscriber_id: int = 0
    send_id: int = 0
    first_name: str = ""
    last_name: str = ""
    zip: str = ""
    city: str = ""
    state: str = ""
    comment: str = ""
    comment_public: bool = False
    consent: Consent | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    id: int
    petition: str
    status: SignatureState
    email: str
    """"" when the person has been erased."""
    subscriber_id: int
    send_id: int
    """The send whose mail led to it; 0 for none."""
    how: str
    """"mail" or "page"."""
    wording: str
    at: str
    """When it was given; ISO 8601."""
    first_name: str
    last_name: str
    zip: str
    city: str
    state: str
    comment: str
    comment_public: bool
    consent: str
    """The words that were agreed to, "" for none."""

    @property
    def public_name(self) -> str:
        """First name and initial, as in "Ana R."."""
        initial = f"{self.last_name[:1]}." if self.last_name else ""
        return " ".join(filter(None, (self.first_name, initial)))

    @property
    def place(self) -> str:
        """As in "Portland, OR"."""
        return ", ".join(filter(None, (self.city, self.state)))


@dataclass(frozen=True, slots=True)
class SignatureCounts:
    """Counts of one petition at one instant: received = pending + signed + withdrawn + invalid."""

    received: int = 0
    pending: int = 0
    signed: int = 0
    withdrawn: int = 0
    invalid: int = 0
    closed: str = ""
    """When staff closed it, "" while it is open."""
