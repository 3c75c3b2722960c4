"""Examines campaigns in a thread of its own, one at a time, beginning anew when files are saved.

To merge a million people takes a while. Nobody waits for it: pages ask again for how far it is.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from mailer.checks.runner import check_snapshot, run_checks
from mailer.errors import MailerError
from mailer.sending import plan
from mailer.sending.test_mail import SAMPLE_SUBSCRIBER

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from mailer.campaigns.snapshot import Snapshot
    from mailer.checks.finding import Finding
    from mailer.checks.runner import CheckReport, Item
    from mailer.compiler.compile import Variant
    from mailer.mail.dry_run import Selection
    from mailer.mail.merge import Merger
    from mailer.store.base import Store
    from mailer.web.preview.compile_cache import CompileCache
    from mailer.web.preview.store_pool import StorePool

log = logging.getLogger("mailer.web")

_PAUSE = 0.4
"""Seconds after a save that belong to the mail on the screen."""


class _Stopped(Exception):  # noqa: N818 - an outcome, not an error
    """Something else has to be looked at first."""


@dataclass(frozen=True, slots=True)
class Group:
    """Those who get one variant."""

    number: int
    """Of the variant."""
    recipients: int
    example: str
    """The id of one of them."""
    answers: tuple[str, ...]
    """What tells them from the others."""


class _Met(NamedTuple):
    """A variant, the id of the first who got it, and how many get each."""

    variant: Variant
    example: int
    counts: Mapping[Variant, int]


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """What came of the examination of one version of a campaign."""

    digest: str
    at: datetime
    subject: str
    """As somebody gets it; "" when nobody does."""
    findings: tuple[Finding, ...]
    recipients: int
    left_out: tuple[tuple[str, int], ...]
    groups: tuple[Group, ...]
    problem: MailerError | None = None
    """Why it could not be examined."""
    is_counted: bool = False
    """Whether the audience is known: there is a list, and everybody's mail can be made."""


@dataclass(frozen=True, slots=True)
class PreviewFindings:
    """What is known at this moment."""

    outcome: CheckOutcome | None
    """The last one, perhaps of an older version."""
    running: bool
    done: int = 0
    total: int = 0
    """People to go through; 0 while that is not known."""
    groups: tuple[Group, ...] = ()
    """Those found so far."""


class CheckRunner:
    """See above.

    Args:
        workshop: reads and compiles the campaigns.
        pool: of connections to the store.
        clock: aware UTC time.
    """

    def __init__(
        self, workshop: CompileCache, pool: StorePool, clock: Callable[[], datetime]
    ) -> None:
        self._workshop = workshop
        self._pool = pool
        self._clock = clock
        self._outcomes: dict[str, CheckOutcome] = {}
        self._wanted: dict[str, bool] = {}
        """Whether somebody waits for it."""
        self._current, self._is_waited_for = "", False
        self._done = self._total = 0
        self._met: list[_Met] = []
        self._stop = threading.Event()
        """Of what is under way."""
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="examiner", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._stop.set()
            self._changed.notify()
        self._thread.join()

    def edited(self, names: Collection[str]) -> None:
        """Stop what looks at an older version; whoever is interested asks for it again."""
        with self._changed:
            if not names or self._current in names:
                self._stop.set()

    def again(self, name: str) -> None:
        """Forget what was found: the list may have changed."""
        with self._changed:
            self._outcomes.pop(name, None)

    def look(self, name: str, words: Snapshot, *, first: bool) -> PreviewFindings:
        """What is known of a campaign; has it examined when that is not of these words.

        Args:
            name: of the campaign.
            words: as they are on disk.
            first: whether somebody is looking at it, so that the others have to wait.
        """
        with self._changed:
            outcome = self._outcomes.get(name)
            if outcome and outcome.digest == words.digest:
                return PreviewFindings(outcome, running=False)
            if name == self._current and not self._stop.is_set():
                return PreviewFindings(
                    outcome, True, self._done, self._total, _groups(list(self._met))
                )
            self._ask(name, first=first)
            return PreviewFindings(outcome, running=True)

    def _ask(self, name: str, *, first: bool) -> None:
        self._wanted[name] = first or self._wanted.get(name, False)
        if first and not self._is_waited_for:
            self._stop.set()
        self._changed.notify()

    # ---------------------------------------------------------------- in the thread

    def _work(self) -> None:
        while name := self._next():
            try:
                outcome = self._examine(name)
            except _Stopped:
                continue
            if outcome:
                with self._changed:
                    self._outcomes[name] = outcome

    def _next(self) -> str:
        with self._changed:
            self._current, self._is_waited_for = "", False
            self._changed.wait_for(lambda: self._wanted or self._closed)
            if self._closed:
                return ""
            self._current = max(self._wanted, key=lambda name: self._wanted[name])
            self._is_waited_for = self._wanted.pop(self._current)
            self._done = self._total = 0
            self._met = []
            self._stop.clear()
            return self._current

    def _examine(self, name: str) -> CheckOutcome | None:
        """None when it cannot be read: that is shown as an error in its own place."""
        if self._stop.wait(_PAUSE):
            raise _Stopped
        try:
            words = self._workshop.words(name)
        except MailerError:
            return None
        try:
            with self._pool.borrow() as store:
                return self._outcome(words, self._report(store, words))
        except MailerError as err:
            return self._failed(words, err)
        except _Stopped:
            raise
        except Exception:
            log.exception("%s could not be examined", name)
            return self._failed(words, MailerError("this is a fault of mailer's own"))

    def _failed(self, words: Snapshot, why: MailerError) -> CheckOutcome:
        return CheckOutcome(words.digest, self._clock(), "", (), 0, (), (), problem=why)

    def _report(self, store: Store, words: Snapshot) -> CheckReport:
        merger = self._workshop.new_merger(words)
        today = self._clock().astimezone().date()
        if not words.list_name:
            return check_snapshot(words, merger, SAMPLE_SUBSCRIBER, today=today, watch=self._watch)
        choices, self._total = plan.everybody(store, words, words.list_name)
        counted = self._counted(choices, merger)
        return run_checks(words, merger, counted, today=today, watch=self._watch)

    def _counted(self, choices: Iterable[Selection], merger: Merger) -> Iterator[Selection]:
        counts = merger.counts
        for choice in self._watch(choices, 0):
            yield choice
            self._done += 1
            if len(counts) > len(self._met):
                variant = next(reversed(counts))
                self._met.append(_Met(variant, choice[0].id, counts))

    def _watch(self, items: Iterable[Item], _total: int) -> Iterator[Item]:
        for item in items:
            if self._stop.is_set():
                raise _Stopped
            yield item

    def _outcome(self, words: Snapshot, report: CheckReport) -> CheckOutcome:
        found = report.rehearsal
        example = found.example if found else None
        return CheckOutcome(
            digest=words.digest,
            at=self._clock(),
            subject=example.subject if example else "",
            findings=report.findings,
            recipients=report.recipients,
            left_out=tuple(found.left_out.most_common()) if found else (),
            groups=_groups(
                [_Met(e.variant, e.example.id, {e.variant: e.recipients}) for e in report.editions]
            ),
            is_counted=found is not None,
        )


def _groups(met: Sequence[_Met]) -> tuple[Group, ...]:
    """The largest first."""
    # what all have in common would only hide what tells them apart
    guards = [set(one.variant.guards) for one in met]
    common = set.intersection(*guards) if guards else set()
    groups = (
        Group(
            one.variant.number,
            one.counts[one.variant],
            str(one.example),
            tuple(guard for guard in one.variant.guards if guard not in common),
        )
        for one in met
    )
    return tuple(sorted(groups, key=lambda group: -group.recipients))
