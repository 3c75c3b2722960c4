"""The sample project set to send through the fake SES, with as many members as a rehearsal needs."""

from __future__ import annotations

import contextlib
import csv
import os
import subprocess
import sys
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

from mailer.lists.import_row import ImportRow
from mailer.lists.zipcodes import repair
from tools.fake_ses import RemoteSes
from tools.projects import project, samples
from tools.projects.project import NOW, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SEND = ("send", "--yes", "--accept-warnings")
"""Some of the sample's people have ZIP codes that do not exist."""
CAMPAIGN = "rent-newsletter"
"""The largest of the samples: 46 KB on the wire, five variants, eleven slots."""
KEYS = {"AWS_ACCESS_KEY_ID": "fake", "AWS_SECRET_ACCESS_KEY": "fake"}


def make_project(root: Path, people: int, **ses: str) -> Path:
    """The sample's campaigns, templates, look-ups and people, the people again and again."""
    samples.copy_to(root)
    settings = (root / "mailer.toml").read_text(encoding="utf-8")
    ses_settings = {"region": "us-east-1", "configuration_set": "mailer", **ses}
    lines = "".join(f'{name} = "{value}"\n' for name, value in ses_settings.items())
    settings = settings.replace('transport = "outbox"', 'transport = "ses"')
    (root / "mailer.toml").write_text(f"{settings}\n[ses]\n{lines}", encoding="utf-8")
    store = open_store(root)
    store.imports.import_rows("members", _members(people), source="rehearsal", now=NOW)
    store.close()
    return root


def _members(people: int) -> Iterator[ImportRow]:
    with (samples.SAMPLE / "lists" / "members.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(islice(cycle(rows), people), 1):
        yield ImportRow(
            row=number,
            email=f"person{number}@example.com",
            first_name=row["First Name"],
            zip=repair(row["ZIP"]),
            state=("OR", "WA", "CA", "TX")[number % 4],
        )


@contextlib.contextmanager
def fake_ses(*options: str) -> Iterator[RemoteSes]:
    """The fake server in a process of its own, so that it has a core of its own."""
    command = [sys.executable, "-m", "tools.fake_ses", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=samples.ROOT) as process:
        assert process.stdout is not None
        try:
            yield RemoteSes(process.stdout.readline().strip().partition("=")[2])
        finally:
            process.terminate()


def start(root: Path, ses: RemoteSes, *arguments: str, **more: Any) -> subprocess.Popen[str]:
    """`mailer` as a process of its own, with the fake for Amazon."""
    environment = {k: v for k, v in os.environ.items() if k != "MAILER_SECRET_KEYS"}
    return subprocess.Popen(
        [sys.executable, "-m", project.PROGRAM, "--project", str(root), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        env={**environment, **KEYS, "AWS_ENDPOINT_URL_SESV2": ses.endpoint},
        **more,
    )
