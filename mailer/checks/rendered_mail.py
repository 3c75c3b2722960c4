"""A finished mail under examination: one variant, filled for one of those who get it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lxml import html

from mailer.checks import html_text
from mailer.checks.style import computed
from mailer.errors import Place

if TYPE_CHECKING:
    from mailer.campaigns.snapshot import Snapshot
    from mailer.compiler.compile import CutText
    from mailer.mail.merge import Merged

_NEUTRAL = "zqvalueqz"
"""Stands for a personal value."""
_TELLING = 5
"""Characters of words that do not stand just anywhere."""


@dataclass(frozen=True)
class RenderedMail:
    snapshot: Snapshot
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
    def reading(self) -> html_text.HtmlText:
        return html_text.read_html(self.tree)

    @cached_property
    def neutral_tree(self) -> Any:
        """The HTML with one and the same word for every personal value."""
        return html.document_fromstring(neutral(self.merged.variant.html))

    @cached_property
    def neutral_reading(self) -> html_text.HtmlText:
        return html_text.read_html(self.neutral_tree)

    @cached_property
    def neutral_text(self) -> str:
        return neutral(self.merged.variant.text)

    @cached_property
    def light(self) -> dict[Any, computed.ComputedStyle]:
        """What each element looks like."""
        return self._styles[0]

    @cached_property
    def dark(self) -> dict[Any, computed.ComputedStyle]:
        """The computed styles in dark mode."""
        return self._styles[1]

    @cached_property
    def _styles(
        self,
    ) -> tuple[dict[Any, computed.ComputedStyle], dict[Any, computed.ComputedStyle]]:
        return computed.computed_styles(self.tree)

    def place(self, *needles: str) -> Place:
        return place_of(self.snapshot, *needles)

    def place_of_text(self, text: str) -> Place:
        """The place of words that show; a personal value may follow the first of them."""
        needles = (text, " ".join(text.split()[:3]))
        return self.place(*(needle for needle in needles if len(needle) >= _TELLING))


def neutral(cut: CutText) -> str:
    """A text with the neutral word for every value, also where a value has to be a whole address."""
    return _NEUTRAL.join(cut.static)


def has_value(text: str) -> bool:
    """Whether the neutral word, and so a personal value, is in a text."""
    return _NEUTRAL in text


def place_of(snapshot: Snapshot, *needles: str) -> Place:
    """Where the first words that are found were written: in the campaign, or in a template that it uses."""
    paths = dict.fromkeys((*reached(snapshot), *sorted(snapshot.files)))
    for needle in filter(None, needles):
        for path in paths:
            start = snapshot.files[path].find(needle)
            if start >= 0:
                return Place(path, snapshot.files[path].count("\n", 0, start) + 1)
    return Place(snapshot.path)


def reached(snapshot: Snapshot) -> list[str]:
    """The campaign, its layout, and the templates that one of them names."""
    layout = f"templates/{snapshot.parsed.front.layout}.mjml"
    libraries = [p for p in snapshot.files if re.fullmatch(r"templates/components(/.*)?\.mjml", p)]
    paths = [p for p in (snapshot.path, layout, *libraries) if p in snapshot.files]
    for path in paths:  # it grows on the way
        named = set(re.findall(r"""["']([^"'\n]+\.mjml)["']""", snapshot.files[path]))
        paths += sorted({f"templates/{name}" for name in named} & set(snapshot.files) - set(paths))
    return paths
