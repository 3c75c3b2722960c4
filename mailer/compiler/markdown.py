"""Markdown with footnotes and components → MJML blocks, and → plain text.

Both renderings read one parse. A component's output travels through Markdown as a token on a line of
its own; a footnote reference travels as a token until the whole document stands and can be numbered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache, lru_cache
from html import escape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_core.text_join import text_join
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin

from mailer.compiler.broken_html import VOID
from mailer.compiler.language import direction_of
from mailer.compiler.places import NOWHERE
from mailer.compiler.plain_text import from_markdown
from mailer.compiler.plain_text.wrapping import WIDTH
from mailer.errors import CampaignError
from mailer.images.picture import REFERENCE, SHOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

COMPONENT = re.compile(r"zqb(\d{4})qz")
_REFERENCE = re.compile(r"zqf(\d{4})qz")
_SECTION = re.compile(r"<mj-(section|wrapper|hero)\b")
_SCROLLS = (
    '<table role="presentation" cellpadding="0" cellspacing="0" width="100%" class="fixed"><tr><td>'
    '<div class="scroll" tabindex="0">'
)
"""Around a table that may be wider than the screen: only in a table of fixed columns does it scroll."""


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of the body, in the order of the text."""

    kind: str
    """"text": HTML for an mj-text; "component": MJML."""
    source: str

    @property
    def level(self) -> str:
        """Where it may stand in MJML: "column", or "section" if it brings its own section."""
        return "section" if _SECTION.match(self.source.lstrip()) else "column"


@dataclass(frozen=True, slots=True)
class Source:
    """A footnote's note, numbered."""

    number: int
    label: str
    html: str
    text: str
    backrefs: tuple[str, ...]
    """Anchors of the places that refer to it."""


@dataclass(slots=True)
class Numbering:
    """Footnotes of one variant, numbered in the order of their first use."""

    labels: Sequence[str]
    write: Callable[[int, str], str]
    """Writes the HTML of a reference, from its number and the name of its anchor."""
    anchors: dict[str, list[str]] = field(default_factory=dict)

    def html(self, source: str) -> str:
        """Replace the references in a piece of the document; pieces come in reading order."""
        return _REFERENCE.sub(lambda match: self._reference(self.labels[int(match[1])]), source)

    def number(self, label: str) -> int:
        return list(self.anchors).index(label) + 1

    def _reference(self, label: str) -> str:
        anchors = self.anchors.setdefault(label, [])
        number = self.number(label)
        anchor = f"ref-{number}" if not anchors else f"ref-{number}-{len(anchors) + 1}"
        anchors.append(anchor)
        return self.write(number, anchor)


def reference(number: int, anchor: str) -> str:
    """A footnote's number in the text, and an empty anchor to lead back to."""
    return (
        # Gmail and Outlook drop `id`, and the name of a link that leads somewhere
        f'<a name="{anchor}" id="{anchor}"></a>'
        f'<sup class="ref"><a href="#source-{number}">{number}</a></sup>'
    )


MARKS = 1_000
"""Marks of emphasis in one paragraph, and levels of brackets: the parser takes the square of them."""
BRACKETS = 50


def _refuse_tangled(text: str) -> None:
    """Refuse a paragraph that Markdown would take minutes to read."""
    for paragraph in re.split(r"\n[ \t]*\n|\n(?=\|)", text):
        depth = deepest = 0
        for bracket in re.findall(r"[\[\]]", paragraph):
            depth = depth + 1 if bracket == "[" else max(0, depth - 1)
            deepest = max(deepest, depth)
        if deepest > BRACKETS or len(re.findall(r"[*_~]", paragraph)) > MARKS:
            raise CampaignError(
                f'the paragraph "{paragraph.strip()[:30]}…" holds too many brackets or marks',
                place=NOWHERE,
                hint="Look for [, * or _ that stand there by mistake.",
            )


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    # Authors indent what stands inside {% if %}; that is not code.
    parser.disable("code")
    parser.core.ruler.at("inline", _inline)
    parser.core.ruler.push("well_formed", _well_formed)
    parser.core.ruler.push("bounded", _bounded)
    parser.use(footnote_plugin, inline=False, move_to_end=False, always_match_refs=True)
    parser.use(deflist_plugin)
    parser.add_render_rule("footnote_ref", _footnote_token)
    parser.add_render_rule("table_open", _table)
    parser.add_render_rule("table_close", lambda *_: "</table></div></td></tr></table>\n")
    parser.add_render_rule("th_open", _cell)
    parser.add_render_rule("td_open", _cell)
    return parser


def _inline(state: StateCore) -> None:
    """Parse what stands in the blocks: once for all variants where it depends on its own text alone."""
    for token in state.tokens:
        if token.type != "inline":
            continue
        if "references" in state.env or "[^" in token.content:
            token.children = []
            state.md.inline.parse(token.content, state.md, state.env, token.children)
        else:
            token.children = list(_children(token.content))


@lru_cache(maxsize=4096)
def _children(content: str) -> tuple[Token, ...]:
    parser = _parser()
    children: list[Token] = []
    parser.inline.parse(content, parser, {}, children)
    token = Token("inline", "", 0, content=content, children=children)
    # joined here, because joining changes tokens, and these are shared
    text_join(StateCore(content, parser, {}, [token]))
    return tuple(token.children or ())


def _turn(group: Sequence[Token], direction: str) -> None:
    """Give a block that is written in the other direction its own: a paragraph in Hebrew."""
    words = " ".join(token.content for token in group if token.type == "inline")
    if words.isascii() and direction == "ltr":
        return
    own = direction_of(_NO_WORDS.sub(" ", words))
    if own and own != direction:
        side = "right" if own == "rtl" else "left"
        group[0].attrs |= {"dir": own, "class": "turned", "style": f"text-align:{side}"}


_NO_WORDS = re.compile(r"zq[a-z]\d{4}qz|<[^<>]*>|\]\([^()]*\)|https?://\S+")
"""Signs, tags and addresses: Latin letters in every language."""


def _table(_: Any, tokens: Sequence[Token], index: int, *__: Any) -> str:
    own = tokens[index].attrs.get("dir")
    return _SCROLLS + (
        f'<table class="data turned" dir="{own}">' if own else '<table class="data">'
    )


def _cell(_: Any, tokens: Sequence[Token], index: int, *__: Any) -> str:
    """A table's cell, its side as the attribute that Outlook knows, too."""
    token = tokens[index]
    style = str(token.attrs.get("style", ""))
    # a heading stands in the middle unless something says otherwise
    classes = ["start"] if token.tag == "th" and not style else []
    if len(tokens[index + 1].content) > _LONG:
        classes.append("long")
    attributes = ' scope="col"' if token.tag == "th" else ""
    attributes += f' align="{style.partition(":")[2]}" style="{style}"' if style else ""
    attributes += f' class="{" ".join(classes)}"' if classes else ""
    return f"<{token.tag}{attributes}>"


_LONG = 24
"""Characters of a cell that a narrow screen must not break into a tower of single words."""
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")


def _well_formed(state: Any) -> None:
    """HTML tags as MJML can read them: in small letters, attributes in quotation marks."""
    for token in state.tokens:
        for html in (token, *(token.children or [])):
            if html.type in {"html_block", "html_inline"}:
                html.content = _TAG.sub(_well_formed_tag, html.content)


def _bounded(state: Any) -> None:
    """Pictures from elsewhere that stand alone: Word shows one at the width of its file."""
    for token in state.tokens:
        children = [child for child in token.children or () if child.type not in _AROUND_PICTURE]
        if len(children) == 1 and children[0].type == "image":
            image = children[0]
            if not REFERENCE.match(str(image.attrs["src"])):
                image.attrs |= {"width": SHOWN, "class": "alone"}


_AROUND_PICTURE = {"link_open", "link_close", "softbreak", "hardbreak"}


class _Tag(HTMLParser):
    """Reads one tag."""

    written = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        texts = (f' {name}="{escape(value or "")}"' for name, value in attrs)
        self.written = f"<{tag}{''.join(texts)}{' /' if tag in VOID else ''}>"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self.written = f"</{tag}>"


_GOOD_TAG = re.compile(r"""</?[a-z][a-z0-9-]*(?:\s+[a-z:-]+="[^"&<>]*")*\s*/?>""")


def _well_formed_tag(match: re.Match[str]) -> str:
    if _GOOD_TAG.fullmatch(match[0]) or match[0].startswith("<mj-"):
        return match[0]
    reader = _Tag()
    reader.feed(match[0])
    reader.close()
    return reader.written or match[0]


def _footnote_token(_: Any, tokens: Sequence[Token], index: int, __: Any, env: Any) -> str:
    label = tokens[index].meta["label"]
    return f"zqf{env['labels'].index(label):04d}qz"


@lru_cache(maxsize=64)
def parse(text: str, labels: tuple[str, ...], direction: str = "ltr") -> Document:
    """Parse a campaign's body, after Jinja: the HTML and the text part often have the same."""
    return Document(text, labels, direction)


class Document:
    """One parse of a campaign's body, after Jinja.

    Args:
        text: Markdown.
        labels: of the footnotes.
        direction: of the mail, "ltr" or "rtl".
    """

    def __init__(self, text: str, labels: Sequence[str], direction: str = "ltr") -> None:
        _refuse_tangled(text)
        self._env: dict[str, Any] = {"labels": list(labels)}
        self._lines = [f"{line}\n" for line in text.split("\n")]
        self._lines[-1] = self._lines[-1].removesuffix("\n")
        self.tokens: list[list[Token]] = []
        self.notes: dict[str, list[Token]] = {}
        for group in _top_level(_parser().parse(text, self._env)):
            if group[0].type == "footnote_reference_open":
                self.notes[group[0].meta["label"]] = group[1:-1]
            else:
                _turn(group, direction)
                self.tokens.append(group)

    def references(self) -> set[str]:
        """Labels that are referred to outside the notes."""
        return set(_references([token for group in self.tokens for token in group]))

    def references_in_notes(self) -> set[str]:
        return set(_references([token for tokens in self.notes.values() for token in tokens]))

    def blocks(self, components: Sequence[str]) -> list[Block]:
        """The body as MJML blocks; prose between two components is one block."""
        blocks: list[Block] = []
        for group in self.tokens:
            number = _component(group)
            if number is not None:
                blocks.append(Block("component", components[number]))
            elif group[0].type == "html_block" and group[0].content.startswith("<mj-"):
                blocks.append(Block("component", group[0].content))
            else:
                # a block that was turned is turned by the mail around it
                source = "" if "dir" in group[0].attrs else self._source(group)
                html = _html_of(source) if source else self._html(group)
                if blocks and blocks[-1].kind == "text":
                    html = blocks.pop().source + html
                blocks.append(Block("text", html))
        return blocks

    def text(self, components: Sequence[str], number: Callable[[str], int]) -> str:
        """The body as plain text."""
        parts: list[str] = []
        for group in self.tokens:
            component = _component(group)
            source = self._source(group)
            if component is not None:
                part = _tidy(components[component])
            else:
                part = _text_of(source) if source else _text(group, number)
            if part:
                parts.append(part)
        return "\n\n".join(parts)

    def _source(self, group: Sequence[Token]) -> str:
        """The lines of a block that alone decide what it comes to; "" where others do, too."""
        lines = group[0].map
        if lines is None or "references" in self._env:
            return ""
        source = "".join(self._lines[slice(*lines)])
        return "" if "[^" in source else source

    def note_html(self, label: str) -> str:
        html = self._html(self.notes[label]).strip()
        only = html.startswith("<p>") and html.count("<p>") == 1 and html.endswith("</p>")
        return html[3:-4] if only else html

    def note_text(self, label: str, number: Callable[[str], int]) -> str:
        nodes = SyntaxTreeNode(self.notes[label]).children
        return "\n\n".join(from_markdown.blocks(nodes, number, WIDTH - len("[10] ")))

    def _html(self, tokens: Sequence[Token]) -> str:
        parser = _parser()
        html: str = parser.renderer.render(tokens, parser.options, self._env)
        return html


@lru_cache(maxsize=4096)
def _html_of(block: str) -> str:
    html: str = _parser().render(block, {})
    return html


@lru_cache(maxsize=4096)
def _text_of(block: str) -> str:
    return _text(_parser().parse(block), lambda _: 0)  # it has no footnotes to number


def to_html(text: str, labels: Sequence[str], *, inline: bool = False) -> str:
    """Markdown inside a component, as HTML; its footnotes are numbered with the rest."""
    env = {"labels": list(labels)}
    html: str = _parser().renderInline(text, env) if inline else _parser().render(text, env)
    return html


def to_text(text: str, number: Callable[[str], int], *, inline: bool = False) -> str:
    """Markdown inside a component, as plain text."""
    tokens = _parser().parseInline(text) if inline else _parser().parse(text)
    return (
        _text(tokens, number)
        if not inline
        else from_markdown.inline(SyntaxTreeNode(tokens), number)
    )


def _top_level(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    group: list[Token] = []
    depth = 0
    for token in tokens:
        group.append(token)
        depth += token.nesting
        if depth == 0:
            yield group
            group = []


def _component(group: Sequence[Token]) -> int | None:
    if group[0].type != "paragraph_open":
        return None
    match = COMPONENT.fullmatch(group[1].content.strip())
    return int(match[1]) if match else None


def _references(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "footnote_ref":
            yield token.meta["label"]
        yield from _references(token.children or [])


def _text(tokens: Sequence[Token], number: Callable[[str], int]) -> str:
    return "\n\n".join(from_markdown.blocks(SyntaxTreeNode(tokens).children, number))


def _tidy(text: str) -> str:
    """A component's text: its own line breaks kept, no more than one blank line in a row."""
    lines = "\n".join(line.rstrip() for line in text.strip("\n").split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n")


def sources(document: Document, numbering: Numbering) -> list[Source]:
    """The notes that are referred to, in the order of their numbers."""
    return [
        Source(
            number=numbering.number(label),
            label=label,
            html=document.note_html(label),
            text=document.note_text(label, numbering.number),
            backrefs=tuple(anchors),
        )
        for label, anchors in numbering.anchors.items()
    ]
