"""Petition files: what they say, and the counts that are shown of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.campaigns.petition import current_goal, parse, reached_goal, rounded_down, used_in
from mailer.errors import CampaignError
from tests.support.petitions import PATH, TEXT


def test_a_petition_has_a_statement_and_what_explains_it():
    petition = parse(PATH, TEXT)
    assert petition.name == "night-bus"
    assert petition.front.to == ("The governors", "State transit directors")
    assert petition.front.goal == 50_000
    assert petition.front.next.url == "https://www.example.org/lines"
    assert petition.statement == "Run every trunk line until one in the morning."
    assert petition.statement_line == 13
    assert petition.why.strip().startswith("## Why is this important?")
    assert petition.why.split("\n")[16].startswith("A night bus")
    assert petition.notes == {"riders": 19}


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("title: Bring back the last bus home\n", "", 1, '"title" is missing'),
        ("title: Bring", "titel: Bring", 2, 'unknown key "titel"'),
        ("goal: 50,000", "goal: many", 4, "whole number"),
        ("goal: 50,000", "goal: 0", 4, '"goal"'),
        ("[zip, comment]", "[zip, phone]", 6, '"ask'),
        ("2026-04-09", "April 9", 8, "a date such as"),
        ("2026-04-09", "2026-04-09\nopens: 2026-05-01", 8, "closes before it opens"),
        ("list: members\n", "", 6, "names no list"),
        ("https://www.example.org/lines", "our page", 9, "web address"),
        ("Run every trunk", "Run {{ recipient.city }} every trunk", 13, "same to everybody"),
        ("morning.\n", "morning.[^riders]\n", 13, "in the statement"),
        ("Run every trunk line until one in the morning.\n", "", 13, "no statement"),
        ("full.[^riders]", "full.", 19, "never referred to"),
        ("to: [The governors, State transit directors]", "to: []", 3, '"to" is missing'),
    ],
)
def test_a_mistake_is_named_with_its_line(old, new, line, message):
    assert old in TEXT
    with pytest.raises(CampaignError, match=message) as error:
        parse(PATH, TEXT.replace(old, new))
    assert error.value.place.path == PATH
    assert error.value.place.line == line
    assert error.value.hint


def test_a_name_that_would_make_the_links_wrap_is_refused():
    with pytest.raises(CampaignError, match="petition's name"):
        parse(f"campaigns/petitions/{'x' * 25}.md", TEXT)


@given(st.text() | st.text().map(lambda text: f"---\ntitle: x\nto: y\n{text}\n---\n{text}"))
def test_any_text_is_a_petition_or_an_error_with_a_place(text):
    error = None
    try:
        assert parse(PATH, text).statement
    except CampaignError as err:
        error = err
    assert error is None or (error.place.path == PATH and error.hint)


def test_the_digest_of_the_wording_follows_what_people_sign_and_nothing_else():
    wording = parse(PATH, TEXT).wording
    assert parse(PATH, TEXT.replace("never full", "seldom full")).wording == wording
    for old in ("The governors", "until one", "last bus home"):
        assert parse(PATH, TEXT.replace(old, "other words")).wording != wording


@pytest.mark.parametrize(
    ("count", "shown"), [(0, 0), (7, 7), (99, 99), (123, 120), (1_999, 1_900), (41_286, 41_000)]
)
def test_a_count_in_mail_is_rounded_down(count, shown):
    assert rounded_down(count) == shown


@given(st.integers(0, 10**8), st.integers(1, 10**8))
def test_the_goal_is_kept_until_it_is_reached_and_always_ahead(count, goal):
    shown = current_goal(goal, count)
    assert shown > count
    assert (shown == goal) == (count < goal)


@pytest.mark.parametrize(
    ("count", "goal"), [(500, 750), (50_000, 75_000), (99, 100), (100, 150), (80, 100), (9, 50)]
)
def test_a_goal_that_is_reached_rises_to_the_next_round_number(count, goal):
    assert current_goal(50, count) == goal


@pytest.mark.parametrize(
    ("count", "goal"),
    [(499, 0), (500, 500), (612, 500), (760, 750), (1_000, 1_000), (2_999, 2_000)],
)
def test_the_goal_that_was_reached_last_is_known(count, goal):
    assert reached_goal(500, count) == goal


@given(st.integers(0, 10**8), st.integers(1, 10**8))
def test_the_goal_that_was_reached_was_shown_before(count, goal):
    reached = reached_goal(goal, count)
    assert reached <= count
    assert bool(reached) == (count >= goal)
    if reached:
        assert current_goal(goal, reached - 1) == reached


def test_the_petitions_of_a_campaign_are_those_it_names():
    text = """{{ petition("night-bus") }} {{petitions['rivers'].signatures}}
    {% call petition("https://example.org/x", to=["a"]) %}x{% endcall %} {{ petition( "night-bus" ) }}"""
    assert used_in(text) == ["night-bus", "rivers"]
    assert used_in("""{{ button("Sign", links.sign["library"]) }}""") == ["library"]
