"""Inline templates. SES substitutes `{{name}}` and nothing else, and never escapes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from tools.fake_ses.errors import bad_request
from tools.fake_ses.limits import TEMPLATE_DATA

_TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_NAME = re.compile(r"\s*([A-Za-z][A-Za-z0-9]*)\s*")


@dataclass(frozen=True, slots=True)
class Template:
    """Text, name, text, name, … text."""

    pieces: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return self.pieces[1::2]

    def render(self, values: dict[str, str]) -> str:
        return "".join(values[piece] if i % 2 else piece for i, piece in enumerate(self.pieces))


def parse(source: str) -> Template:
    """Refuses what users report as refused: blocks, paths, and names with an underscore."""
    pieces = _TAG.split(source)
    names = [_NAME.fullmatch(inner) for inner in pieces[1::2]]
    if not all(names) or any("{{" in text for text in pieces[::2]):
        raise bad_request("Template contains unsupported operations")
    pieces[1::2] = [name[1] for name in names if name]
    return Template(tuple(pieces))


@dataclass(frozen=True, slots=True)
class Templates:
    """The parts of one TemplateContent; a part that is not given is None."""

    subject: Template
    text: Template | None
    html: Template | None

    def render(self, values: dict[str, str]) -> tuple[str, str | None, str | None]:
        return (
            self.subject.render(values),
            self.text.render(values) if self.text else None,
            self.html.render(values) if self.html else None,
        )

    def missing(self, values: dict[str, str]) -> str:
        """The first variable without a value, or ""."""
        parts = (part for part in (self.subject, self.text, self.html) if part)
        return next((name for part in parts for name in part.names if name not in values), "")


def parse_content(content: dict[str, str]) -> Templates:
    text, html = content.get("Text"), content.get("Html")
    if text is None and html is None:
        raise bad_request("A template needs a text or an HTML part.")
    return Templates(
        subject=parse(content.get("Subject", "")),
        text=None if text is None else parse(text),
        html=None if html is None else parse(html),
    )


def check_length(data: str | None) -> None:
    if data is not None and len(data) > TEMPLATE_DATA:
        raise bad_request(
            "1 validation error detected: Value at 'templateData' failed to satisfy constraint: "
            f"Member must have length less than or equal to {TEMPLATE_DATA}"
        )


def parse_data(data: str | None) -> dict[str, str]:
    """TemplateData. A value of null counts as missing: nothing documents what it would show."""
    try:
        values: Any = json.loads(data if data is not None else "")
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise bad_request("The template data is invalid: it must be a JSON object.")
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in values.items()
        if value is not None
    }
