"""What looks wrong in a name or a ZIP code: a column that slipped, a test entry, a form filled in haste."""

from __future__ import annotations

import re
from functools import lru_cache

from mailer.lists import zipcodes

_ADDRESS = re.compile(r"\S@\S")
_URL = re.compile(r"https?:|www\.|\w\.(?:com|net|org)\b", re.IGNORECASE)
_DIGIT = re.compile(r"\d(?!(?:st|nd|rd|th)\b)")
"""Not that of "Smith 3rd"."""
_LOST = re.compile(r"[^\W\d_]\?|\?[^\W\d_]|\\[Nnux]|[\x00-\x1f\x7f-\x9f]")
_MARKUP = re.compile(r"[{}<>]|\*\||\|\*|%%|&#?\w+;|\[\[")
_ENTRIES = {"anonymous", "asdf", "first name", "last name", "n/a", "none", "null", "test", "testing",
            "tester", "unknown"}  # fmt: skip
_INITIALS = 2
"""Letters that stand in capitals for good reason: "AJ", "T.J."."""


@lru_cache(maxsize=20_000)
def of_name(name: str) -> str:
    """As in "is an e-mail address"; "" when nothing is odd."""
    if _ADDRESS.search(name):
        return "holds an e-mail address"
    if _URL.search(name):
        return "holds a web address"
    if name.strip().casefold() in _ENTRIES:
        return "is no name but a filler, such as “test”"
    if _is_damaged(name):
        return "has letters that were damaged on the way, as in “JosÃ©”"
    if _MARKUP.search(name):
        return "holds a merge field or markup"
    return "holds a digit" if _DIGIT.search(name) else ""


def _is_damaged(name: str) -> bool:
    """Whether a name was read in another encoding than it was written in, or lost letters."""
    if name.isascii():
        return bool(_LOST.search(name))
    if "\ufffd" in name or _LOST.search(name):
        return True
    # UTF-8 that was read as Windows-1252: letters such as É are no UTF-8 on their own
    try:
        return name.encode("cp1252").decode() != name
    except UnicodeError:
        return False


@lru_cache(maxsize=20_000)
def of_name_as_written(name: str) -> str:
    """The same, and its capitals: for a name that is not put right by a filter such as `title`."""
    return of_name(name) or _of_capitals(name)


def _of_capitals(name: str) -> str:
    if name.islower():
        return "is written without a capital"
    letters = sum(letter.isalpha() for letter in name)
    return "is all in capitals" if name.isupper() and letters > _INITIALS else ""


@lru_cache(maxsize=50_000)
def of_zip(code: str) -> str:
    """What is odd about a ZIP code; "" for a blank one and when nothing is odd."""
    return "does not exist" if code and zipcodes.place(code) is None else ""
