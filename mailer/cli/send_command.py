"""How an order to send is served: the last look, the confirmation, the run, what came of it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import typer

from mailer.cli import findings, schedule_output, subject_test, wiring
from mailer.cli.common import Session, interactive, now, print_json
from mailer.cli.signals import stop_on_signals
from mailer.errors import FindingsError, Interrupted, SendStopped, UsageError
from mailer.ledger.delivery import HELD_BACK, SendState
from mailer.stop import StopSignal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mailer.campaigns.schedule import Timing
    from mailer.checks.runner import Item
    from mailer.ledger.delivery import Send
    from mailer.sending.loop import Sender, SendProgress
    from mailer.sending.plan import Mailing, Plan
    from mailer.transports.base import Allowance, Transport


@dataclass(frozen=True)
class SendOptions:
    """What was asked for on the command line."""

    campaign: str
    list_name: str
    transport: str
    rate: float | None
    limit: int | None
    yes: bool
    as_json: bool
    where: str = ""
    dry_run: bool = False
    accept_warnings: bool = False
    at: str = ""
    """When it is to go out; "" is now, or as it was ordered before."""
    adding: bool = True
    """Whether people who are not in the ledger yet may be added."""
    anyway: bool = False
    """However many bounce or complain."""


class SendCommand:
    """Serves one order.

    What it prints is in `screens`; with --json it prints one object at the end and nothing else.
    """

    def __init__(self, run: Session, order: SendOptions) -> None:
        self.run = run
        self.order = order

    def serve(self) -> None:
        if self.order.as_json and not (self.order.yes or self.order.dry_run):
            raise UsageError("--json cannot ask for a confirmation", hint="Add --yes or --dry-run.")
        # before everybody's mail is made
        schedule_output.check(
            self.run, self.order.at, by_hand=bool(self.order.rate or self.order.limit)
        )
        with _nothing_sent():
            mailing = self._find()
            if self._is_for_later(mailing):
                return self._announce(mailing)
            transport, allowance = self._open(mailing)
            plan = self._offer(self._draw_up(mailing))
            if not plan.recipients and mailing.send is None and self._find().send:
                # another process started it while this one looked through the list
                return self.serve()
            if not plan.recipients:
                return self._nothing_to_do(plan, transport)
            timing = schedule_output.timing_of(self.run, self.order.at, plan)
            subject_test.check(plan, timing)
            self._show(plan, allowance, timing)
            if self.order.dry_run or transport is None:
                return self._end_of_dry_run(plan)
            findings.refuse(plan)
            self._refuse_unapproved(plan)
            self._confirm(plan)
            frozen = self._freeze(plan, timing)
        if timing and timing.plan:
            return self._announce(plan.mailing)
        return self._send(frozen, plan, transport)

    # ---------------------------------------------------------------- before

    def _find(self) -> Mailing:
        from mailer.sending.plan import find_mailing

        mailing = find_mailing(
            self.run.project, self.run.store, self.order.campaign, self.order.list_name
        )
        if mailing.send is None and not self.order.adding:
            raise UsageError(
                f"{mailing.campaign} has not been started",
                hint=f"Start it with: mailer send {mailing.campaign}",
            )
        return mailing

    def _is_for_later(self, mailing: Mailing) -> bool:
        if mailing.send is None or self.order.at or self.order.dry_run:
            return False
        resuming = not self.order.adding
        later = schedule_output.is_for_later(self.run, mailing.send, resuming=resuming)
        if later and self.order.anyway:
            self.run.store.events.stop_watching(mailing.send.id)
        return later

    def _announce(self, mailing: Mailing) -> None:
        send = self.run.store.sends.find(mailing.campaign, mailing.list_name)
        assert send is not None
        schedule_output.announce(self.run, send, as_json=self.order.as_json)

    def _way(self, mailing: Mailing) -> str:
        """The transport's name; a send that was started keeps its own."""
        asked, started = self.order.transport, mailing.send
        if started is None:
            return asked or self.run.project.settings.send.transport
        if asked and asked != started.transport:
            raise UsageError(
                f"{mailing.campaign} was started through {started.transport}, and stays there",
                hint=f"To send it through {asked}, copy the file to a new name.",
            )
        return started.transport

    @property
    def cap(self) -> float | None:
        return wiring.cap_of(self.run, self.order.rate)

    def _open(self, mailing: Mailing) -> tuple[Transport | None, Allowance]:
        """The way out, asked what it allows, and about what a dead process has left."""
        from mailer.cli import transports
        from mailer.sending.loop import settle
        from mailer.transports.base import Allowance

        way = self._way(mailing)
        if self.order.dry_run and way == transports.OUTBOX:
            # it makes its folder
            return None, Allowance()
        transport = transports.open_transport(self.run, way, mailing.words, mailing.list_name)
        if mailing.send and not self.order.dry_run:
            settle(self.run.store, transport, mailing.send, now())
        return transport, transport.allowance()

    def _draw_up(self, mailing: Mailing) -> Plan:
        from mailer.sending.plan import make_plan

        return make_plan(
            self.run.store,
            mailing,
            self.run.keys,
            where=self.order.where,
            adding=self.order.adding,
            watch=_watch,
            now=now(),
            moving=bool(self.order.at),
            later=schedule_output.is_later(self.order.at),
        )

    def _offer(self, plan: Plan) -> Plan:
        """Whoever joined since the audience was frozen is added only when that is wanted."""
        from mailer.cli.output import people
        from mailer.mail.dry_run import DryRun

        joined = len(plan.new.ids)
        if joined and plan.mailing.send and not self.order.at:
            schedule_output.refuse_joiners(self.run, plan.mailing.send)
        if not plan.mailing.send or not joined or self.order.yes or self.order.dry_run:
            return plan
        have = "has" if joined == 1 else "have"
        question = f"{people(joined)} {have} joined since. Send to them as well?"
        if interactive() and typer.confirm(question):
            return plan
        return replace(plan, new=DryRun(), findings=())

    def _nothing_to_do(self, plan: Plan, transport: Transport | None) -> None:
        from mailer.cli import output

        existing = plan.mailing.send
        if existing is None:
            reasons = output.left_out(plan.new.left_out) or "it is empty"
            raise UsageError(f"nobody on {plan.mailing.list_name} would get it: {reasons}")
        if transport and not self.order.dry_run and not schedule_output.rests(self.run, existing):
            # whoever is left may not get it any more, and the books may not be closed yet
            self._sender(plan, existing, transport, StopSignal(), lambda _: None).run(existing)
        counts = self.run.store.sends.counts(existing.id)
        if self.order.as_json:
            current = self.run.store.sends.find(existing.campaign, existing.list_name) or existing
            print_json(output.send_as_json(current, counts))
        else:
            output.show_nothing_to_do(existing, counts)
            output.show_held_back(existing, len(self.run.store.quiet_period.held_back(existing.id)))

    def _show(self, plan: Plan, allowance: Allowance, timing: Timing | None) -> None:
        from mailer.cli import approve, output, transports

        if not self.order.as_json:
            way = self._way(plan.mailing)
            each = "a file for each, in " if way == transports.OUTBOX else ""
            further = {
                **approve.lines_of(self.run, plan),
                **subject_test.lines_of(plan),
                **schedule_output.lines_of(self.run, timing, plan),
                "Transport": f"{way}: {each}{self._place(plan.mailing)}",
                **output.SendDuration(self.cap, allowance).in_words(plan.recipients),
            }
            output.show_plan(plan, further)
            findings.show(plan.findings, len(plan.new.ids), err=True)

    def _place(self, mailing: Mailing) -> str:
        from mailer.cli.transports import place_of

        return place_of(self.run, self._way(mailing), mailing.campaign)

    def _end_of_dry_run(self, plan: Plan) -> None:
        from mailer.cli import approve, output

        if self.order.as_json:
            print_json(output.plan_as_json(plan) | approve.numbers(self.run, plan))
        else:
            typer.echo("This was a rehearsal: nothing was written, nobody was mailed.")
        findings.refuse(plan)

    def _refuse_unapproved(self, plan: Plan) -> None:
        from mailer.cli import approve

        where, as_json = self.order.where, self.order.as_json
        approve.refuse_unapproved(self.run, plan, where=where, as_json=as_json)

    def _confirm(self, plan: Plan) -> None:
        if plan.findings and not self.order.accept_warnings:
            findings.accept(plan, ask=interactive() and not self.order.as_json)
        if self.order.yes:
            return
        if not interactive():
            raise UsageError(
                "sending asks for a confirmation, and this is not a terminal",
                hint="Run it in a terminal, or add --yes.",
            )
        number = plan.recipients
        doing = "schedule" if schedule_output.is_later(self.order.at) else "send"
        question = f"Type the number of recipients ({number:,}) to {doing}"
        answer = typer.prompt(question, default="", show_default=False)
        if answer.strip().replace(",", "") != str(number):
            raise UsageError(f'"{answer}" is not {number:,}: nothing was sent')

    def _freeze(self, plan: Plan, timing: Timing | None) -> Send:
        from mailer.campaigns.subject_test import split_test

        existing = plan.mailing.send
        if existing and not plan.new.ids and not timing:
            return existing
        words = plan.mailing.words
        frozen, _ = self.run.store.sends.freeze(
            words.campaign,
            plan.mailing.list_name,
            plan.new.ids,
            query=plan.query,
            snapshot=words.to_bytes(),
            digest=words.digest,
            transport=self._way(plan.mailing),
            quiet_hours=plan.mailing.quiet_hours,
            held_back=plan.new.left_out[HELD_BACK],
            fresh=existing is None,
            now=now(),
            timing=timing,
            trial=split_test(words),
        )
        return frozen

    # ---------------------------------------------------------------- during and after

    def _send(self, frozen: Send, plan: Plan, transport: Transport) -> None:
        from mailer.cli.progress import bar

        if self.order.anyway:
            self.run.store.events.stop_watching(frozen.id)
        total = min(plan.recipients, self.order.limit or plan.recipients)
        began = time.monotonic()
        with stop_on_signals() as stop, bar(f"Sending {frozen.campaign}", total) as show:
            sender = self._sender(plan, frozen, transport, stop, show)
            stopped = self._run(sender, frozen)
        self._sum_up(plan.mailing, frozen, sender, time.monotonic() - began)
        if stopped:
            raise stopped
        if not self.order.as_json:
            schedule_output.say_what_is_left(self.run, frozen)
        self._complain_of_failures(frozen)

    def _sender(
        self,
        plan: Plan,
        frozen: Send,
        transport: Transport,
        stop: StopSignal,
        on_progress: Callable[[SendProgress], None],
    ) -> Sender:
        return wiring.sender(
            self.run,
            self.run.store,
            frozen,
            wiring.SendContext(plan.mailing.words, transport, plan.merger),
            rate=self.cap,
            stop=stop,
            on_progress=on_progress,
        )

    def _run(self, sender: Sender, frozen: Send) -> SendStopped | Interrupted | None:
        """How it ended when not well, to be raised after the summary."""
        try:
            sender.run(frozen, limit=self.order.limit)
        except (SendStopped, Interrupted) as err:
            return err
        except KeyboardInterrupt:
            # else a worker would take it for one whose process died, and go on with it
            note = "stopped by hand, at once"
            self.run.store.sends.set_state(frozen.id, SendState.PAUSED, note=note, now=now())
            return Interrupted(
                f"{frozen.campaign} was stopped at once",
                hint="What was in flight is looked at first when you go on with: "
                f"mailer resume {frozen.campaign}",
            )
        return None

    def _sum_up(self, mailing: Mailing, frozen: Send, sender: Sender, seconds: float) -> None:
        from mailer.cli import output

        store = self.run.store
        current = store.sends.find(frozen.campaign, frozen.list_name) or frozen
        counts = store.sends.counts(frozen.id)
        if self.order.as_json:
            more = {"seconds": round(seconds, 3), "where": self._place(mailing)}
            print_json(output.send_as_json(current, counts) | more)
        else:
            output.show_summary(current, counts, sender.progress, seconds, self._place(mailing))
            output.show_held_back(current, len(store.quiet_period.held_back(frozen.id)))

    def _complain_of_failures(self, frozen: Send) -> None:
        counts = self.run.store.sends.counts(frozen.id)
        if counts.failed or counts.uncertain:
            ways = {"status": counts.failed, "reconcile": counts.uncertain}
            look = [f"mailer {way} {frozen.campaign}" for way, number in ways.items() if number]
            raise FindingsError(
                f"{counts.failed:,} failed and {counts.uncertain:,} are uncertain",
                hint=f"See which, and why, with: {' and '.join(look)}",
            )


def _watch(items: Iterable[Item], total: int) -> Iterable[Item]:
    from mailer.cli.progress import watch

    return watch("Rehearsing", items, total)


@contextmanager
def _nothing_sent() -> Iterator[None]:
    try:
        yield
    except (KeyboardInterrupt, typer.Abort) as err:
        raise Interrupted("stopped before anything was sent") from err
