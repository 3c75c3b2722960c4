"""Headings, code, rules and tables of the text part."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from mailer.compiler.plain_text.wrapping import WIDTH, columns, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEADINGS = {"h1": "=", "h2": "-"}
_LOWER_HEADING = "~"
_TOKEN = re.compile(r"zqs\d{4}qz")


def heading(text: str, tag: str, width: int) -> str:
    text = wrap(text, width)
    longest = max(map(columns, text.split("\n")))
    return f"{text}\n{_HEADINGS.get(tag, _LOWER_HEADING) * longest}" if text else ""


def code(source: str) -> str:
    return textwrap.indent(source.strip("\n").rstrip(), "    ")


def rule(width: int) -> str:
    return "* * *".center(width).rstrip()


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
