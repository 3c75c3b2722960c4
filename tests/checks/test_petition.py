"""Findings about a petition: each one for a petition that has its fault, none for a good one."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from mailer.campaigns.petition import parse
from mailer.checks import page_language, petition
from mailer.compiler import page_words, petition_text
from mailer.errors import Place
from mailer.ledger.signature import SignatureCounts

PATH = "campaigns/petitions/night-bus.md"
TITLE = "Bring back the last bus home"
STATEMENT = "Run every trunk line until one in the morning."
WHY = "## Why is this important?\n\nA night bus is never full.\n"
TEXT = f"""---
title: {TITLE}
to: [The governors]
list: members
closes: 2026-04-09
---
{STATEMENT}

{WHY}"""


LAST_DAY = date(2026, 4, 9)
WORDS = page_words.load(Path())


def found(text, *, closed="", other_wording=0, today=LAST_DAY):
    parsed = parse(PATH, text)
    findings = petition.check(
        parsed,
        petition_text.render(parsed, WORDS, usual="en"),
        available=WORDS.available,
        lists=["members"],
        counts=SignatureCounts(closed=closed),
        other_wording=other_wording,
        today=today,
    )
    return [(finding.code, finding.place) for finding in findings]


def test_a_good_petition_has_no_finding():
    assert found(TEXT) == []


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        (STATEMENT, "Run every trunk line. " * 31, petition.LONG, None),
        (TITLE, "Bring the bus home " * 5, petition.LONG_TITLE, 2),
        (WHY, "", petition.NO_WHY, None),
        ("list: members", "list: membres", petition.NO_LIST, 4),
        ("list: members", "list: members\nlanguage: fr", page_language.NO_WORDS, 5),
        (TITLE, "TODO", petition.TODO, 2),
        ("is never full", "is TODO", petition.TODO, 11),
        ("until one", "until TODO", petition.TODO, 7),
        ("is never full", "is [full](htps://example.org)", "link-scheme", 11),
    ],
)
def test_each_fault_is_named_with_its_place(old, new, code, line):
    ((found_code, place),) = found(TEXT.replace(old, new))
    assert (found_code, place.path) == (code, PATH)
    assert line in {None, place.line}


def test_the_day_it_closes_is_its_last_one():
    assert found(TEXT, today=date(2026, 4, 10)) == [(petition.ENDED, Place(PATH, 5))]


def test_a_petition_that_staff_closed_has_ended():
    assert found(TEXT, closed="2026-03-01T10:00:00Z")[0][0] == petition.ENDED


def test_people_who_signed_other_words_are_not_forgotten():
    assert [code for code, _ in found(TEXT, other_wording=1)] == [petition.CHANGED]
