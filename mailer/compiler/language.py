"""Which language a mail is in, and the direction in which it is written."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

CODE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
"""A language tag (RFC 5646)."""
_RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "iw", "ps", "sd", "ug", "ur", "yi"})
_OF_SCRIPT = {"ARABIC": "ar", "CJK": "zh", "HEBREW": "he"}
"""Word that a letter's Unicode name begins with → the language most often written so."""
_ASKED = re.compile(r"recipient\.fields\.language\s*==\s*(?:'([\w-]+)'|\"([\w-]+)\")")
_NO_PROSE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|<[^>]*>|\w+://[^\s)>]*", re.DOTALL)
_QUOTED = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'")
_NUMBER = re.compile(r"(?<![\w/:=.+@#&?%-])\+?\d{1,4}(?:[-.\u2013 ]\d{2,4}){2,}(?!\w)")
LEFT_TO_RIGHT_MARK = "\u200e"


def direction(language: str) -> Literal["ltr", "rtl"]:
    return "rtl" if language.partition("-")[0].lower() in _RIGHT_TO_LEFT else "ltr"


def nearest(language: str, available: Sequence[str]) -> str:
    """The language that there are words for: itself, or "es" for "es-MX"; "" where there is none."""
    general = language.partition("-")[0]
    return next((code for code in (language, general) if code in available), "")


def asked_for(source: str) -> list[str]:
    """The languages that a campaign compares a recipient's with, in order."""
    return list(dict.fromkeys(single or double for single, double in _ASKED.findall(source)))


def of_script(source: str) -> str:
    """The language that most letters of a campaign's prose are of; "" for Latin and other letters."""
    prose = _NO_PROSE.sub(lambda match: "".join(_QUOTED.findall(match[0])[:1]), source)
    scripts = Counter(
        unicodedata.name(letter, "").partition(" ")[0] for letter in prose if letter.isalpha()
    )
    most = max(scripts, key=scripts.__getitem__, default="")
    return _OF_SCRIPT.get(most, "")


def keep_numbers(text: str) -> str:
    """Text written from right to left, in which telephone numbers still read from left to right.

    After an Arabic letter, a number's groups would change places (Unicode TR 9, W2).
    """
    return _NUMBER.sub(rf"{LEFT_TO_RIGHT_MARK}\g<0>", text)
