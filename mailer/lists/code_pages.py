"""In which one-byte code page text is text: the words with accents tell.

A word is plausible when its letters beyond ASCII belong to the alphabet of one language, capitals do
not follow small letters, and no sign stands inside it: MacRoman's `José` is `JosŽ` in Windows-1252.
"""

from __future__ import annotations

import re
from itertools import pairwise

_WESTERN = (
    *("áéíóúñü", "àâæçéèêëîïôœùûüÿ", "äöüß", "áâãàçéêíóôõúü", "åäöéü", "æøåéö", "áðéíóúýþæö"),
    *("àèéìíòóùúî", "àçèéíïòóúü", "äåö", "éëïóöüèê", "âêîôûŵŷáéíóúäëïöü", "åäöõü"),
)
_CENTRAL = (
    *("áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "ąćęłńóśźż", "áéíóöőúüű", "čćđšž", "ăâîșțşţ"),
    "äöüß",
)
_CYRILLIC = ("абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґўјљњћђџ",)
_GREEK = ("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",)
_PAGES = {
    "cp1252": _WESTERN,
    "mac_roman": _WESTERN,
    "cp850": _WESTERN,
    "cp437": _WESTERN,
    "cp1250": _CENTRAL,
    "cp852": _CENTRAL,
    "cp1251": _CYRILLIC,
    "cp866": _CYRILLIC,
    "cp1253": _GREEK,
}
_ALPHABETS = {
    name: tuple(frozenset(letters + letters.upper()) for letters in alphabets)
    for name, alphabets in _PAGES.items()
}
_LATIN = frozenset(name for name, alphabets in _PAGES.items() if alphabets in {_WESTERN, _CENTRAL})
_BESIDE = " \u00a0'.-\u20ac\u00b0\u00ba\u00aa\u00ae\u2122\u00a9"
_BEFORE = _BESIDE + "\u201c\u2018\u00ab\u00bf\u00a1"
_AFTER = _BESIDE + "\u201d\u00bb\u2026"
# An apostrophe stands before a capital, after a short prefix or before an s: O'Brien, d'arcy, Ana's.
_ODD_APOSTROPHE = re.compile("\\w{3}\u2019(?![A-Z\u00c0-\u00de]|[st]\\b)\\w|[^sS]\u2019$")
_INSIDE = re.compile("['\u2019\u00b7.\u00a0-]+")


def rank(words: list[bytes]) -> list[tuple[str, float]]:
    """Code pages and the share of the words that are plausible in each, best first."""
    scores = [(name, _score(words, name)) for name in _ALPHABETS]
    return sorted(scores, key=lambda score: -score[1])


def decoded(word: bytes, name: str) -> str:
    return word.decode(name, "replace")


def _score(words: list[bytes], name: str) -> float:
    return sum(_is_plausible(decoded(word, name), name) for word in words) / max(len(words), 1)


def _is_plausible(word: str, name: str) -> bool:
    word = word.lstrip(_BEFORE).rstrip(_AFTER)
    if _ODD_APOSTROPHE.search(word):
        return False
    return all(part.isascii() or _is_word(part, name) for part in _INSIDE.split(word))


def _is_word(part: str, name: str) -> bool:
    letters = {char for char in part if not char.isascii()}
    if not part.isalpha() or not any(letters <= alphabet for alphabet in _ALPHABETS[name]):
        return False
    if _has_odd_capitals(part):
        return False
    if name in _LATIN:
        # a word without any plain letter is of another script
        return len(part) < 3 or any(letter.isascii() for letter in part)  # noqa: PLR2004
    return not any(letter.isascii() for letter in part)


def _has_odd_capitals(part: str) -> bool:
    """Whether a capital beyond ASCII follows a small letter, or stands in capitals before one."""
    capitals = ""
    for before, letter in pairwise(f" {part}"):
        if letter.isupper():
            capitals = f"{capitals}{letter}"
            if before.islower() and not letter.isascii():
                return True
        else:
            if len(capitals) > 1 and not capitals.isascii():
                return True
            capitals = ""
    return False
