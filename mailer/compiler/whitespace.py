"""Which tags take a line break with them.

Jinja's own `trim_blocks` takes the line break after every tag, also of one that ends a line of words,
and so glues that line to the next: in Markdown a list, a table or a paragraph is lost. Its `+` says of
one tag that the line break, or the blanks before, are to stay; here it is put where it belongs.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEXT = re.compile(r"\{[%#{]|\n")
QUOTED = r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'"""
_INSIDE = {
    "{%": re.compile(rf"{QUOTED}|%\}}", re.DOTALL),
    "{{": re.compile(rf"{QUOTED}|\}}\}}", re.DOTALL),
    "{#": re.compile(r"#\}"),
}
_RAW = re.compile(r"\{%[-+]?\s*raw\s*[-+]?%\}")
_END_RAW = re.compile(r"\{%[-+]?\s*endraw")

Piece = tuple[str, str]
"""Kind (tag, value, text, blank or line), and source."""


def marked(source: str) -> str:
    """A template with `+` at the tags that must leave the line as it is. Lines keep their numbers."""
    lines: list[list[Piece]] = [[]]
    for kind, text in pieces(source):
        if kind == "line":
            lines.append([])
        else:
            lines[-1].append((kind, text))
    return "\n".join(map(_line, lines))


@lru_cache(maxsize=256)
def pieces(source: str) -> tuple[Piece, ...]:
    """A template's tags, values, texts and line breaks, in order."""
    return tuple(_pieces(source))


def _pieces(source: str) -> Iterator[Piece]:
    position = 0
    while position < len(source):
        match = _NEXT.search(source, position)
        start = match.start() if match else len(source)
        yield from _text(source[position:start])
        if match is None:
            return
        position = match.end()
        if match[0] == "\n":
            yield "line", "\n"
            continue
        position = _end(source, match[0], position)
        piece = source[start:position]
        yield "value" if match[0] == "{{" else "tag", piece
        if _RAW.fullmatch(piece):
            end = _END_RAW.search(source, position)
            raw = source[position : end.start() if end else len(source)]
            for number, line in enumerate(raw.split("\n")):
                if number:
                    yield "line", "\n"
                yield from _text(line)
            position += len(raw)


def _text(text: str) -> Iterator[Piece]:
    if text:
        yield "text" if text.strip() else "blank", text


def _end(source: str, opening: str, position: int) -> int:
    for match in _INSIDE[opening].finditer(source, position):
        if match[0][-1] == "}":
            return match.end()
    return len(source)


def _line(pieces: list[Piece]) -> str:
    kinds = {kind for kind, _ in pieces}
    texts = [text for _, text in pieces]
    if "tag" not in kinds:
        return "".join(texts)
    if kinds <= {"tag", "blank"}:
        return "".join(text for kind, text in pieces if kind == "tag")
    first = 1 if pieces[0][0] == "blank" else 0
    if pieces[first][0] == "tag" and texts[first][2:3] not in {"-", "+"}:
        texts[first] = f"{texts[first][:2]}+{texts[first][2:]}"
    if pieces[-1][0] == "tag" and texts[-1][-3:-2] not in {"-", "+"}:
        texts[-1] = f"{texts[-1][:-2]}+{texts[-1][-2:]}"
    return "".join(texts)
