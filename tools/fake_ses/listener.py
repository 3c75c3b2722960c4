"""The listening socket, which can be closed for a while."""

from __future__ import annotations

import asyncio
import ctypes
import socket
import struct
from typing import TYPE_CHECKING

from tools.fake_ses.wire import READ_AHEAD, Connections

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from tools.fake_ses.wire import Request, Response

HOST = "127.0.0.1"
BACKLOG = 1024
_ATTACH_FILTER, _DETACH_FILTER = 26, 27
"""Of Linux (socket(7)): a program that says of each packet how much of it is let in."""
_NOTHING = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))
_FILTER = struct.pack("HP", 1, ctypes.addressof(_NOTHING))


class Listener:
    """To be used in the thread of its event loop.

    It accepts by itself: closing an asyncio.Server loses connections that it has just accepted, and
    their clients would wait for ever.
    """

    def __init__(self, answer: Callable[[Request], Awaitable[Response]], port: int) -> None:
        self.port = port
        self.connections = Connections(answer)
        self._socket: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        self._socket = _bound(self.port)
        self._socket.listen(BACKLOG)
        self.port = self._socket.getsockname()[1]
        asyncio.get_running_loop().add_reader(self._socket, self._accept, self._socket)

    def close_for(self, seconds: float) -> None:
        """Refuse connections, and drop those that are idle. While closed, changes nothing."""
        if self._socket and not self.connections.refusing:
            self._close()
            self.connections.refuse()
            self._start(self._reopen_after(seconds))

    def ignore_for(self, seconds: float) -> None:
        """Drop all that comes from new connections, as a firewall does; on Linux only."""
        if self._socket and not self.connections.refusing:
            self._socket.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, _FILTER)
            self.connections.refuse()
            self._start(self._listen_after(seconds, self._socket))

    async def stop(self) -> None:
        self._close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.connections.close()

    def _accept(self, listening: socket.socket) -> None:
        try:
            connection, _ = listening.accept()
        except (BlockingIOError, ConnectionError):
            return  # the client has gone again
        self._start(self._serve(connection))

    async def _serve(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        protocol = asyncio.StreamReaderProtocol(
            asyncio.StreamReader(limit=READ_AHEAD), self.connections.serve
        )
        await asyncio.get_running_loop().connect_accepted_socket(lambda: protocol, connection)

    async def _reopen_after(self, seconds: float) -> None:
        # Bound but not listening, the port is refused, and cannot be given to a client's own
        # socket, which could then connect to itself.
        with _bound(self.port):
            await asyncio.sleep(seconds)
        self.connections.refusing = False
        self.open()

    async def _listen_after(self, seconds: float, listening: socket.socket) -> None:
        await asyncio.sleep(seconds)
        self.connections.refusing = False
        listening.setsockopt(socket.SOL_SOCKET, _DETACH_FILTER, 0)

    def _close(self) -> None:
        if self._socket:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _bound(port: int) -> socket.socket:
    made = socket.socket()
    try:
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((HOST, port))
    except OSError:
        made.close()
        raise
    return made
