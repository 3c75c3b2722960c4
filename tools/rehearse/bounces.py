"""A send of many with too many bounces, which arrive through the queue while it goes on.

    python -m tools.rehearse.bounces [--people 10000] [--percent 8] [--rate 50]

The fake SES takes the mail, what it reports goes into moto's queue, and one process pulls it from there
while another sends. It says after how many the send paused itself.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tools.chaos.events import CLIENT, Aws, moto
from tools.projects.project import open_store
from tools.projects.ses_project import CAMPAIGN, SEND, fake_ses, make_project, start

if TYPE_CHECKING:
    import subprocess

    from tools.fake_ses import RemoteSes


def feed(ses: RemoteSes, aws: Aws, after: int) -> int:
    """Report what has become of the mail since number `after`; returns the next number."""
    events = ses.events(after)
    reported = [event for event in events if event["eventType"] != "Send"]
    aws.put([json.dumps(event) for event in reported])
    return after + sum(event["eventType"] == "Send" for event in events)


def rehearse(root: Path, ses: RemoteSes, aws: Aws, rate: float) -> subprocess.Popen[str]:
    """The sender, when it has ended."""
    os.environ["AWS_ENDPOINT_URL_SQS"] = aws.endpoint
    pulling = start(root, ses, "events", "pull")
    sending = start(root, ses, *SEND, CAMPAIGN, "--rate", str(rate))
    after = 0
    while sending.poll() is None:
        after = feed(ses, aws, after)
        time.sleep(0.5)
    while aws.left():
        time.sleep(0.1)
    pulling.send_signal(signal.SIGINT)
    print(pulling.communicate()[0])
    return sending


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--percent", type=float, default=8)
    parser.add_argument("--rate", type=float, default=50)
    options = parser.parse_args()
    number = round(options.people * options.percent / 100)
    bouncing = random.Random(1).sample(range(1, options.people + 1), number)
    with (
        tempfile.TemporaryDirectory() as folder,
        moto() as endpoint,
        fake_ses("--rate", "1000", "--quota", "-1") as ses,
    ):
        aws = Aws(endpoint)
        ses.change(outcomes={f"person{each}@example.com": "bounce" for each in bouncing})
        where = {"region": CLIENT["region_name"], "queue_url": aws.queue}
        root = make_project(Path(folder) / "project", options.people, **where)
        sending = rehearse(root, ses, aws, options.rate)
        print(sending.communicate()[0])
        store = open_store(root)
        (send,) = store.sends.all(CAMPAIGN)
        counts, known = store.sends.counts(send.id), store.events.stats(send.id)
        store.close()
    print(f"exit {sending.returncode}; {send.state}: {send.note}")
    print(f"It had sent {counts.accepted:,} of {counts.audience:,}. In the end: {known}")


if __name__ == "__main__":
    main()
