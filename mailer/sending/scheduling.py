"""Time of a send: --at, and the rules for a send that waits for its time."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from mailer.campaigns import schedule
from mailer.campaigns.schedule import Timing
from mailer.errors import SendStopped, UsageError
from mailer.ledger.delivery import SendState
from mailer.timezones import find_zone

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.campaigns.schedule import SendTime
    from mailer.ledger.delivery import Send
    from mailer.sending.plan import Plan
    from mailer.store import Store

NOW = "now"
_LOCAL = " local"


def is_later(at: str) -> bool:
    return at not in {"", NOW}


def parse(at: str, timezone: str) -> SendTime | None:
    """Read an --at; None for now. Raises UsageError for an invalid time."""
    return schedule.parse(at, default=timezone) if is_later(at) else None


def timing_of(plan: Plan, at: str, *, timezone: str, now: datetime) -> Timing | None:
    """The time at which a plan's mail is due; None leaves it unchanged.

    Args:
        plan: of the send.
        at: the value of --at, "" for none, or "now".
        timezone: of the project, "" for none.
        now: aware.

    Raises:
        UsageError: the time is past for some, or more than a year away.
    """
    ordered = parse(at, timezone)
    if ordered is None:
        return Timing("", now) if at else None
    people = plan.rest.zones + plan.rest.held_zones + plan.new.zones
    return schedule.timing(ordered, people, now=now, default=timezone)


def return_to_schedule(
    store: Store, send: Send, *, resuming: bool, timezone: str, now: datetime
) -> bool:
    """Return a paused send to its schedule if no delivery is due; False when a delivery is due.

    Raises:
        UsageError: the send is not paused, and waits for its time or for the winner of its A/B test.
        SendStopped: the send was changed in another terminal.
    """
    if store.schedule.is_due(send.id, now=now):
        return False
    due = store.schedule.next_due(send.id, now=now)
    waits = store.schedule.awaits_winner(send.id)
    if resuming and send.state is SendState.PAUSED and (due or waits):
        if not store.sends.set_state(send.id, SendState.QUEUED, seen=send.version, now=now):
            raise changed_elsewhere(send)
        return True
    if due:
        raise UsageError(
            f"{send.campaign} is scheduled: it starts at {at_clock(due, send.plan, timezone)}",
            hint=f"Start it now with: mailer send {send.campaign} --at now. Move it with: mailer send "
            f"{send.campaign} --at TIME. Give it up with: mailer cancel {send.campaign}.",
        )
    if waits:
        raise UsageError(
            f"the rest of {send.campaign} wait for the winner of its subject test",
            hint=f"Look at the figures, then choose it, with: mailer winner {send.campaign}",
        )
    return False


def changed_elsewhere(send: Send) -> SendStopped:
    return SendStopped(
        f"{send.campaign} was paused or changed in another terminal in the meantime: nothing was started",
        hint=f"Look at it with: mailer status {send.campaign}",
    )


def refuse_joiners(store: Store, send: Send, now: datetime) -> None:
    """Raises UsageError while a send goes out at each recipient's own hour: joiners have no hour yet."""
    due = store.schedule.next_due(send.id, now=now)
    if due and send.plan.endswith(_LOCAL):
        raise UsageError(
            f"{send.campaign} is going out at {send.plan}: people who have joined since can be added "
            "when that is done",
            hint=f"Go on with: mailer resume {send.campaign}. Or move all the rest, with --at.",
        )


def has_ended(store: Store, send: Send, now: datetime) -> bool:
    """Whether there is nothing to do: the send is finished, or paused before its time."""
    if send.state is not SendState.PAUSED:
        return send.state is SendState.FINISHED
    due = store.schedule.next_due(send.id, now=now)
    return due is not None or store.schedule.awaits_winner(send.id)


def at_clock(due: datetime, plan: str, timezone: str) -> str:
    """A moment in the time zone of its --at, else the project's, else UTC."""
    names = (plan.rpartition(" ")[2], timezone)
    zone = next(filter(None, map(find_zone, names)), UTC)
    return f"{due.astimezone(zone):%A %Y-%m-%d %H:%M %Z}"
