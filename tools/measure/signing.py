"""Signing a petition from a mail beside unsubscribing, in turns on one server.

`python -m tools.measure.signing [POSTS] [ROUNDS] [CONNECTIONS]` presses buttons (600 in each of 5 rounds,
by 8 connections) that sign, and that unsubscribe by the form and by one click, each button of another
person. Prints rates, latencies, and the server's CPU time for each: without receipts, and with them.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import uvloop

from tools.measure.pages import BODY, answered, personal_links, say
from tools.projects.project import make_project, start
from tools.rehearse.petition import FORM, NAME, add_petition

LEAVE = b"scope=list&visit=abcdefghijkl"
_TICK = 1 / os.sysconf("SC_CLK_TCK")


@dataclass
class Burst:
    """One kind of button."""

    paths: list[str]
    body: bytes
    rates: list[float] = field(default_factory=list)
    p99s: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    cpu_with_mail: list[float] = field(default_factory=list)
    wrong: list[bytes] = field(default_factory=list)

    def run(self, process: int, port: int, database: Path, posts: int, connections: int) -> None:
        paths, self.paths = self.paths[:posts], self.paths[posts:]
        began = _cpu(process)
        seconds, times, wrong = uvloop.run(answered(port, paths, connections, body=self.body))
        answers = _cpu(process)
        while _mails_wait(database):
            time.sleep(0.1)
        self.rates.append(posts / seconds)
        self.p99s.append(1000 * sorted(times)[int(0.99 * posts)])
        self.cpu.append(1000 * (answers - began) / posts)
        self.cpu_with_mail.append(1000 * (_cpu(process) - began) / posts)
        self.wrong += wrong

    def __str__(self) -> str:
        rates = ", ".join(f"{rate:,.0f}" for rate in self.rates)
        return (
            f"median {median(self.rates):,.0f} a second ({rates}), p99 {median(self.p99s):.0f} ms, CPU "
            f"{median(self.cpu):.2f} ms, with mail {median(self.cpu_with_mail):.2f} ms, {len(self.wrong)} errors"
        )


def _cpu(process: int) -> float:
    """Seconds of user and system time of a process."""
    times = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, times)) * _TICK


def _mails_wait(database: Path) -> bool:
    with sqlite3.connect(database, timeout=60) as db:
        query = "SELECT 1 FROM requests WHERE mail IN ('pending', 'sending') LIMIT 1"
        return db.execute(query).fetchone() is not None


def main(posts: int = 600, rounds: int = 5, connections: int = 8) -> int:
    with tempfile.TemporaryDirectory() as folder:
        number = posts * rounds
        root = make_project(Path(folder) / "project", 3 * number)
        add_petition(root)
        start(root, "send", "vote", "--limit", "1", "--yes").communicate()
        links = personal_links(root)
        leave = [link.unsubscribe for link in links[: 2 * number]]
        sign = [link.sign(NAME) for link in links[2 * number :]]
        bursts = {
            "unsubscribing by one click": Burst(leave[:number], BODY),
            "unsubscribing by the form": Burst(leave[number:], LEAVE),
            "signing": Burst(sign, FORM.encode()),
        }
        server = subprocess.Popen(
            [sys.executable, "-m", "mailer", "--project", str(root), "serve", "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert server.stdout
        port = int(server.stdout.readline().split("127.0.0.1:")[1].split("/")[0])
        try:
            for _ in range(rounds):
                for burst in bursts.values():
                    burst.run(server.pid, port, root / "lists" / "mailer.db", posts, connections)
        finally:
            server.terminate()
            server.wait()
        for name, burst in bursts.items():
            say(f"{name}: {burst}")
        return 1 if any(burst.wrong for burst in bursts.values()) else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
