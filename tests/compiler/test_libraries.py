"""Which macros of a library are compiled for a campaign."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.compiler import libraries
from mailer.errors import CampaignError
from tests.support.campaigns import ANA, TEMPLATES, make_merger
from tests.support.real_templates import CASES, FILES, body_of_case, merge_real

LIBRARY = """{# {% macro lost() %} #}
{% import "languages/en.txt" as t %}
{% macro button(text) %}
{{ _frame(text) }} {{ t.petition }} {{ "petition" }}
{% endmacro %}
{% macro _frame(text) %}{% macro inner() %}{{ text }}{% endmacro %}[{{ inner() }}]{% endmacro %}
{% macro petition() %}{{ "{% endmacro %}" }}
{% endmacro %}
"""


def macros(source):
    return re.findall(r"macro (\w+)\(", re.sub(r"\{#.*?#\}", "", source))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{{ button('a') }}", ["button", "_frame", "inner"]),
        ("{% call button('a') %}a{% endcall %}", ["button", "_frame", "inner"]),
        ("{% set b = [button] %}{{ b[0]('a') }}", ["button", "_frame", "inner"]),
        ("{{ petition() }}", ["petition"]),
        ("{%- if petition -%}a{%- endif -%}", ["petition"]),
        ('{{ front.petition }} {{ \'petition\' }} {{ "a \\" petition" }}', []),
        ("A petition and a button. {# petition #}{% raw %}{{ petition() }}{% endraw %}", []),
    ],
)
def test_a_library_keeps_what_a_campaign_reaches(body, expected):
    source = libraries.needed(LIBRARY, libraries.names_in(body))
    assert macros(source) == expected
    assert source.count("\n") == LIBRARY.count("\n")


def test_a_macro_that_another_template_may_call_is_kept():
    campaign, partial = '{% include "partials/own.mjml" %}', "{{ petition() }}"
    assert "petition" in libraries.names_used(campaign, [LIBRARY], [partial])
    assert "petition" not in libraries.names_used("Text.", [LIBRARY], [partial])


@pytest.mark.parametrize("macro", ["{% macro a() %}", "{% endmacro %}", "{% macro a() %}{% raw %}"])
def test_a_library_whose_macros_do_not_pair_stays_whole(macro):
    assert libraries.needed(LIBRARY + macro, ()) == LIBRARY + macro


PIECES = st.sampled_from([
    "{% macro a(b) %}", "{% macro c() %}", "{% endmacro %}", "{{ a(1) }}", "{{ c() }}", "a", '"', "'",
    "{# ", " #}", "{% raw %}", "{% endraw %}", "{{ '", "' }}", "\n", "{%- endmacro -%}", "{%",
])  # fmt: skip


@given(st.lists(PIECES, max_size=12).map("".join), st.sets(st.sampled_from(["a", "c"])))
def test_a_library_keeps_its_lines_whatever_is_in_it(library, names):
    source = libraries.needed(library, names)
    assert source.count("\n") == library.count("\n")
    assert libraries.needed(library, ["a", "c"]) == library
    assert libraries.needed(source, names) == source


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.glob("*.md")))
def test_a_mail_is_the_same_with_the_whole_library(name, monkeypatch):
    body = body_of_case(name)
    mail = merge_real(body, ANA)
    monkeypatch.setattr(libraries, "needed", lambda library, _: library)
    whole = merge_real(body, ANA)
    assert (mail.subject, mail.html, mail.text) == (whole.subject, whole.html, whole.text)


def test_a_mistake_in_a_component_is_found_where_the_component_is_used():
    broken = (
        TEMPLATES["templates/components.mjml"]
        + "{% macro odd() %}\n{{ 1 | nofilter }}{% endmacro %}"
    )
    files = {"templates/components.mjml": broken}
    assert "Text." in make_merger("Text.", files=files).merge(ANA).text
    with pytest.raises(CampaignError) as caught:
        make_merger("{{ odd() }}", files=files).merge(ANA)
    place = caught.value.place
    assert (place.path, place.line) == ("templates/components.mjml", broken.count("\n") + 1)


def test_a_partial_that_a_campaign_includes_can_call_its_components():
    files = FILES | {
        "templates/partials/own.mjml": "{{ button('Vote', 'https://www.example.org') }}"
    }
    html = make_merger('{% include "partials/own.mjml" %}', files=files).merge(ANA).html
    assert 'href="https://www.example.org' in html
