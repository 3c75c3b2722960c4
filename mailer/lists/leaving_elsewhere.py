"""Departures in columns that are not about leaving: tags, notes, names, answers of a form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mailer.lists.standing import NO, YES, Standing, plain_words, standing_of
from mailer.lists.translation import answer_in_english, may_need_translation, without_accents

if TYPE_CHECKING:
    from collections.abc import Iterable

_PHRASES = re.compile(
    r"\bun ?sub(s|bed|scri\w*)?\b|\bopt(ed|s|ing)? ?out\b"
    r"|\b(do|does|did) ?(not|n't) (e ?mail|mail|contact|send|solicit|bulk)|\bdon'?t (e ?mail|mail|contact|send)"
    r"|\bno (more )?(bulk |mass )?(e ?mails?|mailings?|newsletters?|contact)\b|\bnever (e ?mail|contact)"
    r"|\bstop (e ?mail|mailing|sending|contacting)|\bdeceased\b|\bpassed away\b"
    r"|\bhard bounc|\bundeliverable\b|\b(black|block) ?list|\bglobal(ly)? suppress|\bspam complain"
    r"|\b(remov|tak|took|delet)\w* (\w+ ){0,2}?(off|from) (\w+ ){0,3}?lists?\b"
    r"|\bnot opted in\b"
)
_ALONE = re.compile(
    r"bounc(e|ed|es|ing)|hard bounced?|complain(ed|ts?)|spam|suppressed|dead|dnc|dne|blocked"
)
"""Words that say a person left, where nothing else stands in the cell."""
_ADDRESSES = re.compile(r"\S*(://|@|www\.)\S*")
_ADDRESS = re.compile(r"[^@\s]@[^@\s]+\.[^@\s]")
_ABOUT_MAIL = re.compile(
    r"e ?mails?\b|\bmail(s|able|ings?)?\b|news ?letter|\bupdates\b|\bstop\b|\bscrub|\breturned\b"
    r"|\bvalid(ity|ated)?\b|deliverab|\bverif|reachab|\bsubscri|\bmarketing\b|\bcontact me\b"
    r"|^(preferred )?contact( preference)?s?$"
)
_NOT_A_QUESTION = re.compile(
    r"\b(phone|address|type|format|client|domain|provider|name|id|first|last|latest|recent|open\w*"
    r"|click\w*|count|number|total|rate|score|rating|sent|date|at|time|on$|since|subject|title|source)\b"
)


def mentions_leaving(text: str) -> bool:
    """Whether a row may say that a person left; quick, as it is asked of a million rows.

    Args:
        text: a row's values in lower case.
    """
    return (
        "unsub" in text
        or "un-sub" in text
        or "opt" in text
        or "not " in text
        or "n't " in text
        or "n\u2019t " in text
        or "no e" in text
        or "no m" in text
        or "no n" in text
        or "no c" in text
        or "no b" in text
        or "never" in text
        or "stop " in text
        or "deceas" in text
        or "passed" in text
        or "bounc" in text
        or "undeliv" in text
        or "list" in text
        or "suppress" in text
        or "spam" in text
        or "complain" in text
        or "dead" in text
        or "dnc" in text
        or "dne" in text
        or "block" in text
        or may_need_translation(text)
    )


def says_left(value: str) -> bool:
    """Whether a value says that a person left: "DO NOT EMAIL, asked on the phone", "bounced"."""
    words = plain_words(_ADDRESSES.sub(" ", value))
    return bool(_PHRASES.search(words) or _ALONE.fullmatch(words))


def is_address_in(value: str) -> bool:
    return bool(_ADDRESS.search(value))


def may_ask_for_mail(heading: str) -> bool:
    """Whether a column may hold people's answers to whether they want mail, or whether it arrives."""
    words = plain_words(re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", heading))
    return bool(_ABOUT_MAIL.search(words)) and not _NOT_A_QUESTION.search(words)


def are_answers(values: Iterable[str]) -> bool:
    """Whether a column's values are a yes or a no, or say that a person left.

    Args:
        values: those that are neither blank nor 0.
    """
    plain = _plain_answers(values)
    return (
        bool(plain & ((YES | NO) - {"0", "1"}))
        or (bool(plain) and plain <= {"1", "-1", "1.0"})
        or any(standing_of(value) not in {None, Standing.SUBSCRIBED} for value in plain)
    )


def are_only_answers(values: Iterable[str]) -> bool:
    """Whether a column's values are a yes or a no, and nothing else.

    Args:
        values: those that are neither blank nor 0.
    """
    plain = _plain_answers(values)
    return bool(plain) and plain <= YES | NO


def _plain_answers(values: Iterable[str]) -> set[str]:
    return {answer_in_english(without_accents(value.lower().strip(" .!"))) for value in values}
