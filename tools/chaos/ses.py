"""Everything goes wrong at once: the fake SES mixes all faults, the sender is killed and restarted.

    python -m tools.chaos.ses --runs 20 [--people 10000] [--percent 5] [--seed 1] [--no-kills]

Each run is a campaign to the same list, raw and bulk in turn; each kind of fault strikes so many calls
in a hundred, and `kill -9` falls every few seconds, unless it is told not to. At every restart the ledger must be balanced. In the
end, by the fake's own record: nobody has two copies; everybody whom the ledger calls accepted was
accepted, under the message id that it holds; everybody who was accepted is accepted or uncertain; and
everybody who is not accepted has a reason. Then the fake's events settle what they can, `--resend` sends to
the rest, and everybody who was not refused has exactly one copy.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tools.projects.project import open_store
from tools.projects.ses_project import CAMPAIGN, SEND, fake_ses, make_project, start

if TYPE_CHECKING:
    from mailer.ledger.delivery import Counts
    from tools.fake_ses import RemoteSes

FAULTS = (
    {"kind": "slow", "seconds": 0.3},
    {"kind": "refuse", "seconds": 0.2},
    {"kind": "throttle"},
    {"kind": "error"},
    {"kind": "error", "accepted": True},
    {"kind": "unavailable"},
    {"kind": "hang", "seconds": 1.0},
    {"kind": "drop"},
    {"kind": "drop-before"},
    {"kind": "cut"},
    {"kind": "empty"},
    {"kind": "foreign"},
    {"kind": "exception", "code": "BadRequestException", "message": "Bad luck."},
    {
        "kind": "partial",
        "share": 0.3,
        "statuses": ["TRANSIENT_FAILURE", "ACCOUNT_THROTTLED", "MESSAGE_REJECTED"],
    },
)
RATE = 2_000
CALM_ENOUGH = 50
"""Restarts after which it is left alone: an error after that is not the killing's."""
EXPECTED = {0, 1, 3}
"""Exit codes: done, some failed or uncertain, paused in an outage."""


@dataclass
class Run:
    """One campaign, from the first start to the last resend."""

    root: Path
    ses: RemoteSes
    campaign: str
    people: int
    random: random.Random
    may_kill: bool
    kills: int = 0
    restarts: int = 0
    figures: Counter[str] = field(default_factory=Counter)

    def go(self) -> None:
        while self._step():
            self.restarts += 1
        time.sleep(0.5)  # it may be refusing connections still
        self.ses.clear()
        self.look_at_the_end()
        self.settle()

    def _step(self) -> bool:
        """Start it, perhaps kill it; whether it has to be started again."""
        process = start(self.root, self.ses, *SEND, self.campaign)
        may_kill = self.may_kill and self.restarts < CALM_ENOUGH
        patience = self.random.uniform(2, 7) if may_kill else None
        try:
            said, _ = process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            self.kills += 1
            self.look()
            return True
        assert "Traceback" not in said, said
        assert process.returncode in EXPECTED or "cannot be asked" in said, said
        counts = self.look()
        return counts is None or bool(counts.pending or counts.sending)

    def look(self) -> Counts | None:
        """The ledger's counts, balanced; None before the audience was frozen."""
        store = open_store(self.root)
        send = store.sends.find(self.campaign, "members")
        counts = store.sends.counts(send.id) if send else None
        store.close()
        if counts:
            assert counts.balanced, counts
            assert counts.audience == self.people
        return counts

    def look_at_the_end(self) -> None:
        ledger, received = self.ledger(), self.received()
        assert len(ledger) == self.people
        assert all(len(ids) == 1 for ids in received.values()), "a recipient has two copies"
        for email, (state, message_id, detail) in ledger.items():
            if state == "accepted":
                # without an id where a mark of the process that was killed is all that is known
                assert message_id in {"", *received.get(email, [])}, (email, message_id)
                assert len(received[email]) == 1
            else:
                assert state in {"failed", "uncertain"}, (email, state)
                assert detail, (email, state)
                assert state == "uncertain" or email not in received, (email, detail)
            self.figures[state] += 1
            self.figures["uncertain, in truth accepted"] += (
                state == "uncertain" and email in received
            )

    def settle(self) -> None:
        """By events, then by hand: and everybody who was not refused has one copy."""
        events = self.root / "events.jsonl"
        events.write_text("".join(json.dumps(event) + "\n" for event in self.ses.events()))
        self._mailer("events", "import", str(events))
        self.look_at_the_record()
        self._mailer("reconcile", self.campaign, "--resend")
        for _ in range(5):
            process = start(self.root, self.ses, "resume", self.campaign, "--yes")
            said, _ = process.communicate()
            counts = self.look()
            if counts and not counts.pending:
                break
        assert counts, said
        assert (counts.pending, counts.uncertain, counts.sending) == (0, 0, 0), said
        received = self.received()
        assert all(len(ids) == 1 for ids in received.values()), "a recipient has two copies"
        assert len(received) == counts.accepted == self.people - counts.failed

    def look_at_the_record(self) -> None:
        """After the events, the ledger says of everybody who was accepted what the fake says."""
        received = self.received()
        for email, (state, message_id, _) in self.ledger().items():
            if email in received:
                assert state == "accepted", email
                assert message_id in {"", *received[email]}, email
            else:
                assert state in {"failed", "uncertain"}, (email, state)
                self.figures["uncertain after the events"] += state == "uncertain"

    def _mailer(self, *arguments: str) -> None:
        process = start(self.root, self.ses, *arguments)
        said, _ = process.communicate()
        assert process.returncode in {0, 1}, said
        assert "Traceback" not in said, said

    def ledger(self) -> dict[str, tuple[str, str, str]]:
        """Address → state, message id, detail."""
        store = open_store(self.root)
        rows = store.database.connection.execute(
            "SELECT s.email, d.state, d.message_id, d.detail FROM deliveries d "
            "JOIN subscribers s ON s.id = d.subscriber_id WHERE d.campaign = ?",
            (self.campaign,),
        ).fetchall()
        store.close()
        return {email: (state, message_id, detail) for email, state, message_id, detail in rows}

    def received(self) -> dict[str, list[str]]:
        """Address → the message ids of what the fake accepted for it."""
        found: dict[str, list[str]] = {}
        for message in self.ses.accepted():
            for address in message["to"]:
                found.setdefault(address, []).append(message["message_id"])
        return found


def run(number: int, seed: int, root: Path, *, people: int, percent: float, may_kill: bool) -> Run:
    """One seeded run: odd numbers by raw calls, even ones by bulk calls."""
    chance = random.Random(f"{seed} {number}")
    campaign = f"chaos-{number}"
    shutil.copy(root / "campaigns" / f"{CAMPAIGN}.md", root / "campaigns" / f"{campaign}.md")
    settings = root / "mailer.toml"
    before, _, _ = settings.read_text().partition("method =")
    settings.write_text(f'{before}method = "{"raw" if number % 2 else "bulk"}"\n')
    with fake_ses("--rate", str(RATE), "--quota", "-1") as ses:
        for fault in FAULTS:
            ses.inject(**fault, probability=percent / 100, seed=chance.getrandbits(32))
        made = Run(root, ses, campaign, people, chance, may_kill)
        made.go()
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--percent", type=float, default=5, help="of the calls, for each fault")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-kills", action="store_true", help="leave the sender alone")
    options = parser.parse_args()
    total: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        root = make_project(Path(folder) / "project", options.people)
        for number in range(1, options.runs + 1):
            began = time.monotonic()
            made = run(
                number,
                options.seed,
                root,
                people=options.people,
                percent=options.percent,
                may_kill=not options.no_kills,
            )
            figures = {"kills": made.kills, "restarts": made.restarts, **made.figures}
            total.update(figures)
            print(number, f"{time.monotonic() - began:.0f} s", figures, flush=True)
    print(
        f"{options.runs} runs of {options.people:,}: nobody has two copies, the ledger was balanced at "
        f"every restart and agrees with the fake's record. {dict(total)}"
    )


if __name__ == "__main__":
    main()
