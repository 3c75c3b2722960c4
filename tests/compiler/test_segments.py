"""A segment of mailer.toml means in a condition what is written there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError

from mailer.campaigns.snapshot import Snapshot
from mailer.compiler.audience import condition
from mailer.config import Content
from mailer.errors import CampaignError
from tests.support.campaigns import ANA, BO, make_sources

SEGMENTS = {
    "volunteers": '"volunteer" in recipient.tags',
    "oregon_volunteers": 'volunteers and recipient.state == "OR"',
    "loop": "not knot",
    "knot": "not loop",
    "broken": "recipient.state ==",
    "slip": "recipient.stat",
}


def sources_with(segments):
    sources = make_sources("x")
    return replace(sources, content=sources.content.model_copy(update={"segments": segments}))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("volunteers", [True, False]),
        ("not volunteers", [False, True]),
        ("oregon_volunteers", [True, False]),
        ('oregon_volunteers and recipient.city == "Salem"', [False, False]),
        ('volunteers or recipient.email == "bo@example.org"', [True, True]),
    ],
)
def test_a_segment_is_used_by_name(expression, expected):
    is_for = condition(expression, sources_with(SEGMENTS), frozenset())
    assert [is_for(ANA), is_for(BO)] == expected


@pytest.mark.parametrize(("expression", "name"), [("broken", "broken"), ("slip and true", "slip")])
def test_a_mistake_in_a_segment_has_the_segment_as_its_place(expression, name):
    with pytest.raises(CampaignError) as caught:
        condition(expression, sources_with(SEGMENTS), frozenset())(ANA)
    assert str(caught.value.place) == f"mailer.toml [segments] {name}"


def test_a_segment_may_not_be_a_part_of_itself():
    with pytest.raises(CampaignError, match="a part of itself"):
        condition("loop", sources_with(SEGMENTS), frozenset())


def test_a_name_that_is_no_segment_is_an_error():
    with pytest.raises(CampaignError, match="voluntears"):
        condition("voluntears", sources_with(SEGMENTS), frozenset())(ANA)


def test_a_send_keeps_what_its_segments_meant():
    sources = sources_with(SEGMENTS)
    kept = Snapshot.from_bytes(sources.to_bytes())
    assert condition("volunteers", kept, frozenset())(ANA)
    assert sources.digest != sources_with({"volunteers": "true"}).digest


@pytest.mark.parametrize(
    "segments", [{"recipient": "true"}, {"not": "true"}, {"big-donors": "true"}, {"nobody": " "}]
)
def test_a_name_that_means_something_else_and_a_blank_condition_are_refused(segments):
    content = make_sources("x").content.model_dump(exclude_none=True)
    with pytest.raises(ValidationError):
        Content.model_validate({**content, "segments": segments})
    Content.model_validate({**content, "segments": {"donors": "true"}})


def drawn(expression, path="campaigns/sample.md"):
    sources = make_sources("x")
    files = {**sources.files, path: sources.files[sources.path]}
    is_for = condition(expression, replace(sources, path=path, files=files), frozenset())
    return {number for number in range(1, 2001) if is_for(replace(ANA, id=number))}


def test_a_sample_is_that_part_of_the_audience_and_always_the_same():
    people = drawn('sample("5%")')
    assert 60 < len(people) < 140
    assert drawn('sample("5 %")') == people
    assert drawn('sample("10%")') > people
    assert drawn('sample("5%")', "campaigns/other.md") != people
    assert len(drawn('sample("100%")')) == 2000
