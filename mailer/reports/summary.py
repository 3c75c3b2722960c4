"""One send, added up: the ledger's numbers → a Report, in the words of staff. No person is in it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailer.campaigns.approval import approval_status
from mailer.compiler.variant_names import names
from mailer.ledger.delivery import HELD_BACK
from mailer.lists.request import UNSUBSCRIBE_REASONS
from mailer.mail import web_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mailer.campaigns.ab_test import ArmFigures
    from mailer.campaigns.snapshot import Snapshot
    from mailer.ledger.delivery import Counts, Send
    from mailer.ledger.event import EventOutcome
    from mailer.ledger.statistics import (
        AcceptedInMinute,
        BounceCount,
        DomainCount,
        LinkClicks,
        SendStatistics,
        VariantCount,
    )
    from mailer.store import Store

Numbers = tuple[tuple[str, int], ...]
"""Names and how many, the most first."""

_VARIANTS = 12
"""Shown of the variants: a campaign may have hundreds."""
_JINJA = re.compile(r"{{.*?}}|{%.*?%}")
_ADDRESS = re.compile(r"\S+@\S+")
_BOUNCES = {
    ("Permanent", "General"): "refused for good",
    ("Permanent", "NoEmail"): "no such address",
    ("Permanent", "Suppressed"): "on Amazon's own list of dead addresses",
    ("Permanent", "OnAccountSuppressionList"): "on your account's suppression list",
    ("Transient", "General"): "not delivered this time",
    ("Transient", "MailboxFull"): "mailbox full",
    ("Transient", "MessageTooLarge"): "mail too large",
    ("Transient", "ContentRejected"): "content refused",
    ("Transient", "AttachmentRejected"): "attachment refused",
    ("Undetermined", "Undetermined"): "no reason that Amazon understood",
}


@dataclass(frozen=True, slots=True)
class ArmResult:
    """One arm of an A/B test, and its results."""

    text: str
    figures: ArmFigures


@dataclass(frozen=True)
class SendReport:
    send: Send
    subject: str
    """As it is written in the campaign, "…" for what is each recipient's own."""
    counts: Counts
    approved_by: tuple[str, ...]
    minutes: tuple[AcceptedInMinute, ...]
    outcomes: Mapping[str, int]
    """`events.Outcome` → deliveries; empty while no event has come in."""
    unsubscribed: int
    reasons: Numbers
    """Why people left, of those who said so."""
    bounces: Numbers
    domains: tuple[DomainCount, ...]
    states: Numbers
    """By postal abbreviation, "" where it is not known."""
    skipped: Numbers
    failed: Numbers
    arms: tuple[ArmResult, ...]
    """Results of an A/B test; else none."""
    variants: Numbers
    other_variants: int
    clicks: tuple[LinkClicks, ...]
    tested: str = "Subject"
    """What a test told apart: Subject, or Variant for senders and texts."""

    @property
    def held_back(self) -> int:
        """Recipients who had another campaign recently, whether seen at the start or at their turn."""
        return self.send.held_back + dict(self.skipped).get(HELD_BACK, 0)

    @property
    def is_reported(self) -> bool:
        """Whether anything has been heard of what became of the mail."""
        return bool(self.outcomes)

    def of(self, outcome: EventOutcome) -> int:
        return self.outcomes.get(outcome, 0)

    def share(self, number: int) -> float:
        """The share of the mail that was handed over."""
        return number / self.counts.accepted if self.counts.accepted else 0


def summarize(store: Store, send: Send, snapshot: Snapshot) -> SendReport:
    """Add up one send.

    Args:
        store: read only.
        send: of the ledger.
        snapshot: frozen with the send.
    """
    statistics = store.statistics.of_send(send.id)
    shares, others = store.statistics.variant_counts(send.id, limit=_VARIANTS)
    approved = approval_status(
        store.approvals.all(send.campaign, send.list_name), snapshot, send.audience_query
    )
    return SendReport(
        send=send,
        subject=" / ".join(map(_legible, snapshot.parsed.front.choices)),
        counts=store.sends.counts(send.id),
        approved_by=approved.people,
        minutes=tuple(store.preview.accepted_by_minute(send.id)),
        outcomes=statistics.outcomes,
        unsubscribed=statistics.unsubscribed,
        reasons=_added(_in_short(statistics)),
        bounces=_added((_bounce(bounce), bounce.number) for bounce in statistics.bounces),
        domains=statistics.domains,
        states=statistics.states,
        skipped=statistics.skipped,
        failed=_added((_anonymous(detail), number) for detail, number in statistics.failed),
        arms=_arms(store, send, snapshot),
        variants=_variants(shares),
        other_variants=others,
        clicks=tuple(store.clicks.of_send(send.id)),
        tested=snapshot.parsed.arm_kind.title(),
    )


def _added(numbers: Iterable[tuple[str, int]]) -> Numbers:
    total: Counter[str] = Counter()
    for name, number in numbers:
        total[name] += number
    return tuple(total.most_common())


def _in_short(statistics: SendStatistics) -> Iterable[tuple[str, int]]:
    """The ticked reasons only: free text is for staff, not for a report."""
    for reason, number in statistics.reasons.items():
        ticked = reason.partition(":")[0]
        yield (
            ticked if ticked in UNSUBSCRIBE_REASONS.values() else UNSUBSCRIBE_REASONS["other"],
            number,
        )


def _bounce(bounce: BounceCount) -> str:
    code = f"{bounce.type} {bounce.subtype}".strip() or "no reason was given"
    return _BOUNCES.get((bounce.type, bounce.subtype), code)


def _anonymous(detail: str) -> str:
    return _ADDRESS.sub("…", detail) or "no reason was given"


def _legible(text: str) -> str:
    return _JINJA.sub("…", text)


def _arms(store: Store, send: Send, snapshot: Snapshot) -> tuple[ArmResult, ...]:
    texts = snapshot.parsed.arm_names
    figures = store.statistics.arm_figures(send.id) if len(texts) > 1 else []
    return tuple(ArmResult(_legible(texts[row.arm - 1]), row) for row in figures)


def _variants(shares: Sequence[VariantCount]) -> Numbers:
    labels = names([web_version.guards(share.content) for share in shares])
    return _added(zip(labels, (share.number for share in shares), strict=True))
