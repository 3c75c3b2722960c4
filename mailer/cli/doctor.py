"""doctor: check that everything is ready to send, and say what to do if not."""

from __future__ import annotations

import os
import sys
from collections import Counter
from contextlib import nullcontext
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING

import typer

from mailer.cli.common import Json, Session, print_json, session
from mailer.cli.findings import COLORS, counted
from mailer.errors import ConfigError, FindingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

    from mailer.config import Settings
    from mailer.doctor.facts import SesFacts
    from mailer.doctor.finding import Diagnosis


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(doctor)


def doctor(context: typer.Context, as_json: Json = False) -> None:
    """Find what would keep you from sending, and what to do about it."""
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("Looking…") if console.is_terminal else nullcontext():
        findings = _examine(session(context))
    levels = Counter(finding.level.value for finding in findings)
    if as_json:
        print_json(_as_json(findings, levels))
    else:
        _print(findings)
    if levels["error"]:
        raise FindingsError(f"not ready to send: {counted(levels['error'], 'error')}")
    if not as_json:
        warnings = f", with {counted(levels['warning'], 'warning')}" if levels["warning"] else ""
        typer.echo(f"Ready to send{warnings}.")


def _examine(run: Session) -> list[Diagnosis]:
    from mailer.doctor.judgements import project as project_judgements
    from mailer.doctor.probes import network
    from mailer.doctor.runner import Probes, diagnose
    from mailer.store import examine

    try:
        project = run.project
    except ConfigError as err:
        return [project_judgements.broken_settings(err)]
    resolver = network.resolver()
    return diagnose(
        project,
        Probes(
            health=lambda: examine(project.store),
            click_once=network.click_once,
            inspect=_inspect,
            lookup=lambda name, kind: network.lookup(resolver, name, kind),
            environment_key=os.environ.get("MAILER_SECRET_KEYS"),
        ),
    )


def _inspect(settings: Settings) -> SesFacts:
    from mailer.doctor.probes.ses_account import inspect

    return inspect(settings)


def _as_json(findings: Sequence[Diagnosis], levels: Counter[str]) -> dict[str, object]:
    return {
        "ready": not levels["error"],
        "errors": levels["error"],
        "warnings": levels["warning"],
        "findings": [asdict(finding) for finding in findings],
    }


def _print(findings: Sequence[Diagnosis]) -> None:
    """One table, a group for each area; the remedy stands below the diagnosis."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=False)
    for area, group in groupby(findings, lambda finding: finding.area):
        table.add_section()
        table.add_row(Text(area, style="bold"))
        for finding in group:
            level = Text(finding.level.value, style=COLORS[finding.level])
            table.add_row("  " + finding.name, level, _described(finding))
    Console(width=None if sys.stdout.isatty() else 120, highlight=False).print(table)


def _described(finding: Diagnosis) -> Text:
    from rich.text import Text

    text = Text(finding.found)
    if finding.todo:
        text.append("\n→ " + finding.todo.replace("\n", "\n  "), style="italic")
    return text
