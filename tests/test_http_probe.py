"""A request ends at its deadline, whatever the other side sends."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest

from mailer.checks.rules import dead_links
from mailer.doctor.probes import network
from mailer.http_probe import Deadline, HttpProbe, NoAnswer


@pytest.fixture
def serve():
    """Starts servers that treat each connection as they are told."""
    servers, stopped = [], threading.Event()

    def start(treat):
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    threading.Thread(target=treat, args=(connection, stopped), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return server.getsockname()[1]

    yield start
    stopped.set()
    for server in servers:
        server.close()


def drip(connection, stopped, head=b"HTTP/1.1 200 OK\r\nX-A: "):
    """Never silent for long, and never done."""
    with connection, contextlib.suppress(OSError):
        connection.recv(1000)
        connection.sendall(head)
        while not stopped.wait(0.05):
            connection.sendall(b"a")


def drip_hello(connection, stopped):
    """The same while the two sides agree on encryption."""
    with connection, contextlib.suppress(OSError):
        connection.recv(1000)
        connection.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")
        while not stopped.wait(0.05):
            connection.sendall(b"a")


def in_circles(connection, stopped):
    """A redirect, after a while, to where one was."""
    with connection, contextlib.suppress(OSError):
        connection.recv(1000)
        stopped.wait(0.3)
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")


def ended(work):
    """What a function returns; it has to be done long before the test's own patience ends."""
    results = []
    thread = threading.Thread(target=lambda: results.append(work()), daemon=True)
    thread.start()
    thread.join(20)
    assert results, "still waiting"
    return results[0]


LATE = NoAnswer("no answer within 0.5 seconds")


@pytest.mark.parametrize(("scheme", "treat"), [("http", drip), ("https", drip_hello)])
def test_a_drip_does_not_hold_a_request(serve, scheme, treat):
    port = serve(treat)
    with contextlib.closing(HttpProbe(public=False)) as probe:
        url = f"{scheme}://127.0.0.1:{port}/"
        assert ended(lambda: probe.request("GET", url, Deadline(0.5))) == LATE


@pytest.mark.parametrize("treat", [drip, in_circles])
def test_one_link_takes_no_longer_than_its_limit(serve, treat):
    port = serve(treat)
    with dead_links.client(local=True, seconds=0.5) as fetch:
        assert ended(lambda: fetch(f"http://127.0.0.1:{port}/")) == LATE


def test_a_drip_does_not_hold_the_doctor(serve, monkeypatch):
    monkeypatch.setattr(network, "_SECONDS", 0.5)
    port = serve(drip)
    assert ended(lambda: network.click_once(f"http://127.0.0.1:{port}/")) == LATE


def test_no_thread_and_no_socket_is_left_behind(serve):
    def answer(connection, _):
        with connection:
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    port = serve(answer)
    with contextlib.closing(HttpProbe(public=False)) as probe:
        for _ in range(5):
            probe.request("GET", f"http://127.0.0.1:{port}/", Deadline(30))
    timers = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    for timer in timers:
        timer.join(10)
    assert not any(timer.is_alive() for timer in timers)
