"""Output about a send: the review before it, and its result."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import typer

from mailer.cli import findings
from mailer.cli.common import print_facts, print_table
from mailer.compiler.variant_names import names
from mailer.lists.membership import SuppressionReason
from mailer.throttle import lowest_rate

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping, Sequence

    from mailer.campaigns.snapshot import Snapshot
    from mailer.compiler.compile import Variant
    from mailer.ledger.delivery import Counts, Send
    from mailer.sending.plan import Plan
    from mailer.sending.progress import SendProgress
    from mailer.transports.base import Allowance

_SHOWN = 12
"""Variants on the screen; a campaign may have hundreds."""
_SUPPRESSED = {SuppressionReason.BOUNCED, SuppressionReason.COMPLAINED, SuppressionReason.MANUAL}
_MINUTE = 60
_TELLING = 5
"""Seconds after which a measured speed is meaningful: the first second may send one batch more."""
_OUTBOX_SPEED = 3_000
"""Messages a second without a rate, measured on one slow core: for the estimate only."""


@dataclass(frozen=True)
class SendDuration:
    """The speed of a send, and its duration in days."""

    cap: float | None
    """Messages a second, as staff requested."""
    allowance: Allowance

    @property
    def rate(self) -> float | None:
        return lowest_rate(self.cap, self.allowance.rate)

    def days(self, recipients: int) -> int:
        """Number of days on which mail goes out: the rest of today's quota, then whole quotas."""
        left, daily = self.allowance.left, self.allowance.daily
        if left is None or not daily or recipients <= left:
            return 1
        return 1 + math.ceil((recipients - left) / daily)

    def in_words(self, recipients: int) -> dict[str, str]:
        rate, allowed = self.rate, self.allowance.rate
        lines = {"Rate": f"{rate:,.4g} a second" if rate else "as fast as it goes"}
        if self.allowance.daily is not None:
            left = f"{self.allowance.left:,}" if self.allowance.left else "none"
            lines["Quota"] = f"{self.allowance.daily:,} in 24 hours, {left} left"
        if rate and allowed and rate == allowed:
            lines["Rate"] += ", the most that the account allows with a little to spare"
        days = self.days(recipients)
        lines["Takes"] = (
            duration(recipients / (rate or _OUTBOX_SPEED))
            if days == 1
            else f"{days} days: it pauses when the quota is used up, and says when it can go on"
        )
        return lines


def show_plan(plan: Plan, further: Mapping[str, str]) -> None:
    """Print the plan: content, recipients, and further lines on delivery."""
    snapshot = plan.mailing.snapshot
    example = plan.rest.example or plan.new.example
    assert example is not None
    excluded = snapshot.parsed.front.exclude
    lines = {
        "Campaign": f"{plan.mailing.campaign}, from {snapshot.path}",
        "Subject": example.subject,
        "": f"as {example.email} gets it",
        **_tested(snapshot),
        "Lists" if plan.mailing.lists[1:] else "List": plan.mailing.shown_lists,
        "Audience": plan.query or "everybody on the list",
        **({"Excluded": ", ".join(excluded)} if excluded else {}),
        "Recipients": _recipients(plan),
        "Left out": left_out(plan.rest.left_out + plan.new.left_out) or "nobody",
        **further,
    }
    if snapshot.parsed.front.urgent:
        lines["Urgent"] = "yes: also for those who had another campaign lately"
    typer.echo()
    print_facts(lines)
    if plan.mailing.edited and plan.mailing.send:
        typer.echo(
            f"\n  The files have changed since {_day(plan.mailing.send)}. Everybody still to come "
            "gets the version of then."
        )
    if plan.mailing.replaces:
        typer.echo(
            f"\n  The files have changed since {_day(plan.mailing.replaces)}: this new version goes out. "
            "Nobody was mailed with the old one."
        )
    show_variants(plan.merger.counts.most_common())


def _tested(snapshot: Snapshot) -> dict[str, str]:
    """A line for each variant of a test."""
    campaign = snapshot.parsed
    if campaign.arms == 1:
        return {}
    return {
        campaign.arm_name(arm).capitalize(): name
        for arm, name in enumerate(campaign.arm_names, 1)
        if campaign.front.subjects or campaign.front.senders
    }


def _recipients(plan: Plan) -> str:
    if not plan.mailing.send:
        return f"{plan.recipients:,}"
    chosen = f"of those chosen on {_day(plan.mailing.send)}"
    parts = {chosen: len(plan.rest.ids), "who joined since": len(plan.new.ids)}
    breakdown = " and ".join(f"{number:,} {label}" for label, number in parts.items() if number)
    return f"{plan.recipients:,}: {breakdown}"


def show_variants(shares: Sequence[tuple[Variant, int]]) -> None:
    """Variants, with the number of recipients of each."""
    variants = _variants(shares)
    labels = names([variant.guards for variant, _ in shares])
    rows = [
        (variant["number"], variant["recipients"], _short(name))
        for variant, name in list(zip(variants, labels, strict=True))[:_SHOWN]
    ]
    print_table(("Variant", "Recipients", "Who gets it"), rows)
    further = variants[_SHOWN:]
    if further:
        number = sum(variant["recipients"] for variant in further)
        typer.echo(f"  and {len(further):,} more variants for {people(number)}\n")


def _variants(shares: Sequence[tuple[Variant, int]]) -> list[dict[str, Any]]:
    return [
        {"number": variant.number, "recipients": number, "answers": list(variant.guards)}
        for variant, number in shares
    ]


def left_out(reasons: Counter[str]) -> str:
    return ", ".join(
        f"{number:,} {f'suppressed ({reason})' if reason in _SUPPRESSED else reason}"
        for reason, number in reasons.most_common()
    )


def show_nothing_to_do(send: Send, counts: Counts) -> None:
    if counts.pending or counts.sending:
        typer.echo(f"Nothing to do here: {counts}.")
    else:
        typer.echo(
            f"Nothing to do: all {people(counts.audience)} of {send.campaign} have been dealt "
            f"with, through {send.transport}: {counts}."
        )


def show_summary(
    send: Send, counts: Counts, progress: SendProgress, seconds: float, where: str
) -> None:
    speed = f", {progress.tried / seconds:,.0f} a second" if seconds >= _TELLING else ""
    typer.echo(f"{send.campaign}: {progress.accepted:,} accepted in {seconds:,.1f} s{speed}.")
    typer.echo(f"Of {people(counts.audience)} in all: {counts}.")
    if progress.slowdowns:
        times = "once" if progress.slowdowns == 1 else f"{progress.slowdowns:,} times"
        typer.echo(f"It was slowed down, being told {times}: {progress.slow_down}")
    typer.echo(f"The mails are in {where}" if where.endswith("/") else f"They went to {where}.")
    if counts.pending:
        typer.echo(f"{people(counts.pending)} still to come.")
    if counts.sending:
        typer.echo(f"{people(counts.sending)} are in the hands of another process.")


def show_held_back(send: Send, passed_over: int) -> None:
    """The number of recipients skipped for the quiet period, at the start or at their turn."""
    number = send.held_back + passed_over
    if number:
        typer.echo(
            f"{people(number)} had another campaign lately and did not get this one. Offer it to "
            f"them later with: mailer send {send.campaign}"
        )


def send_as_json(send: Send, counts: Counts) -> dict[str, Any]:
    return {
        "campaign": send.campaign,
        "list": send.list_name,
        "lists": list(send.lists),
        "state": send.state,
        "note": send.note,
        "audience_query": send.audience_query,
        "transport": send.transport,
        "created": send.created,
        "held_back": send.held_back,
        "rate": send.rate or None,
        "stop_after": send.stop_after or None,
        **asdict(counts),
        "balanced": counts.balanced,
    }


def plan_as_json(plan: Plan) -> dict[str, Any]:
    return {
        "dry_run": True,
        "campaign": plan.mailing.campaign,
        "list": plan.mailing.list_name,
        "lists": list(plan.mailing.lists),
        "exclude": list(plan.mailing.snapshot.parsed.front.exclude),
        "audience_query": plan.query,
        "recipients": plan.recipients,
        "left_out": dict(plan.rest.left_out + plan.new.left_out),
        "variants": _variants(plan.merger.counts.most_common()),
        **findings.as_json(plan.findings),
    }


def people(number: int) -> str:
    return "1 person" if number == 1 else f"{number:,} people"


def duration(seconds: float) -> str:
    """A duration in everyday language: "about 40 seconds", "about 3 minutes", "about 1 h 20 min"."""
    if seconds <= 1:
        return "about a second"
    if seconds < 2 * _MINUTE:
        return f"about {seconds:.0f} seconds"
    minutes = round(seconds / _MINUTE)
    if minutes < 2 * _MINUTE:
        return f"about {minutes} minutes"
    return f"about {minutes // 60} h {minutes % 60} min"


def _day(send: Send) -> str:
    return send.created[:10]


def _short(text: str, limit: int = 240) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
