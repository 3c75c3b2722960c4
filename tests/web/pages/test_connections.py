from __future__ import annotations

import asyncio
import contextlib
import http.client
import socket
import threading
import time

import pytest
import uvicorn

from mailer.web.pages import connections
from mailer.web.pages.connections import LimitedProtocol

ENOUGH = 30
"""Seconds after which something did not happen."""


async def application(scope, receive, send):
    large = scope["path"] == "/large"
    body = b"x" * 50_000_000 if large else b"ok"
    if scope["path"] == "/body":
        while (await receive()).get("more_body"):
            pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def port(monkeypatch):
    monkeypatch.setattr(connections, "HEAD_SECONDS", 1.0)
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 1.0)
    server = uvicorn.Server(
        uvicorn.Config(
            application, http=LimitedProtocol, log_config=None, lifespan="off", ws="none"
        )
    )
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
        thread.start()
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join()


def connect(port, sent=b""):
    connection = socket.create_connection(("127.0.0.1", port), timeout=ENOUGH)
    connection.sendall(sent)
    return connection


def is_closed(connection):
    """Whether the server ends the connection, after what it has still to say."""
    try:
        while connection.recv(1000):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    return True


def status(port):
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=ENOUGH)
    client.request("GET", "/")
    with contextlib.closing(client):
        return client.getresponse().status


def drip(connection, piece=b"a"):
    """Send without end until the server closes; the number of bytes sent, or None if it never did."""
    end = time.monotonic() + ENOUGH
    sent = 0
    connection.settimeout(0.1)
    with contextlib.suppress(ConnectionError):
        while time.monotonic() < end:
            connection.sendall(piece)
            sent += len(piece)
            with contextlib.suppress(TimeoutError):
                if connection.recv(1000) == b"":
                    return sent
    return sent if time.monotonic() < end else None


def test_silent_connections_keep_nobody_out(port, monkeypatch):
    monkeypatch.setattr(connections, "HEAD_SECONDS", 600.0)
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 50)
    silent = [connect(port) for _ in range(60)]
    assert status(port) == 200
    assert is_closed(silent[0])  # the one that waited longest made room
    for connection in silent:
        connection.close()


def test_a_connection_in_use_is_not_closed_for_a_silent_one(port, monkeypatch):
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 600.0)
    monkeypatch.setattr(connections, "HEAD_SECONDS", 600.0)
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 5)
    with connect(port, b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na") as busy:
        status(port)  # by now the server has read the head
        silent = [connect(port) for _ in range(10)]
        assert status(port) == 200
        busy.sendall(b"bc")
        assert busy.recv(1000).startswith(b"HTTP/1.1 200")
    for connection in silent:
        connection.close()


@pytest.mark.parametrize(
    "begin",
    [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: a\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"],
)
def test_a_head_that_does_not_come_ends_the_connection(port, begin):
    with connect(port, begin) as connection:
        if begin.endswith(b"\r\n\r\n"):  # the deadline begins anew with each response
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        assert is_closed(connection)


@pytest.mark.parametrize(
    "begin",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nX-A: ",
        b"GET /",
        b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n",
    ],
)
def test_dripping_does_not_keep_a_connection_open(port, begin):
    with connect(port, begin) as connection:
        assert drip(connection) is not None


@pytest.mark.parametrize(
    "begin",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nX-A: ",
        b"GET /",
        b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n",
        b"POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: ",
    ],
)
def test_what_has_no_end_is_not_taken(port, begin, monkeypatch):
    monkeypatch.setattr(connections, "HEAD_SECONDS", 600.0)
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 600.0)
    with connect(port, begin) as connection:
        sent = drip(connection, b"a" * 65_536)
    assert sent is not None
    assert sent < 100 * connections.MAX_BYTES


def test_a_client_that_does_not_read_is_not_waited_for(port, monkeypatch):
    ended, end = threading.Event(), LimitedProtocol.connection_lost

    def lose(*given):
        end(*given)
        ended.set()

    monkeypatch.setattr(LimitedProtocol, "connection_lost", lose)
    with connect(port, b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n") as connection:
        assert ended.wait(ENOUGH)
        received = 0
        with contextlib.suppress(ConnectionError):
            while data := connection.recv(1_000_000):
                received += len(data)
        assert received < 50_000_000


def test_many_requests_share_a_connection(port):
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=ENOUGH)
    with contextlib.closing(client):
        for _ in range(300):
            client.request("GET", "/" + "x" * 1000)
            answer = client.getresponse()
            assert answer.read() == b"ok"
    with connect(port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 3) as connection:
        received = b""
        while received.count(b"200 OK") < 3:
            received += connection.recv(1000)
