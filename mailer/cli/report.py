"""report: what came of a campaign, in the terminal, for scripts, and as a page."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailer.cli.common import Campaign, Json, Session, now, print_json, print_table, session
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
        print_json([_as_json(one) for one in reports])
    elif html:
        typer.echo(f"Wrote {html}. It needs no other file, and can be mailed.")
    else:
        for one in reports:
            _show(one)


def _sends(run: Session, campaign: str, list_name: str) -> list[Send]:
    from mailer.cli.status import started

    sends = started(run, campaign)
    found = [send for send in sends if list_name in {"", send.list_name}]
    if not found:
        known = [send.list_name for send in sends]
        raise UsageError(
            f"{sends[0].campaign} was never sent to {list_name}", hint=suggest(list_name, known)
        )
    return found


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


def _show(found: SendReport) -> None:
    from mailer.reports import rows

    send = found.send
    typer.echo(f"\n{send.campaign} to {send.list_name}: {send.state}")
    lines = {
        "Subject": found.subject,
        "Audience": send.audience_query or "everybody on the list",
        "Approved by": ", ".join(found.approved_by),
        **{key.name: f"{key.number}, {key.note}" for key in rows.key_figures(found)},
    }
    for name, value in lines.items():
        if value:
            typer.echo(f"  {name:<13} {value}")
    typer.echo()
    tables = {
        "Of the audience": rows.ledger(found),
        "Heard since": rows.heard(found),
        "Refused": found.failed,
        "Left out": rows.left_out(found),
        "Came back": found.bounces,
        "Bounced at": rows.domains(found),
        "Why readers left": found.reasons,
        "Who got which variant": rows.variants(found),
        "Clicks on": rows.clicks(found),
        "State": rows.states(found),
    }
    for title, numbers in tables.items():
        if numbers:
            print_table((rows.heading(title, numbers), "Number"), rows.top(numbers))
    if found.subjects:
        print_table(rows.SUBJECTS, rows.subjects(found))


# ---------------------------------------------------------------- for scripts


def _as_json(found: SendReport) -> dict[str, Any]:
    from mailer.cli.output import send_as_json
    from mailer.reports import rows

    return {
        **send_as_json(found.send, found.counts),
        "subject": found.subject,
        "approved_by": list(found.approved_by),
        "accepted_per_minute": {one.at.isoformat(): one.accepted for one in found.minutes},
        "reported": dict(found.outcomes),
        "unsubscribed": found.unsubscribed,
        "reasons_for_leaving": dict(found.reasons),
        "bounces_by_reason": dict(found.bounces),
        "domains": [one._asdict() for one in found.domains],
        "states": dict(found.states),
        "left_out": dict(rows.left_out(found)),
        "refused": dict(found.failed),
        "subjects": [{"subject": one.text, **asdict(one.figures)} for one in found.subjects],
        "variants": [{"for": words, "recipients": number} for words, number in found.variants],
        "other_variants": found.other_variants,
        "clicks": [asdict(one) for one in found.clicks],
    }
