"""Words that nobody should read, and those that everybody reads first."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from mailer.checks.rules import unfinished as slips
from mailer.checks.rules import wording
from mailer.errors import Place
from tests.support.campaigns import ANA, BO
from tests.support.rendered_mails import (
    TODAY,
    case,
    changed,
    codes,
    find,
    one,
    proof_of,
    sample,
    settled,
    written,
)

PREHEADER = "preheader: Two calls, five minutes.\n"


def with_subject(subject, body="Hello.", **options):
    return written(body, subject=subject, front=PREHEADER, **options)


def unfinished(sources):
    """What is found in the campaign itself, without compiling it."""
    return list(slips.unfinished(sources, TODAY))


def with_preheader(preheader):
    return written("Hello.", front=f"preheader: '{preheader}'\n")


PAIRS = [
    (
        wording.SUBJECT_MISSING,
        with_subject("{{ recipient.fields.chapter }}"),
        with_subject('{{ recipient.fields.chapter | default("News") }}'),
    ),
    (wording.SUBJECT_LONG, with_subject("x" * 71), with_subject("x" * 70)),
    (wording.SUBJECT_LONG, with_subject("会" * 36), with_subject("会" * 35)),
    (
        wording.SUBJECT_LONG,
        with_subject("{{ recipient.first_name }}" + "x" * 63),
        with_subject("{{ recipient.first_name }}" + "x" * 62),
    ),
    (wording.SUBJECT_CAPITALS, with_subject("ACT NOW: the vote".upper()), with_subject("ACT NOW: the vote")),
    (wording.SUBJECT_CAPITALS, with_subject("RESCUE IT"), with_subject("UNESCO 2030")),
    (wording.SUBJECT_CAPITALS, with_subject("{{ recipient.city }}, WAKE UP NOW!"), with_subject("{{ recipient.city | upper }}!")),
    (wording.SUBJECT_REPLY, with_subject("Re: your street"), with_subject("Re-open our library")),
    (wording.SUBJECT_REPLY, with_subject("FW: the vote"), with_subject("Forward: the vote")),
    (wording.PREHEADER_MISSING, written("Hello."), with_preheader("Two calls.")),
    (wording.PREHEADER_MISSING, with_preheader("  "), with_preheader("{{ brand.name }}")),
    (wording.PREHEADER_LONG, with_preheader("x" * 141), with_preheader("x" * 140)),
    (
        wording.PREHEADER_LONG,
        with_preheader("x" * 141),
        with_preheader("{% if recipient.zip %}" + "x" * 100 + "{% else %}" + "x" * 100 + "{% endif %}"),
    ),
    (wording.PREHEADER_CAPITALS, with_preheader("TWO CALLS!"), with_preheader("TWO calls!")),
    (wording.OLD_YEAR, with_subject("The 2025 vote"), with_subject("The 2026 vote")),
    (wording.OLD_YEAR, with_subject("The 2023 vote"), with_subject("What we learned from 2008")),
    (wording.OLD_YEAR, with_preheader("Before 2025 ends."), with_preheader("We need $2025 or 2,025 names.")),
    (
        wording.OLD_YEAR,
        written("Hello.", front=PREHEADER + "headline: Summer 2025\n"),
        written("In 2025 we won.[^a]\n\n[^a]: [Report](https://example.org/2025), 2025.", front=PREHEADER),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("code", "bad", "good"), PAIRS)
def test_a_campaign_trips_the_rule_and_another_just_does_not(code, bad, good):
    someone = replace(ANA, fields={"chapter": "", "gifts": ""})
    assert code in codes(bad, someone)
    assert code not in codes(good, someone)


@pytest.mark.parametrize(
    ("notice", "old"),
    [
        ("© 2025 Juniper Street Action", True),
        ("© 2019-2025 Juniper Street Action", True),
        ("© 2019\u20132025 Juniper Street Action", True),
        ("Copyright 2024, Juniper Street Action", True),
        ("© 2026 Juniper Street Action", False),
        ("© 2019-2026 Juniper Street Action", False),
        ("Founded in 2019.", False),
    ],
)
def test_the_copyright_notice_is_of_this_year(notice, old):
    in_settings = settled(with_subject("News"), brand={"legal": notice})
    assert (wording.OLD_YEAR in codes(in_settings)) == old
    message = changed(
        with_subject("News"), "templates/message.txt", "{{ body }}", f"{{{{ body }}}}\n{notice}"
    )
    assert (wording.OLD_YEAR in codes(message)) == old
    if old:
        assert one(message, wording.OLD_YEAR).place == Place("templates/message.txt", 2)


def test_the_samples_become_stale_in_no_year():
    for year in (2027, 2035):
        assert list(wording.front(sample(), date(year, 1, 1))) == []


def test_each_of_several_subjects_is_held_to_the_rules_and_shown_in_its_line():
    front = f"subjects:\n  - The vote is Tuesday\n  - {'x' * 80}\n  - In 2025\n{PREHEADER}"
    tested = changed(written("Hello."), "campaigns/sample.md", "subject: 'News'\n", front)
    people = [replace(ANA, id=number) for number in range(1, 30)]
    found = {finding for person in people for finding in find(tested, person)}
    shown = {(f.code, f.place.line) for f in found if f.place.path == "campaigns/sample.md"}
    assert {(wording.SUBJECT_LONG, 4), (wording.OLD_YEAR, 5)} <= shown
    assert not [code for code, line in shown if line == 3]


def test_the_same_finding_about_a_subject_whoever_gets_it():
    """So that it is shown once, not for each variant."""
    long = with_subject('{{ recipient.first_name | default("Friend") }}, ' + "long " * 20)
    assert list(wording.subject(proof_of(long, ANA))) == list(wording.subject(proof_of(long, BO)))


def test_a_long_subject_says_what_a_telephone_shows():
    name = "{{ recipient.first_name }}"
    subject = f"{name}, this is the day to call, and here is the number that you dial for it"
    found = one(with_subject(subject), wording.SUBJECT_LONG)
    assert found.hint == "Shorten it. A telephone shows: …, this is the day to call, and here is…"


@pytest.mark.parametrize(
    "greeting",
    [
        'Dear {{ recipient.first_name | default("friend") }},',
        "Dear {{ recipient.first_name|default('Friend', true) }},",
        "Dear {{ recipient.first_name | d('friend') }},",
        "Dear friend,",
        "DEAR FRIEND",
        "Dear {% if recipient.first_name == 'Zoe' %}Zoe{% else %}friend{% endif %},",
    ],
)
def test_dear_friend_is_what_filters_count(greeting):
    assert wording.DEAR_FRIEND in codes(with_subject("News", greeting))


@pytest.mark.parametrize(
    "greeting",
    [
        'Dear {{ recipient.first_name | default("neighbor") }},',
        'Hello {{ recipient.first_name | default("friend") }},',
        "Dear friends,",
        "He is my dear friend Theo.",
        "Friend, read this.",
    ],
)
def test_another_greeting_is_left_alone(greeting):
    assert wording.DEAR_FRIEND not in codes(with_subject("News", greeting))


def test_the_greeting_of_a_bug_report_is_pointed_out():
    assert one(case("h-tag"), wording.DEAR_FRIEND).place.line == 7
