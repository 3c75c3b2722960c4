"""Campaigns for the tests of the checks, compiled as a send compiles them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailer.checks.rendered_mail import RenderedMail
from mailer.checks.rules import compliance, footnotes, links, text_part, unfinished, wording
from mailer.config import Content
from mailer.mail.merge import Merger
from tests.support.campaigns import ANA, KEYS, make_sources
from tools.projects import samples

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mailer.campaigns.snapshot import Snapshot
    from mailer.checks.finding import Finding
    from mailer.lists.subscriber import Subscriber

TODAY = date(2026, 5, 4)
OF_THE_SOURCE = (wording.front, unfinished.unfinished, footnotes.footnotes, compliance.sender)
OF_A_MAIL = (
    wording.subject,
    wording.dear_friend,
    unfinished.unfinished_mail,
    links.links,
    compliance.unsubscribe_link,
    compliance.one_click,
    compliance.postal_address,
    text_part.text_of_both_parts,
    text_part.links_of_both_parts,
)


def proof_of(sources: Snapshot, who: Subscriber = ANA) -> RenderedMail:
    merger = Merger(sources, fields=frozenset(who.fields), keys=KEYS, send_id=7)
    return RenderedMail(sources, merger.merge(who))


def find(sources: Snapshot, who: Subscriber = ANA) -> list[Finding]:
    """What the rules about words, links and the law find."""
    proof = proof_of(sources, who)
    found = [finding for rule in OF_THE_SOURCE for finding in rule(sources, TODAY)]
    return found + [finding for rule in OF_A_MAIL for finding in rule(proof)]


def unexplained(findings: Iterable[Finding]) -> list[Finding]:
    """Findings that do not say what is wrong and what to do about it."""
    return [finding for finding in findings if not (finding.message and finding.hint)]


def codes(sources: Snapshot, who: Subscriber = ANA) -> set[str]:
    return {finding.code for finding in find(sources, who)}


def one(sources: Snapshot, code: str, who: Subscriber = ANA) -> Finding:
    """The only finding of a code."""
    (found,) = [finding for finding in find(sources, who) if finding.code == code]
    return found


def written(body: str, **options: Any) -> Snapshot:
    """A campaign in the small layout of the compiler's tests."""
    return make_sources(body, **options)


def settled(sources: Snapshot, **sections: dict[str, Any]) -> Snapshot:
    """The same campaign with other values in mailer.toml, by section."""
    content = sources.content.model_dump()
    for section, values in sections.items():
        content[section] |= values
    return replace(sources, content=Content.model_validate(content))


def changed(sources: Snapshot, path: str, old: str, new: str) -> Snapshot:
    """The same campaign with other words in a file."""
    assert old in sources.files[path]
    return replace(sources, files={**sources.files, path: sources.files[path].replace(old, new)})


CASES = Path(__file__).parents[1] / "checks" / "cases"
"""Campaigns with one slip each, as they came from people's bug reports."""


def case(name: str) -> Snapshot:
    """A campaign of that folder, in the sample project."""
    return samples.written((CASES / f"{name}.md").read_text(encoding="utf-8"))


def sample(name: str = "rent-newsletter") -> Snapshot:
    """A campaign of the sample project: its layouts have all that a mail owes its reader."""
    return samples.load(name)
