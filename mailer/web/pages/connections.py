"""Limits on connections, so that slow or silent clients do not block others (slowloris)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

MAX_CONNECTIONS = 500
"""Open at once. Beyond it, the connection that has waited longest for its next request is closed."""
HEAD_SECONDS = 10.0
"""Seconds from the opening of a connection, or its last response, to the end of the next request's head."""
REQUEST_SECONDS = 40.0
"""Seconds from the end of the head to the last byte of the response: more than the pages' own limit."""
MAX_BYTES = 131_072
"""Bytes of one request, with head, body and trailers."""


class LimitedProtocol(HttpToolsProtocol):
    """HTTP/1.1 protocol of uvicorn with deadlines and a size limit for requests."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._received = 0
        self._deadline: asyncio.TimerHandle | None = None
        self.waits_since = 0.0
        """Time of the event loop."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        super().connection_made(transport)
        self._await_request()
        if len(self.connections) > MAX_CONNECTIONS:
            self._close_longest_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        self._set_deadline(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        if self._received > MAX_BYTES:
            self.transport.abort()
            return
        super().data_received(data)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._set_deadline(REQUEST_SECONDS)

    def on_response_complete(self) -> None:
        self._await_request()
        super().on_response_complete()
        if not self.is_waiting:  # a pipelined request was started
            self._set_deadline(REQUEST_SECONDS)

    @property
    def is_waiting(self) -> bool:
        """Whether no request is in progress."""
        return self.cycle is None or self.cycle.response_complete

    def _await_request(self) -> None:
        self._received = 0
        self.waits_since = self.loop.time()
        self._set_deadline(HEAD_SECONDS)

    def _set_deadline(self, seconds: float | None) -> None:
        if self._deadline:
            self._deadline.cancel()
        # abort, not close: a client that does not read would keep the connection open
        self._deadline = self.loop.call_later(seconds, self.transport.abort) if seconds else None

    def _close_longest_waiting(self) -> None:
        waiting = [c for c in self.connections if isinstance(c, LimitedProtocol) and c.is_waiting]
        if waiting:
            min(waiting, key=lambda connection: connection.waits_since).transport.abort()
