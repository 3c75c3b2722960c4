"""Kill `mailer send` with -9 at random moments, finish it, and look at what is left.

    python -m tools.chaos.outbox --runs 200 [--people 1500] [--seed 1]

Each run is a campaign of its own to the same list. Of every run it must be true that the ledger was
balanced right after the kill, and that after `mailer send … --yes` everybody has exactly one file,
nothing is uncertain and nothing is left over.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from mailer.ledger.delivery import Counts, SendState
from tools.projects.project import address, files, make_project, open_store, start


@dataclass
class Chaos:
    """A project, and where in their lives the processes were killed."""

    root: Path
    people: int
    random: random.Random
    killed_in: Counter[str] = field(default_factory=Counter)

    def prepare(self) -> None:
        make_project(self.root, self.people)

    def run(self, number: int) -> Counts:
        """Kill a send and finish it, once more where it had ended before it was killed.

        Return the ledger of the send that was killed.
        """
        attempt = 0
        while not self.kill(f"vote-{number}-{attempt}"):
            attempt += 1
        return self.counts(f"vote-{number}-{attempt}")

    def kill(self, campaign: str) -> bool:
        """Kill and finish a send; whether it was still alive when it was killed."""
        source = self.root / "campaigns" / "vote.md"
        shutil.copy(source, source.with_name(f"{campaign}.md"))
        process = start(self.root, "send", campaign, "--yes")
        enough = self.random.randint(-self.people // 10, self.people)
        while self.written(campaign) < enough and process.poll() is None:
            time.sleep(0.005)
        # about the time that some messages take, so that every step of the loop is hit
        time.sleep(self.random.expovariate(1 / 0.02))
        in_time = process.poll() is None
        process.kill()
        process.communicate()
        if in_time:
            self.assert_balanced_after_the_kill(campaign)
        self.finish(campaign)
        self.assert_one_file_each(campaign)
        shutil.rmtree(self.root / "outbox" / campaign)
        return in_time

    def written(self, campaign: str) -> int:
        """Files so far; -1 before there is a folder."""
        try:
            folder = self.root / "outbox" / campaign
            return len(os.listdir(folder))  # noqa: PTH208 - asked a hundred times a second
        except FileNotFoundError:
            return -1

    def finish(self, campaign: str) -> None:
        process = start(self.root, "send", campaign, "--yes")
        said, _ = process.communicate()
        assert process.returncode == 0, said

    def assert_balanced_after_the_kill(self, campaign: str) -> None:
        store = open_store(self.root)
        send = store.sends.find(campaign, "members")
        if send is None:
            self.killed_in["before the audience was frozen"] += 1
        else:
            counts = store.sends.counts(send.id)
            assert counts.balanced, counts
            assert counts.audience == self.people
            assert len(files(self.root, campaign)) <= counts.accepted + counts.sending
            self.killed_in[self.phase(send.state, counts.sending, campaign)] += 1
        store.close()

    def phase(self, state: SendState, in_flight: int, campaign: str) -> str:
        if state is SendState.FINISHED:
            return "after the last outcome was recorded"
        if in_flight:
            left = any((self.root / "outbox" / campaign).glob(".*.part"))
            return "in the middle of a file" if left else "with a batch in flight"
        return "between two batches"

    def assert_one_file_each(self, campaign: str) -> None:
        assert Counter(files(self.root, campaign)) == Counter(
            address(number) for number in range(self.people)
        )
        leftovers = list((self.root / "outbox" / campaign).glob(".*"))
        assert leftovers == [], leftovers
        counts = self.counts(campaign)
        assert counts.balanced
        assert counts.accepted == self.people, counts
        assert list((self.root / "lists" / "workers").iterdir()) == []

    def counts(self, campaign: str) -> Counts:
        """The ledger of a finished send."""
        store = open_store(self.root)
        send = store.sends.find(campaign, "members")
        assert send is not None
        assert send.state is SendState.FINISHED
        counts = store.sends.counts(send.id)
        store.close()
        return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--people", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        chaos = Chaos(Path(folder) / "project", options.people, random.Random(options.seed))
        chaos.prepare()
        for number in range(1, options.runs + 1):
            chaos.run(number)
            print(f"\r{number} of {options.runs} runs", end="", flush=True)
    print("\nNobody has two files, nobody is missing, nothing is uncertain. Killed:")
    for phase, number in chaos.killed_in.most_common():
        print(f"  {number:>4}  {phase}")


if __name__ == "__main__":
    main()
