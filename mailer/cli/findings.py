"""Print findings: errors first, grouped by remedy, each with place and code."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import typer

from mailer.checks.finding import Severity
from mailer.cli.common import echo
from mailer.errors import FindingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mailer.checks.finding import Finding
    from mailer.sending.plan import Plan

_MEANING = {
    Severity.ERROR: "to be corrected before sending",
    Severity.WARNING: "to be corrected or accepted before sending",
}
COLORS = {"ok": "green", "warning": "yellow", "error": "red", "skipped": "bright_black"}
"""Colors of severities and of doctor's levels, on a terminal only."""


def show(findings: Sequence[Finding], everybody: int, *, err: bool = False) -> None:
    """Print findings about a mail with `everybody` recipients in all."""
    for severity, meaning in _MEANING.items():
        some = among(findings, severity)
        if not some:
            continue
        heading = f"{count(some, severity)}, {meaning}"
        typer.secho(f"\n{heading}", fg=COLORS[severity], bold=True, err=err)
        # print a remedy that six places share once
        remedies = {(finding.code, finding.hint): number for number, finding in enumerate(some)}
        some.sort(key=lambda finding: remedies[finding.code, finding.hint])
        for (_, hint), group in groupby(some, lambda finding: (finding.code, finding.hint)):
            lines = [in_words(finding, everybody) for finding in group]
            typer.echo(err=err)
            echo("\n".join(lines), err=err, indent=4)
            echo(f"  {hint}", err=err, indent=0)
    if findings:
        typer.echo(err=err)


def in_words(finding: Finding, everybody: int) -> str:
    place = f"{finding.place}: " if finding.place else ""
    recipients = f" ({finding.recipients:,} of {everybody:,} people)" if finding.recipients else ""
    return f"{place}{finding.message}{recipients} [{finding.code}]"


def refuse(plan: Plan) -> None:
    """Raise FindingsError if the plan has an error."""
    errors = among(plan.findings, Severity.ERROR)
    if errors:
        name = plan.mailing.campaign
        raise FindingsError(
            f"{name} cannot be sent as it is: {count(errors, Severity.ERROR)}",
            hint=f"See what it is with: mailer check {name}. See the mail with: mailer preview",
        )


def accept(plan: Plan, *, ask: bool) -> None:
    """Ask whether to send in spite of warnings. Raises FindingsError without a yes."""
    name = plan.mailing.campaign
    warnings = count(plan.findings, Severity.WARNING)
    if not ask:
        raise FindingsError(
            f"{name} is not sent before its warnings are accepted: {warnings}",
            hint=f"See what it is with: mailer check {name}. Then add --accept-warnings.",
        )
    if not typer.confirm(f"Send it all the same, with {warnings}?"):
        raise FindingsError("nothing was sent")


def among(findings: Iterable[Finding], severity: Severity) -> list[Finding]:
    return [finding for finding in findings if finding.severity is severity]


def count(findings: Sequence[Finding], severity: Severity) -> str:
    return counted(len(among(findings, severity)), severity)


def counted(number: int, level: str) -> str:
    """Such as "1 error" or "2,000 warnings"."""
    return f"{number:,} {level}{'' if number == 1 else 's'}"


def as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    return {
        "errors": len(among(findings, Severity.ERROR)),
        "warnings": len(among(findings, Severity.WARNING)),
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
