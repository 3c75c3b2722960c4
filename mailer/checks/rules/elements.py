"""MJML that does nothing: attributes, classes and elements that it leaves out without a word.

An element that does not exist at all, or cannot stand where it does, is an error of the compile, in
`mjml.py`.
"""

from __future__ import annotations

import json
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mailer.checks.finding import Finding, Severity
from mailer.checks.rendered_mail import reached
from mailer.compiler import mjml
from mailer.errors import Place, suggest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from mailer.campaigns.snapshot import Snapshot
    from mailer.checks.rendered_mail import RenderedMail

ATTRIBUTE = "mjml-attribute"
CLASS = "mjml-class"
MISPLACED = "mjml-misplaced"

_EVERYWHERE = frozenset(["mj-class", "css-class"])
_HOLD_TEXT = {
    "mj-accordion-text", "mj-accordion-title", "mj-button", "mj-navbar-link", "mj-raw",
    "mj-social-element", "mj-table", "mj-text",
}  # fmt: skip


class _Attribute(NamedTuple):
    element: str
    name: str
    value: str
    place: Place
    inside_text: bool


def unknown_attributes(snapshot: Snapshot, today: date) -> Iterator[Finding]:
    del today
    attributes = _attributes()
    for attribute in _written(snapshot):
        allowed = attributes.get(attribute.element, frozenset())
        if allowed and attribute.name not in allowed and mjml.VALUE not in attribute.name:
            yield Finding(
                ATTRIBUTE,
                Severity.WARNING,
                f'<{attribute.element}> has no attribute "{attribute.name}", so it does nothing',
                suggest(attribute.name, allowed),
                attribute.place,
            )


def unknown_classes(snapshot: Snapshot, today: date) -> Iterator[Finding]:
    del today
    written = list(_written(snapshot))
    classes = {a.value for a in written if (a.element, a.name) == ("mj-class", "name")}
    if any(mjml.VALUE in name for name in classes):
        return
    for attribute in written:
        for name in attribute.value.split() if attribute.name == "mj-class" else ():
            if name not in classes and mjml.VALUE not in name:
                yield Finding(
                    CLASS,
                    Severity.WARNING,
                    f'there is no <mj-class name="{name}">, so mj-class="{name}" does nothing',
                    suggest(name, classes)
                    or "Add it to <mj-attributes>. For a rule in CSS, write css-class.",
                    attribute.place,
                )


def misplaced_elements(mail: RenderedMail) -> Iterator[Finding]:
    """What MJML took for text: `<mj-button>` inside `<mj-text>` reaches the mail as it is."""
    for tag in sorted({e.tag for e in mail.tree.iter("*") if e.tag.startswith("mj-")}):
        places = [a.place for a in _written(mail.snapshot) if a.element == tag and a.inside_text]
        yield Finding(
            MISPLACED,
            Severity.WARNING,
            f"<{tag}> stands inside text or HTML, where MJML does not read it",
            f"Close the <mj-text> or the HTML before it; <{tag}> stands beside them.",
            (places or [Place(mail.snapshot.path)])[0],
            f"<{tag}",
        )


def _written(snapshot: Snapshot) -> Iterator[_Attribute]:
    """Every attribute of an MJML element, in each file that the campaign is made of."""
    for path in reached(snapshot):
        parser = _Attributes(path)
        parser.feed(mjml.without_jinja(snapshot.files[path]))
        parser.close()
        yield from parser.attributes


class _Attributes(HTMLParser):
    def __init__(self, path: str) -> None:
        super().__init__()
        self.attributes: list[_Attribute] = []
        self._path = path
        self._text = ""
        """The open element that holds text or HTML, and no MJML."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        self._text = self._text or (tag if tag in _HOLD_TEXT else "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not tag.startswith("mj-"):
            return
        source, line = (self.get_starttag_text() or "").lower(), self.getpos()[0]
        for name, value in attrs or [("css-class", "")]:
            before = source[: max(source.find(name, len(tag)), 0)]
            place = Place(self._path, line + before.count("\n"))
            self.attributes.append(_Attribute(tag, name, value or "", place, bool(self._text)))

    def handle_endtag(self, tag: str) -> None:
        self._text = "" if tag == self._text else self._text


@cache
def _attributes() -> Mapping[str, frozenset[str]]:
    """Element → its attributes, from MJML 4 itself."""
    data = Path(__file__).parent.parent / "data" / "mjml.json"
    listed = json.loads(data.read_text(encoding="utf-8"))
    attributes = {e: frozenset(names) | _EVERYWHERE for e, names in listed.items() if names}
    anything = frozenset(name for names in attributes.values() for name in names)
    return attributes | {"mj-all": anything, "mj-class": anything | {"name"}}
