"""Batches on their way, several at once: so that a slow answer holds up nobody else.

Threads of daemon kind, because an answer may take a minute, and whoever presses Ctrl-C twice does not
wait for it: what is under way then stays `sending` in the ledger, and is settled by the next send.
"""

from __future__ import annotations

import math
import threading
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from mailer.transports.base import BatchResult

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mailer.transports.base import OutgoingMessage

    Batch = Sequence[OutgoingMessage]

_GUESS = 0.1
"""Seconds that a call takes, before the first has been seen: TLS to the same continent."""
_HEADROOM = 2
"""Lanes for each that the average needs: some answers take longer."""
_OVERDUE = 1
"""Seconds after which an answer is not waited for with a lane that others could use."""
_NEW = 0.1
"""Weight of the latest answer in the average."""


class DeliveryPool:
    """A thread for each batch under way, as many as the speed asks for.

    Args:
        deliver: called in the threads.
        most: lanes, however slow the answers are.
        timer: seconds that pass.
    """

    def __init__(
        self,
        deliver: Callable[[Batch], BatchResult],
        most: int,
        *,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self.speed: float | None = None
        """Batches a second that are size; None is as many as there are."""
        self.messages = 0
        """Under way."""
        self.batches = 0
        """Under way."""
        self._deliver = deliver
        self._most = most
        self._timer = timer
        self._latency = _GUESS
        self._threads = 0
        self._began: dict[int, float] = {}
        self._todo: SimpleQueue[Batch | None] = SimpleQueue()
        self._done: SimpleQueue[tuple[Batch, float, BatchResult | BaseException]] = SimpleQueue()

    @property
    def size(self) -> int:
        """Lanes for the speed, as long as answers take what they took; and one for each overdue."""
        if self.speed is None:
            return self._most
        needed = max(1, math.ceil(self.speed * self._latency * _HEADROOM))
        late = self._timer() - _OVERDUE
        return min(self._most, needed + sum(began < late for began in list(self._began.values())))

    @property
    def reachable_rate(self) -> float:
        """Batches a second with all lanes, as long as answers take what they took."""
        return self._most / self._latency if self._latency else math.inf

    @property
    def is_full(self) -> bool:
        return self.batches >= self.size

    def send(self, *batches: Batch) -> None:
        # all of them first: what is here can be recalled, whatever happens to the threads
        for batch in batches:
            self.batches += 1
            self.messages += len(batch)
            self._todo.put(batch)
        self._spawn()

    def collect(self, *, room: int, seconds: float) -> list[tuple[Batch, BatchResult]]:
        """What has come back, after waiting until fewer than `room` batches are under way.

        It waits no longer than so many seconds. What a call raised is raised here.
        """
        self._spawn()
        back: list[tuple[Batch, BatchResult]] = []
        end = self._timer() + seconds
        while True:
            patience = max(0, end - self._timer()) if self.batches >= room else 0
            try:
                batch, took, batch_result = self._done.get(timeout=patience)
            except Empty:
                return back
            if back and isinstance(batch_result, BaseException):
                # first what came of the others
                self._done.put((batch, took, batch_result))
                return back
            self.batches -= 1
            self.messages -= len(batch)
            self._latency += _NEW * (took - self._latency)
            if isinstance(batch_result, BaseException):
                raise batch_result
            back.append((batch, batch_result))

    def recall(self) -> None:
        """Let no further batch leave: those that no lane has begun come back unsent."""
        while True:
            try:
                batch = self._todo.get_nowait()
            except Empty:
                return
            if batch is not None:
                self._done.put((batch, self._latency, BatchResult.unsent(batch)))

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
        me = threading.get_ident()
        while (batch := self._todo.get()) is not None:
            self._began[me] = began = self._timer()
            batch_result: BatchResult | BaseException
            try:
                batch_result = self._deliver(batch)
            except BaseException as err:  # noqa: BLE001 - raised again where it is collected
                batch_result = err
            del self._began[me]
            self._done.put((batch, self._timer() - began, batch_result))
