"""Merging to finished bytes, beside what others do with the same texts, people and machine.

The peers are spared the choice of a variant and the working out of values: they get each person's
template and values, and do what their own documentation shows from there.
"""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import peers, project
from benchmarks.figures import Table, costing
from mailer.mail import message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailer.compiler.compile import CutText, Variant
    from mailer.mail.merge import Merged
    from mailer.mail.message import Envelope

PEOPLE = 20_000
SLOW = 200
"""People for the others: a hundredth takes them as long."""


def measure(*, rounds: int, people: int) -> Table:
    with tempfile.TemporaryDirectory() as folder:
        root = project.make(Path(folder) / "project")
        merger, envelope = project.merger(root)
        known = list(project.people(min(people, PEOPLE)))
        merged = [merger.merge(one) for one in known]
        size = sum(len(one.html.encode()) for one in merged) // len(merged)
        table = Table(
            f"Merge to finished bytes: {len(merger.counts)} variants, "
            f"{len({s.text for v in merger.counts for s in v.slots})} slots, HTML of {size:,} bytes, "
            "messages a second of CPU time"
        )
        first, ours = _ours(root, known, rounds)
        table.add("mailer", "/s", ours)
        table.add("mailer, CPU of a message", "µs", [1e6 / rate for rate in ours])
        table.add("mailer, CPU of a message whose values are new", "µs", [1e6 / r for r in first])
        table.add("mailer, a plain join of the same pieces", "/s", _joins(merged, rounds), ours)
        others = {"email.message, texts ready-made": _email_message(merged[:SLOW], rounds)}
        others |= _peers(Path(folder), merged[:SLOW], envelope, rounds, table)
    for name, rates in others.items():
        table.add(name, "/s", rates)
        factor = sorted(mine / theirs for mine, theirs in zip(ours, rates, strict=False))
        table.notes.append(f"mailer is {factor[len(factor) // 2]:,.0f} times {name}.")
    return table


def _ours(root: Path, people: Sequence[Any], rounds: int) -> tuple[list[float], list[float]]:
    """Rates of a first pass, in which values are worked out, and of a second that has seen them."""
    first, later = [], []
    for _ in range(rounds):
        merger, envelope = project.merger(root)
        for person in people[:200]:  # compiling is measured elsewhere
            _encode(merger.merge(person), envelope)
        for rates in (first, later):
            with costing() as cost:
                for person in people:
                    _encode(merger.merge(person), envelope)
            rates.append(len(people) / cost.cpu)
    return first, later


def _encode(merged: Merged, envelope: Envelope) -> bytes:
    return message.encode(merged, envelope, message_id="measured.1", date=datetime.now(UTC))


def _joins(merged: Sequence[Merged], rounds: int) -> list[float]:
    """As many pieces of the same lengths, for the best that any program could do."""
    pieces = {variant: _pieces(variant) for variant in {one.variant for one in merged}}
    lists = [pieces[one.variant] for one in merged]
    rates = []
    for _ in range(rounds):
        with costing() as cost:
            for parts in lists:
                b"".join(parts)
        rates.append(len(lists) / cost.cpu)
    return rates


def _pieces(variant: Variant) -> list[bytes]:
    texts = [text.encode() for cut in (variant.text, variant.html) for text in cut.static]
    return [part for text in texts for part in (text, b"a value")]


def _email_message(merged: Sequence[Merged], rounds: int) -> list[float]:
    ready = [(one.email, one.subject, one.text, one.html) for one in merged]
    rates = []
    for _ in range(rounds):
        with costing() as cost:
            for email, subject, text, html in ready:
                mail = EmailMessage(policy=SMTP)
                mail["To"], mail["Subject"] = email, subject
                mail["From"] = "news@example.org"
                mail.set_content(text)
                mail.add_alternative(html, subtype="html")
                mail.as_bytes()
        rates.append(len(ready) / cost.cpu)
    return rates


def _peers(
    folder: Path, merged: Sequence[Merged], envelope: Envelope, rounds: int, table: Table
) -> dict[str, list[float]]:
    work = folder / "work.json"
    work.write_text(json.dumps(_work(merged, envelope, rounds)), encoding="utf-8")
    found: dict[str, list[float]] = {}
    for command, missing in (
        (peers.python("merging.py", work), "No environment for the Python peers could be made."),
        (peers.node("merging.js", work), "There is no Node here: nodemailer was not measured."),
    ):
        if command:
            said = peers.ask(command)
            found |= said["rates"]
            table.notes += said.get("notes", [])
        else:
            table.notes.append(missing)
    return found


def _work(merged: Sequence[Merged], envelope: Envelope, rounds: int) -> dict[str, Any]:
    variants = list({one.variant: None for one in merged})
    return {
        "rounds": rounds,
        "sender": envelope.sender,
        "templates": [
            {
                "subject": _template(variant.subject),
                "text": _template(variant.text),
                "html": _template(variant.html),
            }
            for variant in variants
        ],
        "people": [
            {
                "email": one.email,
                "template": variants.index(one.variant),
                "values": {f"s{i}": value for i, value in enumerate(one.values)},
                "unsubscribe": one.links.unsubscribe,
            }
            for one in merged
        ],
    }


def _template(cut: CutText) -> str:
    """As Jinja, Django and Handlebars write it alike."""
    names = [f"{{{{ s{slot} }}}}" for slot, _ in cut.places]
    return "".join(x for pair in zip(cut.static, [*names, ""], strict=True) for x in pair)
