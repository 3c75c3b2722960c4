"""What is remembered of one recipient is right for the next."""

from __future__ import annotations

from dataclasses import replace
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.compiler import slots
from tests.support.campaigns import ANA, make_merger

BODY = """
{{ recipient.first_name | default("you") }} {{ recipient.first_name ~ recipient.zip }}
{{ (recipient.zip ~ recipient.first_name) | upper }} {{ recipient.city | lower }}
{{ recipient.lookups.cities.mayor | default("nobody") }}
{{ recipient.lookups.senators | map(attribute="name") | join(" & ") }}
{{ recipient.fields.chapter | default(recipient.city) | trim }} {{ recipient.tags | join("+") }}
{{ {"OR": "Oregon"}.get(recipient.state, "elsewhere") }}
{{ [recipient.fields.gifts, recipient.fields.chapter] | join("-") }}
{{ recipient.email | upper }} {{ links.update }}

{% if recipient.fields.chapter == recipient.city %}The same.{% endif %}
{% if recipient.lookups.cities and recipient.zip %}Known.{% endif %}
{% for senator in recipient.lookups.senators %}{{ senator.name | lower }} {% endfor %}
"""
FEW = st.sampled_from(["", "Ana", "97212", "Salem", "Portland"])
PEOPLE = st.builds(
    replace,
    st.just(ANA),
    id=st.integers(1, 9),
    email=st.sampled_from(["ana@example.org", "bo@example.org"]),
    first_name=FEW,
    zip=FEW,
    city=FEW,
    state=st.sampled_from(["OR", "WA", ""]),
    fields=st.fixed_dictionaries({}, optional={"chapter": FEW, "gifts": FEW}),
    tags=st.lists(FEW).map(tuple),
)


FORGETFUL, REMEMBERING = make_merger(BODY), make_merger(BODY)


@given(st.lists(PEOPLE, min_size=1, max_size=5))
def test_nobody_gets_what_was_remembered_of_somebody_else(people):
    for person in people:
        mail = REMEMBERING.merge(person)
        with mock.patch.object(slots, "_key", return_value=""):
            fresh = FORGETFUL.merge(person)
        assert (mail.subject, mail.text, mail.html) == (fresh.subject, fresh.text, fresh.html)


@pytest.mark.parametrize("first", ["OR", "WA"])
def test_expressions_that_differ_in_their_brackets_alone_are_told_apart(first):
    merger = make_merger(
        """{% if recipient.state == "OR" %}{{ (recipient.first_name ~ "-" ~ recipient.city) | upper }}
{% else %}{{ recipient.first_name ~ "-" ~ recipient.city | upper }}{% endif %}
{{ (recipient.city ~ recipient.zip).lower() }} {{ recipient.city ~ recipient.zip.lower() }}"""
    )
    merger.merge(replace(ANA, state=first))
    mails = [merger.merge(replace(ANA, first_name="Ana", city="Salem", zip="AB", state=state)).text
             for state in ("OR", "WA")]  # fmt: skip
    assert "ANA-SALEM" in mails[0]
    assert "Ana-SALEM" in mails[1]
    assert all("salemab Salemab" in mail for mail in mails)


def remembered(merger):
    compiler = merger._compiler
    facets = [facet.known for facet in compiler._facets.values()]
    return [len(known) for known in (*facets, *compiler._answers._answers.values())]


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(slots, "MOST", 3)
    merger = make_merger(
        '{{ recipient.city | upper }} {{ "in Oregon" if recipient.city | trim != "Town 3" }}'
    )
    for number in range(10):
        person = replace(ANA, city=f"Town {number % 7}")
        assert f"TOWN {number % 7}" in merger.merge(person).text
        assert set(remembered(merger)) <= {1, 2, 3}
    assert len(remembered(merger)) > 1


def test_long_values_are_remembered_of_fewer(monkeypatch):
    monkeypatch.setattr(slots, "LETTERS", 100)
    merger = make_merger("{{ recipient.city }}")
    for number in range(30):
        person = replace(ANA, city=f"A town with a long name, {number:02}")
        assert person.city in merger.merge(person).text
        assert max(remembered(merger)) <= 4


def test_what_no_two_have_in_common_is_not_kept():
    merger = make_merger("{{ recipient.email | upper }} {{ links.view | lower }}")
    merger.merge(ANA)
    assert not any(remembered(merger))
