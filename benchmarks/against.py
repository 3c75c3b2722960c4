"""The figures of this code beside those of another revision, each measured by its own benchmarks, by turns."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.figures import Table

ROOT = Path(__file__).parent.parent
INSTALLED = ROOT / "build" / "against"


def install(revision: str) -> Path:
    """The folder of a revision, with its packages beside it; kept for the next time.

    Raises:
        SystemExit: git knows no such revision.
    """
    parse = ["git", "rev-parse", "--verify", "--short=12", f"{revision}^{{commit}}"]
    answer = subprocess.run(parse, cwd=ROOT, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SystemExit(f"{revision} is no revision of this repository")
    folder = INSTALLED / answer.stdout.strip()
    if not (folder / ".venv" / ".done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        archive = subprocess.run(
            ["git", "archive", revision], cwd=ROOT, stdout=subprocess.PIPE, check=True
        )
        subprocess.run(["tar", "-x"], cwd=folder, input=archive.stdout, check=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", ".venv"], cwd=folder, check=True)
        pip = [".venv/bin/python", "-m", "pip", "install", "--quiet", "-e", ".[dev]"]
        subprocess.run(pip, cwd=folder, check=True)
        (folder / ".venv" / ".done").touch()
    return folder


def compare(name: str, revision: str, *, turns: int, options: list[str]) -> Table:
    """Let the two take turns at a benchmark.

    Args:
        name: of the benchmark.
        revision: what is compared with.
        turns: of each.
        options: of the benchmark, such as --people.
    """
    other = install(revision)
    before: list[dict[str, float]] = []
    now: list[dict[str, float]] = []
    table = Table(f"{name}: this code beside {revision}, {turns} turns of each")
    for _ in range(turns):
        before.append(_turn(other, name, options))
        now.append(_turn(ROOT, name, options))
    both = [what for what in now[0] if what in before[0]]
    for what in both:
        label, _, unit = what.rpartition(", ")
        earlier = [figures[what] for figures in before]
        table.add(f"{label}, before", unit, earlier)
        table.add(f"{label}, now", unit, [figures[what] for figures in now], earlier)
    alone = sorted({*now[0], *before[0]} - {*both})
    table.notes += [f"Measured by one of them alone: {what}" for what in alone]
    return table


def _turn(folder: Path, name: str, options: list[str]) -> dict[str, float]:
    """The medians of one run in a process of its own, by what is measured and its unit."""
    python = sys.executable if folder == ROOT else str(folder / ".venv" / "bin" / "python")
    command = [python, "-m", "benchmarks", name, *options]
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=True)
    file = folder / "build" / "bench" / f"{name}.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return {
        f"{figure['what']}, {figure['unit']}": sorted(figure["rounds"])[len(figure["rounds"]) // 2]
        for figure in found["figures"]
    }
