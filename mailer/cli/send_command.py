"""Sending at the terminal: review, confirmation, run, summary."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from mailer.cli import ab_test, findings, schedule_output
from mailer.cli.common import Session, interactive, print_json
from mailer.cli.signals import stop_on_signals
from mailer.cli.wiring import send_service
from mailer.errors import FindingsError, Interrupted, SendStopped, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mailer.campaigns.schedule import Timing
    from mailer.checks.runner import Item
    from mailer.ledger.delivery import Send
    from mailer.sending.loop import SendLoop
    from mailer.sending.plan import Mailing, Plan
    from mailer.sending.service import SendRequest
    from mailer.transports.base import Allowance, Transport


@dataclass(frozen=True, slots=True)
class SendOptions:
    """Options of the output."""

    yes: bool
    as_json: bool
    dry_run: bool = False
    accept_warnings: bool = False
    anyway: bool = False
    """Send on regardless of bounces and complaints."""


class SendCommand:
    """Serves one request: asks, prints and exits. `SendService` does the work.

    With --json it prints one object at the end and nothing else.
    """

    def __init__(self, run: Session, request: SendRequest, options: SendOptions) -> None:
        self.run = run
        self.sends = send_service(run)
        self.request = request
        self.options = options

    def serve(self) -> None:
        options = self.options
        if options.as_json and not (options.yes or options.dry_run):
            raise UsageError("--json cannot ask for a confirmation", hint="Add --yes or --dry-run.")
        sends = self.sends
        with _nothing_sent():
            mailing = sends.find(self.request)
            if not options.dry_run and sends.return_to_schedule(mailing, self.request):
                self._stop_watching(mailing)
                return self._announce(mailing)
            transport, allowance = sends.open(mailing, self.request, dry_run=options.dry_run)
            plan = self._offer(sends.plan(mailing, self.request, _watch))
            if not plan.recipients and mailing.send is None and sends.find(self.request).send:
                # another process started it while this one looked through the list
                return self.serve()
            if not plan.recipients:
                return self._nothing_to_do(plan, transport)
            timing = sends.timing(plan, self.request)
            self._show(plan, allowance, timing)
            if options.dry_run or transport is None:
                return self._end_of_dry_run(plan)
            findings.refuse(plan)
            self._refuse_unapproved(plan)
            self.sends.refuse_unrecorded(allowance, answered=self._answered)
            self._confirm(plan)
            self._publish_pictures(plan.mailing)
            frozen = sends.freeze(plan, self.request, timing)
        if timing and timing.plan:
            return self._announce(plan.mailing)
        return self._send(frozen, plan, transport)

    # ---------------------------------------------------------------- before

    def _announce(self, mailing: Mailing) -> None:
        send = self.run.store.sends.find(mailing.campaign, mailing.list_name)
        assert send is not None
        schedule_output.announce(self.run, send, as_json=self.options.as_json)

    def _stop_watching(self, mailing: Mailing) -> None:
        if self.options.anyway and mailing.send:
            self.run.store.events.stop_watching(mailing.send.id)

    def _offer(self, plan: Plan) -> Plan:
        """Ask before adding people who joined since the audience was frozen."""
        from mailer.cli.output import people
        from mailer.sending.service import without_joiners

        joined = self.sends.joiners(plan, self.request)
        if not joined or self.options.yes or self.options.dry_run:
            return plan
        have = "has" if joined == 1 else "have"
        question = f"{people(joined)} {have} joined since. Send to them as well?"
        if interactive() and typer.confirm(question):
            return plan
        return without_joiners(plan)

    def _nothing_to_do(self, plan: Plan, transport: Transport | None) -> None:
        from mailer.cli import output

        existing, sends = plan.mailing.send, self.run.store.sends
        if existing is None:
            reasons = output.left_out(plan.new.left_out) or "it is empty"
            raise UsageError(f"nobody on {plan.mailing.shown_lists} would get it: {reasons}")
        if transport and not self.options.dry_run:
            self.sends.close_books(plan, existing, transport)
        counts = sends.counts(existing.id)
        if self.options.as_json:
            current = sends.find(existing.campaign, existing.list_name) or existing
            print_json(output.send_as_json(current, counts))
        else:
            output.show_nothing_to_do(existing, counts)
            output.show_held_back(existing, len(self.run.store.quiet_period.held_back(existing.id)))

    def _show(self, plan: Plan, allowance: Allowance, timing: Timing | None) -> None:
        from mailer.cli import approve, output
        from mailer.transports import registry

        if not self.options.as_json:
            name = self.sends.transport_name(plan.mailing, self.request)
            prefix = "a file for each, in " if name == registry.OUTBOX else ""
            rate = self.sends.rate(plan, self.request)
            further = {
                **approve.lines_of(self.run, plan),
                **ab_test.lines_of(plan),
                **schedule_output.lines_of(self.run, timing, plan),
                "Transport": f"{name}: {prefix}{self._place(plan.mailing)}",
                **output.SendDuration(rate, allowance).in_words(plan.recipients),
            }
            output.show_plan(plan, further)
            findings.show(plan.findings, len(plan.new.ids), err=True)

    def _place(self, mailing: Mailing) -> str:
        from mailer.transports import registry

        name = self.sends.transport_name(mailing, self.request)
        return registry.destination(self.run.project, name, mailing.campaign)

    def _end_of_dry_run(self, plan: Plan) -> None:
        from mailer.cli import approve, output

        if self.options.as_json:
            print_json(output.plan_as_json(plan) | approve.numbers(self.run, plan))
        else:
            typer.echo("This was a rehearsal: nothing was written, nobody was mailed.")
        findings.refuse(plan)

    def _refuse_unapproved(self, plan: Plan) -> None:
        from mailer.cli import approve

        where, as_json = self.request.where, self.options.as_json
        approve.refuse_unapproved(self.run, plan, where=where, as_json=as_json)

    def _answered(self, question: str) -> bool:
        """Whether a person says yes: --yes does not answer it."""
        return interactive() and not self.options.as_json and typer.confirm(question)

    def _confirm(self, plan: Plan) -> None:
        from mailer.sending.scheduling import is_later

        if plan.findings and not self.options.accept_warnings:
            findings.accept(plan, ask=interactive() and not self.options.as_json)
        if self.options.yes:
            return
        if not interactive():
            raise UsageError(
                "sending asks for a confirmation, and this is not a terminal",
                hint="Run it in a terminal, or add --yes.",
            )
        number = plan.recipients
        verb = "schedule" if is_later(self.request.at) else "send"
        question = f"Type the number of recipients ({number:,}) to {verb}"
        answer = typer.prompt(question, default="", show_default=False)
        if answer.strip().replace(",", "") != str(number):
            raise UsageError(f'"{answer}" is not {number:,}: nothing was sent')

    def _publish_pictures(self, mailing: Mailing) -> None:
        """Publish the pictures for recipients; a dry run has none."""
        from mailer.cli import images
        from mailer.transports import registry

        if self.sends.transport_name(mailing, self.request) == registry.SES:
            images.publish(self.run, mailing.snapshot.pictures.values())

    # ---------------------------------------------------------------- during and after

    def _send(self, frozen: Send, plan: Plan, transport: Transport) -> None:
        from mailer.cli.progress import bar

        if self.options.anyway:
            self.run.store.events.stop_watching(frozen.id)
        total = plan.recipients
        if frozen.stop_after:
            total = min(total, frozen.stop_after - self.run.store.sends.counts(frozen.id).tried)
        began = time.monotonic()
        with stop_on_signals() as stop, bar(f"Sending {frozen.campaign}", total) as show:
            loop = self.sends.send_loop(frozen, transport, plan.merger, stop=stop, on_progress=show)
            stopped = self._run(loop, frozen)
        self._sum_up(plan.mailing, frozen, loop, time.monotonic() - began)
        if stopped:
            raise stopped
        if not self.options.as_json:
            schedule_output.say_what_is_left(self.run, frozen)
        self._complain_of_failures(frozen)

    def _run(self, loop: SendLoop, frozen: Send) -> SendStopped | Interrupted | None:
        """The error that ended the send, to be raised after the summary."""
        try:
            loop.run(frozen)
        except (SendStopped, Interrupted) as err:
            return err
        except KeyboardInterrupt:
            self.sends.pause_at_once(frozen)
            return Interrupted(
                f"{frozen.campaign} was stopped at once",
                hint="What was in flight is looked at first when you go on with: "
                f"mailer resume {frozen.campaign}",
            )
        return None

    def _sum_up(self, mailing: Mailing, frozen: Send, loop: SendLoop, seconds: float) -> None:
        from mailer.cli import output

        store = self.run.store
        current = store.sends.find(frozen.campaign, frozen.list_name) or frozen
        counts = store.sends.counts(frozen.id)
        if self.options.as_json:
            more = {"seconds": round(seconds, 3), "where": self._place(mailing)}
            print_json(output.send_as_json(current, counts) | more)
        else:
            output.show_summary(current, counts, loop.progress, seconds, self._place(mailing))
            output.show_held_back(current, len(store.quiet_period.held_back(frozen.id)))

    def _complain_of_failures(self, frozen: Send) -> None:
        counts = self.run.store.sends.counts(frozen.id)
        if counts.failed or counts.uncertain:
            ways = {"status": counts.failed, "reconcile": counts.uncertain}
            look = [
                f"mailer {command} {frozen.campaign}" for command, number in ways.items() if number
            ]
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
