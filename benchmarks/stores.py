"""A file and a server beside each other, in one run: the store's own work, without mail.

`python -m benchmarks.stores PLACE SEND` is one sender, in a process of its own, that claims and records.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import Table
from mailer.ledger.delivery import DeliveryState, Result, SendState
from mailer.lists.import_row import ImportRow
from mailer.store import connect
from tools.postgres import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailer.ledger.delivery import Send
    from mailer.store import Store

SENDERS = (1, 2, 4)
BATCH = 50
"""Claims in one step: a second of sending at 200 a second has four."""
MOST_SENT = 5_000
CLICKS = 500


def measure(*, rounds: int, people: int) -> Table:  # noqa: ARG001 - one round: a million take minutes
    table = Table(f"{people:,} people in a file and on a server")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        server = Server()
        stack.callback(server.close)
        server.start()
        for name, place in (
            ("SQLite", Path(folder) / "lists" / "mailer.db"),
            ("PostgreSQL", server.create()),
        ):
            store = connect(place, _hashes)
            _measure_one(table, name, store, place, people)
            store.close()
    return table


def _measure_one(table: Table, name: str, store: Store, place: Path | str, people: int) -> None:
    began = time.perf_counter()
    store.imports.import_rows("members", _rows(people), source="benchmark", now=_now())
    table.add(f"{name}: import", "s", [time.perf_counter() - began])
    began = time.perf_counter()
    assert sum(1 for _ in store.subscribers.members("members")) == people
    table.add(f"{name}: read everybody, for a check", "s", [time.perf_counter() - began])
    began = time.perf_counter()
    send = _freeze(store, "everybody", people)
    table.add(f"{name}: choose and freeze", "s", [time.perf_counter() - began])
    began = time.perf_counter()
    step = max(1, people // CLICKS)
    ids = [s.id for s in store.subscribers.audience("members")][::step]
    chosen = time.perf_counter()
    for subscriber_id in ids:
        store.unsubscribes.leave(subscriber_id, send.id, how="one-click", now=_now())
    table.add(f"{name}: one-click unsubscribes", "/s", [len(ids) / (time.perf_counter() - chosen)])
    for senders in SENDERS:
        sent = _freeze(store, f"send{senders}", min(people, MOST_SENT))
        table.add(
            f"{name}: claims and records, {senders} senders", "/s", [_send(place, sent, senders)]
        )


def _send(place: Path | str, send: Send, senders: int) -> float:
    """Deliveries a second, of all senders together."""
    command = [sys.executable, "-m", "benchmarks.stores", str(place), str(send.id)]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(senders)
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    began = time.perf_counter()
    # all begin at once, when their input ends
    outputs = [process.communicate()[0] for process in _released(processes)]
    return sum(map(int, outputs)) / (time.perf_counter() - began)


def _released(processes: list[subprocess.Popen[str]]) -> list[subprocess.Popen[str]]:
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    return processes


def work(place: Path | str, send_id: int) -> int:
    """Claim and record until nothing is pending; return the number of deliveries."""
    store = connect(place, _hashes)
    print("ready", flush=True)
    sys.stdin.read()
    number = 0
    while claims := store.deliveries.claim(send_id, BATCH, now=_now()):
        results = [
            Result(claim.delivery_id, DeliveryState.ACCEPTED, f"id-{claim.delivery_id}")
            for claim in claims
        ]
        store.deliveries.record(results, now=_now())
        number += len(claims)
    store.close()
    return number


def _freeze(store: Store, campaign: str, people: int) -> Send:
    audience = store.subscribers.audience("members")
    ids = [subscriber.id for subscriber in islice(audience, people)]
    content = {"query": "", "snapshot": b"", "digest": "", "transport": "nowhere"}
    send, _ = store.sends.freeze(campaign, "members", ids, **content, now=_now())
    store.sends.set_state(send.id, SendState.SENDING, now=_now())
    return send


def _rows(people: int) -> Iterator[ImportRow]:
    for number in range(1, people + 1):
        email = f"person{number * 618_033_989 % 10**9}@example.org"
        yield ImportRow(number, email, first_name=f"Person{number % 5000}", state="OR")


def _hashes(email: str) -> list[str]:
    return [f"hash of {email}"]


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    target = sys.argv[1]
    print(work(target if "://" in target else Path(target), int(sys.argv[2])))
