"""What became of each row of an import, counted and said."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from mailer.lists.importing import REASONS, ZIP_WARNINGS, AcceptedRow, RejectedRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mailer.lists.import_row import ImportRow, ImportTotals
    from mailer.lists.importing import SkippedRow
    from mailer.lists.rejects import RejectsFile

_EVERY = 1_000
"""Rows between two looks at how far the file is read."""


class ImportSummary:
    """Counts rows on their way to the store, and sets the rejected ones aside."""

    def __init__(self, rejects: RejectsFile, tick: Callable[[], None]) -> None:
        self._rejects = rejects
        self._tick = tick
        self.read = 0
        self.blank = 0
        self.rejected: Counter[str] = Counter()
        self.warnings: Counter[str] = Counter()

    def accepted(
        self, rows: Iterable[AcceptedRow | RejectedRow | SkippedRow]
    ) -> Iterator[ImportRow]:
        for self.read, row in enumerate(rows, 1):
            if self.read % _EVERY == 0:
                self._tick()
            if isinstance(row, AcceptedRow):
                if row.warning:
                    self.warnings[row.warning] += 1
                yield row.row
            elif isinstance(row, RejectedRow):
                self.rejected[row.reason] += 1
                self._rejects.add(row)
            else:
                self.blank += 1
        self._tick()

    def numbers(self, imported: ImportTotals) -> dict[str, object]:
        """Everything, for scripts."""
        return {
            "read": self.read,
            **asdict(imported),
            "blank": self.blank,
            "rejected": {reason: self.rejected[reason] for reason in REASONS},
            "zip_warnings": {kind: self.warnings[kind] for kind in ZIP_WARNINGS},
        }

    def table(self, imported: ImportTotals) -> list[tuple[str, int]]:
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

    def summary(
        self, imported: ImportTotals, list_name: str, rejects: str, *, dry_run: bool
    ) -> str:
        """One sentence that says what was done, or would be."""
        done = f"{imported.new:,} new, {imported.updated:,} updated"
        joined = f"{imported.joined:,} joined {list_name}"
        rejected = f"{self._rejects.number:,} rejected"
        if dry_run:
            return f"Dry run, nothing was written. It would be: {done}; {joined}; {rejected}"
        return f"{done}; {joined}; {rejected}{f', see {rejects}' if self._rejects.number else ''}"
