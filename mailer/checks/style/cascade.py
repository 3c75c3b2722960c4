"""Which declarations hold for which element (CSS Cascade): the style sheets and what stands inline."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cssselect2 import ElementWrapper, Matcher, SelectorError, compile_selector_list

from mailer.checks.style import css
from mailer.checks.style.css import Declaration
from mailer.checks.style.css_color import parse_css_color

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cssselect2.compiler import CompiledSelector

    from mailer.checks.style.css import Medium

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
_MATTERS = (
    "color", "background", "font", "line-height", "display", "visibility", "opacity", "overflow",
    "height", "max-height", "width", "padding", "margin", "border",
)  # fmt: skip
_SIDES = ("top", "right", "bottom", "left")
_OTHER_COLORS = {"inherit", "currentcolor", "transparent", "initial", "unset"}


def cascade(tree: Any, media: Sequence[Medium]) -> list[dict[Any, Mapping[str, str]]]:
    """For each medium, each element's declarations: by the browser, in attributes, in the sheet, inline."""
    matcher = _matcher(tree, media)
    declared: list[dict[Any, Mapping[str, str]]] = [{} for _ in media]
    for wrapper in _elements(tree):
        element = wrapper.etree_element
        tag, style, attributes = element.tag, element.get("style") or "", _attributes(element)
        matches = [payload for *_, payload in matcher.match(wrapper)]
        for medium, of_medium in zip(media, declared, strict=True):
            sheet = tuple(d for rule, where in matches if medium in where for d in rule)
            of_medium[element] = _declared(tag, style, attributes, sheet)
    return declared


def _elements(tree: Any) -> Iterator[ElementWrapper]:
    """All elements in document order; comments are none."""
    return (
        wrapper
        for wrapper in ElementWrapper.from_html_root(tree).iter_subtree()
        if isinstance(wrapper.etree_element.tag, str)
    )


def _matcher(tree: Any, media: Sequence[Medium]) -> Matcher:
    """The rules of all style sheets, each with the media that it holds on."""
    matcher = Matcher()
    for sheet in tree.iter("style"):
        of_sheet = [m for m in media if css.applies(sheet.get("media") or "", m)]
        for rule in filter(_matters, css.rules(sheet.text or "")):
            where = [medium for medium in of_sheet if _holds(rule, medium)]
            for selector in _selectors(rule.selector) if where else ():
                matcher.add_selector(selector, (rule.declarations, where))
    return matcher


def _holds(rule: css.Rule, medium: Medium) -> bool:
    return all(
        around.startswith("@media") and css.applies(around.removeprefix("@media"), medium)
        for around in rule.within
    )


@lru_cache(maxsize=1024)
def _matters(rule: css.Rule) -> bool:
    """Whether a rule says anything that a computed style holds; matching takes time for each element."""
    return any(d.name.startswith(_MATTERS) and d.name != "border-color" for d in rule.declarations)


@lru_cache(maxsize=1024)
def _selectors(group: str) -> tuple[CompiledSelector, ...]:
    try:
        selectors = compile_selector_list(group)
    except (SelectorError, RecursionError):
        return ()  # as browsers do: one wrong selector invalidates its rule
    return tuple(selector for selector in selectors if selector.pseudo_element is None)


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
    declarations = []
    if element.get("bgcolor"):
        declarations.append(
            Declaration("background-color", element.get("bgcolor").lower(), important=False)
        )
    if element.tag == "font" and element.get("color"):
        declarations.append(Declaration("color", element.get("color").lower(), important=False))
    if element.get("hidden") is not None:
        declarations.append(Declaration("display", "none", important=False))
    return tuple(declarations)


@lru_cache(maxsize=8192)
def _longhands(declared: Declaration) -> tuple[tuple[str, str], ...]:
    name, value = declared.name, declared.value
    parts = value.split()
    match name:
        case "color" | "background-color" if (
            not parse_css_color(value) and value not in _OTHER_COLORS
        ):
            return ()  # an unknown color leaves the declaration before it in force
        case "background":
            colors = [
                part
                for part in re.findall(r"[^\s(]+(?:\([^()]*\))?", value)
                if parse_css_color(part)
            ]
            return (("background-color", colors[-1] if colors else "transparent"),)
        case "padding" | "margin" if 1 <= len(parts) <= len(_SIDES):
            four = (parts * 4)[:4] if len(parts) != 3 else [*parts, parts[1]]  # noqa: PLR2004 - top, sides, bottom
            return tuple((f"{name}-{side}", part) for side, part in zip(_SIDES, four, strict=True))
        case "font":
            return tuple(_font(value))
    return ((name, value),)


def _font(value: str) -> Iterator[tuple[str, str]]:
    """Of the shorthand: "bold 18px/1.4 Georgia, serif"."""
    match = re.search(r"(?:^|\s)([\d.]+(?:[a-z]+|%))(?:\s*/\s*([\d.]+[a-z%]*))?\s", value)
    if match:
        weight = re.search(r"\b(bold|[6-9]00)\b", value[: match.start()])
        yield "font-size", match[1]
        yield "line-height", match[2] or "normal"
        yield "font-weight", weight[1] if weight else "normal"
