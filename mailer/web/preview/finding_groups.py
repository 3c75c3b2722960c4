"""Findings as the side panel shows them: errors first, those with one remedy together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailer.checks.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mailer.errors import Place

    ReadLine = Callable[[Place], str]
    """Returns a line of the project's files, "" where it cannot be read."""

_AROUND = 70
"""Characters of a long line that are shown on either side of a finding's place."""


@dataclass(frozen=True, slots=True)
class ShownFinding:
    finding: Finding
    line: str
    """Line of the file, shortened around the place."""


@dataclass(frozen=True, slots=True)
class FindingGroup:
    severity: Severity
    code: str
    hint: str
    findings: tuple[ShownFinding, ...]


def group(findings: Iterable[Finding], read_line: ReadLine) -> list[FindingGroup]:
    """Put findings with the same code and remedy together, in the order of the first of each."""
    groups: dict[tuple[Severity, str, str], list[ShownFinding]] = {}
    for finding in findings:
        line = read_line(finding.place) if finding.place and finding.place.line else ""
        key = finding.severity, finding.code, finding.hint
        groups.setdefault(key, []).append(ShownFinding(finding, shorten(line, finding.spot)))
    finding_groups = [FindingGroup(*key, tuple(members)) for key, members in groups.items()]
    return sorted(finding_groups, key=lambda entry: entry.severity is not Severity.ERROR)


def shorten(line: str, spot: str) -> str:
    """Return a line cut on both sides of the spot, at its beginning where the spot is not in it."""
    at = max(line.find(spot), 0) if spot else 0
    begin = max(at - _AROUND, 0)
    end = min(at + len(spot), begin + 2 * _AROUND) + _AROUND
    return ("…" if begin else "") + line[begin:end].strip() + ("…" if end < len(line) else "")
