"""Whole sends with the ledger on: to nowhere, which costs nothing else, and to the outbox.

`python -m benchmarks.sends ROOT nowhere|outbox` is one send, in a process of its own; it prints JSON.
"""

from __future__ import annotations

import gc
import json
import sys
import tempfile
import time
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import project
from benchmarks.figures import Table, costing, run
from mailer import config
from mailer.campaigns import snapshot
from mailer.ledger.delivery import DeliveryState, Result
from mailer.links import load_keys
from mailer.mail import message
from mailer.mail.merge import Merger
from mailer.mail.message import Envelope
from mailer.sending.loop import SendLoop
from mailer.sending.reputation import ReputationLimits
from mailer.transports.base import MAX_IN_FLIGHT, Allowance, BatchResult
from mailer.transports.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailer.ledger.delivery import Claim
    from mailer.transports.base import OutgoingMessage, Transport

SIZES = (10_000, 100_000, 1_000_000)
OUTBOX = 100_000
"""People at most: a million files are a test of the disk."""
ROUNDS = 3


class Nowhere:
    """A transport that encodes each message and throws it away."""

    name = "nowhere"
    connections = 1

    def __init__(self, envelope: Envelope) -> None:
        self._envelope = envelope

    def allowance(self) -> Allowance:
        return Allowance()

    def batch_size(self, rate: float | None) -> int:
        del rate
        return MAX_IN_FLIGHT

    def batches(
        self, messages: Sequence[OutgoingMessage], size: int
    ) -> Sequence[Sequence[OutgoingMessage]]:
        return [messages[i : i + size] for i in range(0, len(messages), size)]

    def expect(self, claims: Sequence[Claim]) -> None:
        del claims

    def deliver(self, batch: Sequence[OutgoingMessage]) -> BatchResult:
        return BatchResult([self._made(outgoing) for outgoing in batch])

    def _made(self, outgoing: OutgoingMessage) -> Result:
        left = f"{project.CAMPAIGN}.{outgoing.delivery_id}"
        message.encode(outgoing.merged, self._envelope, message_id=left, date=_now())
        return Result(outgoing.delivery_id, DeliveryState.ACCEPTED, message_id=f"<{left}>")

    def settle(self, claims: Sequence[Claim]) -> list[Result]:
        return [Result(claim.delivery_id, DeliveryState.PENDING) for claim in claims]


class NoBrake:
    requested = False

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)


def measure(*, rounds: int, people: int) -> Table:
    table = Table("Whole sends, with the ledger on")
    for size in [size for size in SIZES if size <= people] or [people]:
        for way in ("nowhere", "outbox"):
            if way == "outbox" and size > OUTBOX:
                continue
            found = []
            for _ in range(min(rounds, ROUNDS) if size < SIZES[-1] else 1):
                with tempfile.TemporaryDirectory() as folder:
                    root = project.make(Path(folder) / "project")
                    project.fill(root, size).close()
                    command = [sys.executable, "-m", "benchmarks.sends", str(root), way]
                    _, memory, said = run(command)
                    found.append({**json.loads(said), "memory": memory})
            what = f"{size:,} to {'the outbox' if way == 'outbox' else 'nowhere'}"
            for unit, key in (
                ("/s", "rate"),
                ("/s of CPU", "cpu"),
                ("MB", "memory"),
                ("B", "bytes"),
            ):
                named = {"memory": ", peak memory", "bytes": ", store for each"}.get(key, "")
                table.add(what + named, unit, [each[key] for each in found])
    return table


def send(root: Path, way: str) -> dict[str, float]:
    """Freeze everybody, send, and say what it took; who is merged was compiled before."""
    settings = config.load(root)
    words = snapshot.load(settings, project.CAMPAIGN)
    store = project.open_store(root)
    envelope = Envelope.of(words.content, list_name="members")
    keys = load_keys(None, settings.secret_key_file)
    merger = Merger(words, fields=store.subscribers.field_names(), keys=keys, send_id=1)
    for person in islice(store.subscribers.audience("members"), 200):
        merger.merge(person)
    frozen, number = store.sends.freeze(
        words.campaign,
        "members",
        (one.id for one in store.subscribers.audience("members")),
        query="",
        snapshot=words.to_bytes(),
        digest=words.digest,
        transport=way,
        now=_now(),
    )
    before = _size(root)
    loop = SendLoop(
        store,
        _transport(way, root, envelope),
        merger,
        rate=None,
        stop=NoBrake(),
        clock=_now,
        limits=ReputationLimits(bounces=100, complaints=100, outcomes=1),
        on_progress=lambda _: None,
    )
    gc.set_threshold(50_000)  # as the command line does
    with costing() as cost:
        progress = loop.run(frozen)
    assert progress.accepted == number
    store.close()
    return {
        "rate": number / cost.wall,
        "cpu": number / cost.cpu,
        "bytes": (_size(root) - before) / number,
    }


def _transport(way: str, root: Path, envelope: Envelope) -> Transport:
    if way == "outbox":
        return Outbox(root / "outbox", campaign=project.CAMPAIGN, envelope=envelope, clock=_now)
    return Nowhere(envelope)


def _size(root: Path) -> int:
    return sum(file.stat().st_size for file in (root / "lists").glob("mailer.db*"))


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    print(json.dumps(send(Path(sys.argv[1]), sys.argv[2])))
