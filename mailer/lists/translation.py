"""Headings, and words about leaving, in other languages → the English that the rules know.

`data/other_languages.toml` holds them. A word that is missing there mails nobody by itself, as
answers under a heading in another language are asked about.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_WORDS = 6
"""Words in an entry."""
_SHORTEST_STEM = 4
_BEGINNING = 4
"""Letters."""
# Scripts that part no words: kana, Chinese characters, Hangul whole and taken apart, Thai.
_UNSPACED = "\u0e00-\u0e7f\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7ff"
_HAS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_OTHER_SCRIPT = re.compile("[^\\W\\d_\u0000-\u024f\u1e00-\u1eff]")


class _Dictionary(NamedTuple):
    words: dict[str, str]
    """Whole entries of languages that part words."""
    stems: dict[str, str]
    """Entries that end in "*"."""
    unspaced: re.Pattern[str]
    """Any entry of the other languages, the longest first."""
    decisive: frozenset[str]
    """The English that decides something without a further word."""
    answers: dict[str, str]
    """To "yes" or "no"."""
    headings: dict[str, str]
    """Heading → target of a mapping, such as `first_name`."""
    beginnings: frozenset[str]
    """Beginnings of words that say in any column that a person left, with and without accents."""


@lru_cache(maxsize=1_000)
def without_accents(text: str) -> str:
    """Text in letters without accents, apostrophes straight."""
    if text.isascii():
        return text
    text = text.replace("\u2019", "'").replace("\u2018", "'").replace("\u00ad", "")
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


@lru_cache(maxsize=10_000)
def in_english(text: str) -> str:
    """A heading or value with its words about leaving in English, the others as they are.

    Args:
        text: words in lower case, without accents and punctuation.
    """
    dictionary = _dictionary()
    meanings: list[str] = []
    if _HAS_UNSPACED.search(text):
        meanings = [dictionary.words[entry] for entry in dictionary.unspaced.findall(text)]
        spaced = dictionary.unspaced.sub(lambda match: f" {dictionary.words[match[0]]} ", text)
    else:
        spaced = text
    words = spaced.split()
    translated: list[str] = []
    while words:
        length, english = _longest_entry(words)
        meanings += [english] if english else []
        translated += [english or words[0]]
        words = words[length:]
    return text if dictionary.decisive.isdisjoint(meanings) else " ".join(translated)


def may_need_translation(text: str) -> bool:
    """Whether a row may have words about leaving in another language; quick, as for a million rows.

    Args:
        text: in lower case; "|" parts values.
    """
    words = text.replace("|", " ").replace("(", " ").replace('"', " ").replace("/", " ").split()
    beginnings = [word[:_BEGINNING] for word in words]
    return not _dictionary().beginnings.isdisjoint(beginnings) or (
        not text.isascii() and bool(_HAS_UNSPACED.search(text))
    )


def answer_in_english(text: str) -> str:
    """A yes or a no in English; any other text as it is.

    Args:
        text: in lower case, without accents.
    """
    return _dictionary().answers.get(text, text)


def target_of(heading: str) -> str:
    """What a heading in another language stands for, such as `first_name`; "" for anything else."""
    return _dictionary().headings.get(plain_heading(heading), "")


def is_heading_in_other_script(text: str) -> bool:
    """Whether a text is a known heading in a script other than the Latin one."""
    words = plain_heading(text)
    return is_in_other_script(words) and (
        words in _dictionary().headings or in_english(words) != words
    )


def plain_heading(heading: str) -> str:
    """A heading as lower-case words without accents and punctuation."""
    return " ".join(re.sub(r"[^\w']+|_", " ", without_accents(heading.lower())).split())


def is_in_other_script(text: str) -> bool:
    """Whether a text has letters of a script other than the Latin one."""
    return bool(_OTHER_SCRIPT.search(text))


def is_in_unspaced_script(text: str) -> bool:
    """Whether a text has letters of a script that parts no words, such as Chinese."""
    return bool(_HAS_UNSPACED.search(text))


def is_foreign(heading: str) -> bool:
    """Whether a heading is in another language than English, as its letters and words tell."""
    words = plain_heading(heading)
    return (
        without_accents(heading) != heading
        or is_in_other_script(heading)
        or in_english(words) != words
        or words in _dictionary().headings
    )


def _longest_entry(words: list[str]) -> tuple[int, str]:
    """How many of the words at the beginning are an entry, and what it means; 1 and "" for none."""
    dictionary = _dictionary()
    for length in range(min(len(words), _MOST_WORDS), 0, -1):
        phrase = " ".join(words[:length])
        if english := dictionary.words.get(phrase):
            return length, english
        shortest = max(len(phrase) - len(words[length - 1]), _SHORTEST_STEM)
        for end in range(len(phrase), shortest - 1, -1):
            if english := dictionary.stems.get(phrase[:end]):
                return length, english
    return 1, ""


@cache
def _dictionary() -> _Dictionary:
    data = files("mailer.lists").joinpath("data/other_languages.toml").read_text("utf-8")
    tables = tomllib.loads(data)
    entries = _entries(tables["leaving"] | tables["answering"] | tables["beside"])
    words = {entry: english for entry, english in entries.items() if not entry.endswith("*")}
    unspaced = sorted(filter(_HAS_UNSPACED.search, words), key=len, reverse=True)
    return _Dictionary(
        words,
        {entry[:-1]: english for entry, english in entries.items() if entry.endswith("*")},
        re.compile("|".join(map(re.escape, unspaced))),
        frozenset(tables["leaving"] | tables["answering"]),
        _entries(tables["answers"]),
        _entries(tables["headings"]),
        frozenset(
            form.split()[0].removesuffix("*")[:_BEGINNING]
            for entries in tables["leaving"].values()
            for entry in re.split(r"[,\n]", entries.lower().strip())
            for form in (entry, without_accents(entry))
        ),
    )


def _entries(table: Mapping[str, str]) -> dict[str, str]:
    """Each entry of a table and what it means, without accents."""
    return {
        entry.strip(): english
        for english, entries in table.items()
        for entry in re.split(r"[,\n]", without_accents(entries.lower()).strip())
    }
