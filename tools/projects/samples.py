"""The sample project as the tests and the screenshots use it: its people and its mail."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mailer import config
from mailer.campaigns import snapshot
from mailer.campaigns.petition import Tally
from mailer.compiler.audience import condition
from mailer.links import Keys
from mailer.lists.importing import AcceptedRow, SubscriberFile
from mailer.lists.subscriber import COLUMNS, Subscriber
from mailer.mail.merge import Merger

if TYPE_CHECKING:
    from mailer.campaigns.snapshot import Snapshot
    from mailer.config import Project

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
SAMPLE = Path(__file__).parent / "sample"
"""The sample project as it was written. A user may edit what lies in the root of the repository."""
CAMPAIGNS = sorted(path.stem for path in (SAMPLE / "campaigns").glob("*.md"))
DIFFICULT = Path(__file__).parent / "difficult"
"""Campaigns that are hard on a mail program: languages, tables, code, pictures, personal addresses."""
CHROMIUM = Path("/usr/bin/chromium")
BROWSER = {
    "executable_path": CHROMIUM,
    "args": [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ],
}


@cache
def project() -> Project:
    return config.load(SAMPLE)


def copy_to(root: Path) -> Path:
    """A copy of the sample project to work in, with all templates as files of its own."""
    shutil.copytree(SAMPLE, root, dirs_exist_ok=True)
    shutil.copytree(TEMPLATES, root / "templates", dirs_exist_ok=True)
    return root


@cache
def members() -> tuple[Subscriber, ...]:
    """The sample list, as an import leaves it."""
    with (SAMPLE / "lists" / "members.csv").open("rb") as stream:
        file = SubscriberFile(stream, "lists/members.csv")
        accepted = [row.row for row in file.rows() if isinstance(row, AcceptedRow)]
    return tuple(
        Subscriber(
            row.row, fields=row.fields, tags=row.tags, **{key: getattr(row, key) for key in COLUMNS}
        )
        for row in accepted
    )


def member(**known: str) -> Subscriber:
    """The first sample subscriber of whom this is true."""
    return next(
        person
        for person in members()
        if all(getattr(person, key) == value for key, value in known.items())
    )


SIGNED = 41_286
"""Signatures of each petition of the sample project."""


@cache
def load(campaign: str) -> Snapshot:
    return snapshot.load(
        project(), campaign, tallies=lambda names: {name: Tally(SIGNED) for name in names}
    )


def written(text: str) -> Snapshot:
    """A campaign that is not in the sample project, with all the rest that is."""
    sample = load(CAMPAIGNS[0])
    path = "campaigns/example.md"
    return replace(sample, path=path, files={**sample.files, path: text})


def every_snapshot() -> dict[str, Snapshot]:
    """Name → the sample campaigns, those that `mailer new` begins with, and the difficult ones."""
    texts = {
        path.stem: path.read_text(encoding="utf-8")
        for folder in (TEMPLATES / "starters", DIFFICULT)
        for path in sorted(folder.glob("*.md"))
    }
    return {name: load(name) for name in CAMPAIGNS} | {
        name: written(text) for name, text in texts.items()
    }


def usual() -> Subscriber:
    """A sample subscriber with all columns filled in."""
    person = difficult("heat-alert")["usual"]
    return replace(person, fields={**person.fields, "language": "en"})


def audience(campaign: str) -> list[Subscriber]:
    snapshot = load(campaign)
    belongs = condition(snapshot.audience, snapshot, frozenset(members()[0].fields))
    return [person for person in members() if belongs(person)]


@cache
def difficult(campaign: str) -> dict[str, Subscriber]:
    """People whose details tend to break a page, each otherwise one who gets the campaign."""
    usual = next(p for p in audience(campaign) if p.first_name.isascii() and p.first_name)
    return {
        "usual": usual,
        "no name": replace(usual, first_name="", last_name=""),
        "no ZIP code": replace(usual, zip="", city="", state="", county="", timezone=""),
        "longest name": replace(
            usual,
            first_name="Wolfeschlegelsteinhausenbergerdorffwelchevoralternwaren",
            email=f"{'longest-local-part-' * 3}@{'sub.' * 12}example.org",
        ),
        "right to left": replace(usual, first_name="محمود", city="القدس"),
        "markup": replace(
            usual,
            first_name="<b>Max</b> & \"Moe\" '{{ 7 * 7 }}'",
            city="<i>Portland",
            zip="<97201>",
        ),
    }


@cache
def merger(campaign: str) -> Merger:
    return merger_of(load(campaign))


def merger_of(found: Snapshot) -> Merger:
    fields = frozenset({*members()[0].fields, "language"})
    return Merger(found, fields=fields, keys=Keys(["a key for tests only"]), send_id=1)
