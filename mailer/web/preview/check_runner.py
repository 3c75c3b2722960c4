"""Checks campaigns in a thread, one at a time, starting again when files are saved.

Merging a million people takes a while, so pages poll for the progress instead of waiting.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from mailer.checks.page_language import with_page_language
from mailer.checks.runner import check_snapshot, run_checks
from mailer.compiler import page_words
from mailer.compiler.variant_names import names
from mailer.errors import MailerError
from mailer.sending import audience
from mailer.sending.test_mail import SAMPLE_SUBSCRIBER
from mailer.stop import StopSignal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from mailer.campaigns.snapshot import Snapshot
    from mailer.checks.finding import Finding
    from mailer.checks.runner import CheckReport, Item
    from mailer.compiler.compile import Variant
    from mailer.mail.dry_run import Selection
    from mailer.mail.merge import Merger
    from mailer.store import Store
    from mailer.web.preview.compile_cache import CompileCache
    from mailer.web.preview.store_pool import StorePool

log = logging.getLogger("mailer.web")

_PAUSE = 0.4
"""Seconds to wait after a save, so that the mail on the screen is shown first."""


class _Stopped(Exception):  # noqa: N818 - an outcome, not an error
    """Another campaign, or a newer version, has to be checked first."""


@dataclass(frozen=True, slots=True)
class VariantGroup:
    """The recipients of one variant."""

    number: int
    """The variant's number, as `mailer check` and `mailer test --variant` count."""
    guards: tuple[str, ...]
    """The guards that identify this variant."""
    recipients: int
    example: str
    """The id of one of its recipients."""
    name: str
    """Label that distinguishes it from the other variants."""


class _SeenVariant(NamedTuple):
    """A variant, the id of its first recipient, and the number of recipients of each."""

    variant: Variant
    example: int
    counts: Mapping[Variant, int]


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """The result of checking one version of a campaign."""

    digest: str
    at: datetime
    subject: str
    """Of the example recipient; "" when there is no recipient."""
    findings: tuple[Finding, ...]
    recipients: int
    left_out: tuple[tuple[str, int], ...]
    groups: tuple[VariantGroup, ...]
    problem: MailerError | None = None
    """Reason why it could not be checked."""
    is_counted: bool = False
    """Whether the audience is known: the list exists, and every mail could be merged."""


@dataclass(frozen=True, slots=True)
class PreviewFindings:
    """The findings so far, and the progress of the check."""

    outcome: CheckOutcome | None
    """The last outcome, perhaps of an older version."""
    running: bool
    done: int = 0
    total: int = 0
    """Recipients to merge; 0 while the number is unknown."""
    groups: tuple[VariantGroup, ...] = ()
    """Variants seen so far."""


class CheckRunner:
    """The thread that checks campaigns.

    Args:
        compile_cache: reads and compiles the campaigns.
        stores: connections to the store.
        clock: aware UTC time.
    """

    def __init__(
        self, compile_cache: CompileCache, stores: StorePool, clock: Callable[[], datetime]
    ) -> None:
        self._compile_cache = compile_cache
        self._stores = stores
        self._clock = clock
        self._outcomes: dict[str, CheckOutcome] = {}
        self._queue: dict[str, bool] = {}
        """Name → whether its page is open."""
        self._current, self._is_open = "", False
        self._done = self._total = 0
        self._seen: list[_SeenVariant] = []
        self._stop = StopSignal()
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="check-runner", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._stop.request()
            self._changed.notify()
        self._thread.join()

    def edited(self, names: Collection[str]) -> None:
        """Stop checking an older version; an open page asks for the new one."""
        with self._changed:
            if not names or self._current in names:
                self._stop.request()

    def again(self, name: str) -> None:
        """Forget the outcome of a campaign: the list may have changed."""
        with self._changed:
            self._outcomes.pop(name, None)

    def findings(self, name: str, snapshot: Snapshot, *, first: bool) -> PreviewFindings:
        """Return the findings so far, and start a check unless they are about this snapshot.

        Args:
            name: of the campaign.
            snapshot: of the files on disk.
            first: whether its page is open, so that other campaigns have to wait.
        """
        with self._changed:
            outcome = self._outcomes.get(name)
            if outcome and outcome.digest == snapshot.digest:
                return PreviewFindings(outcome, running=False)
            if name == self._current and not self._stop.requested:
                return PreviewFindings(
                    outcome, True, self._done, self._total, _groups(list(self._seen))
                )
            self._ask(name, first=first)
            return PreviewFindings(outcome, running=True)

    def variant(self, name: str, guards: tuple[str, ...]) -> VariantGroup | None:
        """Return the variant with these guards; None before the check, and where there is only one."""
        with self._changed:
            outcome = self._outcomes.get(name)
        groups = outcome.groups if outcome else ()
        same = (group for group in groups if group.guards == guards)
        return next(same, None) if len(groups) > 1 else None

    def _ask(self, name: str, *, first: bool) -> None:
        self._queue[name] = first or self._queue.get(name, False)
        if first and not self._is_open:
            self._stop.request()
        self._changed.notify()

    # ---------------------------------------------------------------- in the thread

    def _work(self) -> None:
        while name := self._next():
            try:
                outcome = self._check(name)
            except _Stopped:
                continue
            if outcome:
                with self._changed:
                    self._outcomes[name] = outcome

    def _next(self) -> str:
        with self._changed:
            self._current, self._is_open = "", False
            self._changed.wait_for(lambda: self._queue or self._closed)
            if self._closed:
                return ""
            self._current = max(self._queue, key=lambda name: self._queue[name])
            self._is_open = self._queue.pop(self._current)
            self._done = self._total = 0
            self._seen = []
            self._stop = StopSignal()
            return self._current

    def _check(self, name: str) -> CheckOutcome | None:
        """Return None when the campaign cannot be read: the page shows that error elsewhere."""
        self._stop.wait(_PAUSE)
        if self._stop.requested:
            raise _Stopped
        try:
            snapshot = self._compile_cache.snapshot(name)
        except MailerError:
            return None
        try:
            with self._stores.borrow() as store:
                return self._outcome(snapshot, self._report(store, snapshot))
        except MailerError as err:
            return self._failed(snapshot, err)
        except _Stopped:
            raise
        except Exception:
            log.exception("%s could not be checked", name)
            return self._failed(snapshot, MailerError("this is an internal error of mailer"))

    def _failed(self, snapshot: Snapshot, why: MailerError) -> CheckOutcome:
        return CheckOutcome(snapshot.digest, self._clock(), "", (), 0, (), (), problem=why)

    def _report(self, store: Store, snapshot: Snapshot) -> CheckReport:
        merger = self._compile_cache.new_merger(snapshot)
        today = self._clock().astimezone().date()
        if not snapshot.list_name:
            return check_snapshot(
                snapshot, merger, SAMPLE_SUBSCRIBER, today=today, watch=self._watch
            )
        selections, self._total = audience.everybody(store, snapshot, snapshot.lists)
        counted = self._counted(selections, merger)
        return run_checks(snapshot, merger, counted, today=today, watch=self._watch)

    def _page_languages(self) -> Sequence[str]:
        return page_words.load(self._compile_cache.project().root).available

    def _counted(self, selections: Iterable[Selection], merger: Merger) -> Iterator[Selection]:
        counts = merger.counts
        for selection in self._watch(selections, 0):
            yield selection
            self._done += 1
            if len(counts) > len(self._seen):
                variant = next(reversed(counts))
                self._seen.append(_SeenVariant(variant, selection[0].id, counts))

    def _watch(self, items: Iterable[Item], _total: int) -> Iterator[Item]:
        for item in items:
            if self._stop.requested:
                raise _Stopped
            yield item

    def _outcome(self, snapshot: Snapshot, report: CheckReport) -> CheckOutcome:
        dry_run = report.dry_run
        example = dry_run.example if dry_run else None
        return CheckOutcome(
            digest=snapshot.digest,
            at=self._clock(),
            subject=example.subject if example else "",
            findings=with_page_language(snapshot, report, self._page_languages()),
            recipients=report.recipients,
            left_out=tuple(dry_run.left_out.most_common()) if dry_run else (),
            groups=_groups(
                [
                    _SeenVariant(e.variant, e.example.id, {e.variant: e.recipients})
                    for e in report.variants
                ]
            ),
            is_counted=dry_run is not None,
        )


def _groups(seen: Sequence[_SeenVariant]) -> tuple[VariantGroup, ...]:
    """Return the variants as groups, the largest first."""
    labels = names([entry.variant.guards for entry in seen])
    groups = (
        VariantGroup(
            entry.variant.number,
            entry.variant.guards,
            entry.counts[entry.variant],
            str(entry.example),
            name,
        )
        for entry, name in zip(seen, labels, strict=True)
    )
    return tuple(sorted(groups, key=lambda group: (-group.recipients, group.number)))
