"""One-click unsubscribing on the recipients' pages, however many subscribers there are."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import uvloop

from benchmarks import project
from benchmarks.figures import Table
from mailer.links import load_keys
from tests.load_pages import answered

SIZES = (1_000, 5_000_000)
CLICKS = 1_000
CONNECTIONS = 8


def measure(*, rounds: int, people: int) -> Table:
    table = Table(f"Unsubscribe POSTs over {CONNECTIONS} connections")
    for size in (SIZES[0], min(SIZES[1], 5 * people)):
        with tempfile.TemporaryDirectory() as folder:
            root = project.make(Path(folder) / "project")
            project.fill(root, size).close()
            rates, slowest = _serve(root, size, rounds)
        table.add(f"{size:,} subscribers", "/s", rates)
        table.add(f"{size:,} subscribers, p99", "ms", slowest)
    return table


def _serve(root: Path, size: int, rounds: int) -> tuple[list[float], list[float]]:
    keys = load_keys(None, root / "lists" / "secret.key")
    command = [*project.MAILER, str(root), "serve", "--port", "0"]
    each = min(CLICKS, size // rounds)
    rates, slowest = [], []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        assert server.stdout
        port = int(server.stdout.readline().split(b"127.0.0.1:")[1].split(b"/")[0])
        try:
            for number in range(rounds):
                # spread over the whole list
                ids = range(1 + number, size + 1, size // each)[:each]
                paths = [f"/u/{keys.token('unsubscribe', i, 1)}" for i in ids]
                took, seconds, wrong = uvloop.run(answered(port, paths, CONNECTIONS))
                assert not wrong, wrong
                rates.append(len(seconds) / took)
                slowest.append(1000 * sorted(seconds)[int(len(seconds) * 0.99)])
        finally:
            server.terminate()
    return rates, slowest
