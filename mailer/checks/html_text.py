"""A mail's HTML as a reader meets it: the words that show, and the links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lxml import etree

_NEVER_SHOWN = frozenset(["head", "noscript", "script", "style", "template", "title"])
_INLINE = frozenset([
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "del", "em", "font", "i", "ins", "mark", "q", "s",
    "small", "span", "strike", "strong", "sub", "sup", "u", "wbr",
])  # fmt: skip
"""Elements that may begin in the middle of a word."""
_HIDES = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|(?<![\w-])opacity\s*:\s*0*(?:\.0*)?\s*(?:[;!]|$)",
    re.IGNORECASE,
)
_SIZE = re.compile(r"font-size\s*:\s*([^;!]*)", re.IGNORECASE)
_TINY = re.compile(r"(?:0+\D*|(?:0?\.\d+|1)(?:px|pt))\s*", re.IGNORECASE)
"""Nobody reads it. MJML sets 0 on wrappers, and undoes it inside."""


@dataclass(frozen=True, slots=True)
class Link:
    url: str
    """The address as written, without the blanks around it."""
    text: str
    """The words that show, descriptions of images among them."""
    name: str
    """What a screen reader says: the link's label, else its words."""
    shown: bool
    described: bool
    """It holds no image that lacks a description altogether."""


@dataclass(frozen=True, slots=True)
class HtmlText:
    text: str
    """All that shows, blanks joined."""
    unlinked: str
    """The text outside links."""
    links: tuple[Link, ...]
    """Links in the order of the text, hidden ones included."""
    anchors: frozenset[str]
    """Names and ids, where a link to "#name" can lead."""


@dataclass(slots=True)
class _Open:
    """An element that is not closed yet."""

    hidden: bool
    tiny: bool

    def within(self, element: Any) -> _Open:
        if element.tag in _NEVER_SHOWN:
            return _Open(hidden=True, tiny=self.tiny)
        style = element.get("style")
        if not style:
            return self
        hides, tiny = _effect(style)
        return _Open(self.hidden or hides, self.tiny if tiny is None else tiny)

    @property
    def shown(self) -> bool:
        return not (self.hidden or self.tiny)


@lru_cache(maxsize=4096)
def _effect(style: str) -> tuple[bool, bool | None]:
    """Whether it hides, and whether it makes tiny or undoes that; a mail has few different styles."""
    size = _SIZE.search(style)
    return bool(_HIDES.search(style)), bool(_TINY.fullmatch(size[1])) if size else None


@dataclass(slots=True)
class _Anchor:
    element: Any
    parts: list[str]
    shown: bool = False
    described: bool = True

    def link(self) -> Link:
        text = _joined(self.parts)
        label = self.element.get("aria-label") or text or self.element.get("title") or ""
        url = self.element.get("href").strip()
        return Link(url, text, " ".join(label.split()), self.shown, self.described)


class _Reader:
    def __init__(self) -> None:
        self.parts: list[str] = []
        self.unlinked: list[str] = []
        self.links: list[Link] = []
        self.anchors: set[str] = set()
        self._state = [_Open(hidden=False, tiny=False)]
        self._open: list[_Anchor] = []

    def start(self, element: Any) -> None:
        state = self._state[-1].within(element)
        self._state.append(state)
        self.anchors.update(filter(None, (element.get("id"), element.get("name"))))
        if element.tag == "a" and element.get("href") is not None:
            self._open.append(_Anchor(element, []))
        if element.tag not in _INLINE:
            self._say(" ", state)
        if element.tag == "img":
            self._image(element, state)
        self._say(element.text, state)

    def end(self, element: Any) -> None:
        state = self._state.pop()
        if element.tag not in _INLINE:
            self._say(" ", state)
        if self._open and self._open[-1].element is element:
            self.links.append(self._open.pop().link())
        self.after(element)

    def after(self, node: Any) -> None:
        """The text behind an element or a comment."""
        self._say(node.tail, self._state[-1])

    def _image(self, element: Any, state: _Open) -> None:
        self._say(element.get("alt"), state)
        if self._open:
            self._open[-1].described &= element.get("alt") is not None
            self._open[-1].shown |= not state.hidden

    def _say(self, text: str | None, state: _Open) -> None:
        if not text or not state.shown:
            return
        self.parts.append(text)
        self.unlinked.append(" " if self._open else text)
        for anchor in self._open:
            anchor.parts.append(text)
            anchor.shown |= bool(text.strip())


def read_html(tree: Any) -> HtmlText:
    """Go through a mail once, as `Proof.tree` gives it."""
    reader = _Reader()
    for event, node in etree.iterwalk(tree, events=("start", "end", "comment", "pi")):
        if event == "start":
            reader.start(node)
        elif event == "end":
            reader.end(node)
        else:
            reader.after(node)
    return HtmlText(
        _joined(reader.parts),
        _joined(reader.unlinked),
        tuple(reader.links),
        frozenset(reader.anchors),
    )


def _joined(parts: list[str]) -> str:
    return " ".join("".join(parts).split())
