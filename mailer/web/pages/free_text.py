"""Tells names from messages: text from strangers must not appear in a mail as the organization's own."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from publicsuffixlist import PublicSuffixList

MAX_WORDS = 8
_MAX_DIGITS = 2
"""As in "3rd", and not as in a telephone number."""
_MARKS = frozenset(
    " '\u2019\u2018\u02bb\u02bc`\u00b4.,-\u2010\u2011\u2013&()\u00b7\u30fb\u200c\u200d"
)
"""With the joiners of Persian and Indic spelling."""
_HIDDEN = re.compile(
    r"[\u115f\u1160\u2800\u3164\uffa0]|[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]{4,}"
)
"""Letters that show nothing (Unicode: Hangul fillers, a blank Braille cell), and piles of accents that cover the lines around."""
_DOMAIN = re.compile(r"(?:[\w-]+\.)+[\w-]*\w", re.UNICODE)
_MESSAGE = frozenset(
    [
        "account",
        "act",
        "alert",
        "attention",
        "bank",
        "bitcoin",
        "buy",
        "call",
        "card",
        "cash",
        "claim",
        "click",
        "code",
        "confirm",
        "credit",
        "crypto",
        "dear",
        "donate",
        "download",
        "expired",
        "final",
        "free",
        "hacked",
        "immediately",
        "invoice",
        "login",
        "money",
        "now",
        "offer",
        "password",
        "pay",
        "payment",
        "please",
        "prize",
        "security",
        "suspended",
        "text",
        "transfer",
        "update",
        "urgent",
        "verify",
        "visit",
        "warning",
        "win",
        "winner",
        "you",
        "your",
    ]
)
"""English words that are common in messages, and rare in names of several words."""
# "Bank", "Card" and "Free" are names, too: one such word marks only a text of four words or more.
_MESSAGE_WORDS, _LONG = 2, 4


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


def is_full_name(text: str) -> bool:
    """Like `is_name`, for first and last name together: a message may be spread over both."""
    return is_name(text, max_words=MAX_WORDS + 4)


def is_name(text: str, *, max_words: int = MAX_WORDS) -> bool:
    """Whether a text can be a name, and is no link, address, telephone number or message."""
    text = unicodedata.normalize("NFKC", text)
    if _HIDDEN.search(text):
        return False
    if not all(_may_stand_in_name(character) for character in text):
        return False
    if sum(character.isdigit() for character in text) > _MAX_DIGITS or _has_domain(text):
        return False
    name_words = re.findall(r"[^\W\d_]+", text.lower())
    if not name_words or len(name_words) > max_words:
        return False
    hits = sum(word in _MESSAGE for word in name_words)
    return hits == 0 or (hits < _MESSAGE_WORDS and len(name_words) < _LONG)


def visible(text: str) -> str:
    """A text without what shows nothing or covers other lines; "" when nothing is left to be seen."""
    text = _HIDDEN.sub("", text)
    return text if any(unicodedata.category(letter)[0] in "LNPS" for letter in text) else ""


def has_link(text: str) -> bool:
    """Whether a text holds a web or e-mail address, or what a mail program would make one of."""
    return "@" in text or "://" in text or _has_domain(text)


def _may_stand_in_name(character: str) -> bool:
    return character in _MARKS or unicodedata.category(character)[0] in "LMN"


def _has_domain(text: str) -> bool:
    """Whether a mail program would make a link of a part, as of "evil.example.com"."""
    return any(
        _suffixes().publicsuffix(host.lower()) and "." in host for host in _DOMAIN.findall(text)
    )
