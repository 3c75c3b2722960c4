"""Output about schedules: when a send is due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from mailer.cli.common import Session, now, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mailer.campaigns.schedule import Timing
    from mailer.ledger.delivery import PendingGroup, Send
    from mailer.sending.plan import Plan

_ZONES = 12
"""Time zones on the screen: a send with more has subscribers everywhere."""


def lines_of(run: Session, timing: Timing | None, plan: Plan) -> dict[str, str]:
    """Lines on the schedule for the review before a send."""
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
    """Number of a send's recipients who are due after those of this plan."""
    send = plan.mailing.send
    chosen = len(plan.rest.ids) + plan.rest.left_out.total()
    return run.store.sends.counts(send.id).pending - chosen if send else 0


def say_what_is_left(run: Session, send: Send) -> None:
    if run.store.schedule.is_due(send.id, now=now()):
        typer.echo(f"Go on with: mailer resume {send.campaign}")
    else:
        _announce(run, send)


def announce(run: Session, send: Send, *, as_json: bool) -> None:
    """Describe what happens by itself to deliveries that are not due yet."""
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
    """The event that a queued send waits for; "" for none."""
    from mailer.ledger.delivery import SendState

    if send.state is not SendState.QUEUED:
        return ""
    return "the winner of its test" if run.store.schedule.awaits_winner(send.id) else send.plan


def show_waves(run: Session, send: Send) -> None:
    """Print the deliveries that are still to come, and when."""
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
    """The schedule as JSON."""
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
    """The start in the recipients' local time, and their time zone."""
    from mailer.timezones import find_zone

    assert wave.due is not None
    zone = find_zone(wave.timezone)
    if zone is None:
        return _at(run, wave.due, plan), "not known"
    return f"{wave.due.astimezone(zone):%A %Y-%m-%d %H:%M %Z}", wave.timezone


def _at(run: Session, due: datetime, plan: str) -> str:
    from mailer.sending.scheduling import at_clock

    return at_clock(due, plan, run.project.settings.send.timezone)


def _wait(due: datetime) -> str:
    from mailer.cli.output import duration

    seconds = (due - now()).total_seconds()
    hours, day = 3600, 86_400
    if seconds < 2 * day:
        return duration(seconds).removeprefix("about ")
    return f"{seconds // day:.0f} days {seconds % day // hours:.0f} h"
