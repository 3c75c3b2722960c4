"""Words in a row: links, pictures and emphasis inside a line of the text part."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_AROUND_BREAK = re.compile(r"[ \t]*\n[ \t]*")
MARKS = {
    "strong": "*",
    "b": "*",
    "em": "_",
    "i": "_",
    "s": "~~",
    "del": "~~",
    "strike": "~~",
}
"""What stands around words of an HTML or Markdown element."""


class Line:
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
            alt = picture(attributes.get("alt", ""))
            self.add(link(alt, attributes["href"]) if attributes.get("href") else alt)
        elif tag in MARKS or tag in {"a", "mj-button"}:
            self._open.append((tag, attributes.get("href", ""), len(self._pieces)))

    def close(self, tag: str) -> None:
        if not any(opened == tag for opened, _, _ in self._open):
            return
        while self._open:
            opened, address, start = self._open.pop()
            text = "".join(self._pieces[start:])
            is_link = opened in {"a", "mj-button"}
            closed = link(text, address) if is_link else marked(text, MARKS[opened])
            self._pieces[start:] = [closed]
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
    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._line.open(tag, {name: value or "" for name, value in attrs})

    def handle_endtag(self, tag: str) -> None:
        self._line.close(tag)


def marked(text: str, mark: str) -> str:
    """Words in marks, which stand right at them: `*so*`."""
    bare = text.strip()
    return text.replace(bare, f"{mark}{bare}{mark}", 1) if bare else text


def picture(description: str) -> str:
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


def tidy_line(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text.split("\n")).strip()
