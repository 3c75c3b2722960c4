"""All checks of a campaign: of its source, of every variant with recipients, and of its audience."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from mailer.checks.audience_stats import AudienceStats
from mailer.checks.finding import Finding, Severity
from mailer.checks.registry import MAIL_RULES, SOURCE_RULES
from mailer.checks.rendered_mail import RenderedMail
from mailer.checks.rules import audience
from mailer.errors import CampaignError, Place
from mailer.mail.dry_run import merge_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from mailer.campaigns.snapshot import Snapshot
    from mailer.compiler.compile import Variant
    from mailer.lists.subscriber import Subscriber
    from mailer.mail.dry_run import DryRun, Selection
    from mailer.mail.merge import Merged, Merger

Item = TypeVar("Item")


class Watch(Protocol):
    """Show the progress over a long stream of about `total` items; may end it by raising."""

    def __call__(self, items: Iterable[Item], total: int, /) -> Iterable[Item]: ...


NO_VARIANT = "no-variant"
EMPTY = "empty-audience"


@dataclass(frozen=True, slots=True)
class CheckedVariant:
    """One variant, and who gets it."""

    variant: Variant
    recipients: int
    example: Subscriber
    """One of its recipients."""
    largest: int
    """Bytes of HTML of the largest mail among them."""
    largest_for: str
    """Address of its recipient."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    findings: tuple[Finding, ...]
    """Errors first."""
    variants: tuple[CheckedVariant, ...]
    """Variants, the one with most recipients first."""
    dry_run: DryRun | None
    """Who gets it, and who is left out and why; None when a recipient's mail cannot be made, or no
    list is known."""

    @property
    def recipients(self) -> int:
        return sum(variant.recipients for variant in self.variants)

    @property
    def is_refused(self) -> bool:
        return any(finding.severity is Severity.ERROR for finding in self.findings)


class CheckRun:
    """Check every recipient's mail while it is merged, then each variant.

    Args:
        snapshot: the campaign.
        merger: of the campaign.
    """

    def __init__(self, snapshot: Snapshot, merger: Merger) -> None:
        self._snapshot = snapshot
        self._merger = merger
        self._stats = AudienceStats(snapshot)
        self._undrawn: list[Merged] = []
        """Mail of variants of a test that nobody was drawn for."""

    def merge(self, subscriber: Subscriber, arm: int = 0) -> Merged:
        """Merge one recipient's mail and count it.

        Args:
            subscriber: who gets it.
            arm: the number of the variant in a test; 0 is the one that is drawn.

        Raises:
            CampaignError: the recipient's variant does not compile.
        """
        merged = self._merger.merge(subscriber, arm)
        self._stats.count(subscriber, merged)
        return merged

    def add_undrawn(self, ids: Iterable[int]) -> None:
        """Merge the variants of a test that none of these recipients gets, to check them too.

        Raises:
            CampaignError: one does not compile.
        """
        if self._snapshot.parsed.arms == 1:
            return
        group = next(iter(self._stats.groups.values()))
        drawn = set(map(self._merger.arm, ids))
        undrawn = set(range(1, self._snapshot.parsed.arms + 1)) - drawn
        self._undrawn = [self._merger.merge(group.example, arm) for arm in sorted(undrawn)]

    def variants(self) -> tuple[CheckedVariant, ...]:
        groups = sorted(self._stats.groups.values(), key=lambda group: -group.recipients)
        return tuple(
            CheckedVariant(g.merged.variant, g.recipients, g.example, g.largest, g.largest_for)
            for g in groups
        )

    def findings(self, today: date, watch: Watch, *, whole: bool) -> tuple[Finding, ...]:
        """Every finding, errors first. Call it after everybody was merged.

        Args:
            today: for rules about dates.
            watch: shows the progress over the variants.
            whole: whether the whole audience was merged, or only a part of it.
        """
        return in_order([*self.of_the_mail(today, watch), *self.of_the_audience(whole=whole)])

    def of_the_mail(self, today: date, watch: Watch) -> Iterator[Finding]:
        """Findings about the source and about each variant that was merged."""
        for source_rule in SOURCE_RULES:
            yield from source_rule(self._snapshot, today)
        groups = self._stats.groups.values()
        everybody = self._stats.recipients
        counts: dict[Finding, int] = {}
        merged = [*(group.merged for group in groups), *self._undrawn]
        mails = (RenderedMail(self._snapshot, mail) for mail in merged)
        for mail in watch(mails, len(merged)):
            group = self._stats.groups.get(mail.merged.variant)
            number = group.recipients if group else 0
            for finding in dict.fromkeys(f for rule in MAIL_RULES for f in rule(mail)):
                counts[finding] = counts.get(finding, 0) + number
        for finding, number in counts.items():
            yield replace(finding, recipients=0 if number == everybody else number)

    def of_the_audience(self, *, whole: bool) -> Iterator[Finding]:
        """Findings about the recipients who were merged."""
        guards = list(self._merger.asked())
        yield from audience.findings(self._stats, guards)
        if whole:
            yield from audience.unseen(self._stats, guards)


def run_checks(
    snapshot: Snapshot,
    merger: Merger,
    choices: Iterable[Selection],
    *,
    today: date,
    watch: Watch,
) -> CheckReport:
    """Merge the mail of every recipient of a campaign, and check it.

    Args:
        snapshot: the campaign.
        merger: a new one of the campaign.
        choices: everybody on the list. To stop early, raise something from it.
        today: for rules about dates.
        watch: shows the progress over the variants.
    """
    check_run = CheckRun(snapshot, merger)
    dry_run, findings = _dry_run(snapshot, check_run, choices)
    findings += check_run.of_the_mail(today, watch)
    findings += check_run.of_the_audience(whole=dry_run is not None)
    return CheckReport(in_order(findings), check_run.variants(), dry_run)


def check_snapshot(
    snapshot: Snapshot, merger: Merger, example: Subscriber, *, today: date, watch: Watch
) -> CheckReport:
    """Check a campaign without a list: the mail that one made-up person gets."""
    check_run = CheckRun(snapshot, merger)
    for arm in range(1, snapshot.parsed.arms + 1):
        check_run.merge(example, arm)
    variants = tuple(replace(variant, recipients=0) for variant in check_run.variants())
    return CheckReport(in_order(check_run.of_the_mail(today, watch)), variants, None)


def _dry_run(
    snapshot: Snapshot, check_run: CheckRun, choices: Iterable[Selection]
) -> tuple[DryRun | None, list[Finding]]:
    email = ""

    def merge(subscriber: Subscriber) -> Merged:
        nonlocal email
        email = subscriber.email
        return check_run.merge(subscriber)

    try:
        dry_run = merge_all(choices, merge)
        if dry_run.ids:
            check_run.add_undrawn(dry_run.ids)
    except CampaignError as err:
        what = f"the mail of {email} cannot be made: {err.message}"
        return None, [Finding(NO_VARIANT, Severity.ERROR, what, err.hint or "", err.place)]
    if dry_run.ids:
        return dry_run, []
    place = snapshot.parsed.place("audience" if snapshot.audience else None)
    hint = "Look at audience: in the front matter, and at the list with: mailer lists show"
    reasons = ", ".join(f"{number:,} {why}" for why, number in dry_run.left_out.most_common())
    what = f"nobody would get it: {reasons or 'the list is empty'}"
    return dry_run, [Finding(EMPTY, Severity.ERROR, what, hint, place)]


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors first, then as they stand in the files."""

    def rank(finding: Finding) -> tuple[bool, str, int]:
        place = finding.place or Place("")
        return finding.severity is not Severity.ERROR, place.path, place.line or 0

    return tuple(sorted(findings, key=rank))
