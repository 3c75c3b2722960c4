"""Compiling one variant of a campaign: cold, warm, and beside the reference MJML and premailer."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mjml import mjml2html

from benchmarks import peers, project
from benchmarks.figures import Table, costing
from mailer import config
from mailer.campaigns import snapshot
from mailer.compiler import mjml
from mailer.compiler.environment import template_cache
from mailer.compiler.recorder import Recorder
from mailer.compiler.render import Renderer
from mailer.compiler.slots import AnswerCache, Recipient
from mailer.links import Links
from mailer.mail.merge import Merger

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.campaigns.snapshot import Snapshot


def measure(*, rounds: int, people: int) -> Table:
    del people
    with tempfile.TemporaryDirectory() as folder:
        root = project.make(Path(folder) / "project")
        words = snapshot.load(config.load(root), project.CAMPAIGN)
        known = list(project.people(200))
        table = Table("Compile a variant: milliseconds of CPU time")

        def one() -> None:
            _merger(words).merge(known[0])

        def sixteen() -> None:
            merger = _merger(words)
            for person in known:
                merger.merge(person)

        one()  # what is loaded on first use is `start`'s to measure
        table.add("mailer, cold", "ms", _times(rounds, one, template_cache.clear))
        table.add("mailer, templates known", "ms", _times(rounds, one))
        cold = _times(rounds, sixteen, template_cache.clear)
        table.add("mailer, each of 16 variants", "ms", [took / 16 for took in cold])
        warm = _times(rounds, sixteen)
        table.add("mailer, each of 16, templates known", "ms", [took / 16 for took in warm])
        rendered = _rendered(words)
        step = _times(rounds, lambda: mjml.to_html(rendered.mjml, rendered.blocks, words.files))
        table.add("mailer, of that MJML to inlined HTML", "ms", step)
        _beside(Path(folder), rendered.mjml, rounds, table)
    return table


def _times(
    rounds: int, work: Callable[[], object], prepare: Callable[[], object] = lambda: None
) -> list[float]:
    times = []
    for _ in range(rounds):
        prepare()
        with costing() as cost:
            work()
        times.append(1000 * cost.cpu)
    return times


def _merger(words: Snapshot) -> Merger:
    return Merger(words, fields=project.FIELDS, keys=project.KEYS, send_id=1)


def _rendered(words: Snapshot):
    person = next(project.people(1))
    links = Links(words.content.site.base_url, project.KEYS, words.campaign, 1, person.id)
    recorder = Recorder(Recipient(person, words.tables, links), AnswerCache())
    return Renderer(words, project.FIELDS).run(recorder)


def _beside(folder: Path, source: str, rounds: int, table: Table) -> None:
    """The same MJML for the reference compiler and juice, its HTML for premailer alone."""
    work = folder / "work.json"
    given = {"rounds": rounds, "mjml": source, "html": mjml2html(source, fonts={})}
    work.write_text(json.dumps(given), encoding="utf-8")
    for command, missing in (
        (peers.python("inlining.py", work), "premailer could not be installed."),
        (peers.node("compiling.js", work), "There is no Node here: MJML was not measured."),
    ):
        if not command:
            table.notes.append(missing)
            continue
        for name, took in peers.ask(command)["times"].items():
            table.add(name, "ms", took)
