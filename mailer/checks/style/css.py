"""The CSS of a mail, parsed: declarations, rules, and which media they are for."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import tinycss2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Item = TypeVar("Item")


class Declaration(NamedTuple):
    name: str
    value: str
    """The value in small letters, without `!important`."""
    important: bool


@dataclass(frozen=True, slots=True)
class Rule:
    selector: str
    declarations: tuple[Declaration, ...]
    within: tuple[str, ...] = ()
    """The at-rules around it, such as `@media screen`, and the selector it is nested in."""


class Medium(NamedTuple):
    """What a mail is read on."""

    dark: bool
    width: float
    """CSS pixels."""


def _kept(read: Callable[[str], Iterator[Item]]) -> Callable[[str], tuple[Item, ...]]:
    """Remember what was read: the same few hundred texts stand in every variant of a campaign."""

    @lru_cache(maxsize=8192)
    def cached(text: str) -> tuple[Item, ...]:
        try:
            return tuple(read(text))
        except RecursionError:
            return ()  # a thousand brackets deep, which no mail program follows either

    return cached


@_kept
def declarations(style: str) -> Iterator[Declaration]:
    """Read the declarations of a `style` attribute."""
    yield from _declared(tinycss2.parse_blocks_contents(style))


@_kept
def rules(sheet: str) -> Iterator[Rule]:
    """Read the rules of a style sheet, in order. What cannot be read is left out, as mail programs do."""
    yield from _rules(tinycss2.parse_stylesheet(sheet), ())


@_kept
def imports(sheet: str) -> Iterator[str]:
    """The @import rules of a style sheet, as they are written."""
    for node in tinycss2.parse_stylesheet(sheet):
        if _at(node) == "import":
            yield node.serialize()


def applies(query: str, medium: Medium) -> bool:
    """Whether a media query is true; one that asks for something else is not."""
    return not query.strip() or any(
        all(_holds(name, value, medium) for name, value in wanted)
        for wanted in _alternatives(query)
    )


@_kept
def _alternatives(query: str) -> Iterator[list[tuple[str, str]]]:
    """What a media query asks for, name and value; any of what stands between its commas will do."""
    wanted: list[tuple[str, str]] = []
    nodes: list[Any] = tinycss2.parse_component_value_list(query, skip_comments=True)
    for node in nodes:
        if node == ",":
            yield wanted
            wanted = []
        elif node.type == "() block":
            name, _, value = tinycss2.serialize(node.content).lower().partition(":")
            wanted.append((name.strip(), value.strip()))
        elif node.type != "whitespace":
            wanted.append((node.serialize().lower(), ""))
    yield wanted


def _rules(nodes: Iterable[Any], within: tuple[str, ...]) -> Iterator[Rule]:
    for node in nodes:
        if node.type == "qualified-rule":
            selector = tinycss2.serialize(node.prelude).strip()
            content = tinycss2.parse_blocks_contents(node.content)
            yield Rule(selector, tuple(_declared(content)), within)
            yield from _rules(content, (*within, selector))
        elif _at(node) in {"media", "supports", "layer", "container"} and node.content is not None:
            around = f"@{_at(node)} {tinycss2.serialize(node.prelude).strip()}"
            inner = tinycss2.parse_blocks_contents(node.content)
            yield from _rules(inner, (*within, around))


def _at(node: Any) -> str:
    return node.lower_at_keyword if node.type == "at-rule" else ""


def _declared(nodes: Iterable[Any]) -> Iterator[Declaration]:
    for node in nodes:
        if node.type == "declaration":
            value = tinycss2.serialize(node.value).strip().lower()
            yield Declaration(node.lower_name, value, node.important)


def _holds(name: str, value: str, medium: Medium) -> bool:
    match name, value:
        case "only" | "and" | "all" | "screen", "":
            return True
        case "prefers-color-scheme", _:
            return value == ("dark" if medium.dark else "light")
        case "min-width", _:
            return medium.width >= _pixels(value)
        case "max-width", _:
            return medium.width <= _pixels(value)
    return False


def _pixels(length: str) -> float:
    """A length in pixels; NaN for other units, as no width is more or less than NaN."""
    match = re.fullmatch(r"([\d.]+)px", length)
    try:
        return float(match[1]) if match else math.nan
    except ValueError:
        return math.nan
