"""What is wrong with a writer's HTML: the first tag that is not closed, or that closes nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from lxml.html import defs

from mailer.errors import CampaignError, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    _Files = Mapping[str, str]
    _Explain = Callable[[str, _Files], CampaignError]

VOID = frozenset(["area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"])
"""Elements that hold nothing, and need no end."""
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def mistake(blocks: Iterable[str], files: _Files) -> CampaignError | None:
    """The mistake in HTML that MJML cannot read; None where every tag is closed.

    Args:
        blocks: the pieces of the campaign's body.
        files: path → source of the campaign and the templates, in which the tag is looked for.
    """
    for block in blocks:
        reader = _Tags()
        reader.feed(block)
        reader.close()
        if reader.explain:
            return reader.explain(reader.written, files)
        if reader.open:
            return _not_closed(reader.open[-1], files)
    return None


def unclosed_comment(blocks: Iterable[str], files: _Files) -> CampaignError | None:
    """The comment without an end, which would take in all that follows."""
    if not any("<!--" in _COMMENT.sub("", block) for block in blocks):
        return None
    sources = {path: _COMMENT.sub(_line_ends, source) for path, source in files.items()}
    return CampaignError(
        "the comment <!-- is not closed",
        place=_first("<!--", sources),
        hint="Write --> where it ends. A note to yourself stands between {# and #}.",
    )


class _Tags(HTMLParser):
    """Stops to look at the first mistake."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.explain: _Explain | None = None
        self.written = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        elif tag in self.open:
            self._found(_not_closed, self.open[-1])
        elif tag not in VOID:
            self._found(_closes_nothing, tag)

    def handle_pi(self, data: str) -> None:
        self._found(_program, f"<?{data}>")

    def unknown_decl(self, data: str) -> None:
        self._found(_program, f"<![{data}]>")

    def _found(self, explain: _Explain, written: str) -> None:
        if self.explain is None:
            self.explain, self.written = explain, written


def _not_closed(tag: str, files: _Files) -> CampaignError:
    place, written = _opening(tag, files)
    if tag not in defs.tags and not tag.startswith("mj-"):
        return CampaignError(
            f"{written} is no element of HTML",
            place=place,
            hint="Write {{ recipient.first_name }} for a value of the recipient, &lt; for the sign itself.",
        )
    return CampaignError(
        f"{written} is not closed", place=place, hint=f"Write </{tag}> where it ends."
    )


def _closes_nothing(tag: str, files: _Files) -> CampaignError:
    return CampaignError(
        f"</{tag}> closes nothing",
        place=_first(rf"</\s*{tag}\s*>", files),
        hint=f"Take it out, or write <{tag}> where it begins.",
    )


def _program(written: str, files: _Files) -> CampaignError:
    return CampaignError(
        f"{written} cannot stand in a mail",
        place=_first(re.escape(written[:3]), files),
        hint="Take it out. Write &lt; for the sign itself.",
    )


def _opening(tag: str, files: _Files) -> tuple[Place, str]:
    """The first opening tag without an end in a file whose tags of that name do not pair."""
    for path, source in files.items():
        open_tags: list[re.Match[str]] = []
        for match in re.finditer(rf"<(/?)\s*{tag}\b[^<>]*>", source, re.IGNORECASE):
            if not match[1]:
                open_tags.append(match)
            elif open_tags:
                open_tags.pop()
        if open_tags:
            first = open_tags[0]
            return Place(path, source.count("\n", 0, first.start()) + 1), first[0]
    return _first(rf"<{tag}\b", files), f"<{tag}>"


def _first(pattern: str, files: _Files) -> Place:
    for path, source in files.items():
        match = re.search(pattern, source, re.IGNORECASE)
        if match:
            return Place(path, source.count("\n", 0, match.start()) + 1)
    return Place("templates")


def _line_ends(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")
