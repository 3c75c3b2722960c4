"""A finished mail under examination: one variant, filled for one of those who get it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lxml import html

from mailer.checks import looks, reading
from mailer.errors import Place

if TYPE_CHECKING:
    from mailer.merge import Merged
    from mailer.sources import Sources


@dataclass(frozen=True)
class Proof:
    words: Sources
    merged: Merged

    @cached_property
    def html(self) -> str:
        return self.merged.html

    @cached_property
    def text(self) -> str:
        return self.merged.text

    @cached_property
    def tree(self) -> Any:
        """The HTML, parsed by lxml; not to be changed."""
        return html.document_fromstring(self.html)

    @cached_property
    def reading(self) -> reading.Reading:
        return reading.read(self.tree)

    @cached_property
    def light(self) -> dict[Any, looks.Look]:
        """What each element looks like."""
        return looks.looks(self.tree, dark=False)

    @cached_property
    def dark(self) -> dict[Any, looks.Look]:
        """The same in dark mode."""
        return looks.looks(self.tree, dark=True)

    def place(self, needle: str) -> Place:
        return place_of(self.words, needle)


def place_of(words: Sources, needle: str) -> Place:
    """Where words of a mail were written: in the campaign first, then in a template."""
    for path in (words.path, *sorted(set(words.files) - {words.path})):
        before, found, _ = words.files[path].partition(needle)
        if needle and found:
            return Place(path, before.count("\n") + 1)
    return Place(words.path)
