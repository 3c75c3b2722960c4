"""Style sheets → `style` attributes, as premailer does it; what variants have in common is worked out once.

premailer parses the sheets and merges declarations. It would search a whole document for each selector,
with XPath; most selectors are a tag or a class inside another, which an index of the elements answers.
"""

from __future__ import annotations

import logging
import re
import sys
from functools import lru_cache
from operator import itemgetter
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from lxml.cssselect import CSSSelector

# It imports an HTTP client for style sheets on the web, a tenth of the time in which the command line
# starts; none is fetched here.
_REAL = sys.modules.get("requests")
sys.modules["requests"] = _REAL or ModuleType("requests")
try:
    from premailer import Premailer
    from premailer.merge_style import csstext_to_pairs, merge_styles
finally:
    if _REAL is None:
        del sys.modules["requests"]

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml.etree import _Element

_OPTIONS = {
    "allow_network": False,
    "strip_important": False,
    "disable_validation": True,
    "cssutils_logging_level": logging.CRITICAL,
}
_READ_ON = {"", "all", "screen"}
_COMPOUND = re.compile(
    r"(?P<names>(?:[a-z][\w-]*|\.[A-Za-z_-][\w-]*)(?:\.[A-Za-z_-][\w-]*)*)(?:\[(?P<attribute>[\w-]+)\])?"
)


def inline(root: _Element) -> None:
    """Write the rules of a document's style sheets into the elements that they are for, in place.

    Rules that cannot stand in an element, as `@media`, stay in their sheet. So does a sheet with
    data-premailer="ignore".
    """
    rules: list[Any] = []
    for index, sheet in enumerate(_sheets(root)):
        own, rest = _rules(sheet.text or "", index)
        rules += own
        if rest:
            sheet.text = rest
        else:
            parent = sheet.getparent()
            assert parent is not None
            parent.remove(sheet)
    elements = _Elements(root)
    declared: dict[_Element, list[str]] = {}
    for _, selector, declarations in sorted(rules, key=itemgetter(0)):
        for element in elements.select(selector):
            declared.setdefault(element, []).append(declarations)
    for element, several in declared.items():
        element.attrib["style"] = _merged(element.get("style", ""), tuple(several))


def _sheets(root: _Element) -> Iterator[_Element]:
    for sheet in list(root.iter("style")):
        if sheet.get("media", "") not in _READ_ON:
            continue
        if sheet.attrib.pop("data-premailer", None) != "ignore":
            yield sheet


@lru_cache(maxsize=64)
def _rules(sheet: str, index: int) -> tuple[list[Any], str]:
    """(specificity, selector, declarations) of each rule, and the rest of the sheet."""
    premailer = Premailer("", **_OPTIONS)
    rules, rest = premailer._parse_style_rules(sheet, index)  # noqa: SLF001 - it has no other way
    return rules, premailer._css_rules_to_string(rest)  # noqa: SLF001 - same


@lru_cache(maxsize=4096)
def _merged(inline_style: str, declarations: tuple[str, ...]) -> str:
    # the element's own style last, not as premailer's own argument, whose values are compared with CSS's grammar
    texts = [*declarations, inline_style] if inline_style else declarations
    pairs = [csstext_to_pairs(text, validate=False) for text in texts]
    style: str = merge_styles("", pairs, [""] * len(pairs))
    return style


class _Compound(NamedTuple):
    """A part of a selector: what one element must be."""

    names: tuple[str, ...]
    """Its tag and, with their dots, classes."""
    attribute: str
    """That it must have; "" for none."""


class _Elements:
    """The elements of a document, by tag and class."""

    def __init__(self, root: _Element) -> None:
        self._root = root
        self._named: dict[str, list[_Element]] = {}
        self._names: dict[_Element, frozenset[str]] = {}
        self._with_parents: dict[_Element | None, frozenset[str]] = {None: frozenset()}
        for element in root.iter("*"):
            classes = element.get("class", "").split()
            names = frozenset([element.tag, *(f".{name}" for name in classes)])
            self._names[element] = names
            self._with_parents[element] = self._with_parents[element.getparent()] | names
            for name in names:
                self._named.setdefault(name, []).append(element)

    def select(self, selector: str) -> Sequence[_Element]:
        compounds = _compounds(selector)
        if not compounds:
            return _xpath(selector)(self._root)  # type: ignore[no-any-return] # elements
        *around, last = compounds
        outer = {name for compound in around for name in compound.names}
        return [
            element
            for element in self._named.get(last.names[0], ())
            if self._is(element, last)
            and outer <= self._with_parents[element.getparent()]
            and self._is_inside(element, around)
        ]

    def _is(self, element: _Element, compound: _Compound) -> bool:
        return self._names[element].issuperset(compound.names) and (
            not compound.attribute or compound.attribute in element.attrib
        )

    def _is_inside(self, element: _Element, around: Sequence[_Compound]) -> bool:
        """Whether elements around it are these, the innermost last."""
        left = list(around)
        parent = element.getparent()
        while left and parent is not None:
            if self._is(parent, left[-1]):
                left.pop()
            parent = parent.getparent()
        return not left


@lru_cache(maxsize=4096)
def _compounds(selector: str) -> tuple[_Compound, ...]:
    """The parts of a selector of tags, classes and attributes inside one another; () for any other."""
    matches = [_COMPOUND.fullmatch(part) for part in selector.split()]
    return (
        tuple(
            _Compound(tuple(re.findall(r"\.?[\w-]+", match["names"])), match["attribute"] or "")
            for match in matches
            if match
        )
        if all(matches)
        else ()
    )


@lru_cache(maxsize=1024)
def _xpath(selector: str) -> CSSSelector:
    return CSSSelector(selector)
