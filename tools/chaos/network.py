"""A network between machines and a server that is slow, goes silent, and loses connections."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_CHUNK = 65_536


class Link:
    """One machine's way to the server.

    While it is down, what either side sends waits: TCP sends it again, until one side gives up.
    """

    def __init__(self, target: int, delay: float) -> None:
        self.port = 0
        self._target = target
        self._delay = delay
        self._is_up = asyncio.Event()
        self._is_up.set()
        self._ends: dict[str, set[asyncio.StreamWriter]] = {"machine": set(), "server": set()}

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def take_down(self) -> None:
        self._is_up.clear()

    def bring_up(self) -> None:
        self._is_up.set()

    def give_up(self, side: str) -> None:
        """End all connections as seen by one side: "machine" or "server"."""
        for writer in self._ends[side]:
            writer.transport.abort()

    def close(self) -> None:
        self._server.close()
        self.bring_up()
        self.give_up("machine")
        self.give_up("server")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self._kept("machine", writer):
            await self._is_up.wait()
            try:
                onward = await asyncio.open_connection("127.0.0.1", self._target)
            except OSError:
                return
            with self._kept("server", onward[1]):
                # each half ends by itself: a side that gave up tells the other one nothing
                await asyncio.gather(
                    self._pass_on(reader, onward[1]), self._pass_on(onward[0], writer)
                )

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                await asyncio.sleep(self._delay)
                await self._is_up.wait()
                writer.write(chunk)
                await writer.drain()
        await self._is_up.wait()
        writer.close()

    @contextlib.contextmanager
    def _kept(self, side: str, writer: asyncio.StreamWriter) -> Any:
        self._ends[side].add(writer)
        try:
            yield
        finally:
            self._ends[side].discard(writer)
            writer.transport.abort()


class Network:
    """Links in a thread of their own.

    Args:
        target: the server's port.
        machines: number of links.
        delay: seconds for each way.
    """

    def __init__(self, target: int, machines: int, delay: float) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.links = [Link(target, delay) for _ in range(machines)]
        for link in self.links:
            self._wait_for(link.listen())

    def do(self, action: Callable[..., None], *arguments: str) -> None:
        """Call a method of a link."""
        self._loop.call_soon_threadsafe(action, *arguments)

    def close(self) -> None:
        self._wait_for(self._end_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end_all(self) -> None:
        for link in self.links:
            link.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*tasks, return_exceptions=True)

    def _wait_for(self, step: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(step, self._loop).result()
