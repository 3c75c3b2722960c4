"""No campaign can stop the machine: each of these is a plain error, at its line, within seconds."""

from __future__ import annotations

from itertools import count

import pytest

from mailer.compiler import limits
from mailer.compiler.audience import condition
from mailer.errors import CampaignError
from tests.support.campaigns import ANA, make_merger, make_sources

BOMBS = [
    "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{% set c = b %}{% endfor %}{% endfor %}",
    "{% for a in range(99999) if a % 7 %}{% for b in range(99999) if b %}x{% endfor %}{% endfor %}",
    "{% for a in [range(99999), range(99999), range(99999), range(99999)] recursive %}{{ loop(a) if a is iterable }}{% endfor %}",
    "{{ 'a' | center(3*10**9) }}",
    "{{ 'a'.center(3*10**9) }}",
    "{{ 'a'.ljust(3*10**9) }}{{ 'a'.rjust(3*10**9) }}",
    "{{ 'a'.zfill(3*10**9) }}",
    "{{ '\t'.expandtabs(3*10**9) }}",
    "{{ '%999999999d' | format(1) }}",
    "{{ '%.999999999f' | format(1) }}",
    "{{ '%*d' | format(999999999, 1) }}",
    "{{ '%999999999d' % 1 }}",
    "{{ '%(a)999999999d' | format(a=1) }}",
    "{{ '{:999999999}'.format(1) }}",
    "{{ '{:{}}'.format(1, 999999999) }}",
    "{{ '{0:.999999999f}'.format(1.5) }}",
    "{{ ('{:999999999}' | safe).format(1) }}",
    "{{ 'a' * 9999999999 }}",
    "{{ 9999999999 * 'a' }}",
    "{{ [1] * 9999999999 }}",
    "{{ [] * 99999999999 }}x{{ [[]] * 99999999999 }}",
    "{{ 10 ** (10 ** 10) }}",
    "{{ (10 ** 500) ** 500 }}",
    "{% set n = namespace(v=3) %}{% for i in range(99999) %}{% set n.v = n.v * n.v %}{% endfor %}{{ n.v }}",
    "{{ 1 | round(10**9) }}{{ 1.5 | round(10**9, 'ceil') }}",
    "{{ 'x\ny' | indent(10**9) }}",
    "{{ 'x\ny' | indent('a' * 999999) }}{{ 'x\ny\nz' | indent('a' * 999999) }}",
    "{{ range(99999) | join('x' * 9999) }}",
    "{{ ('x' * 9999).join(['a'] * 9999) }}",
    "{{ ('a' * 9999) | replace('a', 'b' * 9999) }}",
    "{{ ('a' * 9999).replace('a', 'b' * 9999) }}",
    "{{ ('a' * 9999).replace('', 'b' * 9999) }}",
    "{% set n = namespace(s='a') %}{% for i in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}{{ n.s }}",
    "{% set n = namespace(s='a') %}{% for i in range(99) %}{% set n.s = n.s + n.s %}{% endfor %}{{ n.s }}",
    "{% set n = namespace(s=recipient.city) %}{% for i in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}{{ n.s }}",
    "{% set n = namespace(s='a') %}{% for i in range(99) %}{% set n.s = '%s%s' % (n.s, n.s) %}{% endfor %}{{ n.s }}",
    "{% set n = namespace(s='a') %}{% for i in range(99) %}{% set n.s = '{0}{0}'.format(n.s) %}{% endfor %}{{ n.s }}",
    "{% set n = namespace(s='a') %}{% for i in range(99) %}{% set n.s %}{{ n.s }}{{ n.s }}{% endset %}{% endfor %}",
    "{% set n = namespace(l=[1]) %}{% for i in range(99) %}{% set n.l = [n.l, n.l] %}{% endfor %}{{ n.l }}",
    "{% set n = namespace(l=[1]) %}{% for i in range(99) %}{% set n.l = (n.l, n.l) %}{% endfor %}{{ n.l == n.l }}",
    "{% set n = namespace(l=[1]) %}{% for i in range(99) %}{% set n.l = {'a': n.l, 'b': n.l} %}{% endfor %}",
    "{% set n = namespace(l=[1]) %}{% for i in range(99) %}{% set n.l = dict(a=n.l, b=n.l) %}{% endfor %}",
    "{% set n = namespace(l=[1]) %}{% for i in range(99) %}{% set n.l = n.l + n.l %}{% endfor %}",
    "{% set n = namespace(l=[recipient.city]) %}{% for i in range(99) %}{% set n.l = [n.l, n.l] %}{% endfor %}{{ n.l | string }}",
    "{% set n = namespace(l=[1]) %}{% for i in range(99) %}{% set n.l = [n.l] %}{% endfor %}{{ n.l }}",
    "{{ [1] | batch(10**9, 'x') | list }}",
    "{{ [1] | slice(10**9) | list }}",
    "{{ ('a ' * 9999) | wordwrap(1, true, 'x' * 9999) }}",
    "{{ ('http://a.example ' * 9999) | urlize(rel='x' * 99999) }}",
    "{{ [1] | tojson(indent=10**9) }}",
    "{{ range(99999) | map('center', 99999) | list | length }}",
    "{{ range(99999) | map('string') | map('center', 99999) | join }}",
    "{{ [[1]] * 9999 | sum(start=[]) | length }}{{ ([[1]] * 9999) | sum(start=[]) | length }}",
    "{{ recipient.first_name | center(3*10**9) }}",
    "{{ recipient.first_name.center(3*10**9) }}",
    "{{ recipient.first_name * 9999999999 }}",
    "{{ (recipient.zip | int) ** (10**9) }}",
    "{{ '%999999999s' % recipient.first_name }}",
    "{{ '{:999999999}'.format(recipient.first_name) }}",
    "{{ [recipient.first_name] * 9999 | map('center', 9999) | list }}{{ ([recipient.first_name] * 999) | map('center', 99999) | join }}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
    "{% macro m(n) %}{% call m(n) %}{{ caller() }}{% endcall %}{% endmacro %}{{ m(1) }}",
    "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(39) }}",
    "{% for x in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}",
    "{% block b %}{{ self.b() }}{% endblock %}",
    "{% include 'sample.txt' %}",
    "{% for i in range(99999) %}{% include 'message.txt' ignore missing %}{% endfor %}",
    "{% for i in range(2000) %}{{ button('a', 'https://example.org') }}\n\n{% endfor %}",
    "{% for i in range(50000) %}{{ [i] | join }}{{ 'some more words that are written again and again' }}{% endfor %}",
    "{% set a %}" + "word " * 2000 + "{% endset %}{% for i in range(500) %}{{ a }}{% endfor %}",
    "{{ " + "(" * 400 + "1" + ")" * 400 + " }}",
    "{{ " + "[" * 400 + "1" + "]" * 400 + " }}",
    "{{ " + "not " * 2000 + "1 }}",
    "{{ " + "1 + " * 2000 + "1 }}",
    "{{ " + "-" * 2000 + "1 }}",
    "{{ recipient.city" + " | upper" * 2000 + " }}",
    "{{ ''" + ".a" * 2000 + " }}",
    "{% if 1 %}" * 400 + "x" + "{% endif %}" * 400,
    "{% for x in [1] %}" * 30 + "x" + "{% endfor %}" * 30,
    "[^" * 50000,
    "*_" * 50000,
    "{{ '[^' * 5000 }}",
    "<div>" * 5000 + "x" + "</div>" * 5000,
    "x <span>" + "<b>" * 5000 + "x" + "</b>" * 5000 + "</span>",
    "{% set x = 1e999 %}{{ x }}",
]  # fmt: skip


@pytest.mark.parametrize("body", BOMBS, ids=range(len(BOMBS)))
def test_a_campaign_that_would_stop_the_machine_is_refused(body):
    with pytest.raises(CampaignError) as caught:
        make_merger(f"Hello.\n\n{body}\n").merge(ANA)
    place = caught.value.place
    assert place.path == "campaigns/sample.md"
    assert place.line is None or place.line >= 4
    assert caught.value.hint


def test_the_line_is_named():
    with pytest.raises(CampaignError) as caught:
        make_merger("One.\n\nTwo.\n\n{{ 'a' * 9999999999 }}").merge(ANA)
    assert str(caught.value.place) == "campaigns/sample.md:8"


@pytest.mark.parametrize(
    "expression",
    [
        "recipient.email * 9999999999 == ''",
        "'x' * 9999999999 == recipient.email",
        "recipient.email | center(10**10) == ''",
        "(" * 500 + "1" + ")" * 500,
    ],
)
def test_an_audience_expression_has_the_same_limits(expression):
    with pytest.raises(CampaignError):
        condition(expression, make_sources("x"), frozenset())(ANA)


def test_subjects_and_components_have_the_same_limits():
    with pytest.raises(CampaignError) as caught:
        make_merger("x", subject='{{ 1 * 9999999 * "a" * 99 }}').merge(ANA)
    assert str(caught.value.place) == "campaigns/sample.md:2"
    loop = "{% macro button(text, url) %}{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}{% endmacro %}"
    with pytest.raises(CampaignError) as caught:
        make_merger("x\n\n{{ button('a', 'b') }}", files={"templates/components.mjml": loop}).merge(
            ANA
        )
    assert str(caught.value.place) == "campaigns/sample.md:6"


def test_a_run_takes_no_longer_than_its_time(monkeypatch):
    monkeypatch.setattr(limits, "SECONDS", -1)
    with pytest.raises(CampaignError, match="too long"):
        make_merger("{% for i in range(9) %}x{% endfor %}").merge(ANA)


def test_a_machine_that_stands_still_in_a_run_goes_on_with_it(monkeypatch):
    clock = count(step=limits.SECONDS + 1)
    monkeypatch.setattr(limits, "monotonic", lambda: next(clock))
    assert make_merger("{% for i in range(9) %}x{% endfor %}").merge(ANA)


def test_an_ordinary_campaign_takes_a_hundredth_of_what_it_may():
    merger = make_merger("{% for s in recipient.lookups.senators %}\n- {{ s.name }}\n{% endfor %}")
    merger.merge(ANA)
    assert limits._allowance.steps > limits.STEPS * 0.99
