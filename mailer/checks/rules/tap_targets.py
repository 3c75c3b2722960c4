"""Links that a finger cannot hit: buttons too low, links too close to each other (WCAG 2.2, 2.5.8).

A link within a sentence is no matter: where it stands, and how high its line is, the text decides.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from lxml import etree

from mailer.checks.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mailer.checks.rendered_mail import RenderedMail
    from mailer.checks.style.computed import ComputedStyle

TARGET_SMALL = "target-small"
TARGETS_CLOSE = "targets-close"

_BUTTON = 44
"""CSS pixels, about the width of a thumb's tip (WCAG 2.2, 2.5.5)."""
_APART = 24
"""CSS pixels between the middles of two links."""
_LETTER = 0.5
"""The width of a letter, as a share of the text's size."""
_GAP = 0.3
"""The width of a blank or a mark, as a share of the text's size."""
_CONTENT = 1.15
"""The height of what is drawn of a line, as a share of the text's size."""
_BLOCKS = {
    "address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt", "figure",
    "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre",
    "section", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
}  # fmt: skip


class _Target(NamedTuple):
    link: Any
    label: str
    look: ComputedStyle
    block: Any
    """The paragraph, cell or other box whose line it stands in."""
    before: str
    """What stands between the link before and this one; a new line for each <br>."""

    @property
    def boxed(self) -> bool:
        """Its padding makes its line higher."""
        return self.look.own.get("display") in {"block", "inline-block"}

    @property
    def height(self) -> float:
        line = self.look.line if self.boxed else _CONTENT * self.look.size
        padding = self.look.length("padding-top") + self.look.length("padding-bottom")
        return max(line + padding, self.look.length("height"))

    @property
    def width(self) -> float:
        padding = self.look.length("padding-left") + self.look.length("padding-right")
        return len(self.label) * _LETTER * self.look.size + padding


def small_targets(mail: RenderedMail) -> Iterator[Finding]:
    for target in _targets(mail):
        if _is_button(target, mail.light) and target.height < _BUTTON:
            yield Finding(
                TARGET_SMALL,
                Severity.WARNING,
                f"the button “{target.label}” is {target.height:.0f} pixels high, and a thumb needs {_BUTTON}",
                "Give it a larger inner-padding in MJML, or a larger padding in CSS.",
                mail.place_of_text(target.label),
                target.label,
            )


def close_targets(mail: RenderedMail) -> Iterator[Finding]:
    last: _Target | None = None
    sentences: dict[Any, bool] = {}
    for target in _targets(mail):
        if target.block not in sentences:
            sentences[target.block] = _is_sentence(target.block)
        alone = not sentences[target.block]
        if alone and last and _distance(last, target, mail.light) < _APART:
            yield Finding(
                TARGETS_CLOSE,
                Severity.WARNING,
                f"the links “{last.label}” and “{target.label}” are less than {_APART} pixels apart",
                "Put more room between them, with padding or a larger line-height.",
                mail.place_of_text(target.label),
                target.label,
            )
        last = target if alone else None


def _targets(mail: RenderedMail) -> Iterator[_Target]:
    """The links with words that show, in the order of the text."""
    looks, between, inside = mail.light, [""], None
    for event, node in etree.iterwalk(mail.tree, events=("start", "end", "comment", "pi")):
        if event == "start":
            if node.tag == "a" and node.get("href") and looks[node].shown and inside is None:
                text = " ".join("".join(node.itertext(with_tail=False)).split())
                inside = node
                if text:
                    yield _Target(node, text, looks[node], _block(node), "".join(between))
                    between.clear()
            elif inside is None and looks[node].shown:
                between.append("\n" if node.tag == "br" else node.text or "")
            continue
        inside = None if node is inside else inside
        above = node.getparent()
        if inside is None and above is not None and looks[above].shown:
            between.append((node.tail or "").replace("\n", " "))


def _block(link: Any) -> Any:
    return next((e for e in link.iterancestors() if e.tag in _BLOCKS), link.getroottree().getroot())


def _is_sentence(block: Any) -> bool:
    """Whether words stand beside its links."""
    linked = {part for link in block.iter("a") for part in link.iter("*")}
    return any(
        sign.isalnum()
        for element in block.iter("*")
        if element not in linked
        for text in (element.text, *(child.tail for child in element))
        for sign in text or ""
    )


def _is_button(target: _Target, looks: Mapping[Any, ComputedStyle]) -> bool:
    """It has a color or a frame of its own, or fills a cell that has."""
    if not target.boxed and _is_sentence(target.block):
        return False  # words that are marked, not a button
    cell = target.link.getparent()
    fills = cell.tag == "td" and len(cell) == 1
    return _stands_out(target.link, looks) or (fills and _stands_out(cell, looks))


def _stands_out(element: Any, looks: Mapping[Any, ComputedStyle]) -> bool:
    look, around = looks[element], looks.get(element.getparent())
    framed = not look.own.get("border", "none").startswith(("none", "0"))
    return framed or (around is not None and look.ground != around.ground)


def _distance(target: _Target, other: _Target, looks: Mapping[Any, ComputedStyle]) -> float:
    """CSS pixels between the middles of a link and the next; infinite where nothing can be said."""
    if target.block is other.block:
        if "\n" in other.before:
            return max(target.look.line, other.look.line)
        return (target.width + other.width) / 2 + len(other.before) * _GAP * other.look.size
    if other.before.strip(" \n\t\r"):
        return math.inf
    around = set(other.block.iterancestors())
    common = next((e for e in target.block.iterancestors() if e in around), None)
    if common is None or common.tag == "tr":
        return math.inf
    below = _edge(target.block, common, looks, "bottom")
    above = _edge(other.block, common, looks, "top")
    boxes = [t.height if t.boxed else t.look.line for t in (target, other)]
    return sum(boxes) / 2 + below.padding + above.padding + max(below.margin, above.margin)


class _Edge(NamedTuple):
    padding: float
    margin: float


def _edge(block: Any, common: Any, looks: Mapping[Any, ComputedStyle], side: str) -> _Edge:
    """The room at one side of a block, and of all it stands in up to what holds both."""
    chain = [block, *itertools.takewhile(lambda e: e is not common, block.iterancestors())]
    return _Edge(
        sum(looks[e].length(f"padding-{side}") for e in chain),
        max(looks[e].length(f"margin-{side}") for e in chain),
    )
