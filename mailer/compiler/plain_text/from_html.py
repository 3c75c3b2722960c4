"""HTML that stands between paragraphs → text."""

from __future__ import annotations

import re
import textwrap
from html.parser import HTMLParser

from mailer.compiler.plain_text.blocks import code, heading, rule
from mailer.compiler.plain_text.line import Line, tidy_line
from mailer.compiler.plain_text.wrapping import WIDTH, wrap

_BLOCKS = {
    "address", "article", "aside", "blockquote", "center", "dd", "details", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "header", "main", "mj-button", "mj-column", "mj-image", "mj-section",
    "mj-table", "mj-text", "mj-wrapper", "nav", "ol", "p", "pre", "section", "summary", "table",
    "tbody", "tfoot", "thead", "ul",
}  # fmt: skip
_HIDDEN = {"head", "script", "style", "template", "title"}


class _BlockReader(HTMLParser):
    """Reads HTML into paragraphs, list items, headings and rows of tables."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.blocks: list[str] = []
        self._width = width
        self._line = Line()
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
            self._end_paragraph()
        match tag:
            case "ul":
                self._lists.append(None)
            case "ol":
                start = attributes.get("start", "")
                self._lists.append(int(start) if start.isdecimal() else 1)
            case "hr":
                self.blocks.append(rule(self._width))
            case "pre":
                self._code = []
            case "td" | "th":
                self._line = Line()
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                self._heading = tag
        self._line.open(tag, attributes)

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in _HIDDEN and self._hidden > 0
        self._line.close(tag)
        match tag:
            case "pre":
                self._end_code()
            case "td" | "th":
                self._row.append(tidy_line(self._line.text()))
                self._line = Line()
            case "tr":
                self._end_row()
            case "li":
                self._item()
            case "ul" | "ol":
                self._end_list()
            case "table":
                self._end_table()
            case _ if tag in _BLOCKS or tag == self._heading:
                self._end_paragraph()

    def handle_data(self, data: str) -> None:
        if self._code is not None:
            self._code.append(data)
        elif not self._hidden:
            self._line.add(re.sub(r"\s+", " ", data))

    def close(self) -> None:
        """Read what is left, and end all that is still open."""
        super().close()
        self._end_code()
        self._end_list()
        self._end_table()
        self._end_paragraph()

    def _end_paragraph(self) -> None:
        if self._lists and self._line_text():
            self._item()
            return
        text, tag = self._line_text(), self._heading
        self._line, self._heading = Line(), ""
        if text:
            wrapped = wrap(text, self._width)
            self.blocks.append(heading(text, tag, self._width) if tag else wrapped)

    def _end_code(self) -> None:
        if self._code:
            self.blocks.append(code("".join(self._code)))
        self._code = None

    def _line_text(self) -> str:
        return tidy_line(self._line.text())

    def _item(self) -> None:
        if not self._lists:
            self._end_paragraph()
            return
        text = self._line_text()
        self._line = Line()
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
        self._end_paragraph()
        self._end_row()
        if self._rows:
            self.blocks.append(
                "\n".join(wrap(" | ".join(filter(None, row)), self._width) for row in self._rows)
            )
            self._rows = []


def html_text(source: str, width: int = WIDTH) -> str:
    """The text of HTML that stands between paragraphs."""
    reader = _BlockReader(width)
    reader.feed(source)
    reader.close()
    return "\n\n".join(reader.blocks)
