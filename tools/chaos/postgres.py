"""Four machines send one campaign from a store on PostgreSQL, and everything goes wrong.

    python -m tools.chaos.postgres [--runs 1] [--first 1] [--people 10000] [--percent 5] [--rate 200] [--seed 1]

Each machine is a process of `mailer worker` with a link of its own to the server. Every few seconds, one
of these happens: `kill -9`, SIGSTOP and SIGCONT, `pg_terminate_backend`, a partition, after which the
server gives up first, or nobody does, and `pg_ctl stop -m immediate`. So many calls in a hundred of the
fake SES fail, in all kinds.

At every look, the ledger is balanced. In the end, by the fake's own record: nobody has two copies;
everybody who is not accepted has a reason; everybody whom the ledger calls failed has none, and everybody
whom it calls accepted has one. Then the fake's events settle what they can, `--resend` mails the rest,
and everybody who was not refused has exactly one copy.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from bisect import bisect_right
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import psycopg

from mailer import address_keys, config
from mailer.campaigns import snapshot
from mailer.ledger.delivery import SendState
from mailer.links import load_keys
from mailer.store import connect
from mailer.throttle import RECOVERY
from tools.chaos.network import Network
from tools.chaos.ses import FAULTS
from tools.postgres import Server
from tools.projects import project
from tools.projects.ses_project import KEYS, fake_ses

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.ledger.delivery import Send
    from mailer.store import Store
    from tools.chaos.network import Link
    from tools.fake_ses import RemoteSes

MACHINES = 4
CAMPAIGN = "vote"
DELAY = 0.001
_BETWEEN = (3, 8)
"""Seconds between two blows: a process needs a few to start where others compete for the processor."""
_SES = """
[send]
transport = "ses"
[ses]
region = "us-east-1"
configuration_set = "mailer"
method = "{method}"
"""
_PATIENCE = 120.0
"""Seconds in which workers have to come to an end when nothing disturbs them any more."""


class Machine:
    """A process of `mailer worker`, restarted as systemd would do."""

    def __init__(self, root: Path, number: int, link: Link, environment: dict[str, str]) -> None:
        self.link = link
        self.log = root.with_name(f"machine{number}.log")
        self._root = root
        self._environment = {**environment, "XDG_STATE_HOME": str(self.log.with_suffix(""))}

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mailer", "--project", str(self._root), "worker"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
            )

    def keep_running(self) -> bool:
        """Start it again if it has ended; return whether it had."""
        ended = self.process.poll() is not None
        if ended:
            self.start()
        return ended

    def signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            self.process.send_signal(number)

    def end(self) -> None:
        self.signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()


class Chaos:
    """One campaign, from the first claim to the last resend.

    Args:
        root: of the project.
        server: that runs.
        url: of the database, on the server itself.
        ses: the fake.
        people: their number.
        rate: messages a second.
        chance: decides what happens, and when.
    """

    def __init__(
        self,
        root: Path,
        server: Server,
        url: str,
        ses: RemoteSes,
        *,
        people: int,
        rate: float,
        chance: random.Random,
    ) -> None:
        self.root, self.ses, self.people, self.rate = root, ses, people, rate
        self.figures: Counter[str] = Counter()
        self.pauses: Counter[str] = Counter()
        self._server, self._url, self._random = server, url, chance
        self._times: list[float] = []
        self._copies: dict[str, list[str]] = {}
        self._shares: list[float] = []
        self._later: list[tuple[float, Callable[[], None]]] = []
        keys = address_keys.load(root / "lists" / "addresses.key")
        self._store = connect(url, address_keys.address_hashes(keys))
        self._network = Network(server.port, MACHINES, DELAY)
        self._machines = [
            Machine(root, number, link, self._environment(link.port))
            for number, link in enumerate(self._network.links)
        ]

    def _environment(self, port: int) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MAILER_")}
        store = self._url.replace(f":{self._server.port}/", f":{port}/")
        return {**kept, **KEYS, "AWS_ENDPOINT_URL_SESV2": self.ses.endpoint, "MAILER_STORE": store}

    # ---------------------------------------------------------------- the run

    def run(self) -> None:
        send = freeze(self.root, self._store, self.people)
        for machine in self._machines:
            machine.start()
        try:
            self._send(send, disturbed=True)
            time.sleep(1)  # it may be refusing connections still
            self.ses.clear()
            self._look_for_doubles()
            self._look_at_the_rate()
            self._look_at_the_end()
            self._settle(send)
        finally:
            for machine in self._machines:
                machine.end()
            self._network.close()
            self._store.close()
        self._look_at_the_logs()

    def _send(self, send: Send, *, disturbed: bool) -> None:
        """Disturb the workers until nobody is pending, then leave them alone until they have finished."""
        next_blow, end = time.monotonic() + 3, time.monotonic() + _PATIENCE
        while not self._look(send):
            now = time.monotonic()
            if disturbed and self._pending:
                end = now + _PATIENCE
                if now > next_blow:
                    self._strike()
                    next_blow = time.monotonic() + self._random.uniform(*_BETWEEN)
            else:
                self._calm_down()
            assert now < end, f"{self._counts} does not come to an end"
            self._do_what_is_due()
            for machine in self._machines:
                self.figures["ended by themselves"] += machine.keep_running()
            time.sleep(0.2)
        self._calm_down()

    def _strike(self) -> None:
        blow = self._random.choice(
            (self._kill, self._suspend, self._terminate, self._part, self._crash)
        )
        self.figures[blow.__name__.strip("_")] += 1
        blow()

    def _kill(self) -> None:
        machine = self._random.choice(self._machines)
        machine.end()
        machine.start()

    def _suspend(self) -> None:
        machine = self._random.choice(self._machines)
        machine.signal(signal.SIGSTOP)
        self._in(self._random.uniform(1, 6), lambda: machine.signal(signal.SIGCONT))

    def _terminate(self) -> None:
        """End one connection, on the server."""
        with psycopg.connect(self._server.url("postgres"), autocommit=True) as connection:
            processes = [pid for (pid,) in connection.execute(_BACKENDS)]
            if processes:
                victim = self._random.choice(processes)
                connection.execute("SELECT pg_terminate_backend(%s)", (victim,))

    def _part(self) -> None:
        link = self._random.choice(self._machines).link
        self._network.do(link.take_down)
        end = self._random.uniform(1, 5)
        if self._random.random() < 0.6:  # longer than the server waits
            self._in(end / 2, lambda: self._network.do(link.give_up, "server"))
            self._in(end, lambda: self._network.do(link.give_up, "machine"))
        self._in(end, lambda: self._network.do(link.bring_up))

    def _crash(self) -> None:
        self._server.stop("immediate")
        time.sleep(self._random.uniform(0, 2))
        self._server.start()

    def _in(self, seconds: float, action: Callable[[], None]) -> None:
        self._later.append((time.monotonic() + seconds, action))

    def _do_what_is_due(self) -> None:
        now = time.monotonic()
        due = [action for at, action in self._later if at <= now]
        self._later = [(at, action) for at, action in self._later if at > now]
        for action in due:
            action()

    def _calm_down(self) -> None:
        for _, action in self._later:
            action()
        self._later = []

    # ---------------------------------------------------------------- the ledger

    def _look(self, send: Send) -> bool:
        """Whether the send has finished; the ledger must be balanced. A pause is ended."""
        sends = self._store.sends
        self._counts = counts = sends.counts(send.id)
        current = sends.find(send.campaign, send.list_name)
        assert current is not None
        if current.state is SendState.PAUSED:
            self.pauses[current.note] += 1
            sends.set_state(send.id, SendState.SENDING, now=_now())
        self.figures["looks"] += 1
        self._pending = counts.pending
        if counts.pending:
            self._shares += self._share()
        assert counts.balanced, counts
        assert counts.audience == self.people, counts
        self._look_for_doubles()
        return current.state is SendState.FINISHED

    def _look_for_doubles(self) -> None:
        twice = {email: ids for email, ids in self._received().items() if len(ids) > 1}
        assert not twice, f"{len(twice)} have two copies: {list(twice.items())[:3]}"

    def _look_at_the_rate(self) -> None:
        times = sorted(self._times)
        busiest = max(bisect_right(times, at + 1) - i for i, at in enumerate(times))
        self.figures["seconds"] = round(times[-1] - times[0])
        self.figures["busiest second"] = busiest
        self.figures["a second"] = round(len(times) / (times[-1] - times[0]))
        self.figures["allowed a second"] = round(self.rate * fmean(self._shares or [1]))

    def _look_at_the_end(self) -> None:
        ledger, received = self._ledger(), self._received()
        assert len(ledger) == self.people
        for email, (state, message_id, detail) in ledger.items():
            if state == "accepted":
                assert received.get(email) == [message_id], (email, message_id)
            else:
                assert state in {"failed", "uncertain"}, (email, state)
                assert detail, (email, state)
                assert state == "uncertain" or email not in received, (email, detail)
            self.figures[state] += 1
            self.figures["uncertain, in truth accepted"] += (
                state == "uncertain" and email in received
            )

    def _settle(self, send: Send) -> None:
        """By events, then by hand: and everybody who was not refused has one copy."""
        events = self.root / "events.jsonl"
        events.write_text("".join(json.dumps(event) + "\n" for event in self.ses.events()))
        self._mailer("events", "import", str(events))
        received = self._received()
        for email, (state, message_id, _) in self._ledger().items():
            if email in received:
                assert (state, [message_id]) == ("accepted", received[email]), email
            else:
                assert state in {"failed", "uncertain"}, (email, state)
                self.figures["uncertain after the events"] += state == "uncertain"
        self._mailer("reconcile", CAMPAIGN, "--resend")
        self._store.sends.set_state(send.id, SendState.SENDING, now=_now())
        self._send(send, disturbed=False)
        counts = self._counts
        assert (counts.pending, counts.uncertain, counts.sending) == (0, 0, 0), counts
        assert len(self._received()) == counts.accepted == self.people - counts.failed

    def _mailer(self, *arguments: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "mailer", "--project", str(self.root), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self._environment(self._server.port),
            check=False,
        )
        assert done.returncode in {0, 1}, done.stdout
        assert "Traceback" not in done.stdout, done.stdout

    def _look_at_the_logs(self) -> None:
        """No worker may end in a traceback."""
        for machine in self._machines:
            text = machine.log.read_text()
            assert "Traceback" not in text, text

    def _ledger(self) -> dict[str, tuple[str, str, str]]:
        """Address → state, message id, detail."""
        with psycopg.connect(self._url) as connection:
            rows = connection.execute(_LEDGER)
            return {email: (state, message_id, detail) for email, state, message_id, detail in rows}

    def _share(self) -> list[float]:
        """The share of the rate that is let through now, after throttling answers."""
        with psycopg.connect(self._url) as connection:
            return [share for (share,) in connection.execute(_SHARE, {"recovery": RECOVERY})]

    def _received(self) -> dict[str, list[str]]:
        """Address → the message ids of what the fake accepted for it."""
        with suppress(OSError):  # one of its faults is to listen no more
            for message in self.ses.accepted(len(self._times)):
                self._times.append(message["at"])
                for address in message["to"]:
                    self._copies.setdefault(address, []).append(message["message_id"])
        return self._copies


_BACKENDS = """
SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'mailer%' AND pid <> pg_backend_pid()
ORDER BY pid"""

_SHARE = """
SELECT least(1, share + (extract(epoch FROM clock_timestamp()) - read_at) / %(recovery)s) FROM throttles"""

_LEDGER = """
SELECT s.email, d.state, d.message_id, d.detail
FROM deliveries d JOIN subscribers s ON s.id = d.subscriber_id"""


def make_project(root: Path, method: str) -> Path:
    project.make_project(root, 0)
    (root / "mailer.toml").write_text(project.SETTINGS + _SES.format(method=method))
    (root / "lists" / "mailer.db").unlink()
    load_keys(None, root / "lists" / "secret.key")
    return root


def freeze(root: Path, store: Store, people: int) -> Send:
    """Import so many members, and freeze the campaign to them, so that workers take it up."""
    project.enrol(store, range(people))
    sources = snapshot.load(config.load(root), CAMPAIGN)
    send, number = store.sends.freeze(
        CAMPAIGN,
        "members",
        [subscriber.id for subscriber in store.subscribers.audience("members")],
        query="",
        snapshot=sources.to_bytes(),
        digest=sources.digest,
        transport="ses",
        now=_now(),
    )
    assert number == people
    store.sends.set_state(send.id, SendState.SENDING, now=_now())
    return send


def run(number: int, seed: int, *, people: int, percent: float, rate: float) -> Chaos:
    """One seeded run: odd numbers by raw calls, even ones by bulk calls."""
    chance = random.Random(f"{seed} {number}")
    server = Server("max_connections=60", "shared_buffers=32MB")
    with tempfile.TemporaryDirectory() as folder:
        root = make_project(Path(folder) / "project", "raw" if number % 2 else "bulk")
        try:
            server.start()
            with fake_ses("--rate", str(rate), "--quota", "-1") as ses:
                for fault in FAULTS:
                    probability = percent / 100 / len(FAULTS)
                    ses.inject(**fault, probability=probability, seed=chance.getrandbits(32))
                chaos = Chaos(
                    root, server, server.create(), ses, people=people, rate=rate, chance=chance
                )
                chaos.run()
        finally:
            server.close()
    return chaos


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--first", type=int, default=1, help="number of the first run")
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument(
        "--percent", type=float, default=5, help="of the calls, all faults together"
    )
    parser.add_argument("--rate", type=float, default=200, help="messages a second")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for number in range(options.first, options.first + options.runs):
        began = time.monotonic()
        chaos = run(
            number, options.seed, people=options.people, percent=options.percent, rate=options.rate
        )
        print(number, f"{time.monotonic() - began:.0f} s", dict(chaos.figures), flush=True)
        print(dict(chaos.pauses), flush=True)
    print(
        f"{options.runs} runs of {options.people:,}: nobody has two copies, the ledger was balanced at "
        "every look and agrees with the fake's record."
    )


if __name__ == "__main__":
    main()
