"""The variants of a test that a campaign's own text tells apart: `{% if variant == "b" %}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import Environment, TemplateSyntaxError, meta, nodes

from mailer.errors import CampaignError, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

LETTERS = "abcdefghij"
"""Names of the variants, in order."""
_NAME = "variant"


def letter(arm: int) -> str:
    """The name that a campaign has for an arm, counted from 1."""
    return LETTERS[arm - 1]


def number(name: str) -> int:
    """The arm that a letter names; 0 for "" and for what is no letter of a variant."""
    return LETTERS.find(name) + 1 if name else 0


def asked_for(source: str, place: Place) -> dict[str, Place]:
    """The variants that a Jinja text asks for, with the place of each; none if it asks for none.

    A text that writes the variant out without comparing it is for two.

    Args:
        source: the text. One that is not valid Jinja asks for none: the compiler says what is wrong.
        place: of its first line.

    Raises:
        CampaignError: the variant is compared with something that is no letter of a variant.
    """
    if _NAME not in source:
        return {}
    try:
        tree = Environment(autoescape=True).parse(source)
    except TemplateSyntaxError:
        return {}
    if _NAME not in meta.find_undeclared_variables(tree):
        return {}
    places = {LETTERS[1]: place}
    for value, line in _compared_values(tree):
        here = Place(place.path, (place.line or 1) + line - 1)
        if not isinstance(value, str) or len(value) != 1 or value not in LETTERS:
            raise CampaignError(
                f'there is no variant "{value}"',
                place=here,
                hint='The variants are called "a", "b" and so on: {% if variant == "b" %}.',
            )
        places[value] = here
    return places


def _compared_values(tree: nodes.Template) -> Iterator[tuple[Any, int]]:
    """What the variant is compared with, and the line."""
    for comparison in tree.find_all(nodes.Compare):
        sides = [comparison.expr, *(operand.expr for operand in comparison.ops)]
        if any(isinstance(side, nodes.Name) and side.name == _NAME for side in sides):
            for side in sides:
                constants = [side] if isinstance(side, nodes.Const) else side.find_all(nodes.Const)
                for constant in constants:
                    values = constant.value
                    values = values if isinstance(values, list | tuple) else [values]
                    yield from ((value, comparison.lineno) for value in values)
