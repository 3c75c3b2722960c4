"""The templates of the recipients' pages, and what each of them shows: brand, words, style."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from mailer import page_templates
from mailer.compiler.plain_text.wrapping import WIDTH, wrap
from mailer.web.pages import public_forms

if TYPE_CHECKING:
    from jinja2 import Environment

    from mailer.compiler.page_words import Words
    from mailer.config import Brand


def environment() -> Environment:
    """The environment of the pages and their mails."""
    templates = page_templates.load("mailer.web.pages")
    templates.filters |= {
        "mask": public_forms.mask,
        "strong": strong,
        "link": _link,
        "wrapped": _wrapped,
    }
    return templates


def common(brand: Brand, style: str, words: Words) -> dict[str, Any]:
    """What every page shows.

    Args:
        brand: of the organization.
        style: the URL of the style sheet.
        words: of the page's language.
    """
    return {
        "brand": brand,
        "style": style,
        "t": words.html,
        "plain": words.text,
        "language": words.language,
        "direction": words.direction,
    }


def strong(text: str) -> Markup:
    return Markup("<strong>{}</strong>").format(text)


def _wrapped(text: str) -> str:
    """Lines of the text part; an address stays in one."""
    return wrap(text, WIDTH)


def _link(url: str) -> Markup:
    """The beginning of a link."""
    return Markup('<a href="{}">').format(url)
