"""send and resume: the commands; `send_command` serves them."""

from __future__ import annotations

from typing import Annotated

import typer

from mailer.cli import ab_test, reconcile, status, worker
from mailer.cli.common import Campaign, Json, ListName, Sample, Where, Yes, session, with_sample
from mailer.cli.send_command import SendCommand, SendOptions

Way = Annotated[str, typer.Option("--transport", help="outbox, or as mailer.toml says.")]
Rate = Annotated[
    float | None,
    typer.Option(
        min=0.01, help="Messages a second at most; kept for the whole send.", show_default=False
    ),
]
Limit = Annotated[
    int | None, typer.Option(min=1, help="Stop after so many new messages.", show_default=False)
]
Accept = Annotated[
    bool, typer.Option("--accept-warnings", help="Send although the checks warn of something.")
]


def register(app: typer.Typer) -> None:
    """Add the commands about sends to the program."""
    app.command()(send)
    app.command()(resume)
    status.register(app)
    reconcile.register(app)
    ab_test.register(app)
    worker.register(app)


def send(
    context: typer.Context,
    campaign: Campaign,
    *,
    list_name: ListName = "",
    where: Where = "",
    sample: Sample = "",
    transport: Way = "",
    rate: Rate = None,
    limit: Limit = None,
    at: Annotated[
        str,
        typer.Option(
            help='When, as in "2026-12-01 09:00", "09:00 local" or "now". mailer worker sends it then.'
        ),
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would happen, and stop.")
    ] = False,
    yes: Yes = False,
    accept_warnings: Accept = False,
    as_json: Json = False,
) -> None:
    """Send a campaign to its list, now or later, or go on with one that was stopped."""
    from mailer.sending.service import SendRequest

    request = SendRequest(
        campaign, list_name, with_sample(where, sample), transport, rate, limit, at
    )
    options = SendOptions(yes, as_json, dry_run, accept_warnings)
    SendCommand(session(context), request, options).serve()


def resume(
    context: typer.Context,
    campaign: Campaign,
    *,
    list_name: ListName = "",
    transport: Way = "",
    rate: Rate = None,
    limit: Limit = None,
    anyway: Annotated[
        bool,
        typer.Option("--anyway", help="However many bounce or complain: do not look any more."),
    ] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Go on with a send that was stopped; nobody is added to it."""
    from mailer.sending.service import SendRequest

    request = SendRequest(campaign, list_name, "", transport, rate, limit, adding=False)
    SendCommand(session(context), request, SendOptions(yes, as_json, anyway=anyway)).serve()
