"""reconcile: what is uncertain, and how a person settles it; events do so by themselves."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.common import Campaign, Json, Session, now, print_json, print_table, session
from mailer.cli.status import started
from mailer.cli.wiring import send_service
from mailer.errors import FindingsError, UsageError
from mailer.ledger.delivery import DeliveryState, Result, SendState

if TYPE_CHECKING:
    from mailer.ledger.delivery import Send, UncertainDelivery

_SHOWN = 50
"""On the screen; --json has all."""


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
    assume_sent: Annotated[
        bool, typer.Option("--assume-sent", help="Count them as sent: some may never get it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Those of whom nobody knows whether they were mailed, and what becomes of them."""
    if resend and assume_sent:
        raise UsageError("--resend and --assume-sent exclude each other")
    run = session(context)
    sends = started(run, campaign)
    for send in sends:
        if resend and send.state is SendState.CANCELLED:
            raise UsageError(f"{send.campaign} to {send.list_name} was cancelled, which is final")
        send_service(run).settle(send)
    outcomes = [_reconcile(run, send, resend=resend, assume_sent=assume_sent) for send in sends]
    if as_json:
        print_json([asdict(outcome) for outcome in outcomes])
    else:
        for outcome in outcomes:
            _show(outcome)
    _say_what_to_do(outcomes)


@dataclass(frozen=True)
class Outcome:
    """What was settled of one send, and what is uncertain still."""

    campaign: str
    list: str
    resent: int
    assumed: int
    uncertain: tuple[UncertainDelivery, ...]


def _reconcile(run: Session, send: Send, *, resend: bool, assume_sent: bool) -> Outcome:
    ids = [doubt.delivery_id for doubt in run.store.deliveries.uncertain(send.id)]
    again = [Result(each, DeliveryState.PENDING) for each in ids if resend]
    said = f"uncertain, taken for sent by hand on {now():%Y-%m-%d}"
    sent = [Result(each, DeliveryState.ACCEPTED, detail=said) for each in ids if assume_sent]
    return Outcome(
        send.campaign,
        send.list_name,
        resent=run.store.deliveries.resolve(send.id, again, now=now()),
        assumed=run.store.deliveries.resolve(send.id, sent, now=now()),
        uncertain=tuple(run.store.deliveries.uncertain(send.id)),
    )


def _show(outcome: Outcome) -> None:
    from mailer.cli.output import people

    name = f"{outcome.campaign} to {outcome.list}"
    if outcome.resent:
        typer.echo(
            f"{name}: {people(outcome.resent)} will be mailed again, some perhaps for the second "
            f"time. Go on with: mailer resume {outcome.campaign}"
        )
    if outcome.assumed:
        typer.echo(f"{name}: {people(outcome.assumed)} counted as sent.")
    doubts = outcome.uncertain
    typer.echo(f"{name}: {f'{len(doubts):,}' if doubts else 'nobody'} uncertain.")
    if doubts:
        shown = [(doubt.since, doubt.email or "(erased)", doubt.why) for doubt in doubts[:_SHOWN]]
        print_table(("Since", "Address", "Why"), shown)
        if len(doubts) > _SHOWN:
            typer.echo(f"  and {len(doubts) - _SHOWN:,} more; --json has all")


def _say_what_to_do(outcomes: list[Outcome]) -> None:
    number = sum(len(outcome.uncertain) for outcome in outcomes)
    if number:
        name = outcomes[0].campaign
        raise FindingsError(
            f"{number:,} may have been mailed, or not",
            hint=f"Decide for all of them: mailer reconcile {name} --assume-sent (nobody gets it "
            f"twice, some perhaps never) or mailer reconcile {name} --resend (everybody gets it, "
            "some perhaps twice).",
        )
