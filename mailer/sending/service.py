"""Serve a request to send: find → plan → refuse → freeze → run. Returns values and prints nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mailer.campaigns.ab_test import ab_test_of
from mailer.campaigns.snapshot import Snapshot
from mailer.errors import StaleLedger, UsageError
from mailer.ledger.delivery import HELD_BACK, SendState
from mailer.mail.click_tracking import ClickTracker
from mailer.mail.dry_run import DryRun
from mailer.mail.merge import Merger
from mailer.sending import ab_test, scheduling
from mailer.sending.loop import SendLoop, settle
from mailer.sending.plan import find_mailing, make_plan
from mailer.sending.reputation import ReputationLimits
from mailer.stop import StopSignal
from mailer.throttle import lowest_rate
from mailer.transports import registry
from mailer.transports.base import Allowance
from mailer.transports.in_flight import InFlightMarks, boot_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mailer.campaigns.schedule import Timing
    from mailer.checks.runner import Watch
    from mailer.config import Project
    from mailer.ledger.delivery import Send
    from mailer.links import Keys
    from mailer.sending.plan import Mailing, Plan
    from mailer.sending.progress import SendProgress
    from mailer.store import Store
    from mailer.transports.base import Transport


@dataclass(frozen=True, slots=True)
class SendRequest:
    """A request to send."""

    campaign: str
    list_name: str = ""
    where: str = ""
    transport: str = ""
    rate: float | None = None
    """Messages a second at most; None keeps the earlier value."""
    limit: int | None = None
    """Number of new messages after which the send pauses; None keeps the earlier value."""
    at: str = ""
    """Time to send, as in --at; "" is now, or the earlier value."""
    adding: bool = True
    """Whether people who are not in the ledger yet may be added."""


class SendService:
    """All operations on a send, for any front end.

    Args:
        project: whose campaigns and settings.
        store: used in one thread.
        keys: that sign the recipients' links.
        clock: aware UTC time.
    """

    def __init__(
        self, project: Project, store: Store, keys: Keys, *, clock: Callable[[], datetime]
    ) -> None:
        self.project = project
        self.store = store
        self._keys = keys
        self._clock = clock

    @property
    def _timezone(self) -> str:
        return self.project.settings.send.timezone

    # ---------------------------------------------------------------- before

    def find(self, request: SendRequest) -> Mailing:
        """Find the campaign and its send.

        Raises:
            UsageError: there is no such campaign or list, it was cancelled, or it was not started and
                no recipients may be added.
            CampaignError: it was never sent, and its file does not parse.
        """
        scheduling.parse(request.at, self._timezone)
        mailing = find_mailing(
            self.project, self.store, request.campaign, request.list_name, anew=bool(request.at)
        )
        if mailing.send and mailing.added_lists and request.adding:
            added = mailing.added_lists[0]
            raise UsageError(
                f"{mailing.campaign} was started to {mailing.shown_lists}, and its file names"
                f" {', '.join(mailing.added_lists)}, too",
                hint=f"Mail the rest of them, nobody twice, with: mailer send {mailing.campaign}"
                f" --list {added}. Go on with what was started: mailer resume {mailing.campaign}",
            )
        if mailing.send is None and not request.adding:
            raise UsageError(
                f"{mailing.campaign} has not been started",
                hint=f"Start it with: mailer send {mailing.campaign}",
            )
        return mailing

    def return_to_schedule(self, mailing: Mailing, request: SendRequest) -> bool:
        """See `scheduling.return_to_schedule`; False for a new send, or one with another time."""
        if mailing.send is None or request.at:
            return False
        return scheduling.return_to_schedule(
            self.store,
            mailing.send,
            resuming=not request.adding,
            timezone=self._timezone,
            now=self._clock(),
        )

    def transport_name(self, mailing: Mailing, request: SendRequest) -> str:
        """The transport's name; a send that was started keeps its own.

        Raises:
            UsageError: the request names another transport.
        """
        requested, started = request.transport, mailing.send
        if started is None:
            return requested or self.project.settings.send.transport
        if requested and requested != started.transport:
            raise UsageError(
                f"{mailing.campaign} was started through {started.transport}, and stays there",
                hint=f"To send it through {requested}, copy the file to a new name.",
            )
        return started.transport

    def open(
        self, mailing: Mailing, request: SendRequest, *, dry_run: bool
    ) -> tuple[Transport | None, Allowance]:
        """Open the transport, settle deliveries of dead processes, and query the account's allowance.

        The transport is None in a dry run to the outbox, which would make its folder.
        """
        name = self.transport_name(mailing, request)
        if dry_run and name == registry.OUTBOX:
            return None, Allowance()
        transport = self._open(name, mailing.snapshot, mailing.shown_lists)
        if mailing.send and not dry_run:
            settle(self.store, transport, mailing.send, self._clock())
        return transport, transport.allowance()

    def refuse_unrecorded(
        self, allowance: Allowance, *, answered: Callable[[str], bool] = lambda _: False
    ) -> None:
        """Compare the provider's count of the last 24 hours with the ledger.

        Args:
            allowance: with that count.
            answered: asks a person whether other programs have sent the rest.

        Raises:
            StaleLedger: much more was sent than the ledger records, and nobody answers for the rest.
        """
        sent = allowance.sent
        rest = self.store.freshness.unrecorded(sent, now=self._clock()) if sent else 0
        if not rest:
            return
        fact = (
            f"{sent:,} messages were sent through this account in the last 24 hours, and {rest:,} of "
            "them are not in this project's ledger"
        )
        if not answered(f"{fact}. Did other programs send those {rest:,}?"):
            raise StaleLedger(
                f"{fact}: if no other program sends through the account, this database is older than "
                "what was sent from it, and people would be mailed twice",
                hint="If it is an old copy, put the newest database back, or: mailer restore. If other "
                "programs send through the account, say so once: start the send in a terminal, "
                "without --json. See docs/backups.md.",
            )
        self.store.freshness.vouch()

    def plan(self, mailing: Mailing, request: SendRequest, watch: Watch) -> Plan:
        """Select all recipients and merge their mail. Raises CampaignError where that fails."""
        return make_plan(
            self.store,
            mailing,
            self._keys,
            where=request.where,
            adding=request.adding,
            watch=watch,
            now=self._clock(),
            moving=bool(request.at),
            later=scheduling.is_later(request.at),
        )

    def joiners(self, plan: Plan, request: SendRequest) -> int:
        """Number of people who would be added to a started send.

        Raises:
            UsageError: it goes out at each recipient's own hour, which joiners do not have yet.
        """
        send, number = plan.mailing.send, len(plan.new.ids)
        if not send or not number:
            return 0
        if not request.at:
            scheduling.refuse_joiners(self.store, send, self._clock())
        return number

    def timing(self, plan: Plan, request: SendRequest) -> Timing | None:
        """When the mail is due. Raises UsageError for a time that is past, or an impossible test."""
        timing = scheduling.timing_of(plan, request.at, timezone=self._timezone, now=self._clock())
        ab_test.refuse_impossible(plan, timing)
        return timing

    def rate(self, plan: Plan, request: SendRequest) -> float | None:
        """Messages a second at most: as requested now, as requested before, or from mailer.toml."""
        send = plan.mailing.send or plan.mailing.replaces
        return lowest_rate(
            request.rate or (send.rate if send else None), self.project.settings.send.rate
        )

    def freeze(self, plan: Plan, request: SendRequest, timing: Timing | None) -> Send:
        """Record the audience, the content and the request.

        Raises:
            SendStopped: the send was started, paused or changed in another terminal since `find`.
        """
        mailing, snapshot = plan.mailing, plan.mailing.snapshot
        send = mailing.send
        if send is None or plan.new.ids or timing:
            send, _ = self.store.sends.freeze(
                snapshot.campaign,
                mailing.list_name,
                plan.new.ids,
                query=plan.query,
                snapshot=snapshot.to_bytes(),
                digest=snapshot.digest,
                transport=self.transport_name(mailing, request),
                quiet_hours=mailing.quiet_hours,
                held_back=plan.new.left_out[HELD_BACK],
                fresh=mailing.send is None,
                seen=mailing.send.version if mailing.send else 0,
                replaces=mailing.replaces.id if mailing.replaces else 0,
                now=self._clock(),
                timing=timing,
                ab_test=ab_test_of(snapshot),
                further_lists=mailing.lists[1:],
            )
        return self._with_limits(send, mailing.replaces or send, request)

    def _with_limits(self, send: Send, earlier: Send, request: SendRequest) -> Send:
        """The request belongs to the send; a new one changes it."""
        stop_after = earlier.stop_after
        if request.limit:
            stop_after = self.store.sends.counts(send.id).tried + request.limit
        rate = request.rate or earlier.rate
        if (rate, stop_after) != (send.rate, send.stop_after):
            self.store.sends.set_limits(send.id, rate=rate, stop_after=stop_after)
        return replace(send, rate=rate, stop_after=stop_after)

    # ---------------------------------------------------------------- during and after

    def send_loop(
        self,
        send: Send,
        transport: Transport,
        merger: Merger,
        *,
        stop: StopSignal,
        on_progress: Callable[[SendProgress], None] = lambda _: None,
        started_by_person: bool = True,
    ) -> SendLoop:
        """Build the loop of a send; for the arguments see `SendLoop`."""
        settings = self.project.settings.send
        return SendLoop(
            self.store,
            transport,
            merger.for_send(send.id, self._click_tracker(send)),
            rate=lowest_rate(send.rate, settings.rate),
            stop=stop,
            clock=self._clock,
            limits=ReputationLimits(
                settings.most_bounces, settings.most_complaints, settings.judge_after
            ),
            on_progress=on_progress,
            started_by_person=started_by_person,
        )

    def take_over(self, send: Send, stop: StopSignal) -> None:
        """Continue a send as a worker: from the send's own snapshot, not from the files.

        Raises:
            FindingsError: a picture does not answer any more, where mail goes to real people.
            StaleLedger: see `refuse_unrecorded`.
        """
        snapshot = Snapshot.from_bytes(send.snapshot)
        if send.transport != registry.OUTBOX and snapshot.pictures:
            from mailer.images import publishing  # noqa: PLC0415 - boto3 takes 0.2 s

            publishing.refuse_missing(self.project, snapshot.pictures.values())
        transport = self._open(send.transport, snapshot, send.shown_lists)
        self.refuse_unrecorded(transport.allowance())
        fields = self.store.subscribers.field_names()
        merger = Merger(snapshot, fields=fields, keys=self._keys, send_id=send.id)
        self.send_loop(send, transport, merger, stop=stop, started_by_person=False).run(send)

    def settle(self, send: Send) -> None:
        """Settle deliveries of dead processes."""
        if self.store.sends.counts(send.id).sending:
            snapshot = Snapshot.from_bytes(send.snapshot)
            transport = self._open(send.transport, snapshot, send.shown_lists)
            settle(self.store, transport, send, self._clock())

    def close_books(self, plan: Plan, send: Send, transport: Transport) -> None:
        """Skip deliveries that may not be mailed any more, and finish the send if nothing is left."""
        if not scheduling.has_ended(self.store, send, self._clock()):
            self.send_loop(send, transport, plan.merger, stop=StopSignal()).run(send)

    def pause_at_once(self, send: Send) -> None:
        """Keep a worker from taking the send for one whose process died."""
        note = "stopped by hand, at once"
        self.store.sends.set_state(send.id, SendState.PAUSED, note=note, now=self._clock())

    def cancel(self, send: Send) -> bool:
        """Cancel a send; return True if no mail went out, and its campaign is a draft again."""
        if self.store.sends.withdraw(send.id):
            return True
        self.store.sends.set_state(send.id, SendState.CANCELLED, now=self._clock())
        self.settle(send)  # a cancelled send is never taken up again
        return False

    def _open(self, name: str, snapshot: Snapshot, list_name: str) -> Transport:
        store = self.project.store
        database = store.resolve() if isinstance(store, Path) else None
        # marks of this machine prove nothing about senders on others, which a server's store may have
        marks = (
            InFlightMarks(database.with_name(f"{database.name}-in-flight"), boot=boot_id())
            if database
            else None
        )
        return registry.open_transport(
            self.project, name, snapshot, list_name, clock=self._clock, marks=marks
        )

    def _click_tracker(self, send: Send) -> ClickTracker | None:
        """The click tracker, where the campaign's settings turn it on."""
        content = Snapshot.from_bytes(send.snapshot).content
        if not content.links.redirects:
            return None
        link = partial(self.store.clicks.link, send.id)
        return ClickTracker(content.site.base_url, self._keys, send.id, link)


def without_joiners(plan: Plan) -> Plan:
    """The plan for recipients in the ledger."""
    return replace(plan, new=DryRun(), findings=())
