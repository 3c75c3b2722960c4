"""Result of one check."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

PAGE = "docs/amazon-ses.md"
"""Page that explains the remedy, below the named heading."""


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    """Mail can go out, but something will hurt later."""
    ERROR = "error"
    SKIPPED = "skipped"
    """Not used by this project, or unknown until another error is fixed."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    area: str
    name: str
    level: Level
    found: str
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Topic:
    """Builds the diagnoses of one area."""

    name: str

    def ok(self, name: str, detail: str, todo: str = "") -> Diagnosis:
        """`todo` is a hint, if any."""
        return Diagnosis(self.name, name, Level.OK, detail, todo)

    def warning(self, name: str, detail: str, todo: str) -> Diagnosis:
        return Diagnosis(self.name, name, Level.WARNING, detail, todo)

    def error(self, name: str, detail: str, todo: str) -> Diagnosis:
        return Diagnosis(self.name, name, Level.ERROR, detail, todo)

    def skipped(self, name: str, detail: str) -> Diagnosis:
        return Diagnosis(self.name, name, Level.SKIPPED, detail)
