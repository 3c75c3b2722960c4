"""Starting: what somebody waits for who types a command."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks import project
from benchmarks.figures import Table, run


def measure(*, rounds: int, people: int) -> Table:
    del people
    table = Table("Start: seconds")
    with tempfile.TemporaryDirectory() as folder:
        root = project.make(Path(folder) / "project")
        project.fill(root, 200).close()
        for what, arguments in (
            ("mailer --help", ("--help",)),
            ("mailer send --dry-run, 200 people", ("send", project.CAMPAIGN, "--dry-run")),
        ):
            costs = [run([*project.MAILER, str(root), *arguments])[0] for _ in range(rounds + 1)]
            table.add(what, "s", [cost.wall for cost in costs[1:]])
            table.add(f"{what}, of CPU", "s", [cost.cpu for cost in costs[1:]])
    return table
