"""HTML and CSS that much-used mail programs do not know, and what is lost there without it.

Which program knows what is from https://www.caniemail.com. What only adds to a mail, such as round
corners, shadows, web fonts, `:hover` and all that stands inside `@media`, is no matter.
"""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mailer.checks import urls
from mailer.checks.finding import Finding, Severity
from mailer.checks.style import css

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mailer.checks.rendered_mail import RenderedMail
    from mailer.checks.style.css import Declaration
    from mailer.errors import Place

UNSUPPORTED = "unsupported"

_WINDOWS = "Outlook for Windows"


class _Loss(NamedTuple):
    what: str
    """Happens where it is not known."""
    instead: str


class _Use(NamedTuple):
    slug: str
    """The feature's name at caniemail.com."""
    what: str
    written: str
    """What to look for."""
    loss: _Loss


_SIDE_BY_SIDE = _Loss(
    "what should stand side by side stands one below the other",
    "Use an <mj-section> with several <mj-column>, or a table.",
)
_MOVED = _Loss("it stays where it stands in the text", "Move it with padding, or with a table.")
_VALUE = _Loss("that line of CSS is left out", "Write the value out, in px or as #rrggbb.")
_ROOM = _Loss("that size or room is left out", "Write width, padding-left, margin-top and so on.")
_HIDDEN = _Loss("what should be hidden shows", "Leave it out of the mail, with {% if %}.")
_STYLES = _Loss("none of those styles arrive", "Write them into <mj-style>.")
_MISSING = _Loss("it is missing", "Show a picture (JPEG or PNG) that links to a page with it.")
_FORM = _Loss("nobody can fill it in", "Link to a form on your web site.")
_PICTURE = _Loss("the picture is missing", "Save it as JPEG, PNG or GIF.")

_DECLARATIONS = [
    (re.compile(name), re.compile(value), slug, loss)
    for name, value, slug, loss in (
        ("display", "flex$", "css-display-flex", _SIDE_BY_SIDE),
        ("display", "grid$", "css-display-grid", _SIDE_BY_SIDE),
        ("float", "left|right", "css-float", _SIDE_BY_SIDE),
        ("position", "absolute|fixed|sticky", "css-position", _MOVED),
        ("transform", "^(?!none)", "css-transform", _MOVED),
        ("visibility", "hidden|collapse", "css-visibility", _HIDDEN),
        ("white-space", "pre", "css-white-space",
         _Loss("line breaks are lost", "End the lines with <br>.")),
        ("object-fit", "^(?!fill)", "css-object-fit",
         _Loss("the picture is squeezed", "Cut the picture itself to this shape.")),
        ("(inline|block)-size", "", "css-block-inline-size", _ROOM),
        ("margin-(inline|block)", "", "css-margin-inline-block", _ROOM),
        ("margin-inline-(start|end)", "", "css-margin-inline-start-end", _ROOM),
        ("margin-block-(start|end)", "", "css-margin-block-start-end", _ROOM),
        ("padding-(inline|block)", "", "css-padding-inline-block", _ROOM),
        ("padding-inline-(start|end)", "", "css-padding-inline-start-end", _ROOM),
        ("padding-block-(start|end)", "", "css-padding-block-start-end", _ROOM),
        (".+", r"\bvar\(", "css-variables", _VALUE),
        (".+", r"\bcalc\(", "css-unit-calc", _VALUE),
        (".+", r"(?<!-)\bmin\(", "css-function-min", _VALUE),
        (".+", r"(?<!-)\bmax\(", "css-function-max", _VALUE),
        (".+", r"\bclamp\(", "css-function-clamp", _VALUE),
        (".+", r"\b(ok)?l(ab|ch)\(", "css-modern-color", _VALUE),
        (".+", r"\blight-dark\(", "css-function-light-dark", _VALUE),
        ("color|background(-color)?|border.*", r"\brgba\(", "css-rgba", _VALUE),
        *((".+", rf"\d{unit}\b", f"css-unit-{unit}", _VALUE)
          for unit in ("rem", "vw", "vh", "vmin", "vmax", "ch")),
    )
]  # fmt: skip
_ELEMENTS = {
    "video": ("html-video", _MISSING), "audio": ("html-audio", _MISSING), "svg": ("html-svg", _MISSING),
    "object": ("html-object", _MISSING), "dialog": ("html-dialog", _MISSING),
    "meter": ("html-meter", _MISSING), "progress": ("html-progress", _MISSING),
    "form": ("html-form", _FORM), "textarea": ("html-textarea", _FORM),
    "select": ("html-select", _FORM), "button": ("html-button-submit", _FORM),
}  # fmt: skip
_NOWHERE = {"applet", "canvas", "embed", "iframe", "script"}
"""No mail program knows these, so caniemail.com does not ask."""
_FORMATS = {
    "avif": "image-avif", "heic": "image-heif", "heif": "image-heif", "mp4": "image-mp4",
    "mov": "image-mp4", "svg": "image-svg", "tif": "image-tiff", "tiff": "image-tiff", "webp": "image-webp",
}  # fmt: skip
_ADDED = re.compile(r"::?(before|after)\b")
_ACTED_ON = re.compile(r":(hover|focus|active|visited|target|checked)\b")


def unsupported(mail: RenderedMail) -> Iterator[Finding]:
    reported = set()
    for use, lacking in _lacking(mail):
        if (use.slug, lacking) not in reported:
            reported.add((use.slug, lacking))
            yield Finding(
                UNSUPPORTED,
                Severity.WARNING,
                f"{_and(lacking)} {'do' if len(lacking) > 1 else 'does'} not know “{use.what}”: "
                f"{use.loss.what} there",
                f"{use.loss.instead} See https://www.caniemail.com/features/{use.slug}/",
                *_where(mail, use),
            )
    for tag in sorted({e.tag for e in mail.tree.iter(*_NOWHERE)}):
        yield Finding(
            UNSUPPORTED,
            Severity.WARNING,
            f"no mail program knows <{tag}>: {_MISSING.what} everywhere",
            _MISSING.instead,
            mail.place(f"<{tag}"),
            f"<{tag}",
        )


def _lacking(mail: RenderedMail) -> Iterator[tuple[_Use, tuple[str, ...]]]:
    """Each use of something, with the programs that do not know it and are shown it."""
    programs = _programs()
    without_outlook = False
    for node in mail.tree.iter():
        if isinstance(node.tag, str):
            for use in _uses(node):
                lacking = tuple(
                    name
                    for name in programs.get(use.slug, ())
                    if not (without_outlook and name == _WINDOWS)
                )
                if lacking:
                    yield use, lacking
        elif (node.text or "").startswith("[if !mso"):
            without_outlook = True
        elif (node.text or "").startswith("<![endif]"):
            without_outlook = False


def _uses(element: Any) -> Iterator[_Use]:
    tag = element.tag
    if tag in _ELEMENTS and not _has_substitute(element):
        slug, loss = _ELEMENTS[tag]
        yield _Use(slug, f"<{tag}>", f"<{tag}", loss)
    if tag == "input":
        kind = (element.get("type") or "text").lower()
        yield _Use(f"html-input-{kind}", f"<{tag}>", f"<{tag}", _FORM)
    if element.get("hidden") is not None:
        yield _Use("html-hidden", "hidden", " hidden", _HIDDEN)
    if tag == "link" and "stylesheet" in (element.get("rel") or "").lower():
        yield from _foreign("html-link", "<link", element.get("href") or "")
    if tag == "img":
        ending = urls.page(element.get("src") or "").rpartition(".")[2]
        if ending.lower() in _FORMATS:
            yield _Use(_FORMATS[ending.lower()], f".{ending}", f".{ending}", _PICTURE)
    if tag == "style":
        yield from _in_sheet(element.text or "")
    for use in _in_block(css.declarations(element.get("style") or "")):
        if tag != "pre" or use.slug != "css-white-space":  # it keeps its lines anyway
            yield use


def _has_substitute(element: Any) -> bool:
    """Where it is not known, the picture or the link inside it shows."""
    inside = element.find(".//img") if element.tag != "form" else None
    return inside is not None or (
        element.tag in {"audio", "video", "object"} and element.find(".//a") is not None
    )


@lru_cache(maxsize=128)
def _in_sheet(sheet: str) -> tuple[_Use, ...]:
    uses: list[_Use] = []
    for address in css.imports(sheet):
        uses += _foreign("css-at-import", "@import", address)
    for rule in css.rules(sheet):
        if any(around.startswith("@") for around in rule.within) or _ACTED_ON.search(rule.selector):
            continue
        if rule.within:
            inner = _Loss("the inner rule is left out", "Write each rule with its whole selector.")
            uses.append(_Use("css-nesting", "a rule inside a rule", rule.selector, inner))
        added = _ADDED.search(rule.selector)
        content = [d.value for d in rule.declarations if d.name == "content"]
        if added and content and content[-1] not in {"none", "normal", '""', "''"}:
            loss = _Loss("what it adds is missing", "Write it into the text.")
            uses.append(_Use(f"css-pseudo-element-{added[1]}", added[0], added[0], loss))
        uses += _in_block(rule.declarations)
    return tuple(uses)


def _foreign(slug: str, tag: str, address: str) -> Iterator[_Use]:
    """A style sheet from elsewhere. One of fonts only adds: there is always another font."""
    if "font" not in address.lower():
        yield _Use(slug, tag, tag, _STYLES)


@lru_cache(maxsize=8192)
def _in_block(declarations: tuple[Declaration, ...]) -> tuple[_Use, ...]:
    """But not of what everybody hides, nor after a value that holds where a later one is not known."""
    uses: list[_Use] = []
    covered: set[str] = set()
    if any((d.name, d.value) == ("display", "none") for d in declarations):
        return ()
    for declared in declarations:
        uses_here = _in_declaration(declared)
        if not uses_here:
            covered.add(declared.name)
        elif declared.name not in covered:
            uses += uses_here
    return tuple(uses)


@lru_cache(maxsize=8192)
def _in_declaration(declared: Declaration) -> tuple[_Use, ...]:
    written = f"{declared.name}: {declared.value}"
    return tuple(
        _Use(slug, written, written, loss)
        for name, value, slug, loss in _DECLARATIONS
        if name.fullmatch(declared.name) and value.search(declared.value)
    )


def _where(mail: RenderedMail, use: _Use) -> tuple[Place, str]:
    """Where it was written, and the words of the finished mail that show it."""
    spellings = (use.written, use.written.replace(": ", ":"))
    return mail.place(*spellings), next(
        (spelling for spelling in spellings if spelling in mail.html), ""
    )


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


@cache
def _programs() -> dict[str, tuple[str, ...]]:
    """Feature → the programs that do not know it."""
    data = Path(__file__).parent.parent / "data" / "caniemail.json"
    lacking = json.loads(data.read_text(encoding="utf-8"))["lacking"]
    return {slug: tuple(names) for slug, names in lacking.items()}
