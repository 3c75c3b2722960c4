"""reconcile: what is uncertain, and how it is settled; never by itself."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailer.cli.common import Json, Session, now, print_json, print_table, session
from mailer.cli.status import settle, started
from mailer.errors import FindingsError, Place, UsageError
from mailer.store.base import DeliveryState, Result, SendState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailer.store.base import Doubt, Send

Campaign = Annotated[
    str, typer.Argument(help="Its name, as in council-vote, or its file.", metavar="CAMPAIGN")
]
_SHOWN = 50
"""On the screen; --json has all."""


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(reconcile)


def reconcile(
    context: typer.Context,
    campaign: Campaign,
    *,
    events: Annotated[
        Path | None,
        typer.Option(help="A file of Amazon SES's events, one in a line, to settle them from."),
    ] = None,
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
        settle(run, send)
    proven = _read(events, sends[0].campaign) if events else []
    outcomes = [
        _reconcile(run, send, proven, resend=resend, assume_sent=assume_sent) for send in sends
    ]
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
    by_events: int
    resent: int
    assumed: int
    uncertain: tuple[Doubt, ...]


def _reconcile(
    run: Session, send: Send, proven: list[Result], *, resend: bool, assume_sent: bool
) -> Outcome:
    by_events = run.store.resolve(send.id, proven, now=now())
    ids = [doubt.delivery_id for doubt in run.store.doubts(send.id)]
    again = [Result(each, DeliveryState.PENDING) for each in ids if resend]
    said = f"uncertain, taken for sent by hand on {now():%Y-%m-%d}"
    sent = [Result(each, DeliveryState.ACCEPTED, detail=said) for each in ids if assume_sent]
    return Outcome(
        send.campaign,
        send.list_name,
        by_events,
        resent=run.store.resolve(send.id, again, now=now()),
        assumed=run.store.resolve(send.id, sent, now=now()),
        uncertain=tuple(run.store.doubts(send.id)),
    )


def _read(path: Path, campaign: str) -> list[Result]:
    from mailer.events import proof

    try:
        with path.open(encoding="utf-8") as lines:
            proofs = (proof(event, campaign) for event in _events(path, lines))
            return [result for result in proofs if result]
    except (OSError, UnicodeDecodeError) as err:
        raise UsageError(f"{path} cannot be read: {err}") from err


def _events(path: Path, lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        try:
            event = json.loads(line)
        except ValueError as err:
            raise UsageError(
                "is not an event as Amazon SES writes it",
                place=Place(str(path), number),
                hint="Each line is one event in JSON.",
            ) from err
        if isinstance(event, dict):
            yield event


def _show(outcome: Outcome) -> None:
    from mailer.cli.screens import people

    name = f"{outcome.campaign} to {outcome.list}"
    if outcome.by_events:
        typer.echo(f"{name}: {people(outcome.by_events)} settled by events.")
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
