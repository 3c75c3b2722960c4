"""Checking everybody's mail before a send: what one person takes, first and once their values are known."""

from __future__ import annotations

import gc
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import project
from benchmarks.figures import Table, costing
from mailer import config
from mailer.campaigns import snapshot
from mailer.checks.runner import CheckRun
from mailer.mail.dry_run import merge_all, select_recipients
from mailer.mail.merge import Merger

if TYPE_CHECKING:
    from mailer.campaigns.snapshot import Snapshot
    from mailer.store import Store

PEOPLE = 30_000


def measure(*, rounds: int, people: int) -> Table:
    number = min(people, PEOPLE)
    table = Table(f"Check {number:,} people: microseconds of CPU time for each")
    with tempfile.TemporaryDirectory() as folder:
        root = project.make(Path(folder) / "project")
        store = project.fill(root, number)
        sources = snapshot.load(config.load(root), project.CAMPAIGN)
        gc.freeze()  # the ZIP codes that `project.people` has loaded are no work of a check
        first, later = [], []
        for _ in range(rounds):
            merger = Merger(sources, fields=project.FIELDS, keys=project.KEYS, send_id=1)
            for person in project.people(200):  # compiling is measured elsewhere
                merger.merge(person)
            first.append(1e6 * _check(store, sources, merger) / number)
            later.append(1e6 * _check(store, sources, merger) / number)
        store.close()
    table.add("check a person whose values are new", "µs", first)
    table.add("check a person", "µs", later)
    return table


def _check(store: Store, sources: Snapshot, merger: Merger) -> float:
    """Seconds of CPU time."""
    check_run = CheckRun(sources, merger)
    with costing() as cost:
        members = store.subscribers.members("members")
        merge_all(select_recipients(members, (), lambda _: True, ()), check_run.merge)
    return cost.cpu


if __name__ == "__main__":
    sys.stdout.write(str(measure(rounds=3, people=PEOPLE)))
