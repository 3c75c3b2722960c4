"""A list as large as wanted, through everything that is done with a whole list; each step a process."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks import project, web
from benchmarks.figures import Table, run

CLICKS = 200


def measure(*, rounds: int, people: int) -> Table:  # noqa: ARG001 - one round: ten million take an hour
    table = Table(f"{people:,} people: seconds by the clock, of CPU time, and peak memory")
    with tempfile.TemporaryDirectory() as folder:
        root = project.make(Path(folder) / "project")
        file = root / "people.csv"
        # in a process of its own, as are all: the ZIP codes alone take 100 MB
        _step(table, "(write the file)", "benchmarks.scale", str(file), str(people))
        for what in ("lists import", "the same file again"):
            _mailer(table, root, what, "lists", "import", str(file), "--list", "members")
        size = file.stat().st_size
        file.unlink()
        _step(table, "choose and freeze", "benchmarks.audience", str(root))
        _mailer(table, root, "status", "status")
        _mailer(table, root, "status of the campaign", "status", project.CAMPAIGN)
        _mailer(table, root, "report", "report", project.CAMPAIGN)
        _mailer(table, root, "lists show", "lists", "show")
        served = web.serve(root, people, 1, clicks=CLICKS)
        table.add("unsubscribe, median", "ms", served.medians)
        table.add("unsubscribe, p99", "ms", served.slowest)
        kept = sum(each.stat().st_size for each in (root / "lists").glob("mailer.db*"))
        table.notes.append(f"The file: {size / 1e6:,.0f} MB. The store: {kept / 1e6:,.0f} MB.")
    return table


def _mailer(table: Table, root: Path, what: str, *arguments: str) -> None:
    _step(table, what, "mailer", "--project", str(root), *arguments)


def _step(table: Table, what: str, module: str, *arguments: str) -> None:
    cost, memory, _ = run([sys.executable, "-m", module, *arguments])
    table.add(what, "s", [cost.wall])
    table.add(f"{what}, CPU time", "s", [cost.cpu])
    table.add(f"{what}, memory", "MB", [memory])
    # of ten million, each step takes minutes
    sys.stderr.write(f"{what}: {cost.wall:,.1f} s, {cost.cpu:,.1f} s of CPU, {memory:,.0f} MB\n")


if __name__ == "__main__":
    project.write_list(Path(sys.argv[1]), int(sys.argv[2]))
