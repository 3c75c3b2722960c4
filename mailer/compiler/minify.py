"""Finished HTML without what says nothing, and so less of what mail programs cut off.

Removes declarations that an element has without them, from its parent or from HTML itself, classes
that no style sheet names, and what MJML writes for Outlook 2003. Nothing that a browser or Word shows
changes. Two engines set the limits: Word, and browsers that read a page without its doctype, start
each table with a text size, color and alignment of their own (HTML Standard, 15.3.10), so those are
written again in each table; the font is not.
"""

from __future__ import annotations

import re
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lxml.etree import _Element

_THROUGH_TABLES = frozenset({"font-family", "word-break", "direction"})
"""Inherited by everything. Word takes the font from a rule in the head."""
_WITHIN_CELLS = frozenset({"color", "font-size", "line-height", "text-align"})
"""Inherited, but not by a table."""
_INHERITED = _THROUGH_TABLES | _WITHIN_CELLS
_PLAIN = frozenset({"div", "li", "ol", "p", "span", "td", "ul"})
"""Elements on which HTML sets none of these."""
_FONT_OF_PARENT = _PLAIN | {"a", "h1", "h2", "h3", "h4", "h5", "h6", "table", "th"}
_INITIAL = frozenset({
    ("border", "none"), ("cursor", "auto"), ("margin", "0"), ("text-transform", "none"),
})  # fmt: skip
"""What MJML writes although a link, a cell and a div have it anyway."""
_OF_HTML = {("sup", "vertical-align", "super"), ("body", "word-spacing", "normal")}
_OF_TABLES = frozenset({"tbody", "thead", "table", "tr"})
_INLINE_BLOCK = re.compile(r"display:\s*inline-block")
_SIDE_BY_SIDE = re.compile(r"<!\[endif\]-->\s*<!--\[if mso \| IE\]>")
_FOR_OUTLOOK = re.compile(r"<!--\[if mso \| IE\]>.*?<!\[endif\]-->", re.DOTALL)
_OUTLOOK_CLASS = re.compile(r' class="[\w -]*-outlook"')
_FOR_EXPLORER = (
    '<!--[if !mso]><!--><meta http-equiv="X-UA-Compatible" content="IE=edge"><!--<![endif]-->'
)
_VML = ' xmlns:v="urn:schemas-microsoft-com:vml"'
_DECLARATION = re.compile(r"((?:\"[^\"]*\"|'[^']*'|\([^)]*\)|[^;\"'(])+)(?:;|\Z)")
_ZERO = re.compile(r"(?<!\S)0px(?!\S)")
_CLASS = re.compile(r"\.([A-Za-z_-][\w-]*)")
_RULE = re.compile(r"([^{}@;]+)\{([^{}]*)\}")
_NAME = re.compile(r"(?<![\w.:#\[=\"'-])\.?[A-Za-z][\w-]*(?![\w-]*[(\]])|(?<=\w)\.[A-Za-z][\w-]*")
"""A tag or a class of a selector."""
_FULL_WIDTH = "mj-column-per-100"

_SIDES = ("padding-top", "padding-right", "padding-bottom", "padding-left")
_OF_SIDES = ((0, 0, 0, 0), (0, 1, 0, 1), (0, 1, 2, 1), (0, 1, 2, 3))
"""Which of one, two, three and four values of a padding holds for each side (CSS Box Model, 3.1)."""
_MEAN_NOTHING = frozenset({_FULL_WIDTH, "mj-outlook-group-fix"})

Style = dict[str, str]


def minify(root: _Element) -> None:
    """Take out of a document, in place, what says nothing."""
    used = _clean_head(root)
    _walk(root, {}, {}, used)


def join_comments(html: str) -> str:
    """Make one comment for Outlook of several side by side, and leave out what is for no program."""
    html = _OUTLOOK_CLASS.sub("", _SIDE_BY_SIDE.sub("", html)).replace(_FOR_EXPLORER, "", 1)
    html = _FOR_OUTLOOK.sub(lambda comment: comment[0].replace(';"', '"'), html)
    return html if "<v:" in html else html.replace(_VML, "", 1)


def _clean_head(root: _Element) -> frozenset[str] | None:
    """Shorten the style sheets; return the classes they name, or None where any may be meant."""
    sheets = ""
    shown = _shown(root)
    for element in list(root.iter(etree.Comment, "style")):
        text = element.text or ""
        if "<o:OfficeDocumentSettings>" in text:
            element.text = re.sub(r">\s+<", "><", text)
        if "<style" not in text and element.tag != "style":
            continue
        if "[if lte mso 11]" in text or _only_full_width(text):
            _remove(element)
            continue
        if element.tag == "style":
            text = _of_shown(text, shown)
            element.attrib.pop("type", None)  # there is one language of style sheets
        element.text = _close_up_sheet(text).replace('<style type="text/css">', "<style>")
        sheets += text
    return _classes(sheets)


@lru_cache(maxsize=64)
def _of_shown(sheet: str, shown: frozenset[str]) -> str:
    return _RULE.sub(partial(_meant, shown), sheet)


@lru_cache(maxsize=64)
def _classes(sheets: str) -> frozenset[str] | None:
    return None if "[class" in sheets else frozenset(_CLASS.findall(sheets))


@lru_cache(maxsize=64)
def _close_up_sheet(sheet: str) -> str:
    """Take the blanks out of it that part nothing."""
    return re.sub(
        r" ?([{};,>!]) ?|(:) (?=[^(){}]*[;}])", r"\1\2", re.sub(r"\s+", " ", sheet)
    ).strip()


def _shown(root: _Element) -> frozenset[str]:
    """What a selector may name: tags and, with their dots, classes."""
    elements = [element for element in root.iter() if isinstance(element.tag, str)]
    classes = {name for element in elements for name in element.get("class", "").split()}
    return frozenset({element.tag for element in elements} | {f".{name}" for name in classes})


def _meant(shown: frozenset[str], rule: re.Match[str]) -> str:
    """A rule without the selectors that name what is inside an element, and is not there.

    A class that comes first may be one that a mail program adds.
    """
    selectors = [text for text in rule[1].split(",") if not _is_missing(text, shown)]
    return f"{','.join(selectors)}{{{rule[2]}}}" if selectors else ""


def _is_missing(selector: str, shown: frozenset[str]) -> bool:
    names = _NAME.findall(selector)
    return bool(names) and names[0] in shown and not shown.issuperset(names)


def _only_full_width(sheet: str) -> bool:
    """Whether it makes columns as wide as their section, which they are without it."""
    rules = re.findall(r"([^{}]*)\{[^{}]*\}", sheet)
    return bool(rules) and all(rule.strip().endswith(_FULL_WIDTH) for rule in rules)


def _remove(element: _Element) -> None:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)


def _walk(
    element: _Element,
    style: Mapping[str, str],
    inherited: Mapping[str, str],
    used: frozenset[str] | None,
) -> None:
    """Clean an element and what it holds; `style` is its parent's, `inherited` what reaches it."""
    own = _style(element.get("style", ""))
    if own:
        _write(element, _needed(element, own, style, inherited))
    _clean_attributes(element, used)
    reaching = _reaching(element, own, inherited)
    if element.tag in _OF_TABLES:
        _close_up(element)
    for child in element:
        if isinstance(child.tag, str):
            _walk(child, own, reaching, used)


def _reaching(
    element: _Element, own: Mapping[str, str], inherited: Mapping[str, str]
) -> Mapping[str, str]:
    """What an element's children inherit."""
    reaching = inherited
    if element.tag == "table":
        reaching = {name: reaching[name] for name in reaching.keys() & _THROUGH_TABLES}
    if "dir" in element.attrib:
        reaching = {**reaching, "direction": element.attrib["dir"]}
    if element.tag == "td" and "align" in element.attrib:
        reaching = {**reaching, "text-align": element.attrib["align"]}
    handed_on = own.keys() & _INHERITED
    return {**reaching, **{name: own[name] for name in handed_on}} if handed_on else reaching


@lru_cache(maxsize=4096)
def _style(text: str) -> Mapping[str, str]:
    return _with_padding(dict(_declarations(text)))


def _declarations(style: str) -> Iterator[tuple[str, str]]:
    for match in _DECLARATION.finditer(style):
        name, _, value = match[1].partition(":")
        if value:
            yield name.strip().lower(), _ZERO.sub("0", value.strip())


def _with_padding(style: Style) -> Style:
    """The declarations with one for the padding of all sides."""
    values = style.get("padding", "").split()
    names = list(style)
    sides = [name for name in names if name in _SIDES]
    if not sides or not 0 < len(values) <= len(_SIDES) or "!important" in "".join(style.values()):
        return style
    if names.index(sides[0]) < names.index("padding"):
        return style
    places = _OF_SIDES[len(values) - 1]
    padding = {side: values[place] for side, place in zip(_SIDES, places, strict=True)}
    padding |= {name: style[name] for name in sides}
    rest = {name: value for name, value in style.items() if name not in _SIDES}
    return rest | {"padding": _shortest(*padding.values())}


def _shortest(top: str, right: str, bottom: str, left: str) -> str:
    if right != left:
        return f"{top} {right} {bottom} {left}"
    if top != bottom:
        return f"{top} {right} {bottom}"
    return f"{top} {right}" if top != right else top


def _needed(
    element: _Element,
    own: Mapping[str, str],
    parent: Mapping[str, str],
    inherited: Mapping[str, str],
) -> Style:
    return {
        name: value
        for name, value in own.items()
        if not _is_of_parent(element, name, value, inherited)
        and not _is_of_html(element, name, value)
        and not (name == "background-color" and value == own.get("background"))
        and not (name == "background" and element.tag == "table" and value == parent.get(name))
    }


def _is_of_parent(element: _Element, name: str, value: str, inherited: Mapping[str, str]) -> bool:
    tags = _FONT_OF_PARENT if name in _THROUGH_TABLES else _PLAIN
    is_inherited = name in _INHERITED and element.tag in tags
    return is_inherited and _same(value) == _same(inherited.get(name, ""))


@lru_cache(maxsize=4096)
def _same(value: str) -> str:
    return value.replace('"', "'").replace(" ", "")


def _is_of_html(element: _Element, name: str, value: str) -> bool:
    tag = element.tag
    if name == "padding" and value == "0" and tag == "td":
        table = next(element.iterancestors("table"), None)
        return table is not None and table.get("cellpadding") == "0"
    if name == "font-size" and value == "0" and tag == "td":
        return _holds_blocks(element)
    if tag == "table" and name == "vertical-align":
        return True
    return (tag, name, value) in _OF_HTML or (
        tag in {"a", "div", "td"} and (name, value) in _INITIAL
    )


def _holds_blocks(cell: _Element) -> bool:
    """Whether no line of text stands in it, whose height would count."""
    texts = [cell.text, *(child.tail for child in cell)]
    return not any(text and text.strip() for text in texts) and all(
        child.tag in {"div", "table"} and not _INLINE_BLOCK.search(child.get("style", ""))
        for child in cell
    )


def _write(element: _Element, style: Style) -> None:
    if style:
        if "font-family" in style:
            style["font-family"] = style["font-family"].replace(", ", ",")
        text = ";".join(f"{name}:{value}" for name, value in style.items())
        # lxml writes a quotation mark in an attribute as six characters
        element.attrib["style"] = text if "'" in text else text.replace('"', "'")
    else:
        del element.attrib["style"]


def _clean_attributes(element: _Element, used: frozenset[str] | None) -> None:
    if used is not None and "class" in element.attrib:
        classes = [name for name in element.attrib["class"].split() if _is_meant(name, used)]
        element.attrib["class"] = " ".join(classes)
        if not classes:
            del element.attrib["class"]
    if element.tag == "a" and element.get("target") == "_blank":
        del element.attrib["target"]  # mail programs see to it
    if element.tag == "table" and element.get("border") == "0":
        del element.attrib["border"]
    if element.get("height") == "auto" and "height:auto" in element.get("style", ""):
        del element.attrib["height"]  # a number or nothing, says HTML
    if element.tag == "td":
        # no attribute of HTML, and no role of a cell
        element.attrib.pop("vertical-align", None)
        if element.get("role") == "presentation":
            del element.attrib["role"]


def _is_meant(name: str, used: frozenset[str]) -> bool:
    return name in used or (name.startswith("mj-") and name not in _MEAN_NOTHING)


def _close_up(element: _Element) -> None:
    """Take out the blanks between the parts of a table, which are no text."""
    element.text = (element.text or "").strip()
    for child in element:
        child.tail = (child.tail or "").strip()
