"""Parcels on their way, several at once: so that a slow answer holds up nobody else.

Threads of daemon kind, because an answer may take a minute, and whoever presses Ctrl-C twice does not
wait for it: what is under way then stays `sending` in the ledger, and is settled by the next send.
"""

from __future__ import annotations

import math
import threading
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mailer.transports.base import Letter, Receipt

    Parcel = Sequence[Letter]

_GUESS = 0.1
"""Seconds that a call takes, before the first has been seen: TLS to the same continent."""
_HEADROOM = 2
"""Lanes for each that the average needs: some answers take longer."""
_NEW = 0.1
"""Weight of the latest answer in the average."""


class Lanes:
    """A thread for each parcel under way.

    Args:
        deliver: called in the threads.
        most: lanes, however slow the answers are.
        timer: seconds that pass.
    """

    def __init__(
        self,
        deliver: Callable[[Parcel], Receipt],
        most: int,
        *,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self.letters = 0
        """Under way."""
        self.parcels = 0
        """Under way."""
        self._deliver = deliver
        self._most = most
        self._timer = timer
        self._threads = 0
        self._latency = _GUESS
        self._todo: SimpleQueue[Parcel | None] = SimpleQueue()
        self._done: SimpleQueue[tuple[Parcel, float, Receipt | BaseException]] = SimpleQueue()

    def wanted(self, parcels_per_second: float | None) -> int:
        """How many lanes a speed needs, as long as answers take what they took so far."""
        if parcels_per_second is None:
            return self._most
        needed = math.ceil(parcels_per_second * self._latency * _HEADROOM)
        return max(1, min(self._most, needed))

    def send(self, parcel: Parcel) -> None:
        self.parcels += 1
        self.letters += len(parcel)
        self._todo.put(parcel)
        if self._threads < min(self.parcels, self._most):
            self._threads += 1
            threading.Thread(target=self._work, daemon=True).start()

    def collect(self, *, room: int, seconds: float) -> list[tuple[Parcel, Receipt]]:
        """What has come back, after waiting until fewer than `room` parcels are under way.

        It waits no longer than so many seconds. What a call raised is raised here.
        """
        back: list[tuple[Parcel, Receipt]] = []
        end = self._timer() + seconds
        while True:
            patience = max(0, end - self._timer()) if self.parcels >= room else 0
            try:
                parcel, took, receipt = self._done.get(timeout=patience)
            except Empty:
                return back
            self.parcels -= 1
            self.letters -= len(parcel)
            self._latency += _NEW * (took - self._latency)
            if isinstance(receipt, BaseException):
                raise receipt
            back.append((parcel, receipt))

    def close(self) -> None:
        """Let idle threads end."""
        for _ in range(self._threads):
            self._todo.put(None)

    def _work(self) -> None:
        while (parcel := self._todo.get()) is not None:
            began = self._timer()
            receipt: Receipt | BaseException
            try:
                receipt = self._deliver(parcel)
            except BaseException as err:  # noqa: BLE001 - raised again where it is collected
                receipt = err
            self._done.put((parcel, self._timer() - began, receipt))
