"""Line breaks that become blanks: Markdown joins the lines of a paragraph, also those of a signature."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin

from mailer.checks.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from markdown_it.token import Token

    from mailer.campaigns.snapshot import Snapshot

LINE_BREAK = "line-break-lost"

_SHORT = 40
"""Columns: editors and people wrap prose at 60 and more."""
_NARROW = 50
"""Columns that a line would have with the next word; then it was not wrapped for want of room."""
_BLOCK = re.compile(
    r"\{%-?\s*(?:call|endcall)\b.*?%\}|^[ \t]*\{\{-?\s*\w+\(.*?\}\}[ \t]*$|\{#.*?#\}",
    re.DOTALL | re.MULTILINE,
)
"""Components, which Markdown keeps apart from the paragraphs around them, and comments."""
_CONTROL = re.compile(r"\s*(?:\{%.*?%\}\s*)+")
"""Only tags: the line is not in the mail at all."""
_TAG = re.compile(r"\{%.*?%\}|\{#.*?#\}")
_LEADING_TAGS = re.compile(r"^(?:\{%.*?%\})+(?=\S)")
"""Jinja tags before a heading or an item, which Markdown sees first."""
_WORD = re.compile(r"\[[^\]]*\]\([^)\s]*\)|\{\{.*?\}\}|\S+")
"""What an editor or a person keeps in one line: a link, a value, a word."""


def lost_line_breaks(snapshot: Snapshot, today: date) -> Iterator[Finding]:
    """Signatures, addresses and verses that readers will see in one line."""
    del today
    body = _BLOCK.sub(lambda match: "\n" * match[0].count("\n"), snapshot.parsed.body)
    lines = [
        (number, _LEADING_TAGS.sub("", line))
        for number, line in enumerate(body.split("\n"), 1)
        if not _CONTROL.fullmatch(line)
    ]
    in_note = False
    for token in _parser().parse("\n".join(line for _, line in lines)):
        if token.type.startswith("footnote_reference"):
            in_note = token.nesting > 0  # notes are wrapped by hand, indented
        if in_note:
            continue
        index = _lost(token) if token.type == "inline" and token.map else None
        if index is not None and token.map:
            lines_of_token = token.content.split("\n")[index : index + 2]
            first, second = (_TAG.sub("", line).strip() for line in lines_of_token)
            yield Finding(
                LINE_BREAK,
                Severity.WARNING,
                f"the line break after “{first}” becomes a blank: readers see "
                f"“{first} {second}” in one line",
                "End the line with two blanks, with a backslash or with <br> to keep the break. "
                "If none is meant, write both in one line.",
                snapshot.parsed.place(line=lines[token.map[0] + index][0]),
                lines_of_token[1].strip(),
            )


def _lost(token: Token) -> int | None:
    """Which line of a paragraph is the first that was ended on purpose, and runs on all the same."""
    lines = token.content.split("\n")
    breaks = [child.type for child in token.children or () if child.type.endswith("break")]
    if len(breaks) != len(lines) - 1:  # one stands inside code or HTML
        return None
    for index, (kind, line, following) in enumerate(zip(breaks, lines, lines[1:], strict=False)):
        word = _WORD.match(following.lstrip())
        joined = len(line) + 1 + (len(word[0]) if word else 0)
        hard = "<br" in line.lower()[-6:]
        if kind == "softbreak" and not hard and len(line) <= _SHORT and joined <= _NARROW:
            return index
    return None


@cache
def _parser() -> MarkdownIt:
    """Reads as the compiler does, and leaves Jinja as it stands."""
    parser = MarkdownIt("commonmark", {"html": True}).enable("table").disable("code")
    return parser.use(footnote_plugin, inline=False, move_to_end=False).use(deflist_plugin)
