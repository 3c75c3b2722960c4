"""What became of each row of an import, counted and said."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from mailer.lists.importing import REASONS, ZIP_WARNINGS, Accepted, Rejected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mailer.lists.importing import Skipped
    from mailer.lists.rejects import Rejects
    from mailer.store.base import Imported, ImportRow

_EVERY = 1_000
"""Rows between two looks at how far the file is read."""


class Tally:
    """Counts rows on their way to the store, and sets the rejected ones aside."""

    def __init__(self, rejects: Rejects, tick: Callable[[], None]) -> None:
        self._rejects = rejects
        self._tick = tick
        self.read = 0
        self.blank = 0
        self.rejected: Counter[str] = Counter()
        self.warnings: Counter[str] = Counter()

    def accepted(self, rows: Iterable[Accepted | Rejected | Skipped]) -> Iterator[ImportRow]:
        for self.read, row in enumerate(rows, 1):
            if self.read % _EVERY == 0:
                self._tick()
            if isinstance(row, Accepted):
                if row.warning:
                    self.warnings[row.warning] += 1
                yield row.row
            elif isinstance(row, Rejected):
                self.rejected[row.reason] += 1
                self._rejects.add(row)
            else:
                self.blank += 1
        self._tick()

    def numbers(self, imported: Imported) -> dict[str, object]:
        """Everything, for scripts."""
        return {
            "read": self.read,
            **asdict(imported),
            "blank": self.blank,
            "rejected": {reason: self.rejected[reason] for reason in REASONS},
            "zip_warnings": {kind: self.warnings[kind] for kind in ZIP_WARNINGS},
        }

    def table(self, imported: Imported) -> list[tuple[str, int]]:
        return [
            ("read", self.read),
            ("new people", imported.new),
            ("people known before, updated", imported.updated),
            ("the same address as an earlier row, merged", imported.merged),
            ("blank lines, skipped", self.blank),
            *((f"rejected: {says}", self.rejected[reason]) for reason, says in REASONS.items()),
            *((says, self.warnings[kind]) for kind, says in ZIP_WARNINGS.items()),
            ("had unsubscribed from the list, stay so", imported.kept_unsubscribed),
            ("suppressed (bounced, complained…), stay so", imported.kept_suppressed),
            ("erased at their own wish, left out", imported.erased),
        ]

    def summary(self, imported: Imported, list_name: str, rejects: str, *, dry_run: bool) -> str:
        """One sentence that says what was done, or would be."""
        done = f"{imported.new:,} new, {imported.updated:,} updated"
        joined = f"{imported.joined:,} joined {list_name}"
        rejected = f"{self._rejects.number:,} rejected"
        if dry_run:
            return f"Dry run, nothing was written. It would be: {done}; {joined}; {rejected}"
        return f"{done}; {joined}; {rejected}{f', see {rejects}' if self._rejects.number else ''}"
