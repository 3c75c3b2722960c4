"""Send through the fake SES at full speed, and look at what it saw, second by second.

    python -m tools.rehearse.ses            all of it: five minutes, on a machine with nothing else to do
    python -m tools.rehearse.ses raw bulk   some of it

Of each rehearsal it must be true that everybody was accepted exactly once, that nothing was refused for
its speed after the first second, that no second saw more than the rate and one batch, and that the
rate reached was 95 to 100 % of the one allowed.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path

from mailer.sending.progress import Pace
from mailer.transports.ses.transport import MARGIN
from tools.projects.ses_project import CAMPAIGN, SEND, fake_ses, make_project, start

LATENCY = 0.05
"""Seconds that the fake takes to answer, as SES does from the same continent."""


@dataclass(frozen=True)
class Rehearsal:
    """What is sent, how, and by how many processes at once."""

    people: int
    rate: float
    """That the account allows."""
    method: str
    senders: int = 1

    @property
    def allowed(self) -> float:
        return self.rate * MARGIN

    @property
    def batch(self) -> int:
        return self.senders * Pace(self.allowed, 50 if self.method == "bulk" else 1).batch_size


REHEARSALS = {
    "raw": Rehearsal(20_000, 500 / MARGIN, "raw"),
    "slow": Rehearsal(840, 14 / MARGIN, "raw"),
    "bulk": Rehearsal(40_000, 2_000 / MARGIN, "bulk"),
    "two": Rehearsal(20_000, 500 / MARGIN, "raw", senders=2),
    "short": Rehearsal(600, 100, "raw"),
}


@dataclass(frozen=True)
class Seen:
    """What the fake saw."""

    accepted: int
    twice: int
    throttled: int
    """After the first second."""
    busiest: int
    """Recipients in the busiest window of a second."""
    reached: float
    """Recipients a second, from the first to the last."""


def rehearse(what: Rehearsal, root: Path) -> Seen:
    make_project(root, what.people, method=what.method)
    options = ("--rate", str(what.rate), "--quota", "-1", "--latency", str(LATENCY))
    with fake_ses(*options) as ses:
        senders = [start(root, ses, *SEND, CAMPAIGN) for _ in range(what.senders)]
        for sender in senders:
            said, _ = sender.communicate()
            assert sender.returncode == 0, said
        messages, calls = ses.accepted(), ses.requests()
    addresses = [address for message in messages for address in message["to"]]
    times = sorted(message["at"] for message in messages)
    first = times[0]
    throttled = sum(call["status"] == 429 and call["at"] > first + 1 for call in calls)
    busiest = max(bisect_left(times, at + 1) - i for i, at in enumerate(times))
    # the first batch leaves at once, the rest at the rate
    reached = (len(times) - what.batch / what.senders) / (times[-1] - first)
    return Seen(
        len(set(addresses)), len(addresses) - len(set(addresses)), throttled, busiest, reached
    )


def faults(what: Rehearsal, seen: Seen) -> list[str]:
    """What is not as it must be."""
    share = seen.reached / what.allowed
    problems = {
        f"{what.people - seen.accepted} were not accepted": seen.accepted != what.people,
        f"{seen.twice} were accepted twice": seen.twice,
        f"{seen.throttled} were refused for speed": seen.throttled,
        f"{seen.busiest} in one second": seen.busiest > what.allowed + what.batch,
        f"{share:.1%} of the rate allowed": not 0.95 <= share <= 1.001,
    }
    return [text for text, wrong in problems.items() if wrong]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", choices=[*REHEARSALS, []], metavar="NAME")
    for name in parser.parse_args().names or REHEARSALS:
        what = REHEARSALS[name]
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            seen = rehearse(what, Path(folder) / "project")
        print(
            f"{name}: {what.people:,} by {what.method} at {what.allowed:,.4g}/s, {what.senders} "
            f"sender(s), {time.monotonic() - began:.0f} s in all: reached {seen.reached:,.1f}/s "
            f"({seen.reached / what.allowed:.1%}), busiest second {seen.busiest:,}, throttled "
            f"{seen.throttled}, twice {seen.twice}. {'; '.join(faults(what, seen)) or 'As it must be.'}",
            flush=True,
        )


if __name__ == "__main__":
    main()
