"""A mail's line in an inbox: sender, subject, and the beginning of its text (preheader)."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser

LENGTHS = {"Phone": 40, "Desktop": 70}
"""Characters of a line, about."""
_ENOUGH = 200
"""Characters of the preheader: no inbox shows more."""
_CHUNK = 4_096
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u034f\u200b\u200c\u200d\u2060\ufeff"))
_NO_TEXT = {"head", "style", "script", "title"}
_INLINE = {
    "a",
    "b",
    "strong",
    "em",
    "i",
    "u",
    "s",
    "del",
    "span",
    "sup",
    "sub",
    "small",
    "code",
    "font",
}
"""Inline elements, which do not separate words; all others do."""


@dataclass(frozen=True, slots=True)
class InboxLine:
    device: str
    length: int
    subject: str
    preheader: str


def inbox_lines(subject: str, html: str) -> list[InboxLine]:
    """Return the lines of an inbox on a phone and on a desktop, cut where there is no more room."""
    preheader = first_words(html)
    return [
        InboxLine(device, length, _cut(subject, length), _cut(preheader, length))
        for device, length in LENGTHS.items()
    ]


def first_words(html: str) -> str:
    """Return the beginning of a mail's text, hidden text included, as an inbox takes it."""
    reader = _FirstWords()
    for begin in range(0, len(html), _CHUNK):
        reader.feed(html[begin : begin + _CHUNK])
        if len(reader.words()) >= _ENOUGH:
            break
    return reader.words()[:_ENOUGH]


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


class _FirstWords(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self._without_text: list[str] = []
        """Elements that are open and hold no text of the mail."""
        self._parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in _NO_TEXT:
            self._without_text.append(tag)
        self._part(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._without_text:
            self._without_text.remove(tag)
        self._part(tag)

    def _part(self, tag: str) -> None:
        if tag not in _INLINE:
            self._parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._without_text:
            self._parts.append(data)

    def words(self) -> str:
        return " ".join("".join(self._parts).translate(_INVISIBLE).split())
