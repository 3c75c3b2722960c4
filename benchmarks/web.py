"""One-click unsubscribing on the recipients' pages, however many subscribers there are."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import uvloop

from benchmarks import project
from benchmarks.figures import Table
from mailer.links import load_keys
from tools.measure.pages import answered

SIZES = (1_000, 5_000_000)
CLICKS = 1_000
CONNECTIONS = 8


def measure(*, rounds: int, people: int) -> Table:
    table = Table(f"Unsubscribe POSTs over {CONNECTIONS} connections")
    for size in (SIZES[0], min(SIZES[1], 5 * people)):
        with tempfile.TemporaryDirectory() as folder:
            root = project.make(Path(folder) / "project")
            project.fill(root, size).close()
            served = serve(root, size, rounds)
        table.add(f"{size:,} subscribers", "/s", served.rates)
        table.add(f"{size:,} subscribers, median", "ms", served.medians)
        table.add(f"{size:,} subscribers, p99", "ms", served.slowest)
    return table


@dataclass
class Served:
    """Of each round."""

    rates: list[float] = field(default_factory=list)
    medians: list[float] = field(default_factory=list)
    slowest: list[float] = field(default_factory=list)
    """All but one in a hundred took less."""


def serve(root: Path, size: int, rounds: int, clicks: int = CLICKS) -> Served:
    """Start the pages, and let people spread over the whole list click."""
    keys = load_keys(None, root / "lists" / "secret.key")
    command = [*project.MAILER, str(root), "serve", "--port", "0"]
    clicks_each = min(clicks, size // rounds)
    served = Served()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        assert server.stdout
        port = int(server.stdout.readline().split(b"127.0.0.1:")[1].split(b"/")[0])
        try:
            for number in range(rounds):
                ids = range(1 + number, size + 1, size // clicks_each)[:clicks_each]
                paths = [f"/u/{keys.token('unsubscribe', i, 1)}" for i in ids]
                took, seconds, wrong = uvloop.run(answered(port, paths, CONNECTIONS))
                assert not wrong, wrong
                served.rates.append(len(seconds) / took)
                served.medians.append(1000 * median(seconds))
                served.slowest.append(1000 * sorted(seconds)[int(len(seconds) * 0.99)])
        finally:
            server.terminate()
    return served
