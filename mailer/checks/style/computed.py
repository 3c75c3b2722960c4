"""What each element of a mail looks like, without a browser: what it inherits, and what is behind it.

As on a telephone, where most mail is read; a test holds it to what Chromium computes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mailer.checks.style.cascade import cascade
from mailer.checks.style.css import Medium
from mailer.checks.style.css_color import parse_css_color
from mailer.colors import Color

if TYPE_CHECKING:
    from collections.abc import Mapping

PHONE = 375
"""CSS pixels."""

_USUAL_SIZE = 16.0
_NORMAL_LINE = 1.2
_BOLD = 600
_HIDDEN = {"head", "title", "style", "script", "template", "noscript", "base", "link", "meta"}
_SIZES = {
    "xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0, "large": 18.0, "x-large": 24.0,
    "xx-large": 32.0,
}  # fmt: skip
_UNITS = {"px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4}
_LENGTH = re.compile(r"(-?\d*\.?\d+(?:e[+-]?\d+)?)([a-z%]*)")
_BLACK, _WHITE = Color(0, 0, 0), Color(1, 1, 1)
_LINK, _LIGHT_LINK = Color(0, 0, 238 / 255), Color(158 / 255, 158 / 255, 1)
_DARK_CANVAS = Color(18 / 255, 18 / 255, 18 / 255)
"""What Chromium puts behind a document that says it can be dark."""


@dataclass(frozen=True, slots=True)
class ComputedStyle:
    own: Mapping[str, str]
    """What was declared for the element itself, after the cascade."""
    color: Color
    ground: Color
    """The color behind its text: its own, or the next that shows through. Pictures do not count, for
    many people do not see them."""
    fade: float
    """The opacity of it and all around it."""
    size: float
    """Size of its text in CSS pixels."""
    bold: bool
    leading: str
    """line-height, as it is inherited."""
    shown: bool

    @property
    def ink(self) -> Color:
        return self.color.over(self.ground, self.fade)

    @property
    def line(self) -> float:
        """The height of a line, CSS pixels."""
        factor = _factor(self.leading)
        return factor * self.size if factor is not None else length(self.leading, self.size)

    def length(self, name: str) -> float:
        """A declared length, CSS pixels; 0 for a relative one."""
        return length(self.own.get(name, ""), self.size)


def computed_styles(tree: Any) -> tuple[dict[Any, ComputedStyle], dict[Any, ComputedStyle]]:
    """Element → look, in document order: in light mode, and in dark mode."""
    light, dark = cascade(tree, [Medium(mode, PHONE) for mode in (False, True)])
    return _computed(tree, light, dark=False), _computed(tree, dark, dark=True)


def _computed(
    tree: Any, declared: Mapping[Any, Mapping[str, str]], *, dark: bool
) -> dict[Any, ComputedStyle]:
    root = _root(tree, declared, dark=dark)
    link = _LINK if root.color == _BLACK else _LIGHT_LINK
    styles: dict[Any, ComputedStyle] = {}
    # half of all elements look like another one, as the cells of a row do
    alike: dict[tuple[str, int, int, Color], ComputedStyle] = {}
    for element in tree.iter("*"):
        tag, own, above = element.tag, declared[element], styles.get(element.getparent(), root)
        usual = link if tag == "a" and element.get("href") is not None else above.color
        key = (tag, id(own), id(above), usual)
        if key not in alike:
            alike[key] = _look(tag, own, above, usual)
        styles[element] = alike[key]
    return styles


def length(value: str, size: float) -> float:
    match = _LENGTH.fullmatch(value)
    if not match:
        return 0.0
    number, unit = float(match[1]), match[2]
    return number * {"em": size, "rem": _USUAL_SIZE, **_UNITS}.get(unit, 0.0)


def _root(tree: Any, declared: Mapping[Any, Mapping[str, str]], *, dark: bool) -> ComputedStyle:
    """The page itself. Mail programs darken it where the mail says that it can be dark."""
    named = [m.get("content") or "" for m in tree.iter("meta") if m.get("name") == "color-scheme"]
    asked = declared[tree].get("color-scheme", " ".join(named))
    darkens = dark and "dark" in asked.lower().split()
    ground, text = (_DARK_CANVAS, _WHITE) if darkens else (_WHITE, _BLACK)
    return ComputedStyle({}, text, ground, 1.0, _USUAL_SIZE, False, "normal", True)


def _look(tag: str, own: Mapping[str, str], above: ComputedStyle, usual: Color) -> ComputedStyle:
    size = _size(own.get("font-size", ""), above.size)
    fade = above.fade * _opacity(own.get("opacity", ""))
    ground = parse_css_color(own.get("background-color", ""))
    ink = own.get("color", "")
    return ComputedStyle(
        own=own,
        color=above.color if ink == "inherit" else parse_css_color(ink) or usual,
        ground=ground.over(above.ground, fade) if ground else above.ground,
        fade=fade,
        size=size,
        bold=_bold(own.get("font-weight", ""), above.bold),
        leading=_leading(own.get("line-height", ""), size) or above.leading,
        shown=above.shown and tag not in _HIDDEN and _visible(own, fade),
    )


def _size(value: str, above: float) -> float:
    match = _LENGTH.fullmatch(value)
    if value in _SIZES:
        return _SIZES[value]
    if not match or float(match[1]) < 0:
        return above
    return above * float(match[1]) / 100 if match[2] == "%" else length(value, above)


def _opacity(value: str) -> float:
    match = _LENGTH.fullmatch(value)
    if not match or match[2] not in {"", "%"}:
        return 1.0
    return min(max(float(match[1]) / (100 if match[2] else 1), 0.0), 1.0)


def _bold(value: str, above: bool) -> bool:
    if value.isdecimal():
        return int(value) >= _BOLD
    return {"bold": True, "bolder": True, "normal": False, "lighter": False}.get(value, above)


def _factor(leading: str) -> float | None:
    if leading == "normal":
        return _NORMAL_LINE
    match = _LENGTH.fullmatch(leading)
    return float(match[1]) if match and not match[2] else None


def _leading(value: str, size: float) -> str:
    """What children inherit: a plain factor as it is, anything else in pixels."""
    if value == "normal" or _factor(value) is not None:
        return value
    match = _LENGTH.fullmatch(value)
    if not match:
        return ""
    pixels = size * float(match[1]) / 100 if match[2] == "%" else length(value, size)
    return f"{pixels:.3f}px"


def _visible(own: Mapping[str, str], fade: float) -> bool:
    clipped = own.get("overflow") == "hidden" and "0" in {
        own.get(name, "").removesuffix("px") for name in ("height", "max-height")
    }
    return (
        own.get("display") != "none"
        and own.get("visibility") != "hidden"
        and fade > 0
        and not clipped
    )
