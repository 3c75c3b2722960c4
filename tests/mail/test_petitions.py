"""A petition in a mail: its words and count are the same for everybody, its link is each one's own."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from mailer.campaigns.petition import Tally
from mailer.campaigns.snapshot import Snapshot
from mailer.errors import CampaignError
from mailer.links import Keys
from mailer.mail.web_version import render, render_public, store_message
from tests.support.petitions import PATH
from tests.support.petitions import TEXT as PETITION
from tools.projects import samples

KEYS = Keys(["a key for tests only"])
MAIL = """---
subject: Sign with us
list: members
layout: petition
---
{{ petition("night-bus") }}

{% set here = petitions["night-bus"].states[recipient.state] %}
{% if here %}
{{ here }} of you in {{ recipient.state }} signed.
{% endif %}
"""


def written(body=MAIL, signed=41_286):
    snapshot = samples.written(body)
    tallies = {"night-bus": Tally(signed, {"OR": 214})} if signed else {}
    return replace(snapshot, files={**snapshot.files, PATH: PETITION}, tallies=tallies)


def merged(snapshot, **known):
    return samples.merger_of(snapshot).merge(samples.member(**known))


def test_a_mail_shows_statement_targets_count_and_goal_rounded_down():
    mail = merged(written(), state="OR")
    for part in (mail.text, re.sub(r"<[^>]*>", "", mail.html)):
        assert "Run every trunk line until one in the morning." in part
        assert "To: The governors; State transit directors" in part
        assert "41,000 signatures of 50,000" in part
        assert "214 of you in OR signed." in part
    assert "41,286" not in mail.html + mail.text


def test_without_signatures_there_is_no_bar_of_zero():
    mail = merged(written(signed=0), state="OR")
    assert "signatures" not in mail.text
    assert "of you in" not in mail.text


def test_the_button_carries_a_token_for_this_petition_of_each_recipient():
    snapshot = written()
    links = set()
    for person in samples.members()[:20]:
        mail = samples.merger_of(snapshot).merge(person)
        (token,) = set(re.findall(r"https://mail\.example\.org/s/night-bus/([^\s\">]+)", mail.html))
        assert token in mail.text
        assert KEYS.read("sign", token, "night-bus") == (person.id, 1)
        links.add(token)
    assert len(links) == 20


def test_the_count_takes_no_slot():
    slots = {slot.text for slot in merged(written(), state="OR").variant.slots}
    assert "links.sign.night-bus" in slots
    assert not any("signatures" in slot or "goal" in slot for slot in slots)


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (".states[recipient.state]", 'petitions["night-bus"].states[recipient.state]'),
        (".states.get(recipient.state)", 'petitions["night-bus"].states.get(recipient.state)'),
        ('["cities"][recipient.city]', 'petitions["night-bus"].cities[recipient.city]'),
    ],
)
def test_counts_by_place_are_called_what_the_writer_calls_them_however_many_there_are(asked, text):
    body = MAIL.replace(".states[recipient.state]", asked)
    person = samples.member(state="OR")
    cities = {person.city: 214} | {f"City number {number}, OR": number for number in range(5_000)}
    snapshot = replace(written(body), tallies={"night-bus": Tally(41_286, {"OR": 214}, cities)})
    variant = samples.merger_of(snapshot).merge(person).variant
    assert variant.guards == (text,)
    assert [slot.text for slot in variant.slots if "petitions" in slot.text] == [text]


def test_a_kept_mail_holds_no_token_and_shows_the_same_link_again():
    mail = merged(written(), state="OR")
    kept = store_message(mail)
    assert "/s/night-bus/" not in kept.values
    assert render(kept, mail.links).html == mail.html


def test_the_public_version_leads_to_the_page_where_anybody_signs():
    page = render_public(written(), frozenset(samples.members()[0].fields)).html
    assert "https://mail.example.org/petition/night-bus" in page
    assert "/s/" not in page


def test_a_snapshot_keeps_the_counts_of_the_moment_and_compares_without_them():
    snapshot = written()
    again = Snapshot.from_bytes(snapshot.to_bytes())
    assert again.tallies == snapshot.tallies
    assert again.petitions == snapshot.petitions
    assert written(signed=99).digest == snapshot.digest
    edited = {**snapshot.files, PATH: PETITION.replace("until one", "until two")}
    assert replace(snapshot, files=edited).digest != snapshot.digest


def test_a_petition_by_hand_stays_possible_beside_one_of_a_file():
    hand = """
{% call petition("https://www.example.org/sign", to=["the council"], signatures=120, goal=500) %}
Keep it open.
{% endcall %}
"""
    mail = merged(written(MAIL + hand), state="OR")
    assert "120 signatures of 500" in mail.text
    assert "<https://www.example.org/sign>" in mail.text


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ('{{ petition("day-bus") }}', 'there is no petition "day-bus"'),
        ('{{ petition("https://example.org/x") }}', "has no statement"),
        ('{% call petition("night-bus") %}x{% endcall %}', "two statements"),
    ],
)
def test_what_cannot_be_meant_is_an_error_with_its_line(call, message):
    with pytest.raises(CampaignError, match=message) as error:
        merged(written(MAIL.replace('{{ petition("night-bus") }}', call)), state="OR")
    assert error.value.place.line == 6
