"""Requests that programs in a row may read differently (smuggling), and ones that are no HTTP."""

from __future__ import annotations

import contextlib
import socket

from tools.attack import Outcome

_GET = b"GET /healthz HTTP/1.1\r\nHost: a\r\n"
_POST = (
    b"POST /unsubscribe HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
)
_WEBSOCKET = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

TRIES: dict[str, tuple[bytes, int, set[int]]] = {
    # name: what is sent, how many answers there may be, and their statuses
    "length and chunks": (_POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG", 1, {400}),
    "two lengths": (_POST + b"Content-Length: 1\r\nContent-Length: 3\r\n\r\nabc", 1, {400}),
    "unknown coding": (_POST + b"Transfer-Encoding: xchunked\r\nContent-Length: 3\r\n\r\nabc", 1, {400}),
    "tab before coding": (_POST + b"Transfer-Encoding:\tchunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 1, {400}),
    "blank before colon": (b"GET /healthz HTTP/1.1\r\nHost : a\r\n\r\n", 1, {400}),
    "folded header": (_GET + b" X: y\r\n\r\n", 1, {200, 400}),
    "bare LF": (b"GET /healthz HTTP/1.1\nHost: a\n\n", 1, {200, 400}),
    "bare CR": (b"GET /healthz HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 1, {400}),
    "NUL": (b"GET /healthz HTTP/1.1\r\nHost: a\0b\r\n\r\n", 1, {400}),
    "chunk extension": (_POST + b"Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nemail\r\n0\r\n\r\n", 1, {400, 422}),
    "negative length": (_POST + b"Content-Length: -1\r\n\r\n", 1, {400}),
    "chunk beyond numbers": (_POST + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n", 1, {400, 503}),
    "other host in the line": (b"GET http://evil.example/healthz HTTP/1.1\r\nHost: a\r\n\r\n", 1, {200, 400, 404}),
    "CONNECT": (b"CONNECT evil:443 HTTP/1.1\r\nHost: a\r\n\r\n", 1, {400, 404, 405}),
    "no host": (b"GET /healthz HTTP/1.1\r\n\r\n", 1, {200, 400}),
    "HTTP/0.9": (b"GET /healthz\r\n\r\n", 1, {200, 400}),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 1, {400}),
    "upgrade to HTTP/2": (_GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n", 1, {200}),
    "upgrade to WebSocket": (_GET + _WEBSOCKET, 1, {200, 400}),
    "unknown method": (b"FOO /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 1, {400, 405}),
    "TRACE": (b"TRACE /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 1, {400, 405}),
    "body too large": (_POST + b"Content-Length: 20000\r\n\r\n" + b"a" * 20_000, 1, {413}),
    "expectation": (_POST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc", 1, {422}),
    "three in a row": ((_GET + b"\r\n") * 3, 3, {200}),
}  # fmt: skip


def run(site) -> Outcome:
    outcome = Outcome("raw HTTP")
    for name, (request, answers, statuses) in TRIES.items():
        outcome.tries += 1
        seen = [status for status in _statuses(site.port, request) if status != 100]
        if len(seen) > answers or not set(seen) <= statuses:
            outcome.successes.append(f"{name}: answered {seen}")
    if _statuses(site.port, _GET + b"\r\n") != [200]:
        outcome.successes.append("nobody is answered any more")
    return outcome


def _statuses(port: int, request: bytes) -> list[int]:
    data = b""
    connection = socket.create_connection(("127.0.0.1", port), timeout=2)
    with connection, contextlib.suppress(OSError):
        connection.sendall(request)
        while received := connection.recv(65_536):
            data += received
    return [int(line.split()[1]) for line in data.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
