"""Which language a mail is in, and the direction in which it is written."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

CODE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
"""A language tag (RFC 5646)."""
_RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "iw", "ps", "sd", "ug", "ur", "yi"})
_OF_SCRIPT = {
    "ARABIC": "ar", "CJK": "zh", "CYRILLIC": "ru", "DEVANAGARI": "hi", "HANGUL": "ko", "HEBREW": "he",
    "HIRAGANA": "ja",
}  # fmt: skip
"""Word that a letter's Unicode name begins with → the language most often written so."""
_COMMON = {
    "en": "the and of is you your we our with that this are have will they what who when here",
    "es": "el los del las es su sus hasta pero muy hoy usted también nuestro nuestra más cada lo nos esta",
    "fr": "le les et est des du dans pour nous vous votre cette qui pas aux notre avec leur ces",
    "de": "der das und ist nicht ein eine für mit wir sie auf ihr uns zum zur dem sich",
    "pt": "os não você vocês uma com são seu sua nosso nossa mais até também isso pela pelo",
    "it": "il gli della delle dei che è sono nella questo questa più anche ci perché non",
    "ht": "nou yo ak pou nan ki gen tout yon moun pa fè sou jodi lè",
    "tl": "ang mga ng sa ay hindi ako tayo kayo po natin atin ito kung para",
    "vi": "và của là không cho các những được chúng với này bạn một người có",
    "pl": "się nie jest na że oraz dla czy jak od po tym naszej można",
}
"""Words of languages in Latin letters that nearly every text has, and few other languages."""
_FEWEST, _TIMES = 5, 3
"""Words that tell a language: how many at least, and how many times those of any other."""
NAMES = {
    "ar": "Arabic", "de": "German", "en": "English", "es": "Spanish", "fr": "French", "he": "Hebrew",
    "hi": "Hindi", "ht": "Haitian Creole", "it": "Italian", "ja": "Japanese", "ko": "Korean",
    "pl": "Polish", "pt": "Portuguese", "ru": "Russian", "tl": "Filipino", "vi": "Vietnamese",
    "zh": "Chinese",
}  # fmt: skip
_ASKED = re.compile(r"recipient\.fields\.language\s*==\s*(?:'([\w-]+)'|\"([\w-]+)\")")
_NO_PROSE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|<[^>]*>|\w+://[^\s)>]*", re.DOTALL)
_QUOTED = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'")
_NUMBER = re.compile(r"(?<![\w/:=.+@#&?%-])\+?\d{1,4}(?:[-.\u2013 ]\d{2,4}){2,}(?!\w)")
LEFT_TO_RIGHT_MARK = "\u200e"


def direction(language: str) -> Literal["ltr", "rtl"]:
    return "rtl" if language.partition("-")[0].lower() in _RIGHT_TO_LEFT else "ltr"


def direction_of(text: str) -> Literal["ltr", "rtl", ""]:
    """The direction in which most letters of a text are written; "" for a text without letters."""
    kinds = Counter(map(unicodedata.bidirectional, text))
    right_to_left = kinds["R"] + kinds["AL"]
    if not right_to_left and not kinds["L"]:
        return ""
    return "rtl" if right_to_left > kinds["L"] else "ltr"


def nearest(language: str, available: Sequence[str]) -> str:
    """The language that there are words for: itself, or "es" for "es-MX"; "" where there is none."""
    general = language.partition("-")[0]
    return next((code for code in (language, general) if code in available), "")


def asked_for(source: str) -> list[str]:
    """The languages that a campaign compares a recipient's with, in order."""
    return list(dict.fromkeys(single or double for single, double in _ASKED.findall(source)))


@lru_cache(maxsize=64)
def guessed(source: str) -> str:
    """The language of a campaign's prose, by its letters and commonest words; "" where that is open."""
    prose = _NO_PROSE.sub(lambda match: " ".join(_QUOTED.findall(match[0])[:1]), source)
    scripts = Counter(
        unicodedata.name(letter, "").partition(" ")[0] for letter in prose if letter.isalpha()
    )
    most = max(scripts, key=scripts.__getitem__, default="")
    if most == "CJK" and scripts["HIRAGANA"]:
        most = "HIRAGANA"
    return _OF_SCRIPT.get(most, "") or _of_words(prose)


def _of_words(prose: str) -> str:
    words = Counter(re.findall(r"[^\W\d_]+", prose.casefold()))
    counts = {code: sum(words[word] for word in common.split()) for code, common in _COMMON.items()}
    first, second = sorted(counts, key=counts.__getitem__, reverse=True)[:2]
    clear = counts[first] >= max(_FEWEST, _TIMES * counts[second])
    return first if clear else ""


def named(name: str) -> str:
    """The code of a language that is written out, as "Spanish"; "" where it is not known."""
    return next((code for code, known in NAMES.items() if known.lower() == name.lower()), "")


def keep_numbers(text: str) -> str:
    """Text written from right to left, in which telephone numbers still read from left to right.

    After an Arabic letter, a number's groups would change places (Unicode TR 9, W2).
    """
    return _NUMBER.sub(rf"{LEFT_TO_RIGHT_MARK}\g<0>", text)
