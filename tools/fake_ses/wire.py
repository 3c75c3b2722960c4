"""HTTP/1.1 (RFC 9112) as boto3 speaks it: keep-alive, Content-Length, no chunks, no TLS."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

READ_AHEAD = 1024 * 1024
LARGEST_BODY = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes
    content_type: str = "application/json"
    error: str = ""
    """The value of x-amzn-ErrorType."""


class Hangup(Exception):  # noqa: N818 - an instruction to the connection, not an error
    """Close the socket without an answer."""


class Connections:
    """Serves connections, and knows which are idle.

    Args:
        answer: what answers a request; raises Hangup to give none.
    """

    def __init__(self, answer: Callable[[Request], Awaitable[Response]]) -> None:
        self._answer = answer
        self._idle: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.refusing = False
        self.crashes: list[Exception] = []
        """The server's own mistakes, for the test to fail on."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while not self.refusing and (request := await self._next(reader, writer)):
                response = await self._answer(request)
                writer.write(_encode(response, last=self.refusing))
                await writer.drain()
        except (Hangup, asyncio.CancelledError):
            writer.transport.abort()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away
        except Exception as err:  # noqa: BLE001 - kept, so that the test fails where it can be seen
            self.crashes.append(err)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _next(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Request | None:
        self._idle.add(writer)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        finally:
            self._idle.discard(writer)
        line, *fields = head.decode("latin-1").split("\r\n")[:-2]
        headers = {n.lower(): v.strip() for n, _, v in (field.partition(":") for field in fields)}
        length = int(headers.get("content-length", "0"))
        if length > LARGEST_BODY or "transfer-encoding" in headers:
            return None
        method, target, _ = line.split(" ")
        url = urlsplit(target)
        body = await reader.readexactly(length) if length else b""
        return Request(method, unquote(url.path), parse_qs(url.query), headers, body)

    def refuse(self) -> None:
        """No further request on any connection, until `refusing` is taken back."""
        self.refusing = True
        for writer in self._idle:
            writer.transport.abort()

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # lets the transports close


def _encode(response: Response, *, last: bool) -> bytes:
    error = f"x-amzn-ErrorType: {response.error}\r\n" if response.error else ""
    close = "Connection: close\r\n" if last else ""
    head = (
        f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}\r\n"
        f"Content-Type: {response.content_type}\r\n"
        f"Content-Length: {len(response.body)}\r\n"
        f"x-amzn-RequestId: 00000000-0000-4000-8000-000000000000\r\n{error}{close}\r\n"
    )
    return head.encode("latin-1") + response.body
