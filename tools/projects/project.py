"""A small project on disk, with people in its store, for tests that go through the command line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mailer import address_keys
from mailer.links import load_keys
from mailer.lists.import_row import ImportRow
from mailer.store import Store, connect

if TYPE_CHECKING:
    from collections.abc import Iterable

TEMPLATES = Path(__file__).parents[2] / "templates"
"""Those that come with mailer: the checks find nothing in them, and what they find stops a send."""
NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)

SETTINGS = """
[brand]
name = "Juniper Street Action"
website = "https://www.example.org"
address = "PO Box 118, Portland, OR 97207"
legal = "A fictional organization."
[sender]
name = "Juniper Street Action"
email = "news@example.org"
[site]
base_url = "https://mail.example.org"
"""

VOTE = """---
subject: "{{ recipient.first_name | default('Friend') }}, the vote is Tuesday"
preheader: Two calls, five minutes.
list: members
---
Dear {{ recipient.first_name | default("neighbor") }},

{% if recipient.state == "OR" %}
Oregon votes first.[^vote]

[^vote]: Calendar, <https://example.org/calendar>
{% else %}
Your turn comes.
{% endif %}
"""


def make_project(root: Path, people: int) -> Path:
    """mailer.toml, one campaign "vote", and so many members, every third of them in Oregon."""
    (root / "campaigns").mkdir(parents=True)
    shutil.copytree(TEMPLATES, root / "templates")
    (root / "mailer.toml").write_text(SETTINGS)
    (root / "campaigns" / "vote.md").write_text(VOTE)
    store = open_store(root)
    enrol(store, range(people))
    store.close()
    return root


def copy_project(source: Path, root: Path) -> Path:
    """A copy that sends on its own, as after `mailer restore`."""
    shutil.copytree(source, root)
    store = open_store(root)
    store.freshness.accept([], now=NOW)
    store.close()
    return root


def open_store(root: Path) -> Store:
    load_keys(None, root / "lists" / "secret.key")
    keys = address_keys.load(root / "lists" / "addresses.key")
    return connect(root / "lists" / "mailer.db", address_keys.address_hashes(keys))


def address(number: int) -> str:
    return f"person{number}@example.org"


def name(number: int) -> str:
    """A first name, which has no digit: a check would warn of one."""
    return f"Person{str(number).translate(str.maketrans('0123456789', 'abcdefghij'))}"


def enrol(store: Store, numbers: Iterable[int]) -> None:
    rows = (
        ImportRow(
            row=row,
            email=address(number),
            first_name=name(number),
            state="WA" if number % 3 else "OR",
        )
        for row, number in enumerate(numbers, 1)
    )
    store.imports.import_rows("members", rows, source="test", now=NOW)


def files(root: Path, campaign: str = "vote") -> list[str]:
    """The addresses that have a file in the outbox, one entry for each file."""
    paths = (root / "outbox" / campaign).glob("*.eml")
    return sorted(file.name.partition("-")[2].removesuffix(".eml") for file in paths)


PROGRAM = "mailer"


def start(root: Path, *arguments: str) -> subprocess.Popen[str]:
    """`mailer` as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", PROGRAM, "--project", str(root), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        env={key: value for key, value in os.environ.items() if key != "MAILER_SECRET_KEYS"},
    )
