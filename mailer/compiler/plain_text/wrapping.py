"""Lines of the text part: how wide a text is, and where a line may end."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from functools import lru_cache

WIDTH = 72
"""Columns of the text part: what a reply can quote without breaking lines (RFC 3676, 4.2)."""

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
