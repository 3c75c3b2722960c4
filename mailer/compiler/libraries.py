"""The macros of a library that a campaign may call: without the others, a first compile takes a third less."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from mailer.compiler import whitespace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mailer.compiler.whitespace import Piece

_MACRO = re.compile(r"\{%[-+]?\s*macro\s+(\w+)")
_END_MACRO = re.compile(r"\{%[-+]?\s*endmacro\b")
_NAME = re.compile(rf"{whitespace.QUOTED}|(?<![.\w])([^\W\d]\w*)", re.DOTALL)
_SHOW_NAMES = frozenset(["context", "extends", "include"])
"""Words of tags with which another template sees the names of this one."""


class _Part(NamedTuple):
    """A macro of a library, whole, or what stands before, between and after the macros."""

    macro: str
    """Its name; "" for what is no macro."""
    source: str
    names: frozenset[str]


def names_in(source: str) -> frozenset[str]:
    """All that a template's tags may look up: each word that is neither quoted nor behind a dot."""
    return _names(whitespace.pieces(source))


def names_used(campaign: str, libraries: Iterable[str], templates: Iterable[str]) -> frozenset[str]:
    """The names by which a campaign's macros may be called from outside of their own library.

    Args:
        campaign: the text of the campaign.
        libraries: the sources that define its macros.
        templates: all sources that these may include.
    """
    names = names_in(campaign)
    if any(names_in(source) & _SHOW_NAMES for source in (campaign, *libraries)):
        return names.union(*map(names_in, templates))
    return names


def needed(library: str, names: Iterable[str]) -> str:
    """A library without the macros that neither these names nor the rest of it reach.

    The lines keep their numbers. A library whose macros do not end stays whole: Jinja says what is wrong.
    """
    parts = _parts(library)
    reached = set(names).union(*(part.names for part in parts if not part.macro))
    waiting = [part for part in parts if part.macro]
    while called := [part for part in waiting if part.macro in reached]:
        reached.update(*(part.names for part in called))
        waiting = [part for part in waiting if part not in called]
    return "".join(
        "\n" * part.source.count("\n") if part in waiting else part.source for part in parts
    )


@lru_cache(maxsize=64)
def _parts(library: str) -> tuple[_Part, ...]:
    parts: list[_Part] = []
    pieces: list[Piece] = []
    depth = 0
    for kind, text in whitespace.pieces(library):
        opening = _MACRO.match(text) if kind == "tag" else None
        if opening and not depth:
            parts.append(_part("", pieces))
            macro, pieces = opening[1], []
        depth += bool(opening)
        pieces.append((kind, text))
        if kind == "tag" and _END_MACRO.match(text):
            depth -= 1
            if not depth:
                parts.append(_part(macro, pieces))
                pieces = []
    parts.append(_part("", pieces))
    return (_Part("", library, frozenset()),) if depth else tuple(parts)


def _part(macro: str, pieces: Iterable[Piece]) -> _Part:
    return _Part(macro, "".join(text for _, text in pieces), _names(pieces))


def _names(pieces: Iterable[Piece]) -> frozenset[str]:
    return frozenset(
        name
        for kind, text in pieces
        if kind in {"tag", "value"} and not text.startswith("{#")
        for name in _NAME.findall(text)
        if name
    )
