"""A burst of one-click unsubscriptions, while a send runs and after it.

`python -m tools.measure.pages [PEOPLE] [CONNECTIONS]` makes a project of so many people (50,000), starts
`mailer serve` and `mailer send` on it, and unsubscribes all through so many connections (8): half during
the send, half after. Prints rates and latencies, and ends 1 when an answer was not 200 or a write is lost.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from mailer.links import Links, load_keys
from tools.projects.project import make_project, open_store, start

BODY = b"List-Unsubscribe=One-Click"


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Client(asyncio.Protocol):
    """One connection: the next request when the last is answered."""

    def __init__(self, paths, seconds, wrong, over, body) -> None:
        self.paths, self.seconds, self.wrong, self.over = paths, seconds, wrong, over
        self.body = body
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        if not self.paths or self.over():
            self.transport.close()
            self.done.set_result(None)
            return
        self.began, self.answer = time.perf_counter(), b""
        self.transport.write(
            f"POST {self.paths.pop()} HTTP/1.1\r\nHost: mail.example.org\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(self.body)}\r\n\r\n".encode()
            + self.body
        )

    def data_received(self, data: bytes) -> None:
        self.answer += data
        head, _, body = self.answer.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        if length and len(body) < int(length[1]):
            return
        self.seconds.append(time.perf_counter() - self.began)
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 303")):
            self.wrong.append(self.answer[:100])
        self.ask()


async def answered(
    port: int, paths: list[str], connections: int, over=bool, body: bytes = BODY
) -> tuple[float, list[float], list[bytes]]:
    """(seconds in all, for each answer, and the answers that were wrong)."""
    seconds: list[float] = []
    wrong: list[bytes] = []
    loop, began = asyncio.get_running_loop(), time.perf_counter()
    clients = [
        (
            await loop.create_connection(
                lambda: Client(paths, seconds, wrong, over, body), "127.0.0.1", port
            )
        )[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(client.done for client in clients))
    return time.perf_counter() - began, seconds, wrong


async def burst(
    port: int, paths: list[str], connections: int, title: str, over=bool
) -> list[bytes]:
    asked = len(paths)
    took, seconds, wrong = await answered(port, paths, connections, over)
    seconds.sort()
    p50, p99 = (1000 * seconds[int(len(seconds) * share)] for share in (0.5, 0.99))
    say(
        f"{title}: {len(seconds):,} of {asked:,} POSTs in {took:.1f} s, {len(seconds) / took:,.0f} a second, "
        f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, longest {1000 * seconds[-1]:.0f} ms, {len(wrong)} errors"
    )
    return wrong


def main(people: int, connections: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        root = make_project(Path(folder), people)
        log = (Path(folder) / "serve.log").open("w")
        server = subprocess.Popen(
            [sys.executable, "-m", "mailer", "--project", str(root), "serve", "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        assert server.stdout
        port = int(server.stdout.readline().split("127.0.0.1:")[1].split("/")[0])
        try:
            return _measure(root, port, connections)
        finally:
            server.terminate()
            server.wait()
            trouble = [x for x in Path(log.name).read_text().splitlines() if " INFO " not in x]
            say(f"log of the server: {trouble or 'no errors'}")


def personal_links(root: Path) -> list[Links]:
    """The links of everybody on the list, the last people first, in the mail of the latest send."""
    store, keys = open_store(root), load_keys(None, root / "lists" / "secret.key")
    send = store.sends.all("vote")[0].id
    ids = [subscriber.id for subscriber in store.subscribers.audience("members")]
    store.close()
    return [Links("", keys, "vote", send, subscriber_id) for subscriber_id in reversed(ids)]


def _measure(root: Path, port: int, connections: int) -> int:
    database = root / "lists" / "mailer.db"
    began = time.perf_counter()
    sending = start(root, "send", "vote", "--yes", "--json")
    while not _is_sending(database):
        time.sleep(0.1)
    paths = [links.unsubscribe for links in personal_links(root)]
    before, after = paths[: len(paths) // 2], paths[len(paths) // 2 :]
    asked = set(after)
    left = list(before)
    wrong = uvloop.run(
        burst(port, left, connections, "while the send runs", lambda: sending.poll() is not None)
    )
    report = json.loads(sending.communicate()[0])
    say(f"the send: {time.perf_counter() - began:.1f} s, {report}")
    third = len(after) // 3
    wrong += uvloop.run(burst(port, after[:third], connections, "right after it"))
    # The outbox's files are still on their way to the disk, and each commit waits behind them.
    os.sync()
    wrong += uvloop.run(burst(port, after[third:], connections, "once they are written"))
    db = sqlite3.connect(database)
    done = db.execute("SELECT count(*) FROM memberships WHERE status = 'unsubscribed'").fetchone()[
        0
    ]
    departures = db.execute("SELECT count(*) FROM departures").fetchone()[0]
    say(f"{done:,} unsubscribed, {departures:,} departures")
    lost = done < len(asked) or done != departures
    return 1 if wrong or lost else 0


def _is_sending(database: Path) -> bool:
    with sqlite3.connect(database, timeout=60) as db:
        return bool(
            db.execute("SELECT 1 FROM deliveries WHERE state = 'accepted' LIMIT 1").fetchone()
        )


if __name__ == "__main__":
    arguments = [int(text) for text in sys.argv[1:]]
    sys.exit(main(*[*arguments, 50_000, 8][:2] if len(arguments) < 2 else arguments))
