"""The one loop: wait for the throttle → claim → merge → deliver → record.

What a crash leaves, by the step it comes after:

    wait      nothing
    claim     deliveries `sending`, nothing handed over: the next send asks the transport, which
              says pending or, where it cannot know, uncertain
    deliver   deliveries `sending`, handed over: the same question, accepted or uncertain
    record    nothing

So whoever is claimed is never claimed again before it is known what became of the first time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from mailer.errors import CampaignError, Interrupted, SendStopped, TransportError
from mailer.store.base import DeliveryState, Result, SendState
from mailer.transports.base import Letter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from mailer.merge import Merged
    from mailer.store.base import Claim, Send, Store
    from mailer.subscriber import Subscriber
    from mailer.transports.base import Transport

MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast to send; a batch is at most about a second's worth, so that few can be in flight."""

    rate: float | None
    """Messages a second; None is as fast as it goes."""

    @property
    def batch(self) -> int:
        return MOST_AT_ONCE if self.rate is None else max(1, min(MOST_AT_ONCE, int(self.rate)))


@dataclass(frozen=True, slots=True)
class Tally:
    """What this run has done so far."""

    accepted: int = 0
    failed: int = 0
    uncertain: int = 0

    @property
    def tried(self) -> int:
        return self.accepted + self.failed + self.uncertain

    def plus(self, results: Sequence[Result]) -> Tally:
        states = [result.state for result in results]
        return replace(
            self,
            accepted=self.accepted + states.count(DeliveryState.ACCEPTED),
            failed=self.failed + states.count(DeliveryState.FAILED),
            uncertain=self.uncertain + states.count(DeliveryState.UNCERTAIN),
        )


class Brake(Protocol):
    """How a person stops a run: it finishes what is in flight first."""

    @property
    def pulled(self) -> bool: ...

    def wait(self, seconds: float) -> None:
        """Let time pass, less of it when the brake is pulled."""
        ...


class Merger(Protocol):
    def merge(self, subscriber: Subscriber) -> Merged: ...


class Sender:
    """Sends one campaign's deliveries until none is pending, or somebody or something stops it.

    Args:
        store: of the ledger.
        transport: the way out.
        merger: of the send's own sources.
        pace: shared through the store with every process that uses the same transport.
        brake: looked at between batches.
        clock: aware UTC time.
        on_progress: told after every batch.
    """

    def __init__(
        self,
        store: Store,
        transport: Transport,
        merger: Merger,
        *,
        pace: Pace,
        brake: Brake,
        clock: Callable[[], datetime],
        on_progress: Callable[[Tally], None],
    ) -> None:
        self.tally = Tally()
        self._store = store
        self._transport = transport
        self._merger = merger
        self._pace = pace
        self._brake = brake
        self._clock = clock
        self._on_progress = on_progress

    def run(self, send: Send, *, limit: int | None = None) -> Tally:
        """Send until nothing is pending, or `limit` messages were tried; then it is paused.

        Raises:
            SendStopped: the campaign or the transport broke, or somebody paused or cancelled it.
            Interrupted: the brake was pulled; it is paused.
        """
        settle(self._store, self._transport, send, self._clock())
        self._set(send, SendState.SENDING)
        while self._is_more(send):
            size = self._room(limit)
            if not size:
                self._set(send, SendState.PAUSED, f"stopped after {limit} messages, as asked")
                break
            self._wait(size)
            if self._brake.pulled:
                self._set(send, SendState.PAUSED, "stopped by hand")
                raise Interrupted(f"{send.campaign} is paused", hint=_go_on(send))
            if claims := self._store.claim(send.id, size, now=self._clock()):
                self._handle(send, claims)
        return self.tally

    def _is_more(self, send: Send) -> bool:
        """Whether anything is left; when not, the send is finished, unless others are at work."""
        current = self._store.send(send.campaign, send.list_name)
        assert current is not None
        if current.state in {SendState.PAUSED, SendState.CANCELLED}:
            raise SendStopped(
                f"{send.campaign} has stopped: {current.note or current.state}",
                hint=_go_on(send) if current.state is SendState.PAUSED else None,
            )
        if current.state is not SendState.SENDING:
            return False
        if self._store.has_pending(send.id):
            return True
        settle(self._store, self._transport, send, self._clock())
        self._set(send, SendState.FINISHED)
        return self._store.has_pending(send.id)

    def _room(self, limit: int | None) -> int:
        if limit is None:
            return self._pace.batch
        return min(self._pace.batch, limit - self.tally.tried)

    def _wait(self, size: int) -> None:
        if self._pace.rate is None:
            return
        turn = self._store.reserve(
            self._transport.name,
            size,
            rate=self._pace.rate,
            burst=self._pace.batch,
            clock=lambda: self._clock().timestamp(),
        )
        self._brake.wait(turn.wait)

    def _handle(self, send: Send, claims: Sequence[Claim]) -> None:
        try:
            letters = [Letter(c.delivery_id, self._merger.merge(c.subscriber)) for c in claims]
            results = self._transport.deliver(letters)
        except (CampaignError, TransportError) as err:
            # neither has handed anything over
            unsent = [Result(claim.delivery_id, DeliveryState.PENDING) for claim in claims]
            self._store.record(unsent, now=self._clock())
            self._set(send, SendState.PAUSED, str(err))
            raise SendStopped(
                f"{send.campaign} is paused: {err.message}",
                place=err.place,
                hint=f"{err.hint or ''} {_go_on(send)}".strip(),
            ) from err
        self._store.record(results, now=self._clock())
        self.tally = self.tally.plus(results)
        self._on_progress(self.tally)

    def _set(self, send: Send, state: SendState, note: str = "") -> None:
        self._store.set_state(send.id, state, note=note, now=self._clock())


def settle(store: Store, transport: Transport, send: Send, now: datetime) -> int:
    """Find out what became of deliveries whose process died; returns how many there were."""
    claims = store.abandoned(send.id)
    if claims:
        store.record(transport.settle(claims), now=now)
    return len(claims)


def _go_on(send: Send) -> str:
    return f"Go on with: mailer resume {send.campaign}"
