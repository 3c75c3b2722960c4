"""What sending through Amazon SES costs besides boto3: `mailer send` beside a bare loop of its calls.

Both send the largest sample campaign to the same people through the same fake SES, by turns, in one run.
The bare loop gets its messages ready-made, keeps no record, and takes the number of threads that a first trial
finds best.
Messages a second are counted by the fake, from the first to the last.
"""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from benchmarks.figures import Table
from mailer import config
from mailer.campaigns import snapshot
from mailer.links import load_keys
from mailer.mail import message
from mailer.mail.merge import Merger
from mailer.mail.message import Envelope
from mailer.transports.ses import bulk
from tools.projects.project import open_store
from tools.projects.ses_project import CAMPAIGN, SEND, fake_ses, make_project, start

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.mail.merge import Merged
    from tools.fake_ses import RemoteSes

PEOPLE = {"raw": 2_000, "bulk": 20_000}
THREADS = (4, 16, 64)
LATENCIES = (0.0, 0.05)
Call = tuple[str, dict[str, Any]]


def ready_made(root: Path, method: str) -> list[Call]:
    """The calls that `mailer send` makes, with nothing left to do."""
    project = config.load(root)
    words = snapshot.load(project, CAMPAIGN)
    envelope = Envelope.of(words.content, list_name="members")
    store = open_store(root)
    keys = load_keys(None, project.secret_key_file)
    merger = Merger(words, fields=store.subscribers.field_names(), keys=keys, send_id=1)
    merged = [merger.merge(subscriber) for subscriber in store.subscribers.audience("members")]
    store.close()
    if method == "raw":
        return [_raw(number, one, envelope) for number, one in enumerate(merged)]
    merged.sort(key=lambda one: one.variant.number)
    return [
        _bulk(start, chunk, envelope)
        for start in range(0, len(merged), bulk.MOST)
        if (chunk := merged[start : start + bulk.MOST]) and len({one.variant for one in chunk}) == 1
    ]


def _tags(number: int) -> list[dict[str, str]]:
    tags = {"campaign": CAMPAIGN, "delivery": str(number), "ses:feedback-id-a": CAMPAIGN,
            "ses:feedback-id-b": "members"}  # fmt: skip
    return [{"Name": name, "Value": value} for name, value in tags.items()]


def _raw(number: int, merged: Merged, envelope: Envelope) -> Call:
    now = datetime.now(UTC)
    data = message.encode(merged, envelope, message_id=f"{CAMPAIGN}.{number}", date=now)
    return "send_email", {
        "Destination": {"ToAddresses": [merged.email]},
        "Content": {"Raw": {"Data": data}},
        "EmailTags": _tags(number),
        "ConfigurationSetName": "mailer",
    }


def _bulk(first: int, chunk: list[Merged], envelope: Envelope) -> Call:
    tags = [_tags(first + number) for number in range(len(chunk))]
    request = bulk.request(chunk, envelope, tags)
    return "send_bulk_email", {**request, "ConfigurationSetName": "mailer"}


def bare_loop(ses: RemoteSes, calls: list[Call], threads: int) -> None:
    """What boto3 alone takes."""
    options = Config(
        retries={"mode": "standard", "total_max_attempts": 1},
        connect_timeout=5,
        read_timeout=60,
        max_pool_connections=threads,
    )
    session = boto3.Session("fake", "fake", region_name="us-east-1")
    client = session.client("sesv2", endpoint_url=ses.endpoint, config=options)
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(lambda call: getattr(client, call[0])(**call[1]), calls):
            pass


def mailer_send(ses: RemoteSes, root: Path, number: int) -> None:
    campaign = f"bench-{number}"
    words = (root / "campaigns" / f"{CAMPAIGN}.md").read_bytes()
    (root / "campaigns" / f"{campaign}.md").write_bytes(words)
    process = start(root, ses, *SEND, campaign)
    said, _ = process.communicate()
    assert process.returncode == 0, said


def speed(ses: RemoteSes, work: Callable[[], None]) -> float:
    """Messages a second, by the fake's clock."""
    before = len(ses.requests())
    work()
    calls = [call for call in ses.requests(before) if call["recipients"]]
    times = [call["at"] for call in calls]
    return float(sum(call["recipients"] for call in calls[1:]) / (max(times) - min(times)))


def measure(*, rounds: int, people: int) -> Table:
    table = Table("Sending through the fake Amazon SES: messages a second")
    for method, most in PEOPLE.items():
        for latency in LATENCIES:
            _compare(table, method, min(most, people), latency, rounds)
    return table


def _compare(table: Table, method: str, people: int, latency: float, rounds: int) -> None:
    options = ("--rate", "1e6", "--quota", "-1", "--latency", str(latency))
    # an account of its own: mailer send asks whether mail that is not in its ledger was sent by others
    with (
        tempfile.TemporaryDirectory() as folder,
        fake_ses(*options) as ses,
        fake_ses(*options) as of_boto3,
    ):
        root = make_project(Path(folder) / "project", people, method=method)
        calls = ready_made(root, method)
        some = calls[: len(calls) // 3]
        best = max(THREADS, key=lambda n: speed(of_boto3, lambda: bare_loop(of_boto3, some, n)))
        bare, ours = [], []
        for number in range(rounds):
            bare.append(speed(of_boto3, lambda: bare_loop(of_boto3, calls, best)))
            ours.append(speed(ses, lambda number=number: mailer_send(ses, root, number)))
    what = f"{method}, answers after {1000 * latency:.0f} ms"
    table.add(f"{what}: boto3 alone", "/s", bare)
    table.add(f"{what}: mailer send", "/s", ours, bare)
