"""reconcile: show uncertain deliveries and settle them by hand; events settle them by themselves."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.common import Campaign, Json, now, print_json, print_table, session
from mailer.cli.status import started
from mailer.cli.wiring import send_service
from mailer.errors import FindingsError, UsageError

if TYPE_CHECKING:
    from mailer.cli.common import Session
    from mailer.ledger.delivery import Send, UncertainDelivery
    from mailer.sending.reconciliation import Reconciled

_SHOWN = 50
"""Deliveries shown on the screen; --json has all."""


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(reconcile)


def reconcile(
    context: typer.Context,
    campaign: Campaign,
    *,
    resend: Annotated[
        bool, typer.Option("--resend", help="Send to them again: some may get it twice.")
    ] = False,
    resend_unlikely: Annotated[
        bool,
        typer.Option(
            "--resend-unlikely", help="Send again only to those that were very likely not mailed."
        ),
    ] = False,
    assume_sent: Annotated[
        bool, typer.Option("--assume-sent", help="Count them as sent: some may never get it.")
    ] = False,
    insights: Annotated[
        bool,
        typer.Option(
            "--insights",
            help="First ask Amazon's message insights: people on record there were mailed. The "
            "account needs Virtual Deliverability Manager.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Show who may or may not have been mailed, and decide what to do about them."""
    from mailer.sending.reconciliation import Decision
    from mailer.sending.reconciliation import reconcile as settle
    from mailer.transports.registry import SES

    decisions = {
        Decision.RESEND: resend,
        Decision.RESEND_UNLIKELY: resend_unlikely,
        Decision.ASSUME_SENT: assume_sent,
    }
    chosen = [decision for decision, wanted in decisions.items() if wanted]
    if len(chosen) > 1:
        raise UsageError(
            "--resend, --resend-unlikely and --assume-sent exclude each other",
            hint="Keep one of them.",
        )
    run = session(context)
    sends = started(run, campaign)
    for send in sends:
        send_service(run).settle(send)
    if insights:
        _ask_insights(run, sends)
    decision = chosen[0] if chosen else Decision.NONE
    results = [settle(run.store, send, decision, now()) for send in sends]
    if as_json:
        print_json([asdict(result) for result in results])
    else:
        for result in results:
            _show(result)
    may_ask = not insights and any(send.transport == SES for send in sends)
    _say_what_to_do(results, may_ask=may_ask)


def _ask_insights(run: Session, sends: list[Send]) -> None:
    from mailer.cli.output import duration, people
    from mailer.sending.reconciliation import look_up
    from mailer.transports.registry import SES
    from mailer.transports.ses.insights import MessageInsights, least_time

    ours = [send for send in sends if send.transport == SES]
    if not ours:
        raise UsageError(
            f"{sends[0].campaign} was not sent through Amazon SES",
            hint="--insights asks Amazon about its own mail only.",
        )
    source = MessageInsights(run.project.settings.ses)
    for send in ours:
        number = run.store.sends.counts(send.id).uncertain
        typer.echo(
            f"Asking Amazon SES about {people(number)}: {duration(least_time(number))} or more.",
            err=True,
        )
        patience = run.project.settings.bounces.days
        settled = look_up(run.store, send, source, patience=patience, now=now())
        typer.echo(f"Amazon SES has {settled:,} of {number:,} on record.", err=True)


def _show(result: Reconciled) -> None:
    from mailer.cli.output import people

    name = f"{result.campaign} to {result.list}"
    if result.resent:
        typer.echo(
            f"{name}: {people(result.resent)} will be mailed again, some perhaps for the second "
            f"time. Go on with: mailer resume {result.campaign}"
        )
    if result.assumed:
        typer.echo(f"{name}: {people(result.assumed)} counted as sent.")
    likely = [delivery for delivery in result.uncertain if not delivery.unlikely]
    unlikely = [delivery for delivery in result.uncertain if delivery.unlikely]
    typer.echo(f"{name}: {f'{len(likely):,}' if likely else 'nobody'} uncertain.")
    _show_table(likely)
    if unlikely:
        typer.echo(
            f"{name}: {len(unlikely):,} very likely not sent: Amazon SES has reported everything that "
            "was sent beside them, and nothing of them."
        )
        _show_table(unlikely)


def _show_table(deliveries: list[UncertainDelivery]) -> None:
    if not deliveries:
        return
    rows = [
        (delivery.since, delivery.email or "(erased)", delivery.why)
        for delivery in deliveries[:_SHOWN]
    ]
    print_table(("Since", "Address", "Why"), rows)
    if len(deliveries) > _SHOWN:
        typer.echo(f"  and {len(deliveries) - _SHOWN:,} more; --json has all")


def _say_what_to_do(results: list[Reconciled], *, may_ask: bool) -> None:
    number = sum(len(result.uncertain) for result in results)
    if number:
        name = results[0].campaign
        unlikely = any(delivery.unlikely for result in results for delivery in result.uncertain)
        first = f"mailer reconcile {name} --resend-unlikely (for those very likely not sent), "
        ask = (
            f" If the Amazon account has Virtual Deliverability Manager, first ask it: mailer reconcile {name} "
            "--insights"
        )
        raise FindingsError(
            f"{number:,} may have been mailed, or not",
            hint=f"Decide: {first if unlikely else ''}mailer reconcile {name} --assume-sent (nobody gets it "
            f"twice, some perhaps never) or mailer reconcile {name} --resend (everybody gets it, "
            f"some perhaps twice).{ask if may_ask else ''}",
        )
