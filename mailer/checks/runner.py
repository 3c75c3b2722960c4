"""The examination of a campaign: what was written, every variant that somebody gets, and everybody."""

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
    """Lets a person see how far a long stream is, of about so many; may stop it by raising."""

    def __call__(self, items: Iterable[Item], total: int, /) -> Iterable[Item]: ...


NO_VARIANT = "no-variant"
EMPTY = "empty-audience"


@dataclass(frozen=True, slots=True)
class CheckedVariant:
    """One variant, and those who get it."""

    variant: Variant
    recipients: int
    example: Subscriber
    """Who gets it."""
    largest: int
    """Bytes of HTML of the largest mail among them."""
    largest_for: str
    """Who gets that."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    findings: tuple[Finding, ...]
    """Errors first."""
    editions: tuple[CheckedVariant, ...]
    """The one with most recipients first."""
    rehearsal: DryRun | None
    """Who gets it, and who is left out and why; None when somebody's mail cannot be made, or no
    list is known."""

    @property
    def recipients(self) -> int:
        return sum(edition.recipients for edition in self.editions)

    @property
    def is_refused(self) -> bool:
        return any(finding.severity is Severity.ERROR for finding in self.findings)


class CheckRun:
    """Looks at everybody's mail while it is merged, then at each variant.

    Args:
        words: the campaign.
        merger: of the campaign.
    """

    def __init__(self, words: Snapshot, merger: Merger) -> None:
        self._words = words
        self._merger = merger
        self._census = AudienceStats(words)

    def merge(self, subscriber: Subscriber) -> Merged:
        """Raises CampaignError when the recipient's variant does not compile."""
        merged = self._merger.merge(subscriber)
        self._census.count(subscriber, merged)
        return merged

    def editions(self) -> tuple[CheckedVariant, ...]:
        groups = sorted(self._census.groups.values(), key=lambda group: -group.recipients)
        return tuple(
            CheckedVariant(g.merged.variant, g.recipients, g.example, g.largest, g.largest_for)
            for g in groups
        )

    def findings(self, today: date, watch: Watch, *, whole: bool) -> tuple[Finding, ...]:
        """Of everything there is to look at, once everybody was merged.

        Args:
            today: for what goes stale.
            watch: lets a person see how far the look at the variants is.
            whole: whether everybody was merged for whom it was written, or a part only.
        """
        return in_order([*self.of_the_mail(today, watch), *self.of_the_audience(whole=whole)])

    def of_the_mail(self, today: date, watch: Watch) -> Iterator[Finding]:
        """What was written, and each variant that was merged."""
        for source_rule in SOURCE_RULES:
            yield from source_rule(self._words, today)
        groups = self._census.groups.values()
        everybody = self._census.recipients
        found: dict[Finding, int] = {}
        proofs = (RenderedMail(self._words, group.merged) for group in groups)
        for proof in watch(proofs, len(groups)):
            number = self._census.groups[proof.merged.variant].recipients
            for finding in dict.fromkeys(f for rule in MAIL_RULES for f in rule(proof)):
                found[finding] = found.get(finding, 0) + number
        for finding, number in found.items():
            yield replace(finding, recipients=0 if number == everybody else number)

    def of_the_audience(self, *, whole: bool) -> Iterator[Finding]:
        """Everybody who was merged."""
        guards = list(self._merger.asked())
        yield from audience.findings(self._census, guards)
        if whole:
            yield from audience.unseen(self._census, guards)


def run_checks(
    words: Snapshot,
    merger: Merger,
    choices: Iterable[Selection],
    *,
    today: date,
    watch: Watch,
) -> CheckReport:
    """Merge everybody who gets a campaign, and look at it.

    Args:
        words: the campaign.
        merger: a new one of the campaign.
        choices: everybody on the list. To stop early, raise something from it.
        today: for what goes stale.
        watch: lets a person see how far the look at the variants is.
    """
    examination = CheckRun(words, merger)
    rehearsal, found = _rehearse(words, examination, choices)
    found += examination.of_the_mail(today, watch)
    found += examination.of_the_audience(whole=rehearsal is not None)
    return CheckReport(in_order(found), examination.editions(), rehearsal)


def check_snapshot(
    words: Snapshot, merger: Merger, example: Subscriber, *, today: date, watch: Watch
) -> CheckReport:
    """The same without a list: of the mail that one made-up person gets."""
    examination = CheckRun(words, merger)
    examination.merge(example)
    editions = tuple(replace(edition, recipients=0) for edition in examination.editions())
    return CheckReport(in_order(examination.of_the_mail(today, watch)), editions, None)


def _rehearse(
    words: Snapshot, examination: CheckRun, choices: Iterable[Selection]
) -> tuple[DryRun | None, list[Finding]]:
    who = ""

    def merge(subscriber: Subscriber) -> Merged:
        nonlocal who
        who = subscriber.email
        return examination.merge(subscriber)

    try:
        rehearsal = merge_all(choices, merge)
    except CampaignError as err:
        what = f"the mail of {who} cannot be made: {err.message}"
        return None, [Finding(NO_VARIANT, Severity.ERROR, what, err.hint or "", err.place)]
    if rehearsal.ids:
        return rehearsal, []
    place = words.parsed.place("audience" if words.audience else None)
    hint = "Look at audience: in the front matter, and at the list with: mailer lists show"
    reasons = ", ".join(f"{number:,} {why}" for why, number in rehearsal.left_out.most_common())
    what = f"nobody would get it: {reasons or 'the list is empty'}"
    return rehearsal, [Finding(EMPTY, Severity.ERROR, what, hint, place)]


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors first, then as they stand in the files."""

    def rank(finding: Finding) -> tuple[bool, str, int]:
        place = finding.place or Place("")
        return finding.severity is not Severity.ERROR, place.path, place.line or 0

    return tuple(sorted(findings, key=rank))
