"""Finished HTML without what says nothing, and so less of what mail programs cut off.

Removes declarations that an element has without them, from its parent or from HTML itself. Nothing
that a browser or Word shows changes. Two engines set the limits: Word, and browsers that read a page
without its doctype, start each table with a text size, color and alignment of their own (HTML
Standard, 15.3.10), so those are written again in each table; the font is not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lxml.etree import _Element

_THROUGH_TABLES = frozenset({"font-family", "word-break", "direction"})
"""Inherited by everything. Word takes the font from a rule in the head."""
_WITHIN_CELLS = frozenset({"color", "font-size", "line-height"})
"""Inherited, but not by a table."""
_PLAIN = frozenset({"div", "li", "ol", "p", "span", "td", "ul"})
"""Elements on which HTML sets none of these."""
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_FONT_OF_PARENT = _PLAIN | _HEADINGS | {"a", "table", "th"}
_INITIAL = frozenset({("cursor", "auto"), ("border", "none"), ("margin", "0")})
"""What MJML writes although a link, a cell and a div have it anyway."""
_OF_TABLES = frozenset({"tbody", "thead", "table", "tr"})
_INLINE_BLOCKS = re.compile(r"display:\s*inline-block")
_SIDE_BY_SIDE = re.compile(r"<!\[endif\]-->\s*<!--\[if mso \| IE\]>")
_STYLE = re.compile(r"((?:\"[^\"]*\"|'[^']*'|\([^)]*\)|[^;\"'(])+)(?:;|\Z)")

_ZERO = re.compile(r"(?<!\S)0px(?!\S)")

Style = dict[str, str]


def minify(root: _Element) -> None:
    """Take out of a document, in place, what says nothing."""
    _walk(root, {})


def join_comments(html: str) -> str:
    """Make one comment for Outlook of several that stand side by side."""
    return _SIDE_BY_SIDE.sub("", html)


def _walk(element: _Element, inherited: Mapping[str, str]) -> None:
    passed = dict(inherited)
    if element.tag == "table":
        passed = {name: passed[name] for name in passed.keys() & _THROUGH_TABLES}
    if "dir" in element.attrib:
        passed["direction"] = element.attrib["dir"]
    style = dict(_declarations(element.attrib.get("style", "")))
    if style:
        passed.update({name: style[name] for name in style.keys() & _inherited()})
        _write(element, _needed(element, style, inherited))
    if element.tag in _OF_TABLES:
        _close_up(element)
    for child in element:
        if isinstance(child.tag, str):
            _walk(child, passed)


def _inherited() -> frozenset[str]:
    return _THROUGH_TABLES | _WITHIN_CELLS


def _declarations(style: str) -> Iterator[tuple[str, str]]:
    for match in _STYLE.finditer(style):
        name, _, value = match[1].partition(":")
        if value:
            yield name.strip().lower(), _ZERO.sub("0", value.strip())


def _needed(element: _Element, style: Style, inherited: Mapping[str, str]) -> Style:
    return {
        name: value
        for name, value in style.items()
        if not _is_of_parent(element, name, value, inherited)
        and not _is_of_html(element, name, value)
        and not (name == "background-color" and value == style.get("background"))
    }


def _is_of_parent(element: _Element, name: str, value: str, inherited: Mapping[str, str]) -> bool:
    tags = _FONT_OF_PARENT if name in _THROUGH_TABLES else _PLAIN
    known = name in _inherited() and element.tag in tags
    return known and _same(value) == _same(inherited.get(name, ""))


def _same(value: str) -> str:
    return value.replace('"', "'").replace(" ", "")


def _is_of_html(element: _Element, name: str, value: str) -> bool:
    if element.tag == "td" and (name, value) == ("padding", "0"):
        table = next(element.iterancestors("table"), None)
        return table is not None and table.attrib.get("cellpadding") == "0"
    if element.tag == "td" and (name, value) == ("font-size", "0"):
        return _holds_blocks(element)
    return element.tag in {"a", "div", "td"} and (name, value) in _INITIAL


def _holds_blocks(cell: _Element) -> bool:
    """Whether no line of text stands in it, whose height would count."""
    texts = [cell.text, *(child.tail for child in cell)]
    return not any(text and text.strip() for text in texts) and all(
        child.tag in {"div", "table"} and not _INLINE_BLOCKS.search(child.attrib.get("style", ""))
        for child in cell
    )


def _write(element: _Element, style: Style) -> None:
    if style:
        text = ";".join(f"{name}:{value}" for name, value in style.items())
        # lxml writes a quotation mark in an attribute as six characters
        element.attrib["style"] = text if "'" in text else text.replace('"', "'")
    else:
        del element.attrib["style"]


def _close_up(element: _Element) -> None:
    """Take out the blanks between the parts of a table, which are no text."""
    element.text = (element.text or "").strip()
    for child in element:
        child.tail = (child.tail or "").strip()
