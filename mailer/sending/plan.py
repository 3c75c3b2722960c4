"""Plan of a send: the content, the recipients, and proof that every recipient's mail can be merged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mailer.campaigns import snapshot
from mailer.campaigns.snapshot import Snapshot
from mailer.checks.rules.quoted_numbers import in_condition
from mailer.checks.runner import CheckRun
from mailer.errors import MailerError, Place, UsageError, suggest
from mailer.ledger.delivery import SendState
from mailer.mail.dry_run import DryRun, merge_all, select_recipients
from mailer.mail.merge import Merger
from mailer.sending.audience import audience_test, check_lists, exclusions, size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from mailer.checks.finding import Finding
    from mailer.checks.runner import Watch
    from mailer.config import Project
    from mailer.ledger.delivery import Send
    from mailer.links import Keys
    from mailer.lists.subscriber import Subscriber
    from mailer.mail.dry_run import Selection
    from mailer.store import Store


@dataclass(frozen=True)
class Mailing:
    """A campaign, its lists, and the send if there is one."""

    snapshot: Snapshot
    """The send's own snapshot, else the files on disk."""
    lists: tuple[str, ...]
    """The lists it goes to; the send is known by the first."""
    send: Send | None
    edited: bool
    """The files differ from the send's snapshot."""
    quiet_hours: float
    """Hours for which recipients of another campaign are skipped; 0 skips none."""
    replaces: Send | None = None
    """A scheduled send without mailed recipients, which this one, of the edited files, replaces."""
    added_lists: tuple[str, ...] = ()
    """Lists that the edited files name, to which the send does not go."""

    @property
    def campaign(self) -> str:
        return self.snapshot.campaign

    @property
    def list_name(self) -> str:
        return self.lists[0]

    @property
    def shown_lists(self) -> str:
        """Its lists, for staff and mail programs: "members, allies"."""
        return ", ".join(self.lists)


@dataclass(frozen=True)
class Plan:
    mailing: Mailing
    query: str
    """The audience's expression, "" for the whole list."""
    merger: Merger
    rest: DryRun
    """Recipients in the ledger who are pending and due, or to be moved to another time."""
    new: DryRun
    """Recipients who are not in the ledger yet."""
    findings: tuple[Finding, ...]
    """Findings of the checks about new recipients, errors first: frozen recipients were checked before."""

    @property
    def recipients(self) -> int:
        return len(self.rest.ids) + len(self.new.ids)


def find_mailing(
    project: Project, store: Store, campaign: str, list_name: str = "", *, anew: bool = False
) -> Mailing:
    """Find the campaign's send if there is one, else what is on disk.

    With `anew`, a send without mailed recipients is replaced by the files on disk, if they were edited.

    Raises:
        UsageError: there is no such campaign or list, or the send was cancelled.
        CampaignError: it was never sent, and its file does not parse.
    """
    sends = store.sends.all(name_of(campaign))
    try:
        on_disk = snapshot.load(project, campaign, list_name, tallies=store.petitions.tallies)
    except MailerError:
        # a frozen send does not need the files
        if not sends:
            raise
        on_disk = None
    wanted = list_name or (on_disk.list_name if on_disk else "") or _only(sends)
    send = next((send for send in sends if send.list_name == wanted), None)
    if send is None:
        if on_disk is None:
            raise UsageError(
                f"{name_of(campaign)} was never sent to {wanted}",
                hint=suggest(wanted, _lists(sends)),
            )
        return _mailing_on_disk(project, store, on_disk, list_name)
    if send.state is SendState.CANCELLED:
        raise UsageError(
            f"{send.campaign} to {send.shown_lists} was cancelled, which is final",
            hint="To send it after all, copy the file to a new name.",
        )
    frozen = Snapshot.from_bytes(send.snapshot)
    # computed again: an older version of mailer may have computed another digest of the same content
    edited = on_disk is not None and on_disk.digest != frozen.digest
    if anew and edited and on_disk and not store.sends.counts(send.id).touched:
        return _mailing_on_disk(project, store, on_disk, list_name, replaces=send)
    named = on_disk.lists if on_disk and not list_name else ()
    added = tuple(name for name in named if name not in send.lists)
    return Mailing(frozen, send.lists, send, edited, send.quiet_hours, added_lists=added)


def _mailing_on_disk(
    project: Project,
    store: Store,
    on_disk: Snapshot,
    list_name: str,
    *,
    replaces: Send | None = None,
) -> Mailing:
    lists = (list_name,) if list_name else on_disk.lists
    check_lists(store, on_disk, lists)
    quiet = 0 if on_disk.parsed.front.urgent else project.settings.send.quiet_hours
    return Mailing(on_disk, lists, None, edited=False, quiet_hours=quiet, replaces=replaces)


def name_of(campaign: str) -> str:
    """A campaign's name, from the name or the path."""
    return Path(campaign).name.removesuffix(".md")


def _only(sends: list[Send]) -> str:
    return sends[0].list_name if len(sends) == 1 else ""


def _lists(sends: list[Send]) -> list[str]:
    return [send.list_name for send in sends]


def make_plan(
    store: Store,
    mailing: Mailing,
    keys: Keys,
    *,
    where: str,
    adding: bool,
    watch: Watch,
    now: datetime,
    moving: bool = False,
    later: bool = False,
) -> Plan:
    """Select all recipients and merge their mail.

    Args:
        store: read only.
        mailing: from `find_mailing`.
        keys: for the recipients' links.
        where: a further condition; for an existing send, only on added recipients.
        adding: whether people may be added to the ledger; else only pending deliveries are planned.
        watch: wraps each stream, to show progress.
        now: aware UTC, for the quiet period and stale content.
        moving: whether recipients who are not due yet are included.
        later: whether the send is scheduled: the quiet period is then applied at that time.

    Raises:
        CampaignError: an expression or a recipient's mail cannot be evaluated.
    """
    send, snapshot = mailing.send, mailing.snapshot
    merger = Merger(
        snapshot,
        fields=store.subscribers.field_names(),
        keys=keys,
        send_id=send.id if send else 0,
        winner=(send and send.winner) or 1,
    )
    examination = CheckRun(snapshot, merger)
    rest, new, query = DryRun(), DryRun(), send.audience_query if send else ""
    if send:
        pending = store.sends.counts(send.id).pending
        rest = merge_all(watch(_pending(store, send, now, moving), pending), merger.merge)
    if adding:
        query, wanted = _audience(store, mailing, where)
        selections = _selections(store, mailing, wanted, None if later else now)
        new = merge_all(watch(selections, size(store, mailing.lists)), examination.merge)
    whole = not (send or where)
    findings = examination.findings(now.date(), watch, whole=whole) if new.ids else ()
    findings += tuple(in_condition(where, Place("--where")))
    return Plan(mailing, query, merger, rest, new, findings)


def _selections(
    store: Store,
    mailing: Mailing,
    wanted: Callable[[Subscriber], bool],
    quiet_at: datetime | None,
) -> Iterable[Selection]:
    """Members of the lists, each with why they are left out; the quiet period counts at `quiet_at`."""
    members = store.subscribers.members(*mailing.lists)
    done = _done(store, mailing)
    lately = _held_back(store, mailing, quiet_at) if quiet_at else ()
    excluded = exclusions(store, mailing.snapshot, mailing.lists)
    return select_recipients(members, done, wanted, lately, excluded)


def _pending(store: Store, send: Send, now: datetime, later: bool) -> Iterator[Selection]:
    remaining = store.deliveries.remaining(send.id, now=now, later=later)
    return ((delivery.claim.subscriber, delivery.left_out) for delivery in remaining)


def _done(store: Store, mailing: Mailing) -> Iterator[int]:
    """Subscribers who have the campaign already, except those held back at their turn."""
    again = (
        frozenset(store.quiet_period.held_back(mailing.send.id))
        if mailing.send
        else frozenset[int]()
    )
    replaced = mailing.replaces.id if mailing.replaces else 0
    delivered = store.deliveries.already_delivered(mailing.campaign, besides=replaced)
    return (subscriber_id for subscriber_id in delivered if subscriber_id not in again)


def _held_back(store: Store, mailing: Mailing, now: datetime) -> Iterable[int]:
    if not mailing.quiet_hours:
        return ()
    return store.quiet_period.recently_mailed(mailing.campaign, hours=mailing.quiet_hours, now=now)


def _audience(
    store: Store, mailing: Mailing, where: str
) -> tuple[str, Callable[[Subscriber], bool]]:
    """The audience's expression, and the predicate compiled from it.

    A send keeps the expression it was frozen with, unless `where` is set: else recipients who were
    left out on purpose would be added the next time.
    """
    snapshot, send = mailing.snapshot, mailing.send
    if mailing.replaces and not where:
        where = where_of(mailing.replaces)
    expression = send.audience_query if send and not where else snapshot.audience
    test = audience_test(store, snapshot, mailing.lists, expression, where)
    both = f"({expression}) and ({where})" if expression and where else expression or where
    return both, test


def where_of(send: Send) -> str:
    """The --where of a started send, "" for none."""
    audience, query = Snapshot.from_bytes(send.snapshot).audience, send.audience_query
    if query == audience:
        return ""
    start, end = f"({audience}) and (", ")"
    if audience and query.startswith(start) and query.endswith(end):
        return query[len(start) : -len(end)]
    return query
