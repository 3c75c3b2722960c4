"""What each element of a mail looks like, without a browser: the cascade, and what is inherited.

As on a telephone, where most mail is read; a test holds it to what Chromium computes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import cssselect
from lxml import etree
from tinycss2.color4 import Color, parse_color

from mailer.checks import css
from mailer.checks.css import Declaration, Medium

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
_BROWSER = {
    "h1": "font-size: 2em; font-weight: bold; display: block",
    "h2": "font-size: 1.5em; font-weight: bold; display: block",
    "h3": "font-size: 1.17em; font-weight: bold; display: block",
    "h4": "font-weight: bold; display: block",
    "h5": "font-size: 0.83em; font-weight: bold; display: block",
    "h6": "font-size: 0.67em; font-weight: bold; display: block",
    "b": "font-weight: bold", "strong": "font-weight: bold", "th": "font-weight: bold",
    "small": "font-size: 0.83333em", "sub": "font-size: 0.83333em", "sup": "font-size: 0.83333em",
    "mark": "background: #ffff00; color: #000000",
}  # fmt: skip
"""What browsers do without being asked, as far as it matters here."""


class Colour(NamedTuple):
    """sRGB, each from 0 to 1."""

    red: float
    green: float
    blue: float
    alpha: float = 1.0

    def over(self, below: Colour, share: float = 1.0) -> Colour:
        """As it looks on an opaque colour."""
        a = self.alpha * share
        pairs = zip(self[:3], below[:3], strict=True)
        return Colour(*(a * mine + (1 - a) * other for mine, other in pairs))

    @property
    def hex(self) -> str:
        return "#" + "".join(f"{round(255 * min(max(part, 0), 1)):02x}" for part in self[:3])


_BLACK, _WHITE = Colour(0, 0, 0), Colour(1, 1, 1)
_LINK, _LIGHT_LINK = Colour(0, 0, 238 / 255), Colour(158 / 255, 158 / 255, 1)
_DARK_CANVAS = Colour(18 / 255, 18 / 255, 18 / 255)
"""What Chromium puts behind a document that says it can be dark."""


@dataclass(frozen=True, slots=True)
class Look:
    own: Mapping[str, str]
    """What was declared for the element itself, after the cascade."""
    colour: Colour
    ground: Colour
    """The colour behind its text: its own, or the next that shows through. Pictures do not count, for
    many people do not see them."""
    fade: float
    """The opacity of it and all around it."""
    size: float
    """Of its text, CSS pixels."""
    bold: bool
    leading: str
    """line-height, as it is inherited."""
    shown: bool

    @property
    def ink(self) -> Colour:
        return self.colour.over(self.ground, self.fade)

    @property
    def line(self) -> float:
        """The height of a line, CSS pixels."""
        factor = _factor(self.leading)
        return factor * self.size if factor is not None else length(self.leading, self.size)

    def length(self, name: str) -> float:
        """A length it was given, CSS pixels; 0 for one that depends on others."""
        return length(self.own.get(name, ""), self.size)


def looks(tree: Any, *, dark: bool) -> dict[Any, Look]:
    """Element → look, in document order."""
    given = _cascade(tree, Medium(dark, PHONE))
    root = _root(tree, given, dark=dark)
    link = _LINK if root.colour == _BLACK else _LIGHT_LINK
    found: dict[Any, Look] = {}
    for element in tree.iter("*"):
        above = found.get(element.getparent(), root)
        usual = link if element.tag == "a" and element.get("href") is not None else above.colour
        found[element] = _look(element, given[element], above, usual)
    return found


def length(value: str, size: float) -> float:
    match = _LENGTH.fullmatch(value)
    if not match:
        return 0.0
    number, unit = float(match[1]), match[2]
    return number * {"em": size, "rem": _USUAL_SIZE, **_UNITS}.get(unit, 0.0)


# ---------------------------------------------------------------- the cascade


def _cascade(tree: Any, medium: Medium) -> dict[Any, Mapping[str, str]]:
    """Element → what is declared for it: by the browser, in attributes, in the sheet, inline."""
    ranked: dict[Any, list[_Ranked]] = {}
    for order, (rule, selector) in enumerate(_matching(tree, medium)):
        found = _Ranked((*selector.specificity, order), rule.declarations)
        for element in selector.find(tree):
            ranked.setdefault(element, []).append(found)
    return {
        element: _declared(
            element.tag,
            element.get("style") or "",
            _attributes(element),
            tuple(d for found in sorted(ranked.get(element, ())) for d in found.declarations),
        )
        for element in tree.iter("*")
    }


class _Ranked(NamedTuple):
    rank: tuple[int, int, int, int]
    """Specificity, then order. No two are alike."""
    declarations: tuple[Declaration, ...]


@lru_cache(maxsize=1024)
def _matters(rule: css.Rule) -> bool:
    """Whether it says anything that a look holds; a selector costs a search of the whole mail."""
    return any(d.name.startswith(_MATTERS) and d.name != "border-color" for d in rule.declarations)


_MATTERS = (
    "color", "background", "font", "line-height", "display", "visibility", "opacity", "overflow",
    "height", "max-height", "width", "padding", "margin", "border",
)  # fmt: skip


class _Selector(NamedTuple):
    find: etree.XPath
    specificity: tuple[int, int, int]


def _matching(tree: Any, medium: Medium) -> Iterator[tuple[css.Rule, _Selector]]:
    for sheet in tree.iter("style"):
        if not css.applies(sheet.get("media") or "", medium):
            continue
        for rule in css.rules(sheet.text or ""):
            if _matters(rule) and all(
                around.startswith("@media") and css.applies(around.removeprefix("@media"), medium)
                for around in rule.within
            ):
                for selector in _selectors(rule.selector):
                    yield rule, selector


@lru_cache(maxsize=1024)
def _selectors(group: str) -> tuple[_Selector, ...]:
    translator = cssselect.HTMLTranslator()
    try:
        return tuple(
            _Selector(etree.XPath(translator.selector_to_xpath(s)), s.specificity())
            for s in cssselect.parse(group)
            if s.pseudo_element is None
        )
    except (cssselect.SelectorError, etree.XPathError):
        return ()  # as browsers do: who writes one selector wrong loses the rule


@lru_cache(maxsize=8192)
def _declared(
    tag: str, style: str, attributes: tuple[Declaration, ...], sheet: tuple[Declaration, ...]
) -> Mapping[str, str]:
    """Kept, as most elements of a mail look like another one, and most variants like each other."""
    inline = css.declarations(style)
    ordered = (
        *css.declarations(_BROWSER.get(tag, "")),
        *attributes,
        *(d for d in sheet if not d.important),
        *(d for d in inline if not d.important),
        *(d for d in sheet if d.important),
        *(d for d in inline if d.important),
    )
    return {name: value for declared in ordered for name, value in _longhands(declared)}


def _attributes(element: Any) -> tuple[Declaration, ...]:
    found = []
    if element.get("bgcolor"):
        found.append(
            Declaration("background-color", element.get("bgcolor").lower(), important=False)
        )
    if element.tag == "font" and element.get("color"):
        found.append(Declaration("color", element.get("color").lower(), important=False))
    if element.get("hidden") is not None:
        found.append(Declaration("display", "none", important=False))
    return tuple(found)


@lru_cache(maxsize=8192)
def _longhands(declared: Declaration) -> tuple[tuple[str, str], ...]:
    name, value = declared.name, declared.value
    parts = value.split()
    match name:
        case "background":
            colours = [
                part for part in re.findall(r"[^\s(]+(?:\([^()]*\))?", value) if colour(part)
            ]
            return (("background-color", colours[-1] if colours else "transparent"),)
        case "padding" | "margin" if 1 <= len(parts) <= len(_SIDES):
            four = (parts * 4)[:4] if len(parts) != 3 else [*parts, parts[1]]  # noqa: PLR2004 - top, sides, bottom
            return tuple((f"{name}-{side}", part) for side, part in zip(_SIDES, four, strict=True))
        case "font":
            return tuple(_font(value))
    return ((name, value),)


_SIDES = ("top", "right", "bottom", "left")


def _font(value: str) -> Iterator[tuple[str, str]]:
    """Of the shorthand: "bold 18px/1.4 Georgia, serif"."""
    match = re.search(r"(?:^|\s)([\d.]+(?:[a-z]+|%))(?:\s*/\s*([\d.]+[a-z%]*))?\s", value)
    if match:
        weight = re.search(r"\b(bold|[6-9]00)\b", value[: match.start()])
        yield "font-size", match[1]
        yield "line-height", match[2] or "normal"
        yield "font-weight", weight[1] if weight else "normal"


# ---------------------------------------------------------------- one element


def _root(tree: Any, given: Mapping[Any, Mapping[str, str]], *, dark: bool) -> Look:
    """The page itself. Mail programs darken it where the mail says that it can be dark."""
    named = [m.get("content") or "" for m in tree.iter("meta") if m.get("name") == "color-scheme"]
    asked = given[tree].get("color-scheme", " ".join(named))
    darkens = dark and "dark" in asked.lower().split()
    ground, text = (_DARK_CANVAS, _WHITE) if darkens else (_WHITE, _BLACK)
    return Look({}, text, ground, 1.0, _USUAL_SIZE, False, "normal", True)


def _look(element: Any, own: Mapping[str, str], above: Look, usual: Colour) -> Look:
    size = _size(own.get("font-size", ""), above.size)
    fade = above.fade * _opacity(own.get("opacity", ""))
    ground = colour(own.get("background-color", ""))
    ink = own.get("color", "")
    return Look(
        own=own,
        colour=above.colour if ink == "inherit" else colour(ink) or usual,
        ground=ground.over(above.ground, fade) if ground else above.ground,
        fade=fade,
        size=size,
        bold=_bold(own.get("font-weight", ""), above.bold),
        leading=_leading(own.get("line-height", ""), size) or above.leading,
        shown=above.shown and element.tag not in _HIDDEN and _visible(own, fade),
    )


@lru_cache(maxsize=1024)
def colour(value: str) -> Colour | None:
    """None for what is no colour of its own."""
    if not value:
        return None
    try:
        parsed = parse_color(value)
        if not isinstance(parsed, Color):
            return None
        parts = [part or 0.0 for part in parsed.to("srgb")]
    except (NotImplementedError, ArithmeticError, ValueError, TypeError, RecursionError):
        return None  # nonsense, or a colour space that mail programs do not know either
    return Colour(*parts)


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
