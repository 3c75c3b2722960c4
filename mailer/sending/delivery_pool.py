"""Pool of threads for batches in flight, so that a slow answer does not delay other batches.

The threads are daemons: an answer may take a minute, and a second Ctrl-C does not wait for it. What is in
flight then stays `sending` in the ledger, and the next send settles it.
"""

from __future__ import annotations

import math
import threading
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from mailer.ledger.delivery import DeliveryState, Result
from mailer.transports.base import BatchResult

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mailer.transports.base import OutgoingMessage

    Batch = Sequence[OutgoingMessage]

_FIRST_LATENCY = 0.1
"""Assumed seconds for a call, before the first is measured: TLS to the same continent."""
_HEADROOM = 2
"""Connections for each connection that the average latency requires: some answers take longer."""
_OVERDUE = 1
"""Seconds after which an answer is late: a further connection replaces the one that waits."""
_NEWEST = 0.1
"""Weight of the newest call in the average."""


class DeliveryPool:
    """A thread for each batch in flight, as many as the rate needs.

    While calls are overdue and no answer has come since, or calls are lost, only one more batch is let out,
    as a probe: in a network that drops packets, each further batch would become uncertain, too.

    Args:
        deliver: called in the threads. An exception becomes the result of its batch.
        connections: the maximum, however slow the answers are.
        timer: monotonic seconds.
    """

    def __init__(
        self,
        deliver: Callable[[Batch], BatchResult],
        connections: int,
        *,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self.speed: float | None = None
        """Target rate in batches a second; None for as many as possible."""
        self.messages = 0
        """Messages in flight."""
        self.batches = 0
        """Batches in flight."""
        self.is_doubtful = False
        """Whether so many calls were lost that only probes may go out."""
        self._deliver = deliver
        self._connections = connections
        self._timer = timer
        self._latency = _FIRST_LATENCY
        self._threads = 0
        self._began: dict[int, float] = {}
        self._answered = timer()
        self._is_probing = False
        self._todo: SimpleQueue[Batch | None] = SimpleQueue()
        self._done: SimpleQueue[tuple[Batch, float | None, BatchResult | BaseException]] = (
            SimpleQueue()
        )

    @property
    def size(self) -> int:
        """Connections for the target rate at the average latency; one more for each overdue call."""
        if self.speed is None:
            return self._connections
        needed = max(1, math.ceil(self.speed * self._latency * _HEADROOM))
        late = self._timer() - _OVERDUE
        overdue = sum(began < late for began in list(self._began.values()))
        return min(self._connections, needed + overdue)

    @property
    def reachable_rate(self) -> float:
        """Batches a second with all connections, at the average latency."""
        return self._connections / self._latency if self._latency else math.inf

    @property
    def only_probes(self) -> bool:
        """Whether only probes may go out, one at a time."""
        return self.is_doubtful or self.is_silent

    @property
    def is_silent(self) -> bool:
        """Whether calls are overdue and no answer has come since."""
        late = self._timer() - _OVERDUE
        return self._answered < late and any(began < late for began in list(self._began.values()))

    @property
    def is_full(self) -> bool:
        return self.batches >= self.size or (self._is_probing and self.only_probes)

    def send(self, *batches: Batch) -> None:
        self._is_probing = self.only_probes
        # all of them first: what is here can be recalled, whatever happens to the threads
        for batch in batches:
            self.batches += 1
            self.messages += len(batch)
            self._todo.put(batch)
        self._spawn()

    def collect(self, *, room: int, seconds: float) -> list[tuple[Batch, BatchResult]]:
        """Return finished batches, after waiting until fewer than `room` batches are in flight.

        Args:
            room: batches.
            seconds: to wait at most.
        """
        self._spawn()
        collected: list[tuple[Batch, BatchResult]] = []
        end = self._timer() + seconds
        while True:
            patience = max(0, end - self._timer()) if self.batches >= room else 0
            try:
                batch, took, batch_result = self._done.get(timeout=patience)
            except Empty:
                return collected
            if collected and isinstance(batch_result, BaseException):
                self._done.put((batch, took, batch_result))  # first what came of the others
                return collected
            self.batches -= 1
            self.messages -= len(batch)
            if took is not None:
                self._latency += _NEWEST * (took - self._latency)
                self._is_probing = False
            if isinstance(batch_result, BaseException):
                raise batch_result
            if took is not None and not _is_lost(batch_result):
                self._answered = self._timer()
            collected.append((batch, batch_result))

    def recall(self) -> None:
        """Stop handing out batches: return those that no thread has begun, unsent."""
        while True:
            try:
                batch = self._todo.get_nowait()
            except Empty:
                return
            if batch is not None:
                self._done.put((batch, None, BatchResult.unsent(batch)))

    def close(self) -> None:
        """Let idle threads end."""
        for _ in range(self._threads):
            self._todo.put(None)

    def _spawn(self) -> None:
        most = min(self.batches, self.size)
        while self._threads < most and not self._todo.empty():
            self._threads += 1
            threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        thread_id = threading.get_ident()
        while (batch := self._todo.get()) is not None:
            self._began[thread_id] = began = self._timer()
            batch_result: BatchResult | BaseException
            try:
                batch_result = self._deliver(batch)
            except Exception as err:  # noqa: BLE001 - whatever it is, the ledger must know of it
                batch_result = _in_doubt(batch, err)
            except BaseException as err:  # noqa: BLE001 - ends the program, where it is collected
                batch_result = err
            del self._began[thread_id]
            self._done.put((batch, self._timer() - began, batch_result))


def _is_lost(batch_result: BatchResult) -> bool:
    return all(result.state is DeliveryState.UNCERTAIN for result in batch_result.results)


def _in_doubt(batch: Batch, err: Exception) -> BatchResult:
    detail = f"mailer failed while it was handed over, it may have been sent: {err!r}"
    return BatchResult(
        [Result(message.delivery_id, DeliveryState.UNCERTAIN, detail=detail) for message in batch]
    )
