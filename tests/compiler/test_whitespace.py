"""A tag alone on its line takes the line with it; any other leaves the line break."""

from __future__ import annotations

import pytest

from mailer.compiler.environment import Environment
from mailer.lists.subscriber import Subscriber
from tests.support.campaigns import ANA, BO, make_merger
from tests.support.real_templates import merge_case


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a {% if 1 %}b{% endif %}\nc", "a b\nc"),
        ("a {# note #}\nc", "a \nc"),
        ("a{% set x = 1 %}\nc", "a\nc"),
        ("{% if 1 %}\nb\n{% endif %}\nc", "b\nc"),
        ("  {% if 1 %}  \n b\n\t{% endif %}\t\nc", " b\nc"),
        ("{# alone #}\nc", "c"),
        ("{# over\ntwo lines #}\nc", "c"),
        ("a {# over\ntwo lines #}\nc", "a \nc"),
        ("{% if 1 %}{% set x = 1 %} {# n #}\nb{% endif %}\nc", "b\nc"),
        ("{% for i in [1, 2] %}\n- {{ i }}{% endfor %}\nc", "- 1- 2\nc"),
        ("{% for i in [1, 2] %}\n- {{ i }}\n{% endfor %}\nc", "- 1\n- 2\nc"),
        ("- a\n  {% if 1 %}- b{% endif %}\n- c", "- a\n  - b\n- c"),
        ("{{ 'x' }}{% if 1 %}{% endif %}\nc", "x\nc"),
        ("a {%- if 1 -%} b {%- endif -%}\n c", "abc"),
        ("a{%+ if 1 +%}\nb{% endif %}\nc", "a\nb\nc"),
        ("{% if 1 != '%}' %}\nb\n{% endif %}\nc", "b\nc"),
        ("{{ '{% if %}' }}\nc", "{% if %}\nc"),
        ("{% raw %}{% if x %}\n{{ y }} {% z %}\n{% endraw %}\nc", "{% if x %}\n{{ y }} {% z %}\nc"),
        ("a {% raw %}{% b %}{% endraw %}\nc", "a {% b %}\nc"),
        ("{% macro m() %}x{% endmacro %}\n{{ m() }}\nc", "\nx\nc"),
        ("{% if 1 %}\n\na\n\n{% endif %}\n\nb", "\na\n\n\nb"),
    ],
)  # fmt: skip
def test_lines_stay_apart(source, expected):
    assert Environment().from_string(source).render() == expected


def test_line_numbers_stay():
    source = "a\n{% if 1 %}\n{# x\ny #}\n b {% endif %}\n{{ z.a }}"
    assert Environment().preprocess(source).count("\n") == source.count("\n")


def test_templates_and_component_bodies_keep_their_lines_too():
    files = {
        "templates/components.txt": "{% macro m() %}\none {% if 1 %}two{% endif %}\nthree\n"
        "{{ caller() }}\n{% endmacro %}\n{% macro button(text, url) %}{% endmacro %}\n",
        "templates/components.mjml": "{% macro m() %}\n<mj-text>{{ caller() }}</mj-text>\n"
        "{% endmacro %}\n{% macro button(text, url) %}{% endmacro %}\n",
    }
    body = "{% call m() %}\nfour {% if 1 %}five{% endif %}\nsix\n{% endcall %}\n"
    text = make_merger(body, files=files).merge(ANA).text
    assert text.split("\n")[:4] == ["one two", "three", "four five", "six"]


def test_a_salutation_keeps_its_blanks():
    ana = Subscriber(1, "ana@example.com", "Ana", zip="97212", tags=("volunteer",))
    text = merge_case("c1-salutation.md", ana).text
    assert "Dear Ana thank you for calling. We meet in Portland on Saturday." in text
    text = merge_case("c1-salutation.md", BO).text
    assert "Dear friend thank you for calling. We meet on Saturday." in text


def test_a_list_keeps_its_items():
    merged = merge_case("c2-list.md", ANA)
    assert merged.html.count("<li") == 3
    assert "- a table near Portland\n- two chairs near Portland\n- water" in merged.text


def test_paragraphs_stay_apart():
    merged = merge_case("c3-paragraphs.md", ANA)
    assert "Thank you, volunteer.\n\nHello neighbors" in merged.text
    assert "Thank you, volunteer.</p>" in merged.html


def test_lists_tables_and_headings_stay_apart():
    for person in (ANA, BO):
        merged = merge_case("h-glue.md", person)
        assert merged.html.count("Meet</td>") == merged.html.count("Call</td>") == 1
        assert merged.html.count("<li") == 2
        assert "every Saturday" in merged.text.replace("\n", " ")
        assert "Words under the heading." in merged.html.split("</h2>")[-1]
