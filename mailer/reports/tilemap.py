"""The states of the US as tiles of one size: a small one with many people is as easy to see as Texas."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# As National Public Radio laid it out in 2015, and most newsrooms since.
_LAYOUT = """
AK .  .  .  .  .  .  .  .  .  .  ME
.  .  .  .  .  .  .  .  .  .  VT NH
.  WA ID MT ND MN IL WI MI NY RI MA
.  OR NV WY SD IA IN OH PA NJ CT .
.  CA UT CO NE MO KY WV VA MD DE .
.  .  AZ NM KS AR TN NC SC DC .  .
.  .  .  .  OK LA MS AL GA .  .  .
HI .  .  .  TX .  .  .  .  FL .  .
"""
TILES = {
    state: (column, row)
    for row, line in enumerate(_LAYOUT.split("\n")[1:-1])
    for column, state in enumerate(line.split())
    if state != "."
}
"""Postal abbreviation → (column, row)."""
_SIZE, _GAP = 30, 2
_LEVELS = ((1 / 2, 4), (1 / 4, 3), (1 / 16, 2))
"""From which part of the most on a tile is how dark. Few, so that each can be told from the next."""

STYLE = """.tilemap { margin: 0; }
.tilemap svg { display: block; width: 100%; max-width: 480px; }
.tilemap figcaption { color: var(--muted); }
.tilemap rect { fill: var(--link); fill-opacity: 1; }
.tilemap text { fill: var(--text); font-size: 11px; text-anchor: middle; }
.tilemap .l0 rect { fill-opacity: 0; stroke: var(--line); stroke-opacity: .5; }
.tilemap .l1 rect { fill-opacity: .1; }
.tilemap .l2 rect { fill-opacity: .25; }
.tilemap .l3 rect { fill-opacity: .45; }
.tilemap .l4 text { fill: var(--surface); font-weight: bold; }
"""


def draw(places: Mapping[str, int], *, what: str) -> str:
    """A map in SVG, in the colours of the page. "" when no state has any.

    Args:
        places: postal abbreviation → how many; states that are not among them have none.
        what: is counted, as in "recipients".
    """
    most = max(places.values(), default=0)
    if not most:
        return ""
    first = max(places, key=lambda state: places[state])
    said = f"{what.capitalize()} by state: in {len(places)}, the most in {first}, {most:,}"
    width, height = 12 * _SIZE, 8 * _SIZE
    tiles = "".join(_tile(state, places.get(state, 0), most) for state in TILES)
    return (
        '<figure class="tilemap">'
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(said)}">{tiles}</svg>'
        f"<figcaption>The stronger the colour, the more: up to {most:,} in {first}</figcaption></figure>"
    )


def _tile(state: str, number: int, most: int) -> str:
    column, row = TILES[state]
    x, y, size = column * _SIZE + _GAP // 2, row * _SIZE + _GAP // 2, _SIZE - _GAP
    return (
        f'<g class="l{_level(number, most)}"><title>{state}: {number:,}</title>'
        f'<rect x="{x}" y="{y}" width="{size}" height="{size}" rx="3"/>'
        f'<text x="{x + size / 2:g}" y="{y + size / 2 + 4:g}">{state}</text></g>'
    )


def _level(number: int, most: int) -> int:
    if not number:
        return 0
    return next((level for part, level in _LEVELS if number >= part * most), 1)
