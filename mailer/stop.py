"""Stop signal: end a run after the work in flight."""

from __future__ import annotations

import time

# A wait is cut into short sleeps: a signal handler that only sets a flag does not end a sleep, and
# one that sets a `threading.Event` can deadlock with a wait on it in the main thread.
_SLEEP = 0.1


class StopSignal:
    """Tells a run to finish what is in flight and end. May be set from any thread or signal handler."""

    def __init__(self) -> None:
        self.requested = False

    def request(self) -> None:
        self.requested = True

    def wait(self, seconds: float) -> None:
        """Wait for some seconds, or until a stop is requested."""
        end = time.monotonic() + seconds
        while not self.requested and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _SLEEP))
