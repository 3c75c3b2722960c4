"""Ctrl-C, `kill` and a closed terminal: the first time finish what is in flight, then at once."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

_SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
_NOTICE = "\nFinishing what is in flight, then {}. Ctrl-C again stops at once.\n"
# a wait is cut into naps: a signal handler that only sets a flag does not end a sleep
_NAP = 0.1


class Brake:
    """See `send.Brake`. Use it as a context: the signals are its own inside.

    Args:
        doing: what comes after what is in flight, for whoever presses Ctrl-C.
    """

    def __init__(self, doing: str = "pausing") -> None:
        self.pulled = False
        self._notice = _NOTICE.format(doing).encode()
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._pull) for number in _SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        err: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _pull(self, number: int, _frame: object) -> None:
        if self.pulled:
            raise KeyboardInterrupt
        self.pulled = True
        # not print: it may have been in the middle of printing; and the terminal may be gone
        with contextlib.suppress(OSError):
            if number == signal.SIGINT:
                os.write(2, self._notice)

    def wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self.pulled and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _NAP))
