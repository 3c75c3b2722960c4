"""Summary of an import: the columns it recognized, and the outcome of each row."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from mailer.lists.importing import REASONS, WARNINGS, AcceptedRow, RejectedRow
from mailer.lists.subscriber import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mailer.lists.header_mapping import Column
    from mailer.lists.import_row import ImportRow, ImportTotals
    from mailer.lists.importing import SkippedRow, SubscriberFile
    from mailer.lists.rejects import RejectsFile

_EVERY = 1_000
"""Rows between two updates of the progress bar."""
_SAMPLES = 3
_FIELDS = 3
"""Further fields shown of a sample."""
_LOOKS_LIKE = (
    ("first_name", re.compile(r"name|nombre|vorname|pr[eé]nom", re.IGNORECASE)),
    ("zip", re.compile(r"zip|postal|post ?code|plz", re.IGNORECASE)),
    ("city", re.compile(r"city|town|ciudad|stadt|ville", re.IGNORECASE)),
    ("state", re.compile(r"\bstate\b|province|region", re.IGNORECASE)),
)


class ImportSummary:
    """Counts rows on their way to the store, and sets the rejected ones aside."""

    def __init__(self, rejects: RejectsFile, tick: Callable[[], None]) -> None:
        self._rejects = rejects
        self._tick = tick
        self.read = 0
        self.blank = 0
        self.rejected: Counter[str] = Counter()
        self.warnings: Counter[str] = Counter()
        self.samples: list[ImportRow] = []

    def accepted(
        self, rows: Iterable[AcceptedRow | RejectedRow | SkippedRow]
    ) -> Iterator[ImportRow]:
        for self.read, row in enumerate(rows, 1):
            if self.read % _EVERY == 0:
                self._tick()
            if isinstance(row, AcceptedRow):
                if row.warning:
                    self.warnings[row.warning] += 1
                if len(self.samples) < _SAMPLES:
                    self.samples.append(row.row)
                yield row.row
            elif isinstance(row, RejectedRow):
                self.rejected[row.reason] += 1
                self._rejects.add(row)
            else:
                self.blank += 1
        self._tick()

    def numbers(self, totals: ImportTotals) -> dict[str, object]:
        """Everything, for scripts."""
        return {
            "read": self.read,
            **asdict(totals),
            "blank": self.blank,
            "rejected": {reason: self.rejected[reason] for reason in REASONS},
            "warnings": {kind: self.warnings[kind] for kind in WARNINGS},
        }

    def table(self, totals: ImportTotals) -> list[tuple[str, int]]:
        """The counts of rows and people other than 0."""
        rows = [
            ("read", self.read),
            ("new people", totals.new),
            ("people known before, updated", totals.updated),
            ("the same address as an earlier row, merged", totals.merged),
            ("blank lines, skipped", self.blank),
            *((f"rejected: {label}", self.rejected[reason]) for reason, label in REASONS.items()),
            *((label, self.warnings[kind]) for kind, label in WARNINGS.items()),
            ("can be mailed", totals.mailable),
            ("not mailed: unsubscribed from the list", totals.unsubscribed),
            ("not mailed: unsubscribed from everything", totals.unsubscribed_from_all),
            ("not mailed: the address bounces", totals.bounced),
            ("not mailed: complained of spam", totals.complained),
            ("not mailed: must not be (suppressed, deceased…)", totals.do_not_mail),
            ("of those not mailed, could be until now", totals.left_now),
            ("had unsubscribed from the list before, stay so", totals.kept_unsubscribed),
            ("were suppressed before, stay so", totals.kept_suppressed),
            ("erased at their own wish, left out", totals.erased),
        ]
        return [(label, number) for label, number in rows if number or label == "read"]

    def summary(self, totals: ImportTotals, list_name: str, rejects: str, *, dry_run: bool) -> str:
        """One sentence on the import's result, or on a dry run's."""
        done = f"{totals.new:,} new, {totals.updated:,} updated"
        joined = f"{totals.joined:,} joined {list_name}"
        gone = f"; {totals.left:,} cannot be mailed" if totals.left else ""
        rejected = f"{self._rejects.number:,} rejected"
        if dry_run:
            return f"Dry run, nothing was written. It would be: {done}; {joined}{gone}; {rejected}"
        see = f", see {rejects}" if self._rejects.number else ""
        return f"{done}; {joined}{gone}; {rejected}{see}"


def understood(file: SubscriberFile) -> list[tuple[str, str]]:
    """Each heading of a file, with its meaning for the import."""
    targets = {column.target for column in file.columns}
    return [(column.heading, _meaning(column, targets)) for column in file.columns]


def _meaning(column: Column, targets: set[str]) -> str:
    for target, pattern in _LOOKS_LIKE:
        if not column.target and pattern.search(column.heading) and not _has(target, targets):
            return f'{column.meaning}; if it is one: --map "{column.heading}={target}"'
    return column.meaning


def _has(target: str, targets: set[str]) -> bool:
    return target in targets or (target == "first_name" and "full_name" in targets)


def doubts(file: SubscriberFile) -> list[str]:
    """Notes for staff on missing columns."""
    targets = {column.target for column in file.columns}
    missing = []
    if not targets & {"first_name", "last_name", "full_name"}:
        missing.append("No column was taken for a name: nobody can be greeted by name.")
    if "zip" not in targets and "state" not in targets:
        missing.append(
            "No column was taken for a ZIP code or state: officials cannot be looked up."
        )
    return missing


def sample_rows(rows: Sequence[ImportRow]) -> list[list[str]]:
    """The first people as stored, one column each, without blank details."""
    details = [(name, [getattr(row, name) for row in rows]) for name in COLUMNS]
    fields = sorted({name for row in rows for name in row.fields})[:_FIELDS]
    details += [(f"fields.{name}", [row.fields.get(name, "") for row in rows]) for name in fields]
    details += [
        ("tags", [", ".join(row.tags) for row in rows]),
        ("member since", [row.joined for row in rows]),
        ("may be mailed", [_answer(row) for row in rows]),
    ]
    return [[name, *values] for name, values in details if any(values)]


def _answer(row: ImportRow) -> str:
    standing = row.standing
    if standing is None:
        return "yes"
    if standing.suppression:
        return f"no: {standing.suppression}"
    return "yes" if standing.status == "subscribed" else "no: unsubscribed"
