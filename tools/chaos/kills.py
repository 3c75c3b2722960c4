"""Kill a sender again and again, and see by the fake SES's own record what the ledger left in doubt.

    python -m tools.chaos.kills --rate 200 [--method raw] [--kills 30] [--people 3000] [--seed 1]

After each `kill -9`, `mailer reconcile` settles what was in flight. Printed are, over all kills: how many
deliveries were in flight, how many of them are in doubt, how many of those SES has in truth, and false
proofs, of which there must be none: a delivery settled as not sent that SES has, or as sent that it has not.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from tools.projects.project import open_store
from tools.projects.ses_project import CAMPAIGN, SEND, fake_ses, make_project, start

if TYPE_CHECKING:
    from tools.fake_ses import RemoteSes

_PATIENCE = 600.0
"""Seconds for a sender to start, on a machine that is busy with other things."""


class Kills:
    """One campaign, killed until enough."""

    def __init__(self, root: Path, ses: RemoteSes, chance: random.Random) -> None:
        self.root = root
        self.ses = ses
        self.figures: Counter[str] = Counter()
        self._chance = chance

    def kill(self) -> bool:
        """Start, kill and settle once; False when there is nothing left to send."""
        before = len(self.ses.accepted())
        process = start(self.root, self.ses, *SEND, CAMPAIGN)
        end = time.monotonic() + _PATIENCE
        while len(self.ses.accepted()) == before and process.poll() is None:
            assert time.monotonic() < end, "nothing was sent"
            time.sleep(0.05)
        time.sleep(self._chance.uniform(0, 1.5))
        if process.poll() is not None:
            said, _ = process.communicate()
            assert process.returncode in {0, 1}, said
            return False
        process.kill()
        process.communicate()
        time.sleep(0.5)  # what is on its way to SES arrives
        self._settle()
        return True

    def _settle(self) -> None:
        in_flight = [email for email, state in self._states().items() if state == "sending"]
        start(self.root, self.ses, "reconcile", CAMPAIGN, "--json").communicate()
        states, received = self._states(), {m["to"][0] for m in self.ses.accepted()}
        self.figures["kills"] += 1
        self.figures["in flight"] += len(in_flight)
        for email in in_flight:
            doubtful = states[email] == "uncertain"
            self.figures["in doubt"] += doubtful
            self.figures["in doubt, in truth sent"] += doubtful and email in received
            wrong = (states[email] == "accepted") != (email in received)
            self.figures["false proofs"] += wrong and not doubtful

    def _states(self) -> dict[str, str]:
        store = open_store(self.root)
        rows = store.database.connection.execute(
            "SELECT s.email, d.state FROM deliveries d JOIN subscribers s ON s.id = d.subscriber_id"
        ).fetchall()
        store.close()
        return dict(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--method", default="raw")
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--people", type=int, default=3_000)
    parser.add_argument("--latency", type=float, default=0.08, help="seconds for each answer")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = make_project(Path(folder) / "project", options.people, method=options.method)
        with fake_ses("--rate", str(options.rate), "--quota", "-1") as ses:
            ses.inject(kind="slow", seconds=options.latency)
            kills = Kills(root, ses, random.Random(options.seed))
            while kills.figures["kills"] < options.kills and kills.kill():
                pass
    print(f"{options.rate}/s {options.method}: {dict(kills.figures)}", flush=True)
    assert not kills.figures["false proofs"]


if __name__ == "__main__":
    main()
