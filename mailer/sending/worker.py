"""The worker: starts sends that are due, and goes on with the sends of dead processes.

It has no state of its own: after a crash, the next worker finds everything in the store.
"""

from __future__ import annotations

import threading
import traceback
from typing import TYPE_CHECKING

from mailer.errors import (
    ClaimLostError,
    Interrupted,
    MailerError,
    SendStopped,
    StaleLedger,
    StoreUnreachableError,
)
from mailer.ledger.delivery import SendState
from mailer.sending.ab_test import choose_winner
from mailer.sending.service import SendService

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mailer.config import Project
    from mailer.ledger.delivery import Send
    from mailer.links import Keys
    from mailer.stop import StopSignal
    from mailer.store import Store

_LOOK = 1
"""Seconds between two checks for due sends. With 30 sends scheduled, one takes a tenth of a millisecond."""


class Worker:
    """One run of the worker.

    Each send has a thread, so that a long one does not delay others, and a store, whose lease tells other
    processes that a worker is sending it, and ends with the thread.

    Args:
        project: whose sends.
        keys: that sign the recipients' links.
        open_store: opens a connection for one thread.
        clock: aware UTC time.
        stop: checked each second.
        log: called with the source and the message of each event.
    """

    def __init__(
        self,
        project: Project,
        keys: Keys,
        *,
        open_store: Callable[[], Store],
        clock: Callable[[], datetime],
        stop: StopSignal,
        log: Callable[[str, str], None],
    ) -> None:
        self.paused: list[str] = []
        """The campaigns that were paused."""
        self._project = project
        self._keys = keys
        self._open_store = open_store
        self._clock = clock
        self._stop = stop
        self._log = log
        self._attending = open_store()
        self._store: Store | None = None
        """The store to look for due sends with; a send that was taken up keeps it."""
        self._threads: list[threading.Thread] = []
        self._is_away = False
        """Whether the store's server did not answer at the last look."""
        self._at_work: set[int] = set()
        """Sends of this worker's threads."""

    def serve(self, *, once: bool) -> None:
        """Work until a stop is requested; with `once`, until nothing is due."""
        if not once:
            self._attending.leases.attend()
            self._log("worker", "ready")
        while not self._stop.requested:
            started = self._try_to_start()
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            if once and not (started or self._threads):
                return
            self._stop.wait(_LOOK)
        for thread in self._threads:
            thread.join()
        self._log("worker", "stopped")

    def close(self) -> None:
        if self._store is not None:
            self._store.close()
        self._attending.close()

    def _try_to_start(self) -> bool:
        try:
            return self._start_what_is_due()
        except StoreUnreachableError as err:
            if not self._is_away:
                self._log("worker", f"waits for the store: {err.message}")
            self._is_away = True
            return False

    def _start_what_is_due(self) -> bool:
        store = self._look_with()
        tests = store.schedule.tests_to_decide(now=self._clock())
        if self._is_away:
            self._is_away = False
            self._log("worker", "goes on: the store answers again")
        for send in tests:
            why = choose_winner(store, send, self._clock())
            if why:
                self._log(_name(send), why)
        started: set[int] = set()
        while not self._stop.requested:
            store = self._look_with()
            taken = store.schedule.take_up(now=self._clock(), join=self._join)
            if taken is None:
                break
            self._start(store, taken)
            # one that comes up again has failed at once: it waits for the next look, as all others do
            if taken.id in started:
                break
            started.add(taken.id)
        return bool(started)

    def _start(self, store: Store, send: Send) -> None:
        self._store = None
        self._at_work.add(send.id)
        # daemon: a second Ctrl-C does not wait for it
        thread = threading.Thread(target=self._serve, args=(store, send), daemon=True)
        thread.start()
        self._threads.append(thread)

    def _look_with(self) -> Store:
        self._store = self._store or self._open_store()
        return self._store

    def _serve(self, store: Store, send: Send) -> None:
        try:
            self._go_on(store, send)
        except (ClaimLostError, StoreUnreachableError) as err:
            self._log(_name(send), f"left where it is, and taken up again later: {err.message}")
        except MailerError as err:
            # the store takes no note of it: the next look meets the same problem, and ends the worker
            self._log(_name(send), f"stopped: {err.message}")
        finally:
            self._at_work.discard(send.id)
            store.close()

    def _go_on(self, store: Store, send: Send) -> None:
        name = _name(send)
        try:
            self._log(name, f"started, {store.sends.counts(send.id).pending:,} pending")
            service = SendService(self._project, store, self._keys, clock=self._clock)
            service.take_over(send, self._stop)
            self._log(name, self._outcome(store, send))
        except Interrupted:
            self._log(name, "left where it is: the next worker goes on")
        except StoreUnreachableError:
            raise
        except Exception as err:  # whatever it is, it must not be tried again and again
            if self._is_shared and isinstance(err, ClaimLostError):
                raise  # it was cut off, and taken for dead
            self._pause(store, send, err)

    def _join(self, send_id: int) -> bool:
        """Whether to send beside others: on a store that machines share, each adds to the speed."""
        return self._is_shared and send_id not in self._at_work

    @property
    def _is_shared(self) -> bool:
        return isinstance(self._project.store, str)

    def _pause(self, store: Store, send: Send, err: Exception) -> None:
        """An error pauses its send until a person resumes it."""
        if not isinstance(err, MailerError):
            traceback.print_exception(err)
        if not isinstance(err, SendStopped) or isinstance(err, StaleLedger):
            note = str(err) or repr(err)
            store.sends.set_state(send.id, SendState.PAUSED, note=note, now=self._clock())
        current = store.sends.find(send.campaign, send.list_name)
        if current and current.state is SendState.PAUSED:
            self.paused.append(send.campaign)
        self._log(_name(send), self._outcome(store, send))

    def _outcome(self, store: Store, send: Send) -> str:
        current = store.sends.find(send.campaign, send.list_name)
        if current is None:
            return "withdrawn: its campaign is a draft again"
        due = store.schedule.next_due(send.id, now=self._clock())
        queued = due and current.state is SendState.QUEUED
        then = f", goes on at {due:%Y-%m-%dT%H:%M:%SZ}" if queued else ""
        why = f" ({current.note})" if current.note else ""
        return f"{current.state}{why}{then}: {store.sends.counts(send.id)}"


def _name(send: Send) -> str:
    return f"{send.campaign} to {send.shown_lists}"
