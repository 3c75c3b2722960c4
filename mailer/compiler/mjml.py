"""MJML → the HTML that is mailed: elements checked, styles inlined, doctype first."""

from __future__ import annotations

import json
import re
from difflib import SequenceMatcher
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lxml import etree
from mjml import mjml2html

from mailer.compiler import broken_html, inliner, markup
from mailer.compiler.minify import join_comments, minify
from mailer.errors import CampaignError, Place, suggest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ELEMENTS = frozenset(
    [
        "mjml",
        "mj-head",
        "mj-body",
        "mj-attributes",
        "mj-all",
        "mj-class",
        "mj-breakpoint",
        "mj-font",
        "mj-html-attributes",
        "mj-selector",
        "mj-html-attribute",
        "mj-preview",
        "mj-style",
        "mj-title",
        "mj-raw",
        "mj-include",
        "mj-accordion",
        "mj-accordion-element",
        "mj-accordion-text",
        "mj-accordion-title",
        "mj-button",
        "mj-carousel",
        "mj-carousel-image",
        "mj-column",
        "mj-divider",
        "mj-group",
        "mj-hero",
        "mj-image",
        "mj-navbar",
        "mj-navbar-link",
        "mj-section",
        "mj-social",
        "mj-social-element",
        "mj-spacer",
        "mj-table",
        "mj-text",
        "mj-wrapper",
    ]
)
"""Of MJML 4. mjml-python drops any other element without a word, with all that is in it."""

DEEPEST = 100
"""Elements in one another. Parsers of HTML give up at 256, or fall over."""

VALUE = "\x1a"
"""Stands for what Jinja writes."""
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_DOCTYPE = "<!doctype html>"
_MJ_TAG = re.compile(r"""<mj-[a-z-]+\b(?:[^>"']|"[^"]*"|'[^']*')*>""")
_PADDING = re.compile(
    r"""(\s(?:inner-)?padding(?:-(?:top|right|bottom|left))?\s*=\s*)("[^"]*"|'[^']*')"""
)


def to_html(mjml: str, blocks: Sequence[str], files: Mapping[str, str]) -> str:
    """Compile a finished MJML document.

    Args:
        mjml: the document.
        blocks: the pieces of the campaign's body in it.
        files: path → source of the templates and the campaign it was made from, in which a mistake
            is looked for.

    Raises:
        CampaignError: an element that does not exist, is not closed or stands where it cannot, or
            MJML that does not parse.
    """
    comment = broken_html.unclosed_comment(blocks, files)
    if comment:
        raise comment
    _check(mjml, files)
    try:
        html = mjml2html(with_units(mjml), fonts={})
    except ValueError as err:
        raise broken_html.mistake(blocks, files) or CampaignError(
            f"the MJML cannot be compiled: {err}",
            place=_broken(blocks, files),
            hint='HTML in MJML must be well-formed: every tag closed, every attribute in quotes, "&" '
            "written as &amp;.",
        ) from err
    return _inline(_keep_reset(html))


def with_units(mjml: str) -> str:
    """The document with a unit at each zero of a padding.

    mrml, which mjml-python is made of, takes "0 40px" for no padding at all when it works out how
    wide a column is in Outlook.
    """
    return _MJ_TAG.sub(lambda tag: _PADDING.sub(_units, tag[0]), mjml)


def _units(attribute: re.Match[str]) -> str:
    return attribute[1] + re.sub(r"(?<![\w.])0(?![\w.%])", "0px", attribute[2])


def _keep_reset(html: str) -> str:
    """The document with MJML's first style sheet left in the head.

    It holds what single programs need, such as mso-table-lspace. On each cell it was an eighth of a
    mail, and the head is where Outlook reads it.
    """
    return html.replace("<style", '<style data-premailer="ignore"', 1)


def _broken(blocks: Sequence[str], files: Mapping[str, str]) -> Place:
    """The line of the HTML that MJML cannot read: a tag of a block that does not compile alone."""
    for block in blocks:
        try:
            mjml2html(f"<mjml><mj-body><mj-raw>{block}</mj-raw></mj-body></mjml>", fonts={})
        except ValueError:
            for tag in sorted(re.findall(r"<[^>]*>", block), key=len, reverse=True):
                place = _place(re.escape(tag), files)
                if place.line:
                    return place
    return Place("templates")


def _inline(html: str) -> str:
    """Put the styles on the elements, and the doctype first: without it browsers use quirks mode."""
    root = etree.fromstring(html, etree.HTMLParser())
    inliner.inline(root)
    minify(root)
    inlined = etree.tostring(root, method="html", encoding="unicode")
    return f"{_DOCTYPE}\n{join_comments(inlined)}"


class _Element(NamedTuple):
    tag: str
    parent: str
    """The MJML element it stands in; "" where a file begins with it."""
    line: int
    column: int

    @property
    def is_misplaced(self) -> bool:
        held = _nesting().get(self.parent)
        return held is not None and self.tag not in held and bool(_holders(self.tag))


class _Balance(HTMLParser):
    """Finds all MJML elements, and the first that does not exist or is not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[_Element] = []
        self.unknown: str | None = None
        self.unclosed: str | None = None
        self.too_deep: str | None = None
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._depth += tag not in broken_html.VOID
        if self._depth > DEEPEST and self.too_deep is None:
            self.too_deep = tag
        if tag.startswith("mj"):
            self._seen(tag)
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag.startswith("mj"):
            self._seen(tag)

    def handle_endtag(self, tag: str) -> None:
        self._depth -= 1
        if not tag.startswith("mj") or self.unclosed:
            return
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.unclosed = self.open[-1] if tag in self.open else tag

    def _seen(self, tag: str) -> None:
        self.elements.append(_Element(tag, self.open[-1] if self.open else "", *self.getpos()))
        if tag not in ELEMENTS and self.unknown is None:
            self.unknown = tag


def _check(mjml: str, files: Mapping[str, str]) -> None:
    if _is_sound(mjml):
        return
    parser = _parse(mjml)
    if parser.too_deep:
        raise CampaignError(
            f"more than {DEEPEST} HTML elements stand in one another",
            place=_place(rf"<{parser.too_deep}\b", files),
            hint="Look for a tag that is opened again and again and never closed.",
        )
    if parser.unknown:
        raise CampaignError(
            f"there is no MJML element <{parser.unknown}>",
            place=_place(rf"<{parser.unknown}\b", files),
            hint=suggest(parser.unknown, ELEMENTS),
        )
    unclosed = parser.unclosed or (parser.open[-1] if parser.open else None)
    if unclosed:
        raise CampaignError(
            f"<{unclosed}> and </{unclosed}> do not match up",
            place=_unbalanced(unclosed, files),
            hint=f"Every <{unclosed}> needs one </{unclosed}>, inside the element it opened in.",
        )
    misplaced = next((element for element in parser.elements if element.is_misplaced), None)
    if misplaced:
        holders = " or ".join(f"<{holder}>" for holder in _holders(misplaced.tag))
        raise CampaignError(
            f"<{misplaced.tag}> cannot stand in <{misplaced.parent}>",
            place=_where(misplaced, mjml, files),
            hint=f"It belongs in {holders}.",
        )


def _is_sound(mjml: str) -> bool:
    """Whether nothing is wrong at first sight; a parser says what is."""
    matches = markup.regular(mjml)
    if matches is None:
        return False
    parser = _Balance()
    for match in matches:
        tag = (match["name"] or "").lower()
        if match["end"]:
            parser.handle_endtag(tag)
        elif match["empty"]:
            parser.handle_startendtag(tag, [])
        elif tag:
            parser.handle_starttag(tag, [])
    wrong = parser.too_deep or parser.unknown or parser.unclosed or parser.open
    return not wrong and not any(element.is_misplaced for element in parser.elements)


def _parse(mjml: str) -> _Balance:
    parser = _Balance()
    parser.feed(mjml)
    parser.close()
    return parser


@cache
def _nesting() -> Mapping[str, frozenset[str]]:
    """Element → what it can hold, from MJML 4 itself.

    mjml-python makes something of the rest, too: a text without its column has no padding, and not
    the table around it that Outlook needs.
    """
    data = Path(__file__).parent.parent / "checks" / "data" / "nesting.json"
    return {e: frozenset(held) for e, held in json.loads(data.read_text(encoding="utf-8")).items()}


def _holders(tag: str) -> list[str]:
    return [element for element, held in _nesting().items() if tag in held]


def without_jinja(source: str) -> str:
    """The MJML or HTML of a template's source, with every line where it was."""
    return _JINJA.sub(
        lambda match: (VALUE if match[0].startswith("{{") else " ") + "\n" * match[0].count("\n"),
        source,
    )


def _place(pattern: str, files: Mapping[str, str]) -> Place:
    for path, source in files.items():
        match = re.search(pattern, source)
        if match:
            return Place(path, source.count("\n", 0, match.start()) + 1)
    return Place("templates")


def _where(wrong: _Element, mjml: str, files: Mapping[str, str]) -> Place:
    """The element in a file that shows what it stands in, or in one that may be put there.

    Of several, the one whose line reads most like that of the document.
    """
    rest = _rest_of_line(mjml, wrong)
    likely: list[tuple[bool, float, Place]] = []
    for path, template in files.items():
        source = without_jinja(template)
        for element in _parse(source).elements:
            if element.tag == wrong.tag and element.parent in {wrong.parent, ""}:
                alike = SequenceMatcher(None, rest, _rest_of_line(source, element)).ratio()
                likely.append((bool(element.parent), alike, Place(path, element.line)))
    best = max(likely, key=lambda candidate: candidate[:2], default=None)
    return best[2] if best else _place(rf"<{wrong.tag}\b", files)


def _rest_of_line(source: str, element: _Element) -> str:
    return source.split("\n")[element.line - 1][element.column :]


def _unbalanced(tag: str, files: Mapping[str, str]) -> Place:
    """The file in which the element's tags do not pair, as far as its source can tell."""
    opening = rf"<{tag}\b(?![^>]*/>)"
    for path, source in files.items():
        if len(re.findall(opening, source)) != source.count(f"</{tag}>"):
            return _place(rf"</?{tag}\b", {path: source})
    return _place(rf"</?{tag}\b", files)
