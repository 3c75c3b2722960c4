"""Numbers in quotation marks: `recipient.fields.amount == "100"` compares letters, not numbers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from jinja2 import TemplateError, nodes

from mailer.checks.finding import Finding, Severity
from mailer.compiler.comparison import number
from mailer.compiler.environment import Environment
from mailer.errors import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from mailer.campaigns.snapshot import Snapshot

NUMBER_IN_QUOTES = "number-in-quotes"

_FURTHER = "recipient.fields."
_SIGNS = {"eq": "==", "ne": "!="}
_TEXTS = ("subject", "preheader", "headline")


def quoted_numbers(snapshot: Snapshot, today: date) -> Iterator[Finding]:
    """Comparisons in the campaign's text, its audience and the segments of mailer.toml."""
    del today
    parsed = snapshot.parsed
    yield from _findings(parsed.body, lambda line: parsed.place(line=line))
    for key in _TEXTS:
        yield from _findings(parsed.front.text(key), partial(_always, parsed.place(key)))
    yield from in_condition(snapshot.audience, parsed.place("audience"))
    for name, expression in snapshot.content.segments.items():
        yield from in_condition(expression, Place(f"mailer.toml [segments] {name}"))


def in_condition(expression: str, place: Place) -> Iterator[Finding]:
    """Comparisons in a condition, such as that of --where."""
    yield from _findings(f"{{{{ ({expression}) }}}}" if expression else "", partial(_always, place))


def _always(place: Place, line: int) -> Place:
    """The place of a text of one line, whatever line of it something is on."""
    del line
    return place


def _findings(source: str, place_of: Callable[[int], Place]) -> Iterator[Finding]:
    try:
        tree = Environment().parse(source)
    except (TemplateError, RecursionError, MemoryError):
        return  # said where it is compiled
    for comparison in tree.find_all(nodes.Compare):
        left = comparison.expr
        for operand in comparison.ops:
            right = operand.expr
            for value, constant in ((left, right), (right, left)):
                finding = _finding(value, operand.op, constant, place_of(comparison.lineno))
                if finding:
                    yield finding
            left = right


def _finding(
    value: nodes.Node, operator: str, constant: nodes.Node, place: Place
) -> Finding | None:
    name = _name(value)
    if operator not in _SIGNS or not name.startswith(_FURTHER):
        return None
    text = constant.value if isinstance(constant, nodes.Const) else None
    amount = number(text) if isinstance(text, str) else None
    if amount is None:
        return None
    written = str(int(amount)) if amount.is_integer() else str(amount)
    return Finding(
        NUMBER_IN_QUOTES,
        Severity.WARNING,
        f'"{text}" in quotation marks is compared letter by letter: "{text}.00" and "$ {text}" differ',
        f"To compare numbers, leave the quotation marks out: {name} {_SIGNS[operator]} {written}",
        place,
        spot=f'"{text}"',
    )


def _name(node: nodes.Node) -> str:
    """A name with its parts, such as recipient.fields.amount; "" for anything else."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        return f"{_name(node.node)}.{node.attr}"
    return ""
