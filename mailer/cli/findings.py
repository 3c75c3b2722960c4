"""How findings are shown: grouped, errors first, each with its place, what to do and its code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from mailer.checks.finding import Severity
from mailer.errors import FindingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mailer.checks.finding import Finding
    from mailer.sending.plan import Plan

_MEANING = {
    Severity.ERROR: "to be mended before it is sent",
    Severity.WARNING: "to be mended or accepted before it is sent",
}


def show(findings: Sequence[Finding], everybody: int, *, err: bool = False) -> None:
    """Print findings about a mail that so many get."""
    for severity, meaning in _MEANING.items():
        found = among(findings, severity)
        if found:
            typer.echo(f"\n{count(found, severity)}, {meaning}", err=err)
        for finding in found:
            typer.echo(f"\n{in_words(finding, everybody)}", err=err)
    if findings:
        typer.echo(err=err)


def in_words(finding: Finding, everybody: int) -> str:
    where = f"{finding.place}: " if finding.place else ""
    whom = f" ({finding.recipients:,} of {everybody:,} people)" if finding.recipients else ""
    return f"{where}{finding.message}{whom} [{finding.code}]\n  {finding.hint}"


def refuse(plan: Plan) -> None:
    """Let nobody send what has an error."""
    if among(plan.findings, Severity.ERROR):
        name, told = plan.mailing.campaign, count(plan.findings, Severity.ERROR)
        raise FindingsError(
            f"{name} cannot be sent as it is: {told}",
            hint=f"See what it is with: mailer check {name}. See the mail with: mailer preview",
        )


def accept(plan: Plan, *, ask: bool) -> None:
    """Let nobody send what has a warning, but knowingly."""
    name, told = plan.mailing.campaign, count(plan.findings, Severity.WARNING)
    if not ask:
        raise FindingsError(
            f"{name} is not sent before its warnings are accepted: {told}",
            hint=f"See what it is with: mailer check {name}. Then add --accept-warnings.",
        )
    if not typer.confirm(f"Send it all the same, with {told}?"):
        raise FindingsError("nothing was sent")


def among(findings: Iterable[Finding], severity: Severity) -> list[Finding]:
    return [finding for finding in findings if finding.severity is severity]


def count(findings: Sequence[Finding], severity: Severity) -> str:
    number = len(among(findings, severity))
    return f"{number:,} {severity}{'' if number == 1 else 's'}"


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
