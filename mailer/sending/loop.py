"""The one loop: wait for the throttle → claim → merge → deliver → record.

Several batches are in flight at once (`delivery_pool.py`); only this thread uses the ledger.

What a crash leaves, by the step it comes after:

    wait      nothing
    claim     deliveries `sending`, nothing handed over: the next send asks the transport, which
              says pending or, where it cannot know, uncertain
    deliver   deliveries `sending`, handed over: the same question, accepted or uncertain
    record    nothing

So a claimed delivery is not claimed again before its outcome is known.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from mailer.errors import (
    CampaignError,
    ClaimLostError,
    DatabaseReplacedError,
    Interrupted,
    MailerError,
    SendStopped,
    StoreError,
    TransportError,
)
from mailer.ledger.delivery import DeliveryState, Result, SendState
from mailer.mail.web_version import store_message
from mailer.sending.circuit_breaker import PATIENCE, THRESHOLD, CircuitBreaker
from mailer.sending.delivery_pool import DeliveryPool
from mailer.sending.progress import Pace, SendProgress
from mailer.sending.reputation import ReputationMonitor
from mailer.sending.scheduling import changed_elsewhere
from mailer.throttle import lowest_rate
from mailer.transports.base import OutgoingMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from mailer.ledger.delivery import Claim, Send
    from mailer.lists.subscriber import Subscriber
    from mailer.mail.merge import Merged
    from mailer.sending.reputation import ReputationLimits
    from mailer.stop import StopSignal
    from mailer.store import Store
    from mailer.transports.base import Allowance, BatchResult, Transport

_DISK_TRIES = 300
"""Seconds for which answers are kept in memory while the disk is full."""
_NAP = 0.1
"""Seconds between two checks for answers, so that they are recorded soon."""
_LEAD = 0.1
"""Seconds before its slot at which a batch is merged: ready in time, and claimed only briefly before."""
_LOOK_AGAIN = timedelta(minutes=5)
"""Interval between two queries of the transport's allowance."""


class SupportsMerge(Protocol):
    def merge(self, subscriber: Subscriber, arm: int) -> Merged: ...


class SendLoop:
    """Sends one campaign's deliveries until none is due, or until a person or an error stops it.

    Args:
        store: of the ledger, and of the rate that all processes share.
        transport: that takes the mail.
        merger: of the send's own sources.
        rate: messages a second at most; None leaves it to the transport.
        stop: checked between batches.
        clock: aware UTC time.
        limits: of bounces and complaints, above which it pauses itself.
        on_progress: called whenever answers have arrived.
        started_by_person: True when a person started the send and can pause it with Ctrl-C; False for
            a worker, which leaves it to the next worker when it stops.
    """

    def __init__(
        self,
        store: Store,
        transport: Transport,
        merger: SupportsMerge,
        *,
        rate: float | None,
        stop: StopSignal,
        clock: Callable[[], datetime],
        limits: ReputationLimits,
        on_progress: Callable[[SendProgress], None],
        started_by_person: bool = True,
    ) -> None:
        self.progress = SendProgress()
        self._store = store
        self._transport = transport
        self._merger = merger
        self._cap = rate
        self._stop = stop
        self._clock = clock
        self._on_progress = on_progress
        self._started_by_person = started_by_person
        self._refusals = 0
        """Failures in a row of the store to record answers."""
        self._unrecorded = 0
        """Answers that could not be recorded."""
        self._pool = DeliveryPool(transport.deliver, transport.connections)
        self._breaker = CircuitBreaker()
        self._monitor = ReputationMonitor(store, limits)

    def run(self, send: Send) -> SendProgress:
        """Send until nothing is due, or as many were tried as the send is to stop after.

        Raises:
            TransportError: nothing can be sent at all; nothing has changed.
            SendStopped: the campaign or the transport failed, or a person paused, changed or cancelled
                the send after the given version.
            Interrupted: a stop was requested.
        """
        self._look_up_rate(self._transport.allowance())
        settle(self._store, self._transport, send, self._clock())
        if self._started_by_person and not self._start(send):
            raise changed_elsewhere(send)
        try:
            self._work(send, self._limit(send))
        except (ClaimLostError, DatabaseReplacedError):
            self._drain()
            raise
        except StoreError as err:
            self._drain()
            if not self._unrecorded:
                raise
            raise self._unwritable(err) from err
        except Exception:
            self._drain()
            raise
        except BaseException:
            # Nothing is waited for, but what is known by now is put on record.
            self._pool.recall()
            self._record(room=self._pool.batches + 1)
            raise
        finally:
            self._pool.close()
        return self.progress

    def _start(self, send: Send) -> bool:
        """Start the send, unless it has changed since the person saw it: a pause wins."""
        return self._store.sends.set_state(
            send.id, SendState.SENDING, seen=send.version, now=self._clock()
        )

    def _limit(self, send: Send) -> int | None:
        """Messages that this run may try."""
        if not send.stop_after:
            return None
        return max(0, send.stop_after - self._store.sends.counts(send.id).tried)

    def _work(self, send: Send, limit: int | None) -> None:
        while self._is_on(send):
            self._look_at_what_became(send)
            if self._stop.requested:
                self._drain()
            if self._is_due(send):
                if self._stop.requested:
                    raise self._interrupted(send)
                if not self._proceed(send, limit):
                    return
            elif self._pool.batches:
                self._collect(send, room=1)  # some may come back unsent
            elif self._is_finished(send):
                return

    def _proceed(self, send: Send, limit: int | None) -> bool:
        """Hand over a batch, or make room for it; False at the limit."""
        if self._breaker.is_resting:
            self._stop.wait(_NAP)
            self._collect(send)
            return True
        size = self._room(limit)
        if size > 0 and not self._pool.is_full:
            turn = self._wait(send, size) + self._seconds()
            if not self._stop.requested:
                claims = self._store.deliveries.claim(send.id, size, now=self._clock())
                self._hand_over(send, claims, turn)
        elif self._pool.batches:
            self._collect(send, room=self._pool.size if size > 0 else self._pool.batches)
        else:
            self._store.sends.set_limits(send.id, rate=send.rate, stop_after=0)
            self._set(send, SendState.PAUSED, f"stopped after {limit} messages, as asked")
            return False
        return True

    def _interrupted(self, send: Send) -> Interrupted:
        if not self._started_by_person:
            return Interrupted(f"{send.campaign} goes on with the next worker")
        self._set(send, SendState.PAUSED, "stopped by hand")
        return Interrupted(f"{send.campaign} is paused", hint=_go_on(send))

    def _look_at_what_became(self, send: Send) -> None:
        why = self._monitor.why_stop(send.id, self._clock())
        if why:
            self._set(send, SendState.PAUSED, why)
            raise SendStopped(
                f"{send.campaign} is paused: {why}",
                hint="Find out first where these addresses come from. To go on all the same: "
                f"mailer resume {send.campaign} --anyway",
            )

    def _is_on(self, send: Send) -> bool:
        """Whether this run may send: not after the send was paused, cancelled or rescheduled."""
        if self._store.sends.is_sending(send.campaign, send.list_name):
            return True
        current = self._store.sends.find(send.campaign, send.list_name)
        if current is None:
            raise SendStopped(f"{send.campaign} was withdrawn: its campaign is a draft again")
        if current.state in {SendState.PAUSED, SendState.CANCELLED}:
            raise SendStopped(
                f"{send.campaign} has stopped: {current.note or current.state}",
                hint=_go_on(send) if current.state is SendState.PAUSED else None,
            )
        if current.state is not SendState.SENDING:
            self._drain()
            return False
        return True

    def _is_finished(self, send: Send) -> bool:
        """Whether nothing is left to do. Deliveries due later stay queued; other processes finish theirs."""
        settle(self._store, self._transport, send, self._clock())
        self._set(send, SendState.FINISHED)
        return not self._is_due(send)

    def _is_due(self, send: Send) -> bool:
        return self._store.schedule.is_due(send.id, now=self._clock())

    def _room(self, limit: int | None) -> int:
        """How many messages may be claimed now: 0 or less for none."""
        pace = self._pace
        room = 1 if self._pool.only_probes else pace.batch_size
        outstanding = pace.most_outstanding - self._pool.messages
        # no claims of one or two: each is a transaction
        room = 0 if outstanding * 2 < room else min(room, outstanding)
        if limit is not None:
            room = min(room, limit - self.progress.tried - self._pool.messages)
        return room

    @property
    def _pace(self) -> Pace:
        size = self._transport.batch_size(self._rate)
        possible = self._pool.reachable_rate * size
        rate = self._rate and min(self._rate * self.progress.rate_factor, possible)
        return Pace(rate, size)

    # ---------------------------------------------------------------- out

    def _look_up_rate(self, allowance: Allowance) -> None:
        self._rate = lowest_rate(self._cap, allowance.rate)
        self._looked_up = self._clock()

    def _look_up_rate_again(self) -> None:
        if self._clock() - self._looked_up < _LOOK_AGAIN:
            return
        try:
            self._look_up_rate(self._transport.allowance())
        except TransportError:
            # the next message will tell, in the way that the ledger knows
            self._looked_up = self._clock()

    def _wait(self, send: Send, size: int) -> float:
        """Wait until shortly before this process's slot; return the seconds still to wait.

        Answers that arrive during the wait are recorded.
        """
        self._look_up_rate_again()
        if self._rate is None:
            return 0
        turn = self._store.throttle.reserve(
            self._transport.name,
            size,
            rate=self._rate,
            burst=self._pace.batch_size,
            clock=self._seconds,
        )
        self.progress = replace(self.progress, rate_factor=turn.rate_factor)
        left = turn.wait
        while left > _LEAD and not self._stop.requested:
            began, nap = self._seconds(), min(left - _LEAD, _NAP)
            self._stop.wait(nap)
            self._collect(send)
            left -= max(nap, self._seconds() - began)
        return left

    def _hand_over(self, send: Send, claims: Sequence[Claim], turn: float) -> None:
        """Merge the claimed deliveries, and send them at their slot, in seconds of the clock."""
        if not claims:
            return
        try:
            self._transport.expect(claims)
            messages = list(self._merged(send, claims))
            left = min(turn - self._seconds(), _LEAD)
            if left > 0:
                self._stop.wait(left)
        except BaseException as err:
            # none of them was handed over
            unsent = [Result(claim.delivery_id, DeliveryState.PENDING) for claim in claims]
            self._store.deliveries.record(unsent, now=self._clock())
            if isinstance(err, CampaignError | TransportError):
                raise self._stopped(send, err) from err
            raise
        batches = self._transport.batches(messages, self._pace.call_size)
        self._pool.speed = self._rate and self._rate * len(batches) / len(messages)
        self._pool.send(*batches)

    def _merged(self, send: Send, claims: Sequence[Claim]) -> Iterator[OutgoingMessage]:
        """Merge the claimed deliveries. Answers are recorded in between, because compiling a new variant is slow."""
        merge, clock = self._merger.merge, self._clock
        nap = timedelta(seconds=_NAP)
        look_again = clock() + nap
        for claim in claims:
            yield OutgoingMessage(claim.delivery_id, merge(claim.subscriber, claim.arm))
            if clock() > look_again:
                self._collect(send)
                look_again = clock() + nap

    # ---------------------------------------------------------------- and back

    def _collect(self, send: Send, *, room: int | None = None) -> None:
        """Record the answers so far; with `room`, wait briefly for fewer batches in flight.

        Raises:
            SendStopped: the answers show that sending cannot go on.
        """
        stop = self._record(room or self._pool.batches + 1)
        if stop:
            raise self._stopped(send, stop) from stop

    def _drain(self) -> None:
        """Send nothing more, and record everything in flight, even if something fails."""
        self._pool.recall()
        problem: Exception | None = None
        while self._pool.batches:
            try:
                self._record(room=1)
            except Exception as err:  # noqa: BLE001 - raised when all the rest is on record
                problem = problem or err
        if problem:
            raise problem

    def _record(self, room: int) -> MailerError | None:
        """Why the send should stop, if it should."""
        back = self._pool.collect(room=room, seconds=_NAP)
        if not back:
            return None
        self._put_on_record(
            [result for batch, batch_result in back for result in _with_copies(batch, batch_result)]
        )
        for batch, batch_result in back:
            emails = {outgoing.delivery_id: outgoing.merged.email for outgoing in batch}
            self._breaker.add(
                (result, emails[result.delivery_id]) for result in batch_result.results
            )
            self.progress = self.progress.plus(batch_result)
        self._pool.is_doubtful = self._breaker.is_doubtful
        if self._pool.is_doubtful:
            self._pool.recall()
        if any(batch_result.slow_down for _, batch_result in back):
            rate_factor = self._store.throttle.slow_down(self._transport.name, clock=self._seconds)
            self.progress = replace(self.progress, rate_factor=rate_factor)
        self._on_progress(self.progress)
        stops = (batch_result.stop for _, batch_result in back if batch_result.stop)
        return next(stops, None) or _nothing_but_refusals(self._breaker.verdict)

    def _put_on_record(self, results: Sequence[Result]) -> None:
        """Record answers; while the disk takes none, keep them and try again each second.

        Raises:
            SendStopped: a stop was requested, or the disk has been full for minutes.
        """
        while True:
            try:
                self._store.deliveries.record(results, now=self._clock())
            except (ClaimLostError, DatabaseReplacedError):
                raise
            except StoreError as err:
                self._refusals += 1
                if self._stop.requested or self._refusals >= _DISK_TRIES:
                    self._unrecorded += len(results)
                    raise self._unwritable(err) from err
                self._stop.wait(1)
            else:
                self._refusals = 0
                return

    def _unwritable(self, err: StoreError) -> SendStopped:
        return SendStopped(
            f"{err.message}. {self._unrecorded:,} answers are not on record, and nothing more was sent",
            hint=f"{err.hint or ''} Then go on with: mailer resume. It looks first at what was in flight.",
        )

    def _stopped(self, send: Send, err: MailerError) -> SendStopped:
        self._set(send, SendState.PAUSED, str(err))
        return SendStopped(
            f"{send.campaign} is paused: {err.message}",
            place=err.place,
            hint=f"{err.hint or ''} {_go_on(send)}".strip(),
        )

    def _set(self, send: Send, state: SendState, note: str = "") -> None:
        self._store.sends.set_state(send.id, state, note=note, now=self._clock())

    def _seconds(self) -> float:
        return self._clock().timestamp()


def settle(store: Store, transport: Transport, send: Send, now: datetime) -> int:
    """Settle deliveries of dead processes; return their number."""
    claims = store.deliveries.abandoned(send.id)
    if claims:
        store.deliveries.record(transport.settle(claims), now=now)
    return len(claims)


def _with_copies(batch: Sequence[OutgoingMessage], batch_result: BatchResult) -> list[Result]:
    """The results, each with its mail for the web version."""
    mails = {outgoing.delivery_id: outgoing.merged for outgoing in batch}
    return [
        Result(r.delivery_id, r.state, r.message_id, r.detail, store_message(mails[r.delivery_id]))
        for r in batch_result.results
    ]


def _nothing_but_refusals(verdict: Result | None) -> MailerError | None:
    if verdict is None:
        return None
    if verdict.state is DeliveryState.FAILED:
        return CampaignError(
            f"{THRESHOLD} messages in a row were refused with the same answer: {verdict.detail}",
            hint="So it is the campaign or the account that is wrong, not the recipients. Put that "
            "right first.",
        )
    return TransportError(
        f"for {PATIENCE} seconds, most calls were lost: {verdict.detail}",
        hint="Wait until this machine's network and the other side are well.",
    )


def _go_on(send: Send) -> str:
    return f"Go on with: mailer resume {send.campaign}"
