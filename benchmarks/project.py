"""The sample project with a campaign for measuring, and as many people as wanted.

The campaign has 12 slots, 16 variants, and HTML of 40 KB: what a newsletter has.
"""

from __future__ import annotations

import csv
import random
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mailer import config
from mailer.campaigns import snapshot
from mailer.links import Keys
from mailer.lists.subscriber import Subscriber
from mailer.mail.merge import Merger
from mailer.mail.message import Envelope
from tools.projects import samples
from tools.projects.project import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailer.store import Store

CAMPAIGN = "measured"
MAILER = (sys.executable, "-m", "mailer", "--project")
KEYS = Keys(["a key that only benchmarks use"])
FIELDS = frozenset({"chapter"})
HEADINGS = ("Email", "First Name", "Last Name", "ZIP", "State", "Chapter", "Tags")


def make(root: Path, **settings: str) -> Path:
    """The sample's templates, look-ups and settings, and the campaign.

    Args:
        root: the folder; made.
        settings: of [ses].
    """
    samples.copy_to(root)
    lines = "".join(f'{name} = "{value}"\n' for name, value in settings.items())
    text = (root / "mailer.toml").read_text(encoding="utf-8")
    if settings:
        text = text.replace('transport = "outbox"', 'transport = "ses"') + f"\n[ses]\n{lines}"
    (root / "mailer.toml").write_text(text, encoding="utf-8")
    shutil.copy(Path(__file__).parent / "campaign.md", root / "campaigns" / f"{CAMPAIGN}.md")
    return root


_SYLLABLES = ("al", "ber", "den", "el", "fair", "gren", "hart", "ing", "jun", "kel", "lin", "mar")


_SCATTER = 618_033_989
"""Has no factor in common with 10, so that no number comes twice."""


def merger(root: Path) -> tuple[Merger, Envelope]:
    words = snapshot.load(config.load(root), CAMPAIGN)
    made = Merger(words, fields=FIELDS, keys=KEYS, send_id=1)
    return made, Envelope.of(words.content, list_name="members")


def people(number: int) -> Iterator[Subscriber]:
    """The same ones each time: thousands of names, every ZIP code, a third with a chapter."""
    import zipcodes  # 100 MB: only where people are made

    chance = random.Random(7)
    with (samples.SAMPLE / "lists" / "members.csv").open(encoding="utf-8") as file:
        names = [row["First Name"] for row in csv.DictReader(file)]
    codes = [each["zip_code"] for each in zipcodes.list_all()]
    for i in range(1, number + 1):
        first = chance.choice(names)
        if first and chance.random() < 0.5:
            first += f"-{chance.choice(names)}"
        last = "".join(chance.choices(_SYLLABLES, k=3))
        yield Subscriber(
            i,
            # in no order, as in any file
            f"{last}{i * _SCATTER % 10**9}@example.com",
            first_name=first,
            last_name=last.title(),
            zip=chance.choice(codes) if chance.random() < 0.8 else "",
            city=chance.choice(("Portland", "Salem", "Fairhaven", "Springfield", "")),
            state=chance.choice(("OR", "WA", "CA", "TX")),
            fields={"chapter": f"Chapter {i % 40}"} if i % 3 == 0 else {},
            tags=("volunteer",) if i % 5 == 0 else (),
        )


def write_list(path: Path, number: int) -> None:
    """A CSV as an organization would have it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(HEADINGS)
        rows.writerows(
            (p.email, p.first_name, p.last_name, p.zip, p.state, p.fields.get("chapter", ""), "; ".join(p.tags))
            for p in people(number)
        )  # fmt: skip


def fill(root: Path, number: int) -> Store:
    """A store with so many members: written as rows, for importing is measured elsewhere."""
    store = open_store(root)
    # addresses come in no order, and five million take 300 MB of an index
    store.database.connection.execute("PRAGMA cache_size = -1000000")
    with store.database.writing():
        store.database.connection.execute("INSERT INTO lists (name) VALUES ('members')")
        store.database.connection.execute("INSERT INTO field_names VALUES ('chapter')")
        store.database.connection.executemany(_ADD, _rows(number))
        store.database.connection.execute(_JOIN)
    return store


def _rows(number: int) -> Iterator[tuple[object, ...]]:
    for p in people(number):
        fields = f'{{"chapter":"{p.fields["chapter"]}"}}' if p.fields else "{}"
        tags = '["volunteer"]' if p.tags else "[]"
        yield p.id, p.email, p.first_name, p.last_name, p.zip, p.city, p.state, fields, tags


_ADD = """
INSERT INTO subscribers
    (id, email, first_name, last_name, zip, city, state, fields, tags, created)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '2026-01-01T00:00:00+00:00')"""
_JOIN = """
INSERT INTO memberships (list_id, subscriber_id, status, since, how)
SELECT 1, id, 'subscribed', '2026-01-01T00:00:00+00:00', 'import' FROM subscribers ORDER BY id"""
