"""Importing a CSV, validated, merged, ZIP codes looked up; beside programs that only store its rows."""

from __future__ import annotations

import csv
import sqlite3
import sys
import tempfile
from pathlib import Path

from benchmarks import peers, project
from benchmarks.figures import Table, costing, run

ROUNDS = 3
"""At most: each takes a minute."""


def measure(*, rounds: int, people: int) -> Table:
    rounds = min(rounds, ROUNDS)
    table = Table(f"Import {people:,} rows: seconds of CPU time, and peak memory")
    with tempfile.TemporaryDirectory() as folder:
        root = project.make(Path(folder) / "project")
        file, small = root / "people.csv", root / "few.csv"
        project.write_list(file, people)
        project.write_list(small, people // 10)
        first, again, bare = [], [], []
        for _ in range(rounds):
            for name in ("mailer.db", "mailer.db-wal", "mailer.db-shm"):
                (root / "lists" / name).unlink(missing_ok=True)
            first.append(_import(root, file))
            again.append(_import(root, file))
            bare.append(_executemany(file))
        table.add("mailer lists import", "s", [cpu for cpu, _ in first])
        table.add("the same file again", "s", [cpu for cpu, _ in again])
        table.add("peak memory", "MB", [memory for _, memory in first])
        table.add("peak memory for a tenth of it", "MB", [_import(root, small)[1]])
        table.add("a bare executemany", "s", bare)
        _sqlite_utils(Path(folder), file, rounds, table)
    return table


def _import(root: Path, file: Path) -> tuple[float, float]:
    command = [*project.MAILER, str(root), "lists", "import", str(file), "--list", "members"]
    cost, memory, _ = run(command)
    return cost.cpu, memory


def _executemany(file: Path) -> float:
    with tempfile.TemporaryDirectory() as folder, costing() as cost:
        db = sqlite3.connect(Path(folder) / "people.db")
        columns = ", ".join(f'"{name}"' for name in project.HEADINGS)
        db.execute(f"CREATE TABLE people ({columns}, UNIQUE (Email))")
        marks = ", ".join("?" * len(project.HEADINGS))
        with file.open(encoding="utf-8", newline="") as stream:
            rows = csv.reader(stream)
            next(rows)
            db.executemany(f"INSERT INTO people VALUES ({marks})", rows)
        db.commit()
        db.close()
    return cost.cpu


def _sqlite_utils(folder: Path, file: Path, rounds: int, table: Table) -> None:
    python = peers.python("")
    if not python:
        table.notes.append("sqlite-utils could not be installed.")
        return
    command = [python[0], "-m", "sqlite_utils", "insert"]
    costs = []
    for number in range(rounds):
        database = str(folder / f"{number}.db")
        cost, _, _ = run([*command, database, "people", str(file), "--csv", "--silent"])
        costs.append(cost.cpu)
    table.add("sqlite-utils insert --csv", "s", costs)


if __name__ == "__main__":
    sys.stdout.write(str(measure(rounds=1, people=100_000)))
