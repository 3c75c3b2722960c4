"""A finding of a check: code, severity, place and hint."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailer.errors import Place


class Severity(StrEnum):
    ERROR = "error"
    """Stops a send."""
    WARNING = "warning"
    """Is shown, and has to be accepted before a send."""


@dataclass(frozen=True, slots=True)
class Finding:
    code: str
    """Such as `link-relative`: its heading in docs/checks.md."""
    severity: Severity
    message: str
    hint: str
    """What to do about it."""
    place: Place | None = None
    spot: str = ""
    """The words, address or markup in the finished mail that a preview can find and show."""
    recipients: int = 0
    """How many it concerns; 0 where it is not about some of them."""
