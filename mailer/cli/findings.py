"""How findings are shown: grouped, errors first, each with its place, what to do and its code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from mailer.checks.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailer.checks.finding import Finding

_MEANING = {
    Severity.ERROR: "stops a send",
    Severity.WARNING: "has to be accepted before a send",
}


def show(findings: Sequence[Finding], everybody: int, *, err: bool = False) -> None:
    """Print findings about a mail that so many get."""
    for severity, meaning in _MEANING.items():
        found = [finding for finding in findings if finding.severity is severity]
        if found:
            typer.echo(f"\n{count(found, severity)}: each {meaning}", err=err)
        for finding in found:
            typer.echo(f"\n{in_words(finding, everybody)}", err=err)
    if findings:
        typer.echo(err=err)


def in_words(finding: Finding, everybody: int) -> str:
    where = f"{finding.place}: " if finding.place else ""
    whom = f" ({finding.recipients:,} of {everybody:,} people)" if finding.recipients else ""
    return f"{where}{finding.message}{whom} [{finding.code}]\n  {finding.hint}"


def count(findings: Sequence[Finding], severity: Severity) -> str:
    number = sum(finding.severity is severity for finding in findings)
    return f"{number:,} {severity}{'' if number == 1 else 's'}"


def as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    return {
        "errors": sum(finding.severity is Severity.ERROR for finding in findings),
        "warnings": sum(finding.severity is Severity.WARNING for finding in findings),
        "findings": [
            {
                "code": finding.code,
                "severity": finding.severity,
                "path": finding.place.path if finding.place else "",
                "line": finding.place.line if finding.place else None,
                "message": finding.message,
                "hint": finding.hint,
                "spot": finding.spot,
                "recipients": finding.recipients,
            }
            for finding in findings
        ],
    }
