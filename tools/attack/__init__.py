"""Attacks on the recipients' pages, on links and on merging, to be run for longer than a test may take.

`python -m tools.attack` runs all of them at their full size; docs/security.md says what each shows.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Outcome:
    """What one attack tried, and what got through."""

    name: str
    tries: int = 0
    successes: list[str] = field(default_factory=list)
    """What got through, described; there should be none."""
    figures: str = ""

    def __str__(self) -> str:
        result = f"{len(self.successes):,} GOT THROUGH" if self.successes else "nothing got through"
        lines = [
            f"{self.name}: {self.tries:,} tries, {result}{self.figures and f' ({self.figures})'}"
        ]
        return "\n    ".join([*lines, *self.successes[:5]])
