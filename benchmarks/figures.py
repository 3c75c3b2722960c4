"""What a benchmark found: each figure's median and spread over the rounds of one run, as table and JSON."""

from __future__ import annotations

import json
import os
import platform
import select
import sqlite3
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True)
class Figure:
    """One thing measured, once in each round."""

    what: str
    unit: str
    rounds: Sequence[float]
    times: Sequence[float] = ()
    """How many times the figure it is compared with, by round."""

    @property
    def row(self) -> tuple[str, ...]:
        low, high = min(self.rounds), max(self.rounds)
        times = f"{_number(median(self.times))} times" if self.times else ""
        if len(self.times) > 1:
            times += f" ({_number(min(self.times))} to {_number(max(self.times))})"
        spread = f"{_number(low)} to {_number(high)}" if len(self.rounds) > 1 else ""
        return (self.what, f"{_number(median(self.rounds))} {self.unit}", spread, times)


@dataclass
class Table:
    """The figures of a benchmark."""

    title: str
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(
        self, what: str, unit: str, rounds: Sequence[float], beside: Sequence[float] = ()
    ) -> None:
        """Add a figure, compared with another one of the same rounds if that is given."""
        ratios = [mine / other for mine, other in zip(rounds, beside, strict=False)]
        self.figures.append(Figure(what, unit, rounds, ratios))

    def __str__(self) -> str:
        rows = [("", "median", "spread", "ratio"), *(figure.row for figure in self.figures)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        return "\n".join([self.title, "", *lines, *self.notes, ""])

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        found = {"machine": machine(), "at": time.strftime("%Y-%m-%d %H:%M"), **asdict(self)}
        path.write_text(json.dumps(found, indent=1), encoding="utf-8")


def machine() -> str:
    cpu = "an unknown processor"
    if Path("/proc/cpuinfo").exists():
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        cpu = next((x.partition(": ")[2] for x in text.splitlines() if "model name" in x), cpu)
    return (
        f"{os.cpu_count()} cores of {cpu}, Linux {platform.release()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"load {os.getloadavg()[0]:.1f}"
    )


@dataclass
class Cost:
    """What a stretch of work took."""

    wall: float = 0
    cpu: float = 0


@contextmanager
def costing() -> Iterator[Cost]:
    """Of this process."""
    cost, wall, cpu = Cost(), time.perf_counter(), time.process_time()
    yield cost
    cost.wall, cost.cpu = time.perf_counter() - wall, time.process_time() - cpu


def run(command: Sequence[str], **options: object) -> tuple[Cost, float, bytes]:
    """(cost, peak memory in MB, output) of another process, which must end well."""
    began = time.perf_counter()
    reading, writing = os.pipe()
    actions = [
        (os.POSIX_SPAWN_DUP2, writing, 1),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_CLOSE, reading),
    ]
    environment = {**os.environ, **{str(k): str(v) for k, v in options.items()}}
    pid = os.posix_spawnp(command[0], list(command), environment, file_actions=actions)
    os.close(writing)
    said, peak = b"", 0.0
    # What wait4 says of memory begins with this process's own: Linux counts from the fork.
    while chunk := _next(reading):
        said += chunk.removeprefix(_NOTHING)
        peak = max(peak, _peak_of(pid))
    os.close(reading)
    _, status, used = os.wait4(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, (command, said)
    cost = Cost(time.perf_counter() - began, used.ru_utime + used.ru_stime)
    return cost, peak, said


_NOTHING = b"\0"


def _next(stream: int) -> bytes:
    """What another process has written meanwhile, or _NOTHING; empty at the end."""
    ready, _, _ = select.select([stream], [], [], 0.05)
    return os.read(stream, 65_536) if ready else _NOTHING


def _peak_of(pid: int) -> float:
    """In MB, so far."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next((x for x in status.splitlines() if x.startswith("VmHWM")), "VmHWM: 0 kB")
    return int(line.split()[1]) / 1024


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
