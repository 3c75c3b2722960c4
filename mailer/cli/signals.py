"""Ctrl-C, `kill` and a closed terminal: the first time finish what is in flight, then stop at once."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING

from mailer.stop import StopSignal

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
_NOTICE = "\nFinishing what is in flight, then {}. Ctrl-C again stops at once.\n"


@contextlib.contextmanager
def stop_on_signals(doing: str = "pausing") -> Iterator[StopSignal]:
    """Request a stop at the first signal; raise KeyboardInterrupt at the second.

    Args:
        doing: what the program does once nothing is in flight, for the notice on Ctrl-C.
    """
    stop = StopSignal()
    notice = _NOTICE.format(doing).encode()

    def handle(number: int, _frame: object) -> None:
        if stop.requested:
            raise KeyboardInterrupt
        stop.request()
        # not print: it may have been in the middle of printing; and the terminal may be gone
        with contextlib.suppress(OSError):
            if number == signal.SIGINT:
                os.write(2, notice)

    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
