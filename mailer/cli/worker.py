"""worker: starts what has come due, and goes on with what a dead process has left.

It keeps nothing to itself: whatever it is killed in the middle of, the next one finds in the store.
"""

from __future__ import annotations

import threading
import traceback
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli import subject_test, wiring
from mailer.cli.common import Session, now, session
from mailer.cli.signals import stop_on_signals
from mailer.errors import Interrupted, MailerError, SendStopped
from mailer.ledger.delivery import SendState

if TYPE_CHECKING:
    from mailer.ledger.delivery import Send
    from mailer.stop import StopSignal
    from mailer.store import Store

_LOOK = 1
"""Seconds between two looks at what is due. With 30 sends scheduled, one takes a tenth of a millisecond."""


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(worker)


def worker(
    context: typer.Context,
    once: Annotated[
        bool, typer.Option("--once", help="Send what is due now, and end: for cron.")
    ] = False,
) -> None:
    """Start what was scheduled when it is due, and go on with what a dead process has left."""
    run = session(context)
    with stop_on_signals("stopping") as stop:
        shift = Worker(run, stop)
        try:
            shift.serve(once=once)
        finally:
            shift.close()
    if once and shift.stopped:
        raise SendStopped(f"paused: {', '.join(shift.stopped)}", hint="See why with: mailer status")


class Worker:
    """One run of the worker.

    Each send has a thread, so that a long one holds up no other, and a store, whose lock tells other
    processes that somebody is at work on it, and is free when the thread ends.
    """

    def __init__(self, run: Session, stop: StopSignal) -> None:
        self.stopped: list[str] = []
        """The campaigns that were paused."""
        self._run = run
        self._stop = stop
        self._store = run.open_store()
        self._threads: list[threading.Thread] = []

    def serve(self, *, once: bool) -> None:
        if not once:
            self._run.store.leases.attend()
            _log("worker", "ready")
        while not self._stop.requested:
            started = self._start_what_is_due()
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            if once and not (started or self._threads):
                return
            self._stop.wait(_LOOK)
        for thread in self._threads:
            thread.join()
        _log("worker", "stopped")

    def close(self) -> None:
        self._store.close()

    def _start_what_is_due(self) -> bool:
        started = False
        for ripe in self._store.schedule.tests_to_decide(now=now()):
            chosen = subject_test.choose(self._store, ripe)
            if chosen:
                _log(_name(ripe), chosen)
        while not self._stop.requested and (send := self._store.schedule.take_up(now=now())):
            # daemon: whoever presses Ctrl-C twice does not wait for it
            thread = threading.Thread(target=self._serve, args=(self._store, send), daemon=True)
            thread.start()
            self._store = self._run.open_store()
            self._threads.append(thread)
            started = True
        return started

    def _serve(self, store: Store, send: Send) -> None:
        try:
            _log(_name(send), f"started, {store.sends.counts(send.id).pending:,} pending")
            self._send(store, send)
            _log(_name(send), _outcome(store, send))
        except Interrupted:
            _log(_name(send), "left where it is: the next worker goes on")
        except Exception as err:  # noqa: BLE001 - whatever it is, it must not be tried again and again
            self._pause(store, send, err)
        finally:
            store.close()

    def _send(self, store: Store, send: Send) -> None:
        means = wiring.send_context(self._run, store, send)
        rate = wiring.cap_of(self._run)
        wiring.sender(self._run, store, send, means, rate=rate, stop=self._stop, by_hand=False).run(
            send
        )

    def _pause(self, store: Store, send: Send, err: Exception) -> None:
        """What stops a send pauses it, until a person has looked at it."""
        if not isinstance(err, MailerError):
            traceback.print_exception(err)
        if not isinstance(err, SendStopped):
            store.sends.set_state(send.id, SendState.PAUSED, note=str(err) or repr(err), now=now())
        current = store.sends.find(send.campaign, send.list_name)
        if current and current.state is SendState.PAUSED:
            self.stopped.append(send.campaign)
        _log(_name(send), _outcome(store, send))


def _outcome(store: Store, send: Send) -> str:
    from mailer.cli.output import in_words

    current = store.sends.find(send.campaign, send.list_name) or send
    due = store.schedule.next_due(send.id, now=now())
    then = f", goes on at {due:%Y-%m-%dT%H:%M:%SZ}" if due and current.state == "queued" else ""
    why = f" ({current.note})" if current.note else ""
    return f"{current.state}{why}{then}: {in_words(store.sends.counts(send.id))}"


def _name(send: Send) -> str:
    return f"{send.campaign} to {send.list_name}"


def _log(who: str, what: str) -> None:
    typer.echo(f"{now():%Y-%m-%dT%H:%M:%SZ} {who}: {what}")
