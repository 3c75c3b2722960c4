"""Parsed Markdown, and HTML in it → the text part, for people who read mail as text.

Whatever the HTML part shows has a form here: links as `words <URL>`, pictures as their description,
tables aligned or row by row. Lines are broken at 72 columns and not marked `format=flowed` (RFC
3676): Gmail, Outlook and Apple Mail on telephones show such text with the breaks it has, and where
it is honored, tables and numbered steps run together.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from functools import lru_cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from markdown_it.tree import SyntaxTreeNode

WIDTH = 72
"""Columns of the text part: what a reply can quote without breaking lines (RFC 3676, 4.2)."""

_HEADINGS = {"h1": "=", "h2": "-"}
_LOWER_HEADING = "~"
_TOKEN = re.compile(r"zqs\d{4}qz")
_AROUND_BREAK = re.compile(r"[ \t]*\n[ \t]*")
_MARKS = {
    "strong": "*",
    "b": "*",
    "em": "_",
    "i": "_",
    "s": "~~",
    "del": "~~",
    "strike": "~~",
}
"""What stands around words of an HTML or Markdown element."""


def blocks(
    nodes: Sequence[SyntaxTreeNode], number: Callable[[str], int], width: int = WIDTH
) -> Iterator[str]:
    """The text of each block that has one.

    Args:
        nodes: of the parsed Markdown.
        number: a footnote's label → its number.
        width: in columns.
    """
    for node in nodes:
        text = _block(node, number, width)
        if text:
            yield text


def _block(node: SyntaxTreeNode, number: Callable[[str], int], width: int) -> str:
    match node.type:
        case "heading":
            return _heading(inline(node, number), node.tag, width)
        case "bullet_list" | "ordered_list":
            return _list(node, number, width)
        case "blockquote":
            inner = "\n\n".join(blocks(node.children, number, width - 2))
            return textwrap.indent(inner, "> ", lambda _: True).replace("> \n", ">\n")
        case "dl" | "dd":
            return _definitions(node, number, width)
        case "hr":
            return _rule(width)
        case "fence":
            return _code(node.content)
        case "html_block":
            return html_text(node.content, width)
        case "table":
            return _markdown_table(node, number, width)
        case _:
            return wrap(inline(node, number), width)


def _heading(text: str, tag: str, width: int) -> str:
    text = wrap(text, width)
    longest = max(map(columns, text.split("\n")))
    return f"{text}\n{_HEADINGS.get(tag, _LOWER_HEADING) * longest}" if text else ""


def _code(source: str) -> str:
    return textwrap.indent(source.strip("\n").rstrip(), "    ")


def _rule(width: int) -> str:
    return "* * *".center(width).rstrip()


def _list(node: SyntaxTreeNode, number: Callable[[str], int], width: int) -> str:
    start = int(node.attrs.get("start", 1))
    items: list[str] = []
    loose = False
    for i, item in enumerate(node.children):
        mark = f"{start + i}. " if node.type == "ordered_list" else "- "
        parts = list(blocks(item.children, number, width - len(mark)))
        # markdown-it hides the paragraphs of a tight list
        tight = all(child.hidden or child.type != "paragraph" for child in item.children)
        loose = loose or not tight
        body = ("\n" if tight else "\n\n").join(parts)
        items.append((mark + textwrap.indent(body, " " * len(mark)).lstrip()).rstrip())
    return ("\n\n" if loose else "\n").join(items)


def _definitions(node: SyntaxTreeNode, number: Callable[[str], int], width: int) -> str:
    if node.type == "dl":
        return "\n".join(blocks(node.children, number, width))
    return textwrap.indent("\n\n".join(blocks(node.children, number, width - 4)), "    ")


# ---------------------------------------------------------------- inside a line


def inline(node: SyntaxTreeNode, number: Callable[[str], int]) -> str:
    """The text of what stands in a paragraph, HTML tags in it included."""
    line = _Line()
    for child in node.children:
        if child.type == "html_inline":
            line.tag(child.content)
        else:
            line.add(_span(child, number))
    return line.text()


def _span(node: SyntaxTreeNode, number: Callable[[str], int]) -> str:
    match node.type:
        case "text" | "code_inline":
            return node.content
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case "strong" | "em" | "s":
            return _marked(inline(node, number), _MARKS[node.type])
        case "link":
            return link(inline(node, number), str(node.attrs["href"]))
        case "image":
            return _picture(_unmarked(node))
        case "footnote_ref":
            return f"[{number(node.meta['label'])}]"
        case _:
            return inline(node, number)


def _unmarked(node: SyntaxTreeNode) -> str:
    """Without the marks of emphasis: what an alt text shows."""
    return node.content if not node.children else "".join(map(_unmarked, node.children))


class _Line:
    """Words in a row, in which HTML elements open and close."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._open: list[tuple[str, str, int]] = []
        """Element, its address, and where its words begin."""

    def add(self, text: str) -> None:
        self._pieces.append(text)

    def open(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "br":
            self.add("\n")
        elif tag in {"img", "mj-image"}:
            picture = _picture(attributes.get("alt", ""))
            self.add(link(picture, attributes["href"]) if attributes.get("href") else picture)
        elif tag in _MARKS or tag in {"a", "mj-button"}:
            self._open.append((tag, attributes.get("href", ""), len(self._pieces)))

    def close(self, tag: str) -> None:
        if not any(opened == tag for opened, _, _ in self._open):
            return
        while self._open:
            opened, address, start = self._open.pop()
            text = "".join(self._pieces[start:])
            marked = (
                link(text, address)
                if opened in {"a", "mj-button"}
                else _marked(text, _MARKS[opened])
            )
            self._pieces[start:] = [marked]
            if opened == tag:
                return

    def tag(self, source: str) -> None:
        """One tag, as Markdown found it in a paragraph."""
        reader = _Reader(self)
        reader.feed(source)
        reader.close()

    def text(self) -> str:
        while self._open:
            self.close(self._open[-1][0])
        return _AROUND_BREAK.sub("\n", "".join(self._pieces))


class _Reader(HTMLParser):
    def __init__(self, line: _Line) -> None:
        super().__init__()
        self._line = line

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._line.open(tag, {name: value or "" for name, value in attrs})

    def handle_endtag(self, tag: str) -> None:
        self._line.close(tag)


def _marked(text: str, mark: str) -> str:
    """Words in marks, which stand right at them: `*so*`."""
    bare = text.strip()
    return text.replace(bare, f"{mark}{bare}{mark}", 1) if bare else text


def _picture(description: str) -> str:
    description = " ".join(description.split())
    return f"[{description}]" if description else ""


def link(text: str, url: str) -> str:
    """Words, then the URL in angle brackets (RFC 3986, appendix C), once if they are the same."""
    url = url.strip()
    text = " ".join(text.split()) if "\n" in text else text
    if not url or url.startswith("#"):
        return text
    bare = url.removeprefix("mailto:").removeprefix("tel:")
    if text.strip() in {url, ""}:
        return f"<{url}>"
    if bare != url and re.sub(r"[^\w@.]", "", text) == re.sub(r"[^\w@.]", "", bare):
        return text
    return f"{text} <{url}>"


# ---------------------------------------------------------------- HTML


_BLOCKS = {
    "address", "article", "aside", "blockquote", "center", "dd", "details", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "header", "main", "mj-button", "mj-column", "mj-image", "mj-section",
    "mj-table", "mj-text", "mj-wrapper", "nav", "ol", "p", "pre", "section", "summary", "table",
    "tbody", "tfoot", "thead", "ul",
}  # fmt: skip
_HIDDEN = {"head", "script", "style", "template", "title"}


class _Html(HTMLParser):
    """Reads HTML into paragraphs, list items, headings and rows of tables."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.blocks: list[str] = []
        self._width = width
        self._line = _Line()
        self._heading = ""
        self._lists: list[int | None] = []
        self._items: list[str] = []
        self._row: list[str] = []
        self._rows: list[list[str]] = []
        self._hidden = 0
        self._code: list[str] | None = None
        """What stands in <pre>, while it is open."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self._hidden += tag in _HIDDEN
        if tag in _BLOCKS or tag in {"li", "hr"} or re.fullmatch("h[1-6]", tag):
            self.finish()
        match tag:
            case "ul":
                self._lists.append(None)
            case "ol":
                start = attributes.get("start", "")
                self._lists.append(int(start) if start.isdecimal() else 1)
            case "hr":
                self.blocks.append(_rule(self._width))
            case "pre":
                self._code = []
            case "td" | "th":
                self._line = _Line()
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                self._heading = tag
        self._line.open(tag, attributes)

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in _HIDDEN and self._hidden > 0
        self._line.close(tag)
        match tag:
            case "pre":
                self.end_code()
            case "td" | "th":
                self._row.append(_tidy_line(self._line.text()))
                self._line = _Line()
            case "tr":
                self._end_row()
            case "li":
                self._item()
            case "ul" | "ol":
                self._end_list()
            case "table":
                self._end_table()
            case _ if tag in _BLOCKS or tag == self._heading:
                self.finish()

    def handle_data(self, data: str) -> None:
        if self._code is not None:
            self._code.append(data)
        elif not self._hidden:
            self._line.add(re.sub(r"\s+", " ", data))

    def finish(self) -> None:
        """End the paragraph."""
        if self._lists and self._line_text():
            self._item()
            return
        text, heading = self._line_text(), self._heading
        self._line, self._heading = _Line(), ""
        if text:
            wrapped = wrap(text, self._width)
            self.blocks.append(_heading(text, heading, self._width) if heading else wrapped)

    def end_code(self) -> None:
        if self._code:
            self.blocks.append(_code("".join(self._code)))
        self._code = None

    def _line_text(self) -> str:
        return _tidy_line(self._line.text())

    def _item(self) -> None:
        if not self._lists:
            self.finish()
            return
        text = self._line_text()
        self._line = _Line()
        if not text:
            return
        number = self._lists[-1]
        mark = "- " if number is None else f"{number}. "
        if number is not None:
            self._lists[-1] = number + 1
        indent = "  " * (len(self._lists) - 1)
        body = wrap(text, self._width - len(indent) - len(mark))
        self._items.append(indent + mark + textwrap.indent(body, indent + " " * len(mark)).lstrip())

    def _end_list(self) -> None:
        self._item()
        if self._lists:
            self._lists.pop()
        if not self._lists and self._items:
            self.blocks.append("\n".join(self._items))
            self._items = []

    def _end_row(self) -> None:
        self._rows += [self._row] if any(self._row) else []
        self._row = []

    def _end_table(self) -> None:
        self.finish()
        self._end_row()
        if self._rows:
            self.blocks.append(
                "\n".join(wrap(" | ".join(filter(None, row)), self._width) for row in self._rows)
            )
            self._rows = []


def html_text(source: str, width: int = WIDTH) -> str:
    """The text of HTML that stands between paragraphs."""
    reader = _Html(width)
    reader.feed(source)
    reader.close()
    reader.end_code()
    reader._end_list()  # noqa: SLF001 - of this module
    reader._end_table()  # noqa: SLF001 - of this module
    reader.finish()
    return "\n\n".join(reader.blocks)


def _tidy_line(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text.split("\n")).strip()


# ---------------------------------------------------------------- tables


def _markdown_table(node: SyntaxTreeNode, number: Callable[[str], int], width: int) -> str:
    rows = [row for part in node.children for row in part.children]
    cells = [[_tidy_line(inline(cell, number)) for cell in row.children] for row in rows]
    styles = [str(cell.attrs.get("style", "")) for cell in rows[0].children]
    return table(cells, [style.removeprefix("text-align:") for style in styles], width)


def table(rows: list[list[str]], alignments: Sequence[str], width: int = WIDTH) -> str:
    """A table with its columns aligned where it fits, else row by row, each cell with its heading."""
    header, *body = rows
    widths = [max(columns(row[i]) for row in rows) for i in range(len(header))]
    personal = any(_TOKEN.search(cell) for row in rows for cell in row[:-1])
    if personal or sum(widths) + 2 * (len(widths) - 1) > width:
        return "\n\n".join(_stacked(header, row, width) for row in body)
    lines = [_aligned(row, widths, alignments) for row in rows]
    return "\n".join([lines[0], "  ".join("-" * w for w in widths), *lines[1:]])


def _aligned(row: Sequence[str], widths: Sequence[int], alignments: Sequence[str]) -> str:
    cells = []
    for cell, width, alignment in zip(row, widths, alignments, strict=True):
        blank = width - columns(cell)
        left = {"right": blank, "center": blank // 2}.get(alignment, 0)
        cells.append(" " * left + cell + " " * (blank - left))
    return "  ".join(cells).rstrip()


def _stacked(header: Sequence[str], row: Sequence[str], width: int) -> str:
    named = zip(header, row, strict=True)
    return "\n".join(
        wrap(f"{name}: {cell}" if name else cell, width) for name, cell in named if cell
    )


# ---------------------------------------------------------------- lines

_NOT_FIRST = set("、。，．・：；？！）］｝〉》」』】〕〗’”々ー…%!),.:;?]}")  # noqa: RUF001 - CJK
"""What does not begin a line in Chinese and Japanese (JIS X 4051)."""
_NOT_LAST = set("（［｛〈《「『【〔〖‘“([{")  # noqa: RUF001 - CJK


_WIDE = re.compile(
    "[\u0300-\u036f\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60"
    "\uffe0-\uffe6\U0001f300-\U0001faff\U00020000-\U0003fffd]"
)
"""Scripts in which a character is not one column. All other text is wrapped in a tenth of the time."""


def columns(text: str) -> int:
    """The width of a text on a screen: Chinese and Japanese characters take two columns."""
    if not _WIDE.search(text):
        return len(text)
    return sum(0 if unicodedata.combining(letter) else 1 + _is_wide(letter) for letter in text)


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in {"W", "F"}


def wrap(text: str, width: int) -> str:
    """Lines of no more than `width` columns, where words and addresses allow it."""
    return "\n".join(_wrapped(line, width) for line in text.split("\n"))


@lru_cache(maxsize=4096)
def _wrapped(text: str, width: int) -> str:
    if not _WIDE.search(text):
        return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)
    lines: list[str] = []
    line = ""
    for word in text.split():
        for number, piece in enumerate(_pieces(word)):
            between = " " if line and not number else ""
            if line and columns(line) + len(between) + columns(piece) > width:
                lines.append(line)
                line, between = "", ""
            line += between + piece
    return "\n".join([*lines, line])


def _pieces(word: str) -> list[str]:
    """Where a line may end inside a word: at wide characters, with the marks that belong to them."""
    pieces: list[str] = []
    for letter in word:
        previous = pieces[-1] if pieces else ""
        glued = (
            not previous
            or letter in _NOT_FIRST
            or previous[-1] in _NOT_LAST
            or not (_is_wide(letter) or _is_wide(previous[-1]))
        )
        if glued and pieces:
            pieces[-1] += letter
        else:
            pieces.append(letter)
    return pieces
