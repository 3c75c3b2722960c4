"""The whole audience before anything is sent: looked at, merged, and frozen."""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import project
from benchmarks.figures import Table, costing, run
from mailer import config
from mailer.campaigns import snapshot
from mailer.compiler.audience import condition

ROUNDS = 3
"""At most: each takes a minute."""
EXPRESSION = 'recipient.state != "TX" or "volunteer" in recipient.tags'


def measure(*, rounds: int, people: int) -> Table:
    rounds = min(rounds, ROUNDS)
    table = Table(f"An audience of {people:,}: seconds of CPU time, and peak memory")
    with tempfile.TemporaryDirectory() as folder:
        for number in (people // 10, people):
            root = project.make(Path(folder) / str(number))
            store = project.fill(root, number)
            for what, arguments in (
                ("mailer check", ("check", project.CAMPAIGN)),
                ("mailer send --dry-run", ("send", project.CAMPAIGN, "--dry-run")),
            ):
                found = [run([*project.MAILER, str(root), *arguments]) for _ in range(rounds)]
                table.add(f"{what}, {number:,}", "s", [cost.cpu for cost, _, _ in found])
                table.add("peak memory", "MB", [memory for _, memory, _ in found])
            store.close()
        table.add(f"choose and freeze, {people:,}", "s", [freeze(root)])
    return table


def freeze(root: Path) -> float:
    """Seconds of CPU time."""
    words = snapshot.load(config.load(root), project.CAMPAIGN)
    store = project.open_store(root)
    with costing() as cost:
        wanted = condition(EXPRESSION, words, project.FIELDS)
        _, added = store.sends.freeze(
            project.CAMPAIGN,
            "members",
            (one.id for one in store.subscribers.audience("members") if wanted(one)),
            query=EXPRESSION,
            snapshot=words.to_bytes(),
            digest=words.digest,
            transport="outbox",
            now=datetime.now(UTC),
        )
    assert added
    store.close()
    return cost.cpu


if __name__ == "__main__":
    freeze(Path(sys.argv[1]))
