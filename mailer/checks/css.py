"""The CSS of a mail, parsed: declarations, rules, and which media they are for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import tinycss2

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Declaration(NamedTuple):
    name: str
    value: str
    """In small letters, without `!important`."""
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


@lru_cache(maxsize=8192)
def declarations(style: str) -> tuple[Declaration, ...]:
    """Of a `style` attribute. The same few hundred stand in every variant of a campaign."""
    return tuple(_declared(tinycss2.parse_blocks_contents(style)))


@lru_cache(maxsize=128)
def rules(sheet: str) -> tuple[Rule, ...]:
    """Of a style sheet, in its order. What cannot be read is left out, as mail programs do."""
    return tuple(_rules(tinycss2.parse_stylesheet(sheet), ()))


@lru_cache(maxsize=128)
def imports(sheet: str) -> tuple[str, ...]:
    """The @import rules of a style sheet, as they are written."""
    nodes = tinycss2.parse_stylesheet(sheet)
    return tuple(node.serialize() for node in nodes if _at(node) == "import")


@lru_cache(maxsize=1024)
def applies(query: str, medium: Medium) -> bool:
    """Whether a media query is true; one that asks for something else is not."""
    if not query.strip():
        return True
    alternatives: list[list[Any]] = [[]]
    nodes: list[Any] = tinycss2.parse_component_value_list(query, skip_comments=True)
    for node in nodes:
        if node == ",":
            alternatives.append([])
        elif node.type != "whitespace":
            alternatives[-1].append(node)
    return any(all(_holds(node, medium) for node in wanted) for wanted in alternatives)


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


def _holds(node: Any, medium: Medium) -> bool:
    if node.type == "ident":
        return node.lower_value in {"only", "and", "all", "screen"}
    if node.type != "() block":
        return False
    name, _, value = tinycss2.serialize(node.content).lower().partition(":")
    match name.strip(), value.strip():
        case "prefers-color-scheme", scheme:
            return scheme == ("dark" if medium.dark else "light")
        case "min-width", width if width.endswith("px"):
            return medium.width >= _number(width)
        case "max-width", width if width.endswith("px"):
            return medium.width <= _number(width)
    return False


def _number(length: str) -> float:
    try:
        return float(length.removesuffix("px"))
    except ValueError:
        return float("nan")
