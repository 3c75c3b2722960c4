"""Variants are named by what tells them apart, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailer.compiler.variant_names import UNRECORDED, names
from tests.support.campaigns import ANA, BO, UMA, make_merger


@pytest.mark.parametrize(
    ("guards", "name"),
    [
        (["(recipient.lookups.senators[0].vote == 'no')", "(recipient.lookups.senators[1].vote == 'yes')"],
         "senators voted: no, yes"),
        (["(recipient.lookups.senators[0].party_name == 'Green')"], "senators party name: Green"),
        (["(recipient.state == 'OR')"], "state: OR"),
        (["not (recipient.state == 'OR')"], "state: not OR"),
        (["(recipient.state in ['OR', 'WA'])"], "state: OR or WA"),
        (["('faith leader' in recipient.tags)"], "tags: faith leader"),
        (["not ('donor' in recipient.tags)"], "tags: not donor"),
        (["('donor' in recipient.tags)", "('faith leader' in recipient.tags)"], "tags: donor, faith leader"),
        (["recipient.zip"], "has ZIP code"),
        (["not recipient.first_name"], "no first name"),
        (["recipient.lookups.cities"], "has cities"),
        (["the length of recipient.lookups.senators = 2"], "senators: 2"),
        (["(recipient.fields.gifts|int >= 3)"], "gifts: at least 3"),
        (["not (recipient.fields.gifts_2026|int >= 3)"], "gifts 2026: under 3"),
        (["(recipient.lookups.cities.mayor == '')"], "mayor: blank"),
        (["the subject = 2"], "subject 2"),
        (["the sender = 2"], "sender 2"),
        (["the variant = b"], "variant b"),
        (["recipient.lookups.senators", "the length of recipient.lookups.senators = 2",
          "(recipient.lookups.senators[0].vote == 'no')", "(recipient.lookups.senators[1].vote == 'no')"],
         "senators voted: no, no"),
        (["recipient.lookups.senators", "the length of recipient.lookups.senators = 3",
          "(recipient.lookups.senators[0].vote == 'no')"], "senators: 3; senators voted: no"),
        (["recipient.state", "(recipient.state == 'OR')"], "state: OR"),
        (["(recipient.state == 'OR')", "('donor' in recipient.tags)"], "state: OR; tags: donor"),
    ],
)  # fmt: skip
def test_an_answer_is_told_in_words(guards, name):
    assert names([tuple(guards), ("x",)])[0] == name


def test_what_all_have_in_common_is_left_out():
    both = "recipient.zip"
    assert names([(both, "(recipient.state == 'OR')"), (both,)]) == ["state: OR", "everybody else"]
    assert names([(both,)]) == ["everybody"]
    assert names([None, (both,)]) == [UNRECORDED, "everybody else"]
    assert names([]) == []


def test_names_of_a_campaigns_variants_hold_no_expression():
    merger = make_merger(
        "{% if recipient.state == 'OR' %}a{% elif 'donor' in recipient.tags %}b{% endif %}"
        "{% if recipient.fields.gifts | int > 2 %}c{% endif %}"
        "{% for s in recipient.lookups.senators %}{% if s.name == 'Uma Park' %}d{% endif %}{% endfor %}"
    )
    people = [ANA, BO, UMA, replace(UMA, tags=("donor",))]
    told = names([merger.merge(person).variant.guards for person in people])
    assert len(set(told)) == len(told)
    assert not any(sign in name for name in told for sign in ("recipient", "==", "'", "[", "|"))
