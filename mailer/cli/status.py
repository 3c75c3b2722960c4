"""status, pause and cancel: show sends, and stop them from another terminal."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli import schedule_output
from mailer.cli.common import (
    Campaign,
    Json,
    Session,
    Yes,
    interactive,
    now,
    print_json,
    print_table,
    session,
)
from mailer.cli.wiring import send_service
from mailer.errors import UsageError, suggest

if TYPE_CHECKING:
    from mailer.ledger.delivery import Counts, Send
    from mailer.ledger.worker import WorkerStatus

_STATES = ("pending", "sending", "accepted", "failed", "uncertain", "skipped")


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command()(campaigns)
    app.command()(status)
    app.command()(pause)
    app.command()(cancel)


def campaigns(context: typer.Context, as_json: Json = False) -> None:
    """List the campaigns: drafts, scheduled and sent."""
    from mailer.sending.overview import overview

    run = session(context)
    rows = overview(run.project, run.store, now())
    if as_json:
        print_json([asdict(row) for row in rows])
    elif not rows:
        typer.echo("There are no campaigns yet. Start one with: mailer new NAME")
    else:
        columns = ("Campaign", "List", "State", "Ordered for", "Accepted", "Audience", "Note")
        print_table(columns, [tuple(asdict(row).values()) for row in rows])


def status(
    context: typer.Context,
    campaign: Annotated[
        str, typer.Argument(help="Without it, all of them.", metavar="[CAMPAIGN]")
    ] = "",
    as_json: Json = False,
) -> None:
    """What has been sent, what is being sent, and what is left."""
    run = session(context)
    sends = started(run, campaign) if campaign else run.store.sends.all()
    rows = [(send, run.store.sends.counts(send.id)) for send in sends]
    workers = [w for w in run.store.schedule.workers() if campaign in {"", *w.campaigns}]
    if as_json:
        from mailer.cli.output import send_as_json

        print_json(
            [
                send_as_json(send, counts)
                | schedule_output.numbers(run, send)
                | {"workers": [_as_json(w) for w in workers if send.campaign in w.campaigns]}
                for send, counts in rows
            ]
        )
    elif not rows:
        typer.echo("Nothing has been sent yet.")
    elif campaign:
        for send, counts in rows:
            _show(run, send, counts)
    else:
        _show_all(run, rows)
    if workers and not as_json:
        _show_workers(workers)


def _as_json(worker: WorkerStatus) -> dict[str, object]:
    return asdict(worker) | {"since": worker.since.isoformat(timespec="seconds")}


def _show_workers(workers: list[WorkerStatus]) -> None:
    rows = [
        (
            worker.host,
            str(worker.process),
            f"{worker.since:%Y-%m-%d %H:%M UTC}",
            ", ".join(worker.campaigns) or "nothing yet: waits for what is due",
        )
        for worker in workers
    ]
    print_table(("Machine", "Process", "Since", "Sends"), rows)


def pause(context: typer.Context, campaign: Campaign) -> None:
    """Stop a campaign that is being sent, from another terminal."""
    from mailer.ledger.delivery import SendState

    run = session(context)
    active = [send for send in started(run, campaign) if not send.is_over]
    if not active:
        raise UsageError(f"{_states(started(run, campaign))}: there is nothing to pause")
    for send in active:
        run.store.sends.set_state(
            send.id, SendState.PAUSED, note="paused with mailer pause", now=now()
        )
        typer.echo(
            f"{send.campaign} to {send.shown_lists} pauses after what is in flight. "
            f"Go on with: mailer resume {send.campaign}"
        )


def cancel(
    context: typer.Context,
    campaign: Campaign,
    yes: Yes = False,
) -> None:
    """Give up a campaign for good. If nobody was mailed yet, it is a draft again."""
    run = session(context)
    active = [send for send in started(run, campaign) if not send.is_over]
    if not active:
        raise UsageError(f"{_states(started(run, campaign))}: there is nothing to cancel")
    for send in active:
        _cancel(run, send, yes=yes)


def _cancel(run: Session, send: Send, *, yes: bool) -> None:
    counts = run.store.sends.counts(send.id)
    name = f"{send.campaign} to {send.shown_lists}"
    if not yes:
        if not interactive():
            raise UsageError("cancelling asks for a confirmation", hint="Add --yes.")
        if not typer.confirm(_question(send, counts)):
            raise UsageError("nothing was cancelled")
    if send_service(run).cancel(send):
        typer.echo(f"{name} is cancelled. Nobody was mailed: it is a draft again.")
    else:
        typer.echo(f"{name} is cancelled: {run.store.sends.counts(send.id)}.")


def _question(send: Send, counts: Counts) -> str:
    from mailer.cli.output import people

    if not counts.touched:
        return f"Nobody was mailed yet. Cancel {send.campaign} and make it a draft again?"
    pending = people(counts.pending)
    return f"{pending} on {send.shown_lists} will never get {send.campaign}. Cancel it?"


def started(run: Session, campaign: str) -> list[Send]:
    from mailer.sending.plan import name_of

    name = name_of(campaign)
    sends = run.store.sends.all(name)
    if not sends:
        raise UsageError(f"{name} has not been sent", hint=_not_sent(run, name))
    return sends


def _not_sent(run: Session, name: str) -> str:
    """What to do where a campaign has no send: it is a draft, or misspelled."""
    folder = run.project.root / "campaigns"
    if (folder / f"{name}.md").is_file():
        return f"Send it with: mailer send {name}"
    names = {send.campaign for send in run.store.sends.all()}
    names |= {path.stem for path in folder.glob("*.md")}
    return f"There is no campaign of this name. {suggest(name, names)}".strip()


def _states(sends: list[Send]) -> str:
    return ", ".join(f"{send.campaign} to {send.shown_lists} is {send.state}" for send in sends)


def _show_all(run: Session, sends: list[tuple[Send, Counts]]) -> None:
    shown = [name for name in _STATES if any(getattr(counts, name) for _, counts in sends)]
    columns = ("Campaign", "List", "State", "Created", "Audience", *map(str.title, shown), "Note")
    table_rows = [
        (
            *(
                send.campaign,
                send.shown_lists,
                _state(run, send),
                send.created[:10],
                counts.audience,
            ),
            *(getattr(counts, name) for name in shown),
            send.note or schedule_output.waits_for(run, send),
        )
        for send, counts in sends
    ]
    print_table(columns, table_rows)


def _state(run: Session, send: Send) -> str:
    from mailer.sending.status import status_of

    return status_of(run.store, send, now())


def _show(run: Session, send: Send, counts: Counts) -> None:
    from mailer.cli.output import show_held_back

    state = _state(run, send)
    typer.echo(f"{send.campaign} to {send.shown_lists}: {state}")
    if state == "stopped":
        typer.echo("  The process that was sending it is gone.")
    if send.note:
        typer.echo(f"  {send.note}")
    if not send.is_over and run.store.schedule.is_due(send.id, now=now()):
        typer.echo(f"  Go on with: mailer resume {send.campaign}")
    schedule_output.show_waves(run, send)
    rows = [(name, getattr(counts, name)) for name in ("audience", *_STATES)]
    print_table(("", "Recipients"), rows)
    show_held_back(send, len(run.store.quiet_period.held_back(send.id)))
    if not counts.balanced:
        typer.echo("  These do not add up: please keep lists/mailer.db and tell its developer.")
    for address, reason in run.store.deliveries.failures(send.id, 20):
        typer.echo(f"  {address}: {reason or 'no reason was given'}")
