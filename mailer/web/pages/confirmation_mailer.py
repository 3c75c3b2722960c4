"""Sends confirmation mail (double opt-in), one by one, in a thread beside the requests.

A mail waits in the store, so none is lost when the server stops. One that was being handed over when
its server died is sent again: a second copy asks the same and does no harm.
"""

from __future__ import annotations

import logging
import threading
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
    ) -> None:
        self._delay = delay
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
                while not self._stop.requested and self._deliver_next():
                    pass
            except MailerError as err:
                # nor its text, which may hold an address
                log.error("mail of the pages waits: %s", type(err).__name__)  # noqa: TRY400 - no traceback
                self._stop.wait(_PAUSE)

    def _forget(self) -> None:
        now = self._clock()
        self._store.requests.forget(now - _KEPT, refused_before=now - _REFUSED_KEPT)
        self._store.petitions.expire(now - _UNCONFIRMED_KEPT, now=now)
        # what an erasure could not finish while a page was being read
        self._store.subscribers.finish_erasing()

    def _deliver_next(self) -> bool:
        """Return False when no mail is waiting, or it cannot be sent now."""
        now = self._clock()
        pending = self._store.requests.next_mail(now=now, stale=now - _STALE)
        if pending is None:
            return False
        state = ConfirmationState.PENDING
        try:
            state = self._deliver(pending)
        finally:
            self._store.requests.mail_ended(pending.id, state, now=self._clock())
        return state is not ConfirmationState.PENDING

    def _deliver(self, pending: PendingRequest) -> ConfirmationState:
        transport = self._open()
        self._wait_for_turn(transport)
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

    def _wait_for_turn(self, transport: Transport) -> None:
        """The rate is shared with every send through the same account."""
        if self._rate:
            turn = self._store.throttle.reserve(
                transport.name, 1, rate=self._rate, burst=1, clock=self._seconds
            )
            self._stop.wait(turn.wait)

    def _seconds(self) -> float:
        return self._clock().timestamp()
