"""What a campaign may do with a recipient, and how many variants it takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailer.compiler import compile as compiling
from mailer.errors import CampaignError
from mailer.mail.merge import Merger
from tests.support.campaigns import ANA, BO, KEYS, UMA, make_merger, make_sources


def text_for(body, subscriber, **options):
    return make_merger(body, **options).merge(subscriber).text.strip()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("d'arcy o'brien", "D'Arcy O'Brien"),
        ("D\u2019ARCY", "D\u2019Arcy"),
        ("JOSÉ MARÍA", "José María"),
        ("jean-luc o'neill-d'souza", "Jean-Luc O'Neill-D'Souza"),
        ("it's ana's", "It's Ana's"),
    ],
)
def test_a_name_in_title_case_keeps_the_capital_behind_an_apostrophe(name, expected):
    assert text_for("{{ recipient.first_name | title }}", replace(ANA, first_name=name)) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{{ recipient.first_name }}", "Ana"),
        ("{{ recipient['first_name'] }}", "Ana"),
        ("{{ recipient.first_name | upper }}", "ANA"),
        ("{{ recipient.first_name.upper() }}", "ANA"),
        ("{{ recipient.first_name ~ ' ' ~ recipient.last_name }}", "Ana Silva"),
        ("{{ (recipient.first_name ~ '!') | upper }}", "ANA!"),
        ("{{ recipient.zip[:3] }}xx", "972xx"),
        ("{{ recipient.fields.chapter }}", "North"),
        ("{{ recipient.fields['gifts'] | int + 1 }}", "4"),
        ("{{ '40' | int(0, 16) }}", "64"),
        ("{{ '40' | int(base=16) }}", "64"),
        ("{{ '%s (%s)' % (recipient.city, recipient.state) }}", "Portland (OR)"),
        ("{{ recipient.tags | join(' and ') }}", "donor and volunteer"),
        ("{{ recipient.tags[0] }}", "donor"),
        ("{{ recipient.tags | length }}", "2"),
        ("{{ 'y' if 'donor' in recipient.tags else 'n' }}", "y"),
        ("{{ recipient.lookups.cities.mayor }}", "Nia Brook"),
        ("{{ recipient.lookups.senators[1].name }}", "Sol Reed"),
        ("{{ (recipient.lookups.senators | last).name }}", "Sol Reed"),
        ("{{ recipient.lookups.senators | map(attribute='name') | join(', ') }}", "Ida Fern, Sol Reed"),
        ("{{ {'OR': 'Oregon'}[recipient.state] }}", "Oregon"),
        ("{% for s in recipient.lookups.senators | sort(attribute='phone', reverse=true) %}{{ s.name }};{% endfor %}",
         "Sol Reed;Ida Fern;"),
        ("{% for n in recipient.lookups.senators | map(attribute='name') %}{{ n }};{% endfor %}",
         "Ida Fern;Sol Reed;"),
        ("{% set n = recipient.first_name %}{{ n }}", "Ana"),
        ("{% macro hi(n) %}Hi {{ n }}{% endmacro %}{{ hi(recipient.first_name) }}", "Hi Ana"),
        ("{% for c in recipient.zip %}{{ c }}.{% endfor %}", "9.7.2.1.2."),
        ("{% if recipient.state in ('OR', 'WA') %}west{% endif %}", "west"),
        ("{% if recipient.first_name is string %}yes{% endif %}", "yes"),
        ("{{ [recipient.first_name, 'Bo'] | join('+') }}", "Ana+Bo"),
        ("{{ recipient.first_name and recipient.last_name }}", "Silva"),
    ],
)  # fmt: skip
def test_jinja_works_on_a_recipient(body, expected):
    assert text_for(body, ANA) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Dear {{ recipient.first_name | default('friend') }},", "Dear friend,"),
        ("Dear {{ recipient.lookups.cities.mayor | default('mayor') }},", "Dear mayor,"),
        ("{{ recipient.lookups.senators[0].name }}x", "x"),
        ("{{ (recipient.lookups.senators | first).name }}x", "x"),
        ("{% if recipient.lookups.cities %}row{% else %}no row{% endif %}", "no row"),
        ("{% for s in recipient.lookups.senators %}s{% else %}none{% endfor %}", "none"),
        ("{{ recipient.fields.chapter | default('your chapter') }}", "your chapter"),
        ("{{ recipient.first_name[0] }}x", "x"),
    ],
)
def test_what_is_not_known_is_blank(body, expected):
    assert text_for(body, BO) == expected


@pytest.mark.parametrize(
    ("body", "variants"),
    [
        ("{{ recipient.first_name | default('x') | upper }}", 1),
        ("{% if recipient.state == 'OR' %}a{% else %}b{% endif %}", 2),
        ("{% if recipient.state in ['OR', 'WA'] %}a{% else %}b{% endif %}", 2),
        ("{% if recipient.state == 'OR' %}a{% elif recipient.state == 'WA' %}a{% endif %}c", 2),
        ("{% for s in recipient.lookups.senators %}{{ s.name }}{% endfor %}", 3),
        ("{{ {'OR': 'Oregon', 'WA': 'Washington'}.get(recipient.state, '') }}", 1),
    ],
)
def test_only_decisions_make_variants(body, variants):
    merger = make_merger(body)
    for person in (ANA, BO, UMA, replace(ANA, first_name="Ines")):
        merger.merge(person)
    assert len(merger.counts) == variants
    assert sum(merger.counts.values()) == 4


def test_values_are_never_parsed():
    hostile = replace(ANA, first_name="*a* [x](y) {{ recipient.email }} {% if %} <mj-text> [^n]")
    merged = make_merger("Dear {{ recipient.first_name }},").merge(hostile)
    assert "Dear *a* [x](y) {{ recipient.email }} {% if %} <mj-text> [^n]," in merged.text
    assert "*a* [x](y) {{ recipient.email }} {% if %} &lt;mj-text&gt; [^n]," in merged.html


def test_one_variant_too_many_names_what_splits_most(monkeypatch):
    monkeypatch.setattr(compiling, "MAX_VARIANTS", 3)
    merger = make_merger("{% if 'donor' in recipient.tags %}d{% endif %}\n{% for c in recipient.zip %}{{ loop.index }}{% endfor %}")  # fmt: skip
    for length in range(3):
        merger.merge(replace(ANA, zip="9" * length))
    with pytest.raises(CampaignError, match=r"asking the length of recipient\.zip") as error:
        merger.merge(replace(ANA, zip="9" * 4))
    assert error.value.place.line == 5


def test_escape_filters_are_left_to_the_merge():
    body = "{{ recipient.last_name | e }} [x](https://example.org/?q={{ recipient.last_name | urlencode }})"
    merged = make_merger(body).merge(replace(ANA, last_name="A & B"))
    assert "A &amp; B" in merged.html
    assert "?q=A%20%26%20B" in merged.html


def test_jinja_is_sandboxed():
    with pytest.raises(CampaignError, match="unsafe"):
        text_for("{{ ''.__class__.__mro__ }}", ANA)
    with pytest.raises(CampaignError):
        text_for("{{ recipient.first_name.__class__.__mro__[1].__subclasses__() }}x", ANA)


def test_an_unknown_field_is_an_error_even_in_a_branch_for_few():
    merger = make_merger("{% if recipient.state == 'WA' %}{{ recipient.frist_name }}{% endif %}x")
    merger.merge(ANA)
    with pytest.raises(CampaignError, match='"recipient" has no "frist_name"') as error:
        merger.merge(UMA)
    assert str(error.value.place) == "campaigns/sample.md:4"
    assert "first_name" in error.value.hint


def test_footnotes_number_correctly_in_every_variant():
    body = (
        "{% if recipient.state == 'OR' %}\nOregon.[^or]\n{% endif %}\n\nAll.[^all] Again.[^all]\n\n"
        "[^all]: For all.\n[^or]: For Oregon.\n"
    )
    merger = make_merger(body)
    oregon, washington = merger.merge(ANA), merger.merge(UMA)
    assert "Oregon.[1]" in oregon.text
    assert "All.[2] Again.[2]" in oregon.text
    assert "[1] For Oregon.\n[2] For all." in oregon.text
    assert "All.[1] Again.[1]" in washington.text
    assert "For Oregon" not in washington.text + washington.html


def test_fixed_words_with_a_footnote_are_numbered_anew_in_every_variant():
    body = """{% if recipient.state == "OR" %}
Oregon votes first.[^oregon]
{% endif %}
{{ "All of us vote.[^all]" | markdown_inline }}

[^oregon]: One.
[^all]: Two.
"""
    merger = make_merger(body)
    assert "vote.[1]" in merger.merge(UMA).text
    assert "vote.[2]" in merger.merge(ANA).text


def test_what_is_remembered_of_a_template_is_forgotten_when_it_is_edited():
    def compiled(body):
        sources = make_sources(body)
        merger = Merger(sources, fields=frozenset(), keys=KEYS, send_id=0)
        return merger.merge(ANA).text.strip()

    assert compiled("One, {{ recipient.city }}.") == "One, Portland."
    assert compiled("Two, {{ recipient.state }}.") == "Two, OR."
    assert compiled("One, {{ recipient.city }}.") == "One, Portland."


def test_a_component_takes_a_recipients_value():
    merged = make_merger(
        '{{ button("Write to " ~ recipient.lookups.cities.mayor, "https://example.org/" ~ recipient.zip) }}'
    ).merge(replace(ANA, zip="97 212"))
    assert "Write to Nia Brook: <https://example.org/97%20212>" in merged.text
    assert 'href="https://example.org/97%20212"' in merged.html


def test_a_variant_says_who_gets_it():
    merger = make_merger(
        "{% if recipient.state == 'OR' %}a{% elif 'donor' in recipient.tags %}b{% endif %}"
        "{% for s in recipient.lookups.senators %}{{ s.name }}{% endfor %}"
    )
    assert merger.merge(ANA).variant.guards == (
        "(recipient.state == 'OR')",
        "the length of recipient.lookups.senators = 2",
    )
    assert merger.merge(BO).variant.guards == ("the length of recipient.lookups.senators = 0",)
    plain = make_merger("{% if recipient.state == 'OR' %}a{% endif %}b")
    assert plain.merge(BO).variant.guards == ("not (recipient.state == 'OR')",)


def test_variants_that_differ_only_in_the_value_they_write_are_two():
    merger = make_merger(
        "{% if recipient.state == 'OR' %}{{ recipient.city }}{% else %}{{ recipient.zip }}{% endif %}"
    )
    assert merger.merge(ANA).text.strip() == "Portland"
    assert merger.merge(UMA).text.strip() == "98101"
