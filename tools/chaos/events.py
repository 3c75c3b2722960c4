"""Two processes pull events from one queue, and are killed again and again.

    python -m tools.chaos.events [--people 6000] [--events 10000] [--runs 1] [--seed 1]

The events go into the queue directly, through a topic raw, and through a topic in its envelope; some twice
or more, all in disorder, junk among them. Both processes get `kill -9` at
random moments until the queue is empty. In the end each event is stored exactly once, the right people
are suppressed and unsubscribed, uncertain deliveries are settled, the outcomes are counted right, and all
the junk is in its file. The queue and the topics are moto's, in a process of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from mailer.events.ses import read
from mailer.ledger.delivery import DeliveryState, Result, SendState
from mailer.lists.membership import SuppressionReason
from tools.projects.project import NOW, SETTINGS, address, make_project, open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
CLIENT = {
    "region_name": "us-west-2",
    "aws_access_key_id": "fake",
    "aws_secret_access_key": "fake",
}
AGAIN = 0.3
"""Of the events are reported more than once."""
JUNK = ("{", "not JSON", "[]", '{"mail": {}}', '{"eventType": "Send", "x": NaN}', "\u2028 odd")
TOPIC_WORKS = "Successfully validated SNS topic for Amazon SES event publishing."
MOST = 50
"""Messages in the queue at once: each call of moto's goes through all of them."""
UNSEEN = 2
"""Seconds after which SQS hands a message out again: 30 without anybody saying so."""


@dataclass
class Story:
    """What is reported, and what has to come of it."""

    reports: list[dict[str, Any]] = field(default_factory=list)
    bounced: set[str] = field(default_factory=set)
    complained: set[str] = field(default_factory=set)
    outcomes: Counter[str] = field(default_factory=Counter)


def make(people: int, events: int, chance: random.Random) -> Story:
    """Events of the deliveries 1 to `people`, at least one for each."""
    story = Story()
    for delivery in range(1, people + 1):
        fate = chance.choices(("delivered", "bounced", "complained", "full"), (86, 8, 2, 4))[0]
        email = address(delivery - 1)
        story.outcomes[fate] += 1
        if fate == "bounced":
            story.bounced.add(email)
            story.reports.append(_event("Bounce", delivery, bounceType="Permanent"))
        elif fate == "full":
            days = chance.randint(1, 4)
            if days >= 3:
                story.bounced.add(email)
            more = {"bounceType": "Transient", "bounceSubType": "MailboxFull"}
            story.reports += [_event("Bounce", delivery, day=n, **more) for n in range(days)]
        else:
            story.reports.append(_event("Delivery", delivery))
        if fate == "complained":
            story.complained.add(email)
            story.reports.append(_event("Complaint", delivery, complaintFeedbackType="abuse"))
    fill = range(1, max(0, events - len(story.reports)) + 1)
    story.reports += [_event("Open", chance.randint(1, people), second=number) for number in fill]
    return story


def _event(kind: str, delivery: int, *, day: int = 0, second: int = 0, **more: str) -> Any:
    email = address(delivery - 1)
    at = f"2026-05-{4 + day:02}T12:{second // 60 % 60:02}:{second % 60:02}.{second:06}Z"
    recipients = {"Bounce": "bouncedRecipients", "Complaint": "complainedRecipients"}
    detail: dict[str, Any] = {"timestamp": at, "feedbackId": f"{delivery}-{day}", **more}
    if kind in recipients:
        detail[recipients[kind]] = [{"emailAddress": email, "status": "5.1.1"}]
    mail = {
        "timestamp": at,
        "messageId": f"id-{delivery}",
        "destination": [email],
        "tags": {"campaign": ["vote"], "delivery": [str(delivery)]},
    }
    return {"eventType": kind, "mail": mail, kind.lower(): detail}


def make_ledger(root: Path) -> None:
    """Everybody was sent one mail; of every twentieth nobody knows whether Amazon took it."""
    store = open_store(root)
    ids = {subscriber.email: subscriber.id for subscriber in store.subscribers.audience("members")}
    in_turn = [ids[address(number)] for number in range(len(ids))]
    words = {"query": "", "snapshot": b"", "digest": "d", "transport": "ses"}
    send, _ = store.sends.freeze("vote", "members", in_turn, **words, now=NOW)
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    while claims := store.deliveries.claim(send.id, 500, now=NOW):
        store.deliveries.record([_result(claim.delivery_id) for claim in claims], now=NOW)
    store.sends.set_state(send.id, SendState.FINISHED, now=NOW)
    store.close()


def _result(delivery: int) -> Result:
    if delivery % 20 == 0:
        return Result(delivery, DeliveryState.UNCERTAIN, detail="no answer")
    return Result(delivery, DeliveryState.ACCEPTED, message_id=f"id-{delivery}")


class Aws:
    """A queue, and two topics that lead into it."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._sqs = boto3.client("sqs", endpoint_url=endpoint, **CLIENT)
        self._sns = boto3.client("sns", endpoint_url=endpoint, **CLIENT)
        name = f"events-{time.time_ns()}"
        attributes = {"VisibilityTimeout": str(UNSEEN)}
        self.queue = self._sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        self._topics = [self._topic(f"{name}-{raw}", raw=raw) for raw in ("true", "false")]

    def _topic(self, name: str, *, raw: str) -> str:
        topic: str = self._sns.create_topic(Name=name)["TopicArn"]
        arn = topic.replace(":sns:", ":sqs:").rpartition("-")[0]
        attributes = {"RawMessageDelivery": raw}
        self._sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
        return topic

    def put(self, bodies: list[str]) -> None:
        """Every tenth batch through each of the topics: moto takes 8 ms to sign an envelope."""
        for number, begin in enumerate(range(0, len(bodies), 10)):
            part = list(enumerate(bodies[begin : begin + 10]))
            if number % 10 > 1:
                entries = [{"Id": str(i), "MessageBody": body} for i, body in part]
                self._sqs.send_message_batch(QueueUrl=self.queue, Entries=entries)
            else:
                entries = [{"Id": str(i), "Message": body} for i, body in part]
                topic = self._topics[number % 10]
                self._sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
            while number % 5 == 0 and self.left() > MOST:
                time.sleep(0.05)

    def left(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self._sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)
        return sum(int(number) for number in found["Attributes"].values())


@contextlib.contextmanager
def moto() -> Iterator[str]:
    """The endpoint of a moto server in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        endpoint = f"http://127.0.0.1:{port}"
        try:
            _wait_until_it_answers(endpoint)
            yield endpoint
        finally:
            process.terminate()


def _wait_until_it_answers(endpoint: str) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{endpoint}/moto-api/").close()
            return
        time.sleep(0.1)
    raise RuntimeError("moto does not start")


def run(
    root: Path, aws: Aws, *, people: int, events: int, chance: random.Random, patience: float
) -> Counter[str]:
    """One run; `patience` is how many seconds a process pulls, at most, before it is killed."""
    make_project(root, people)
    settings = f'{SETTINGS}[ses]\nregion = "us-west-2"\nqueue_url = "{aws.queue}"\n'
    (root / "mailer.toml").write_text(settings)
    make_ledger(root)
    story = make(people, events, chance)
    junk = [f"{chance.choice(JUNK)} {number}" for number in range(events // 50)]
    reports = [json.dumps(report) for report in story.reports]
    again = chance.choices(reports, k=int(len(reports) * AGAIN))
    bodies = [TOPIC_WORKS, *reports, *again, *junk]
    chance.shuffle(bodies)
    figures = Counter(events=len(reports), again=len(again), junk=len(junk))
    began = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        put = pool.submit(aws.put, bodies)
        figures["kills"] = _pull_and_kill(
            root, aws, chance, patience, until=lambda: put.done() and not aws.left()
        )
        put.result()
    figures["seconds"] = round(time.monotonic() - began)
    look(root, story, junk, people)
    return figures


def _start(root: Path, aws: Aws) -> subprocess.Popen[str]:
    keys = {"AWS_ACCESS_KEY_ID": "fake", "AWS_SECRET_ACCESS_KEY": "fake"}
    return subprocess.Popen(
        [sys.executable, "-m", "mailer", "--project", str(root), "events", "pull"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **keys, "AWS_ENDPOINT_URL_SQS": aws.endpoint},
    )


def _pull_and_kill(
    root: Path, aws: Aws, chance: random.Random, patience: float, *, until: Callable[[], bool]
) -> int:
    """How many were killed before the queue was empty."""
    kills = 0
    processes = [_start(root, aws) for _ in range(2)]
    while not until():
        victim = chance.randrange(2)
        processes[victim].stdout.readline()  # it says that it waits for events
        time.sleep(chance.uniform(0, patience))
        processes[victim].kill()
        said, _ = processes[victim].communicate()
        assert "Traceback" not in said, said
        kills += 1
        processes[victim] = _start(root, aws)
    for process in processes:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate()
        assert "Traceback" not in said, said
        assert process.returncode in {0, 1}, said
    return kills


def look(root: Path, story: Story, junk: list[str], people: int) -> None:
    """Compare the store with the story."""
    store = open_store(root)
    keys = Counter(
        key for (key,) in store.database.connection.execute("SELECT key FROM events").fetchall()
    )
    expected = {event.key for report in story.reports for event in read(json.dumps(report))}
    assert len(expected) == len(story.reports)
    lost, twice = expected - set(keys), [key for key in keys if keys[key] > 1]
    assert not lost, f"{len(lost)} events were lost"
    assert not twice
    assert set(keys) == expected
    suppressed = dict(store.suppressions.addresses(list(SuppressionReason)))
    assert suppressed == {
        **dict.fromkeys(story.bounced, SuppressionReason.BOUNCED),
        **dict.fromkeys(story.complained, SuppressionReason.COMPLAINED),
    }
    left = {
        s.email for s, m, _ in store.subscribers.members("members") if m.status == "unsubscribed"
    }
    assert left == story.complained
    counts = store.sends.counts(1)
    assert (counts.accepted, counts.uncertain, counts.balanced) == (people, 0, True)
    found = store.events.stats(1)
    bounced, complained = story.outcomes["bounced"], story.outcomes["complained"]
    assert (found.known, found.bounced, found.complained) == (people, bounced, complained)
    store.close()
    _look_at_junk(root / "lists" / "events-junk.jsonl", junk)


def _look_at_junk(file: Path, junk: list[str]) -> None:
    """Junk may come twice, as it is known by nothing; none is lost, and no line is cut."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    assert {_bare(json.loads(line)["body"]) for line in lines} == set(junk)


def _bare(body: str) -> str:
    """What a topic's envelope holds."""
    found: str = json.loads(body)["Message"] if '"Type": "Notification"' in body else body
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--people", type=int, default=6_000)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with moto() as endpoint:
        for number in range(1, options.runs + 1):
            with tempfile.TemporaryDirectory() as folder:
                figures = run(
                    Path(folder) / "project",
                    Aws(endpoint),
                    people=options.people,
                    events=options.events,
                    chance=random.Random(f"{options.seed} {number}"),
                    patience=2.0,
                )
            print(number, dict(figures), flush=True)
    print("Each event was stored exactly once, nothing was lost, and the queue is empty.")


if __name__ == "__main__":
    main()
