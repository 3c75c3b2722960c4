"""Sends confirmation mail (double opt-in), one by one, in a thread beside the requests.

A mail waits in the store, so none is lost when the server stops. Those that were being handed over when
their server died are sent again: a second copy asks the same and does no harm.

The pages come first: a batch of mails takes the write lock twice, and waits while the pages are busy. With
two transactions for each receipt, 92 signatures a second were taken beside 220 one-click unsubscriptions.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from mailer.errors import MailerError
from mailer.ledger.delivery import DeliveryState
from mailer.lists.request import ConfirmationState
from mailer.stop import StopSignal
from mailer.throttle import lowest_rate
from mailer.transports.base import OutgoingMessage

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mailer.lists.request import PendingRequest
    from mailer.store import Store
    from mailer.transports.base import Transport
    from mailer.web.pages.confirmation_mails import ConfirmationMails

log = logging.getLogger("mailer.web")

_STALE = timedelta(minutes=10)
_KEPT = timedelta(days=60)
"""Requests are forgotten after this: longer than any link in their mail works."""
_REFUSED_KEPT = timedelta(days=1)
"""Requests that no mail went out for: as long as they count for the limit of a mailbox."""
_UNCONFIRMED_KEPT = timedelta(days=8)
"""Signatures wait for their confirmation a day longer than its link works."""
_PAUSE = 30.0
"""Seconds between looks for waiting mail, and after the transport or the database failed."""
_BATCH = 50
"""The most mails that are taken at once; at most a second's, where the rate is limited."""
_PATIENCE = 1.0
"""Seconds that a batch waits while the pages are busy: mail goes out in the longest burst, too."""
_LOOK = 0.02
"""Seconds between looks whether they still are."""

_STATES = {
    DeliveryState.ACCEPTED: ConfirmationState.SENT,
    DeliveryState.FAILED: ConfirmationState.FAILED,
    DeliveryState.UNCERTAIN: ConfirmationState.UNCERTAIN,
}


class ConfirmationMailer:
    """The thread that sends confirmation mail.

    Args:
        mails: writes them.
        rate: mails a second at most; None for no limit but the transport's.
        store: used by this thread alone.
        open_transport: called when a mail is waiting.
        clock: aware UTC time.
        delay: returns the seconds, at random, between a request and the work for it.
        is_busy: whether requests are changing the store, which come first.
    """

    def __init__(
        self,
        mails: ConfirmationMails,
        *,
        rate: float | None,
        store: Store,
        open_transport: Callable[[], Transport],
        clock: Callable[[], datetime],
        delay: Callable[[], float],
        is_busy: Callable[[], bool],
    ) -> None:
        self._delay = delay
        self._is_busy = is_busy
        self._mails = mails
        self._configured_rate = rate
        self._rate: float | None = None
        self._store = store
        self._open_transport = open_transport
        self._transport: Transport | None = None
        self._clock = clock
        self._wake = threading.Event()
        self._stop = StopSignal()
        self._thread = threading.Thread(target=self._work, name="confirmation-mailer")

    def start(self) -> None:
        self._wake.set()
        self._thread.start()

    def stop(self) -> None:
        """Finish the mail in hand, then end the thread."""
        self._stop.request()
        self._wake.set()
        self._thread.join()

    def wake(self) -> None:
        self._wake.set()

    def _work(self) -> None:
        while not self._stop.requested:
            self._wake.wait(_PAUSE)
            # The work for an address begins apart from the request that named it: it would show in
            # the time of the answer whether the address is known.
            self._stop.wait(self._delay())
            self._wake.clear()
            try:
                self._forget()
                while not self._stop.requested and self._deliver_batch():
                    pass
            except MailerError as err:
                # nor its text, which may hold an address
                log.error("mail of the pages waits: %s", type(err).__name__)  # noqa: TRY400 - no traceback
                self._stop.wait(_PAUSE)

    def _forget(self) -> None:
        now = self._clock()
        self._store.requests.forget(now - _KEPT, refused_before=now - _REFUSED_KEPT)
        self._store.petitions.expire(now - _UNCONFIRMED_KEPT, now=now)
        self._store.visitors.forget(clock=self._seconds)
        # what an erasure could not finish while a page was being read
        self._store.subscribers.finish_erasing()

    def _deliver_batch(self) -> bool:
        """Return False when no mail is waiting, or none can be sent now."""
        self._let_requests_pass()
        now = self._clock()
        mails = self._store.requests.take_mails(self._batch_size(), now=now, stale=now - _STALE)
        if not mails:
            return False
        states = {pending.id: ConfirmationState.PENDING for pending in mails}
        try:
            transport = self._open()
            interval = self._wait_for_turn(transport, len(mails))
            for pending in mails:
                states[pending.id] = self._deliver(pending, transport)
                # Something may be wrong with the transport: what is not handed over waits again.
                if states[pending.id] is not ConfirmationState.SENT:
                    break
                self._stop.wait(interval)
                if self._stop.requested:
                    break
        finally:
            self._store.requests.mails_ended(states, now=self._clock())
        return states[mails[0].id] is not ConfirmationState.PENDING

    def _let_requests_pass(self) -> None:
        end = time.monotonic() + _PATIENCE
        while self._is_busy() and time.monotonic() < end and not self._stop.requested:
            time.sleep(_LOOK)

    def _batch_size(self) -> int:
        if self._transport is None:
            return 1  # to find out whether it opens, and its rate
        return max(1, min(_BATCH, int(self._rate or _BATCH)))

    def _deliver(self, pending: PendingRequest, transport: Transport) -> ConfirmationState:
        batch_result = transport.deliver([OutgoingMessage(pending.id, self._mails.write(pending))])
        if batch_result.slow_down:
            self._store.throttle.slow_down(transport.name, clock=self._seconds)
        if batch_result.stop:
            self._transport = None  # opened again next time: the cause may be gone
            log.error("mail of the pages cannot go out")
        state = batch_result.results[0].state
        return _STATES.get(state, ConfirmationState.PENDING)

    def _open(self) -> Transport:
        if self._transport is None:
            self._transport = self._open_transport()
            self._rate = lowest_rate(self._configured_rate, self._transport.allowance().rate)
        return self._transport

    def _wait_for_turn(self, transport: Transport, number: int) -> float:
        """Wait for a batch's slot in the rate that every send through the account shares.

        Return the seconds between two of its mails: what was reserved goes out one by one.
        """
        if not self._rate:
            return 0
        turn = self._store.throttle.reserve(
            transport.name, number, rate=self._rate, burst=number, clock=self._seconds
        )
        self._stop.wait(turn.wait)
        return 1 / (self._rate * turn.rate_factor)

    def _seconds(self) -> float:
        return self._clock().timestamp()
