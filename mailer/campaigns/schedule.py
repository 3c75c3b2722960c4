"""When a send is due: an order such as "2026-12-01 09:00 America/New_York" → moments.

One rule for all clocks: it is due at the first moment at which the clock there shows the time, or has
passed it. Where a clock is put forward over the time, that is the moment it is put forward; where it
is put back and shows the time twice, the first of the two.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING

from mailer.errors import UsageError
from mailer.timezones import find_zone, hint_for_zone

if TYPE_CHECKING:
    from collections.abc import Mapping

LOCAL = "local"
_FAR = timedelta(days=366)
_WRITTEN = re.compile(
    r"""(?:(?P<date>2\d{3}-\d\d-\d\d)(?:T|[ ]+))?  (?P<time>\d{1,2}:\d\d)(?::00)?
    [ ]*  (?P<where>(?!:).*)""",
    re.VERBOSE,
)
_OFFSET = re.compile(r"([+-])([01]\d|2[0-3]):?([0-5]\d)")
_EXAMPLES = (
    'Write it as in "2026-12-01 09:00", "2026-12-01 09:00 America/New_York" or "09:00 local".'
)


@dataclass(frozen=True, slots=True)
class SendTime:
    """When a send is to go out, as staff typed it with --at."""

    day: date | None
    """None for the next day on which the time is still to come."""
    at: time
    zone: tzinfo | None
    """None for each recipient's own."""
    where: str
    """The zone, as it was written."""

    def __str__(self) -> str:
        day = f"{self.day} " if self.day else ""
        return f"{day}{self.at:%H:%M} {self.where}"


def parse(text: str, *, default: str) -> SendTime:
    """Read an order.

    Args:
        text: as staff write it.
        default: the project's time zone, "" for none.

    Raises:
        UsageError: it is no time, its zone is not known, or nothing says which zone is meant.
    """
    written = _WRITTEN.fullmatch(text.strip())
    if not written:
        raise UsageError(f'"{text}" is not a time', hint=_EXAMPLES)
    try:
        day = date.fromisoformat(written["date"]) if written["date"] else None
        at = time.fromisoformat(written["time"].zfill(5))
    except ValueError as err:
        raise UsageError(f'"{text}" is not a time: {err}', hint=_EXAMPLES) from err
    where = written["where"] or default
    if where.lower() == LOCAL:
        return SendTime(day, at, None, LOCAL)
    if not where:
        raise UsageError(
            f'"{text}" does not say in which time zone',
            hint=f'Write "{text} America/New_York", or timezone = "America/New_York" under [send] in '
            "mailer.toml.",
        )
    return SendTime(day, at, _zone(where), where)


def _zone(name: str) -> tzinfo:
    offset = _OFFSET.fullmatch(name)
    if offset:
        ahead = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(ahead if offset[1] == "+" else -ahead)
    if name == "Z":
        return UTC
    zone = find_zone(name)
    if zone is None:
        raise UsageError(f'there is no time zone "{name}"', hint=hint_for_zone(name))
    return zone


def moment(wall: datetime, zone: tzinfo) -> datetime:
    """The first moment, in UTC, at which the clock in a zone shows a time or has passed it."""
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    second = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if second >= first:
        return first
    # the clock is put forward over the time, at some second between the two
    steps = range(int((first - second).total_seconds()) + 1)
    passed = bisect_left(
        steps, wall, key=lambda step: clock(second + timedelta(seconds=step), zone)
    )
    return second + timedelta(seconds=passed)


def clock(at: datetime, zone: tzinfo) -> datetime:
    """What the clock in a zone shows at a moment."""
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def timing(schedule: SendTime, people: Mapping[str, int], *, now: datetime, default: str) -> Timing:
    """When each recipient's mail is due.

    Without a day it is the first on which the time is still to come, for everybody.

    Args:
        schedule: what was ordered.
        people: how many recipients there are of each time zone, "" where none is known.
        now: aware.
        default: the project's time zone, for recipients without one.

    Raises:
        UsageError: the time is past, for all or for some, or more than a year away; or it is local,
            and nothing says what that is for some.
    """
    zones = _zones(schedule, people, default)
    day, dues = _on_the_day(schedule, zones, now)
    late = {name: people[name] for name, due in dues.items() if due <= now}
    if late:
        raise _past(schedule, day, late, sum(people.values()))
    if max(dues.values()) - now > _FAR:
        raise UsageError(f"{day} is more than a year away", hint="Is the year right?")
    plan = str(replace(schedule, day=day))
    if schedule.zone is not None:
        return Timing(plan, dues[""])
    other = dues.get("") or max(dues.values())
    return Timing(plan, other, {name: due for name, due in dues.items() if due != other})


def _zones(schedule: SendTime, people: Mapping[str, int], default: str) -> dict[str, tzinfo]:
    """The clock that counts, by the name of a recipient's zone."""
    if schedule.zone is not None:
        return {"": schedule.zone}
    fallback = find_zone(default)
    zones = {name: find_zone(name) or fallback for name in people}
    lost = sum(people[name] for name, zone in zones.items() if zone is None)
    if lost:
        raise UsageError(
            f"{lost:,} recipients have no time zone, and no ZIP code that tells it",
            hint='Write timezone = "America/New_York", or where most of them are, under [send] in '
            "mailer.toml.",
        )
    return {name: zone for name, zone in zones.items() if zone is not None}


def _on_the_day(
    schedule: SendTime, zones: Mapping[str, tzinfo], now: datetime
) -> tuple[date, dict[str, datetime]]:
    day = schedule.day or min(clock(now, zone).date() for zone in zones.values())
    while True:
        wall = datetime.combine(day, schedule.at)
        dues = {name: moment(wall, zone) for name, zone in zones.items()}
        if schedule.day or min(dues.values()) > now:
            return day, dues
        day += timedelta(days=1)


def _past(schedule: SendTime, day: date, late: Mapping[str, int], everybody: int) -> UsageError:
    due = f"{day} {schedule.at:%H:%M}"
    if schedule.zone is not None:
        return UsageError(
            f"{due} {schedule.where} is past", hint="Name a time that is still to come."
        )
    number = sum(late.values())
    where = ", ".join(name or "no time zone" for name in sorted(late))
    return UsageError(
        f"{due} is past already for {number:,} of {everybody:,} recipients ({where})",
        hint="Name a later time, or leave the day out: then it is the next on which nobody is late.",
    )


@dataclass(frozen=True, slots=True)
class Timing:
    """When deliveries are due."""

    plan: str
    """As it was ordered, for staff: "2026-12-01 09:00 local"; "" for at once."""
    due: datetime
    zones: Mapping[str, datetime] = field(default_factory=dict)
    """The times by recipients' time zone, where they differ."""
