"""Reads what people type on recipients' pages, and masks what such a page may show.

A mail is forwarded with its links, so a page never shows what is stored: an address is masked, and
fields for names and ZIP codes are empty.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailer.compiler import escaping
from mailer.lists import address, zipcodes
from mailer.lists.request import UNSUBSCRIBE_REASONS
from mailer.web.pages import free_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mailer.compiler.page_words import Words

LONGEST_NAME = 80
LONGEST_REASON = 500


_TOKEN = re.compile(r"[A-Za-z0-9_-]{42}|[0-9a-f]+-[0-9a-f]+\.[A-Za-z0-9_-]+")
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200e\u200f\u2060\ufeff"))
"""Soft hyphens, spaces of no width, and marks of direction."""
_SOFT_BREAK = re.compile(r"=[ \t]*\r?\n|%0[ad]|[\s\u200b\u00ad\ufeff]", re.IGNORECASE)
_AROUND = "<>()[]{}\"'.,;:!?*\u2018\u2019\u201c\u201d\u2026\u00bb"


def repair(token: str) -> str:
    """Return a token without what mail programs and people add to links; "" when there is none.

    This does not help a forger: nothing inside the token is guessed, and its signature is verified
    later.
    """
    text = _SOFT_BREAK.sub("", token).removesuffix("=").strip(_AROUND)
    return text if _TOKEN.fullmatch(text) else ""


def mask(email: str) -> str:
    """`ana@example.org` → `a***@e***.org`: its owner recognizes it, others learn little.

    The asterisks are always three, so they do not tell how long the address is.
    """
    local, _, domain = email.partition("@")
    host, _, top = domain.rpartition(".")
    return f"{local[:1]}***@{host[:1]}***.{top}"


@dataclass(frozen=True, slots=True)
class Details:
    """Columns to set, and problems by field, of a form."""

    columns: Mapping[str, str]
    problems: Mapping[str, str]
    place: str = ""
    """The place of the ZIP code, such as "Portland, OR"; "" without one."""


def read_details(form: Mapping[str, str], words: Words) -> Details:
    """Read first and last name and ZIP code; a blank field sets nothing.

    Args:
        form: as it was submitted.
        words: tell what is wrong, in the page's language.
    """
    columns: dict[str, str] = {}
    problems: dict[str, str] = {}
    for name in ("first_name", "last_name"):
        value = read_line(form.get(name, ""))
        if len(value) > LONGEST_NAME:
            problems[name] = words.text.too_long(LONGEST_NAME)
        elif value and not free_text.is_name(value):
            problems[name] = words.text.name_only
        elif value:
            columns[name] = value
    typed = _with_digits(read_line(form.get("zip", "")))
    code = zipcodes.repair(typed)
    where = zipcodes.place(code) if code else None
    if where:
        columns |= {
            "zip": code,
            "city": where.city,
            "state": where.state,
            "county": where.county,
            "timezone": where.timezone,
        }
    elif typed:
        problems["zip"] = words.text.unknown_zip
    both = " ".join(columns.get(name, "") for name in ("first_name", "last_name"))
    if both.strip() and not free_text.is_full_name(both):
        problems["last_name"] = words.text.names_only
    return Details(columns, problems, f"{where.city}, {where.state}" if where else "")


def read_address(text: str) -> str:
    """Return the normalized address, "" when it is not valid."""
    try:
        return address.normalize(read_line(text))
    except address.BadAddressError:
        return ""


def read_reason(form: Mapping[str, str]) -> str:
    """Return the chosen reason and the person's comment."""
    chosen = UNSUBSCRIBE_REASONS.get(form.get("reason", ""), "")
    comment = read_line(form.get("words", ""))[:LONGEST_REASON]
    return ": ".join(filter(None, (chosen, comment)))


def read_line(text: str) -> str:
    """One line, without what shows nothing and comes along with pasted text."""
    return " ".join(escaping.clean(text).translate(_INVISIBLE).split())


def _with_digits(text: str) -> str:
    """A text with 0 to 9 for the digits of other scripts, as keyboards of Arabic and Japanese write them."""
    return "".join(str(unicodedata.decimal(letter, letter)) for letter in text)
