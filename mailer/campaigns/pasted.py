"""Invisible characters that other programs leave in pasted text: line breaks of Word, control characters."""

from __future__ import annotations

import re

_BREAKS = "\v\f\x85\u2028\u2029"
"""Word's and the web's line breaks, which Markdown does not know."""
_INVISIBLE = dict.fromkeys(
    [
        *(code for code in range(0x20) if chr(code) not in f"\t\n{_BREAKS}"),
        *range(0x7F, 0x85),
        *range(0x86, 0xA0),
        *(0xFEFF, 0x202D, 0x202E),  # a byte-order mark; letters forced into another direction
    ]
)
_BREAK = re.compile(f"[{_BREAKS}]")
_FRONT = re.compile(r"\ufeff?---[ \t]*\n.*?\n---[ \t]*\n", re.DOTALL)


def tidy(source: str) -> str:
    """A campaign without invisible characters, and its line breaks as Markdown has them.

    Lines stay the lines of the file.
    """
    front = _FRONT.match(source)
    end = front.end() if front else 0
    tidied = _BREAK.sub(" ", source[:end]) + _BREAK.sub("<br>", source[end:])
    return tidied.translate(_INVISIBLE)
