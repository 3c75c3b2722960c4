"""Mail to look at: compiled with the sample project's templates, or HTML that MJML would not write."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from mailer.checks.rendered_mail import RenderedMail
from tools.projects import samples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mailer.checks.finding import Finding

    Rule = Callable[[RenderedMail], Iterable[Finding]]

HEAD = (
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>News</title>'
)


def mail(body: str, changes: tuple[tuple[str, str, str], ...] = ()) -> RenderedMail:
    """A campaign in the sample project, with (template, old words, new words) exchanged."""
    words = samples.written(f"---\nsubject: News\n---\n\n{body}\n")
    for path, old, new in changes:
        assert old in words.files[path]
        words.files[path] = words.files[path].replace(old, new)  # type: ignore[index] # a copy, just made
    return RenderedMail(words, samples.merger_of(words).merge(samples.members()[0]))


def page(body: str, head: str = HEAD, root: str = 'lang="en"') -> RenderedMail:
    """HTML as it is."""
    usual = _usual()
    proof = RenderedMail(usual.snapshot, usual.merged)
    vars(proof)["html"] = (
        f"<!doctype html><html {root}><head>{head}</head><body>{body}</body></html>"
    )
    return proof


@cache
def _usual() -> RenderedMail:
    return mail("Hello.")


def codes(rule: Rule, proof: RenderedMail) -> set[str]:
    found = list(rule(proof))
    shown = " ".join(proof.tree.text_content().split())
    for finding in found:
        assert finding.spot
        assert finding.spot in proof.html or finding.spot in shown
    return {finding.code for finding in found}
