"""The rows of a report, as terminal and page both show them."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from mailer.ledger.delivery import HELD_BACK
from mailer.ledger.event import EventOutcome

if TYPE_CHECKING:
    from mailer.reports.summary import Numbers, SendReport

_HEARD = {
    EventOutcome.DELIVERED: "delivered",
    EventOutcome.BOUNCED: "bounced: there is no such mailbox",
    EventOutcome.RETURNED: "came back this time: mailbox full, server down",
    EventOutcome.DECLINED: "not wanted there: too large, or for its content",
    EventOutcome.UNRECOGNIZED: "bounced for a reason mailer does not know: not suppressed",
    EventOutcome.NOT_TRIED: "not tried: held back by Amazon's own prediction or lists",
    EventOutcome.COMPLAINED: "complained: marked as spam",
    EventOutcome.NEVER_SENT: "never sent by Amazon",
}
_SHOWN = 10
"""Rows of a table or chart."""
_LEAST = 0.0001
"""Below, a share is shown as less than that."""


@dataclass(frozen=True, slots=True)
class Key:
    """A figure that a director asks for first."""

    name: str
    number: str
    note: str


def key_figures(report: SendReport) -> list[Key]:
    counts = report.counts
    keys = [Key("Handed over", f"{counts.accepted:,}", f"of {counts.audience:,} in the audience")]
    for name, outcome in (
        ("Bounced", EventOutcome.BOUNCED),
        ("Complained", EventOutcome.COMPLAINED),
    ):
        if report.is_reported:
            keys.append(_part(report, name, report.of(outcome)))
        else:
            keys.append(Key(name, "?", "not known yet"))
    keys.append(_part(report, "Unsubscribed", report.unsubscribed))
    if report.clicks:
        number = sum(link.number for link in report.clicks)
        keys.append(Key("Clicks", f"{number:,}", "on all links together"))
    return keys


def _part(report: SendReport, name: str, number: int) -> Key:
    return Key(name, f"{number:,}", percent(report.share(number)))


def percent(share: float) -> str:
    if 0 < share < _LEAST:
        return f"less than {_LEAST:.2%}"
    return f"{share:.2%}" if share else "0%"


def ledger(report: SendReport) -> Numbers:
    counts = report.counts
    rows = (
        ("handed over", counts.accepted),
        ("still to come", counts.pending + counts.sending),
        ("refused", counts.failed),
        ("perhaps handed over", counts.uncertain),
        ("left out when their turn came", counts.skipped),
    )
    return tuple(row for row in rows if row[1])


def heard(report: SendReport) -> Numbers:
    """One mail may be in several: what was delivered can come back all the same."""
    return tuple((says, report.of(it)) for it, says in _HEARD.items() if report.of(it))


def left_out(report: SendReport) -> Numbers:
    """Recipients who were not mailed, by reason: at the start for the quiet period, or at their turn."""
    reasons = dict(report.skipped)
    if report.held_back:
        reasons[HELD_BACK] = report.held_back
    return tuple(sorted(reasons.items(), key=lambda row: -row[1]))


def domains(report: SendReport) -> Numbers:
    return tuple(
        (
            f"{domain.name}, {percent(domain.bounced / domain.accepted)} of {domain.accepted:,}",
            domain.bounced,
        )
        for domain in report.domains
        if domain.bounced
    )


def variants(report: SendReport) -> Numbers:
    if report.other_variants == 0 and len(report.variants) == 1:
        return ()
    return report.variants


def clicks(report: SendReport) -> Numbers:
    """Clicks by address, for all subjects together."""
    total: dict[str, int] = {}
    for link in report.clicks:
        total[link.url] = total.get(link.url, 0) + link.number
    return tuple(sorted(total.items(), key=lambda row: -row[1]))


_FIGURES = ("Sent", "Clicks", "Unsubscribed", "Bounced", "Complained")


def arm_columns(report: SendReport) -> tuple[str, ...]:
    return (report.tested, *_FIGURES)


def arms(report: SendReport) -> list[tuple[str, ...]]:
    """A row for each, with its share of the mail that had it: unlike the numbers, those compare."""
    return [
        (
            f"{arm.text} (the winner)" if arm.figures.arm == report.send.winner else arm.text,
            f"{arm.figures.sent:,}",
            *(
                f"{number:,} ({percent(number / arm.figures.sent)})"
                for number in astuple(arm.figures)[2:]
            ),
        )
        for arm in report.arms
    ]


def top(numbers: Numbers) -> Numbers:
    """The first ten rows, and one with the sum of the others."""
    shown, rest = numbers[:_SHOWN], numbers[_SHOWN:]
    others = ((f"{len(rest):,} others", sum(number for _, number in rest)),) if rest else ()
    return (*shown, *others)


def heading(title: str, numbers: Numbers) -> str:
    """The title of a table; of one that `top` cuts, how much is shown."""
    return f"{title} ({_SHOWN} of {len(numbers):,})" if len(numbers) > _SHOWN else title


def states(report: SendReport) -> Numbers:
    return tuple((state or "not known", number) for state, number in report.states)
