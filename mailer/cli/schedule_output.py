"""When a send is due: orders for later, and what is shown of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from mailer.cli.common import Session, now, print_json, print_table
from mailer.errors import UsageError
from mailer.ledger.delivery import SendState
from mailer.timezones import find_zone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mailer.campaigns.schedule import Schedule, Timing
    from mailer.ledger.delivery import PendingGroup, Send
    from mailer.sending.plan import Plan

NOW = "now"
_LOCAL = " local"
_ZONES = 12
"""On the screen; whoever has more has subscribers everywhere."""


def is_later(at: str) -> bool:
    return at not in {"", NOW}


def check(run: Session, at: str, *, by_hand: bool) -> None:
    """Raises UsageError for what is no time, and for a rate or a limit that a worker cannot know."""
    if is_later(at) and by_hand:
        raise UsageError(
            "--rate and --limit are for what is sent now",
            hint="For what is sent later, write rate = … under [send] in mailer.toml.",
        )
    _read(run, at)


def _read(run: Session, at: str) -> Schedule | None:
    """What --at says; None for now."""
    from mailer.campaigns import schedule

    if not is_later(at):
        return None
    return schedule.parse(at, default=run.project.settings.send.timezone)


def timing_of(run: Session, at: str, plan: Plan) -> Timing | None:
    """When everybody's mail is due; None leaves that as it is. Raises UsageError for what is past."""
    from mailer.campaigns import schedule
    from mailer.campaigns.schedule import Timing

    ordered = _read(run, at)
    if ordered is None:
        return Timing("", now()) if at else None
    people = plan.rest.zones + plan.rest.held_zones + plan.new.zones
    default = run.project.settings.send.timezone
    return schedule.timing(ordered, people, now=now(), default=default)


def lines_of(run: Session, timing: Timing | None, plan: Plan) -> dict[str, str]:
    """For the last look before an order."""
    if timing is None or not timing.plan:
        later = _later(run, plan)
        return {"Later": f"{later:,} are not due yet"} if later else {}
    dues = sorted({timing.due, *timing.zones.values()})
    lines = {"Starts": f"{timing.plan}, that is in {_wait(dues[0])}"}
    if timing.zones:
        people = plan.rest.zones + plan.new.zones
        for due in dues:
            number = sum(
                n for zone, n in people.items() if timing.zones.get(zone, timing.due) == due
            )
            lines[" " * len(lines)] = f"{_at(run, due, timing.plan)}: {number:,}"
    return lines


def _later(run: Session, plan: Plan) -> int:
    """How many of a send's recipients are to come after those of this plan."""
    send = plan.mailing.send
    here = len(plan.rest.ids) + plan.rest.left_out.total()
    return run.store.sends.counts(send.id).pending - here if send else 0


def is_for_later(run: Session, send: Send, *, resuming: bool) -> bool:
    """Whether it was given back to its schedule, since nothing of it is due.

    Raises:
        UsageError: it waits for its time, or for the winner of its subject test.
    """
    if run.store.schedule.is_due(send.id, now=now()):
        return False
    due = run.store.schedule.next_due(send.id, now=now())
    waits = run.store.schedule.awaits_winner(send.id)
    if resuming and send.state is SendState.PAUSED and (due or waits):
        run.store.sends.set_state(send.id, SendState.QUEUED, now=now())
        return True
    if due:
        raise UsageError(
            f"{send.campaign} is scheduled: it starts at {_at(run, due, send.plan)}",
            hint=f"Start it now with: mailer send {send.campaign} --at now. Move it with: mailer send "
            f"{send.campaign} --at TIME. Give it up with: mailer cancel {send.campaign}.",
        )
    if waits:
        raise UsageError(
            f"the rest of {send.campaign} wait for the winner of its subject test",
            hint=f"Look at the figures, then choose it, with: mailer winner {send.campaign}",
        )
    return False


def refuse_joiners(run: Session, send: Send) -> None:
    """Raises UsageError while it goes out at each recipient's own hour: theirs is not known to it."""
    due = run.store.schedule.next_due(send.id, now=now())
    if due and send.plan.endswith(_LOCAL):
        raise UsageError(
            f"{send.campaign} is going out at {send.plan}: whoever has joined since can be added when "
            "that is done",
            hint=f"Go on with: mailer resume {send.campaign}. Or move all the rest, with --at.",
        )


def rests(run: Session, send: Send) -> bool:
    """Whether there is nothing to do about it: it has ended, or is paused before its time."""
    if send.state is not SendState.PAUSED:
        return send.state is SendState.FINISHED
    due = run.store.schedule.next_due(send.id, now=now())
    return due is not None or run.store.schedule.awaits_winner(send.id)


def say_what_is_left(run: Session, send: Send) -> None:
    if run.store.schedule.is_due(send.id, now=now()):
        typer.echo(f"Go on with: mailer resume {send.campaign}")
    else:
        _announce(run, send)


def announce(run: Session, send: Send, *, as_json: bool) -> None:
    """What becomes by itself of what is not due yet."""
    from mailer.cli import output

    if as_json:
        print_json(output.send_as_json(send, run.store.sends.counts(send.id)) | numbers(run, send))
    else:
        _announce(run, send)


def _announce(run: Session, send: Send) -> None:
    due = run.store.schedule.next_due(send.id, now=now())
    if due is not None:
        started = run.store.sends.counts(send.id).accepted
        does = "goes on" if started else "is scheduled: it starts"
        typer.echo(f"{send.campaign} {does} at {_at(run, due, send.plan)}.")
        warn_without_worker(run)
    elif run.store.schedule.awaits_winner(send.id):
        typer.echo(f"The rest wait for the winner: mailer winner {send.campaign}")


def warn_without_worker(run: Session) -> None:
    if not run.store.leases.is_attended():
        typer.echo(
            "  But no worker is running, and nothing starts without one. Start it with: mailer worker"
        )


def waits_for(run: Session, send: Send) -> str:
    """What has to happen before a queued send goes on; "" when nothing has to."""
    if send.state is not SendState.QUEUED:
        return ""
    return "the winner of its test" if run.store.schedule.awaits_winner(send.id) else send.plan


def show_waves(run: Session, send: Send) -> None:
    """What is still to come, and when."""
    waves = run.store.schedule.pending_groups(send.id, now=now())
    later = [wave for wave in waves if wave.due is not None]
    if later:
        _show_later(run, send.plan, later)
        warn_without_worker(run)
    resting = sum(wave.pending for wave in waves if wave.due is None)
    if resting:
        typer.echo(f"  {resting:,} wait for the winner: mailer winner {send.campaign}")


def _show_later(run: Session, plan: str, waves: Sequence[PendingGroup]) -> None:
    moments = {wave.due for wave in waves if wave.due}
    number = sum(wave.pending for wave in waves)
    if len(moments) == 1:
        typer.echo(f"  Ordered for {plan}: {number:,} at {_at(run, min(moments), plan)}.")
        return
    typer.echo(f"  Ordered for {plan}:")
    rows = [(*_there(run, wave, plan), wave.pending) for wave in waves[:_ZONES]]
    print_table(("Starts", "Time zone", "Recipients"), rows)
    further = sum(wave.pending for wave in waves[_ZONES:])
    if further:
        typer.echo(f"  and {further:,} more in {len(waves) - _ZONES:,} more time zones")


def numbers(run: Session, send: Send) -> dict[str, Any]:
    """For scripts."""
    return {
        "plan": send.plan,
        "winner": send.winner,
        "waves": [
            {
                "due": wave.due and wave.due.isoformat(),
                "timezone": wave.timezone,
                "pending": wave.pending,
            }
            for wave in run.store.schedule.pending_groups(send.id, now=now())
        ],
    }


def _there(run: Session, wave: PendingGroup, plan: str) -> tuple[str, str]:
    """When it starts by the clock of those who get it, and where that is."""
    assert wave.due is not None
    zone = find_zone(wave.timezone)
    if zone is None:
        return _at(run, wave.due, plan), "not known"
    return f"{wave.due.astimezone(zone):%A %Y-%m-%d %H:%M %Z}", wave.timezone


def _at(run: Session, due: datetime, plan: str) -> str:
    """A moment by the clock it was ordered by, the project's, or else UTC."""
    from datetime import UTC

    names = (plan.rpartition(" ")[2], run.project.settings.send.timezone)
    zone = next(filter(None, map(find_zone, names)), UTC)
    return f"{due.astimezone(zone):%A %Y-%m-%d %H:%M %Z}"


def _wait(due: datetime) -> str:
    from mailer.cli.output import duration

    seconds = (due - now()).total_seconds()
    hours, day = 3600, 86_400
    if seconds < 2 * day:
        return duration(seconds).removeprefix("about ")
    return f"{seconds // day:.0f} days {seconds % day // hours:.0f} h"
