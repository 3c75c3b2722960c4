"""report: the results of a campaign, in the terminal, for scripts, and as a page."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailer.cli.common import (
    Campaign,
    Json,
    Session,
    now,
    print_facts,
    print_json,
    print_table,
    session,
)
from mailer.errors import UsageError, suggest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailer.ledger.delivery import Send
    from mailer.reports.summary import SendReport


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(report)


def report(
    context: typer.Context,
    campaign: Campaign,
    *,
    list_name: Annotated[
        str, typer.Option("--list", help="The list. Default: every list it was sent to.")
    ] = "",
    html: Annotated[
        Path | None, typer.Option(help="Also write a page with charts to this file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Report what came of a campaign: outcomes, bounces, complaints, and who left."""
    run = session(context)
    reports = [_draw_up(run, send) for send in _sends(run, campaign, list_name)]
    if html:
        _write(run, html, reports)
    if as_json:
        print_json([_as_json(send_report) for send_report in reports])
    elif html:
        typer.echo(f"Wrote {html}. It needs no other file, and can be mailed.")
    else:
        for send_report in reports:
            _show(send_report)


def _sends(run: Session, campaign: str, list_name: str) -> list[Send]:
    from mailer.cli.status import started

    sends = started(run, campaign)
    chosen = [send for send in sends if list_name in {"", *send.lists}]
    if not chosen:
        list_names = [send.list_name for send in sends]
        raise UsageError(
            f"{sends[0].campaign} was never sent to {list_name}",
            hint=suggest(list_name, list_names),
        )
    return chosen


def _draw_up(run: Session, send: Send) -> SendReport:
    from mailer.campaigns.snapshot import Snapshot
    from mailer.reports.summary import summarize

    return summarize(run.store, send, Snapshot.from_bytes(send.snapshot))


def _write(run: Session, path: Path, reports: Sequence[SendReport]) -> None:
    from mailer.atomic import atomic_write
    from mailer.reports.page import write
    from mailer.timezones import find_zone

    settings = run.project.settings
    page = write(reports, settings.brand, zone=find_zone(settings.send.timezone), now=now())
    try:
        with atomic_write(path.resolve()) as file:
            file.write(page.encode())
    except OSError as err:
        raise UsageError(
            f"{path} cannot be written: {err.strerror}",
            hint="Name another file, or check the permissions of its folder.",
        ) from err


# ---------------------------------------------------------------- in the terminal


def _show(report: SendReport) -> None:
    from mailer.reports import rows

    send = report.send
    typer.echo(f"\n{send.campaign} to {send.shown_lists}: {send.state}")
    lines = {
        "Subject": report.subject,
        "Audience": send.audience_query or "everybody on the list",
        "Approved by": ", ".join(report.approved_by),
        **{key.name: f"{key.number}, {key.note}" for key in rows.key_figures(report)},
    }
    print_facts({name: value for name, value in lines.items() if value}, width=13)
    typer.echo()
    tables = {
        "Of the audience": rows.ledger(report),
        "Heard since": rows.heard(report),
        "Refused": report.failed,
        "Left out": rows.left_out(report),
        "Came back": report.bounces,
        "Bounced at": rows.domains(report),
        "Why readers left": report.reasons,
        "Who got which variant": rows.variants(report),
        "Clicks on": rows.clicks(report),
        "State": rows.states(report),
    }
    for title, numbers in tables.items():
        if numbers:
            print_table((rows.heading(title, numbers), "Number"), rows.top(numbers))
    if report.arms:
        print_table(rows.arm_columns(report), rows.arms(report))


# ---------------------------------------------------------------- for scripts


def _as_json(report: SendReport) -> dict[str, Any]:
    from mailer.cli.output import send_as_json
    from mailer.reports import rows

    return {
        **send_as_json(report.send, report.counts),
        "subject": report.subject,
        "approved_by": list(report.approved_by),
        "accepted_per_minute": {row.at.isoformat(): row.accepted for row in report.minutes},
        "reported": dict(report.outcomes),
        "unsubscribed": report.unsubscribed,
        "reasons_for_leaving": dict(report.reasons),
        "bounces_by_reason": dict(report.bounces),
        "domains": [row._asdict() for row in report.domains],
        "states": dict(report.states),
        "left_out": dict(rows.left_out(report)),
        "refused": dict(report.failed),
        "subjects": [{"subject": row.text, **asdict(row.figures)} for row in report.arms],
        "variants": [{"for": label, "recipients": number} for label, number in report.variants],
        "other_variants": report.other_variants,
        "clicks": [asdict(row) for row in report.clicks],
    }
