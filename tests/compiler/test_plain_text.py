"""Whatever the HTML part shows has a form in the text part."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.compiler.plain_text.from_html import html_text
from mailer.compiler.plain_text.wrapping import WIDTH, columns, wrap
from tests.support.campaigns import ANA, make_merger
from tests.support.real_templates import FILES, merge_case, merge_real


def text_of(body):
    return make_merger(body).merge(ANA).text.strip()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<p><strong>Meet at 6:30.</strong> <a href="https://example.org/r">Tell us</a>.</p>',
         "*Meet at 6:30.* Tell us <https://example.org/r>."),
        ('<a href="https://example.org/r">Tell us</a> now.', "Tell us <https://example.org/r> now."),
        ("Say <b>yes</b>, <i>or</i> <em>no</em>, <u>now</u>.", "Say *yes*, _or_ _no_, now."),
        ('<a href="https://example.org/r"><b>Tell</b> us</a> now.', "*Tell* us <https://example.org/r> now."),
        ("Now <a href='#top'>up</a>, <a>x</a> and <a href=''>y</a>.", "Now up, x and y."),
        ('<a href="mailto:a@example.org">a@example.org</a> x', "a@example.org x"),
        ("It is ~~Tuesday~~ Wednesday, <del>$50</del> <s>$30</s> $20.", "It is ~~Tuesday~~ Wednesday, ~~$50~~ ~~$30~~ $20."),
        ("![A *wide* river](https://example.org/p.jpg)", "[A wide river]"),
        ('<img src="https://example.org/p.jpg" alt="A river"> flows', "[A river] flows"),
        ('<div><img src="p.jpg" alt="A\nriver"></div>', "[A river]"),
        ("[![A river](https://example.org/p.jpg)](https://example.org/r)", "[A river] <https://example.org/r>"),
        ('<a href="https://example.org/r"><img src="p.jpg" alt="A river"></a>', "[A river] <https://example.org/r>"),
        ("# One\n\n## Two\n\n### Three", "One\n===\n\nTwo\n---\n\nThree\n~~~~~"),
        ("<h1>One</h1><h2>Two</h2>\n<h4>Four</h4>", "One\n===\n\nTwo\n---\n\nFour\n~~~~"),
        ("<details><summary>More</summary>hidden</details>", "More\n\nhidden"),
        ("<td>one</td><td>two</td>", "one | two"),
        ("<div>a<pre>b\n  c\n\nd</pre>e</div>", "a\n\n    b\n      c\n\nde"),
        ("<li>one</li>two", "one\n\ntwo"),
        ("<ul><li>one</li><li>two <b>x</b></li></ul>", "- one\n- two *x*"),
        ("<ol start='3'>\n<li>one</li>\n<li>two</li>\n</ol>", "3. one\n4. two"),
        ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n  - b\n- c"),
        ("<ul><li><p>a</p></li><li><p>b</p></li></ul>", "- a\n- b"),
        ("<p>one<br>two</p><p>three</p><hr>", "one\ntwo\n\nthree\n\n                                 * * *"),
        ("<div>\n\nInside *Markdown*.\n\n</div>", "Inside _Markdown_."),
        ("<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td><a href='https://example.org'>2</a></td></tr></table>",
         "a | b\n1 | 2 <https://example.org>"),
        ("<style>p { color: red }</style>\n<p>a &amp; b &copy;</p>", "a & b ©"),
        ("<p>Dear {{ recipient.first_name }},</p>", "Dear Ana,"),
        ("| a | n |\n|---|--:|\n| x | 10 |\n| yy | 5 |", "a    n\n--  --\nx   10\nyy   5"),
        ("| a | n |\n|---|:-:|\n| x | 100 |\n| 城市 | 5 |", "a      n\n----  ---\nx     100\n城市   5"),
        ("| name | n |\n|---|---|\n| {{ recipient.first_name }} | 10 |\n| yy | |", "name: Ana\nn: 10\n\nname: yy"),
        ("| a | b |\n|---|---|\n| x | " + "long " * 20 + "|", "a: x\nb: " + wrap("long " * 20 + "x", WIDTH - 3)[:-2].replace("\n", "\n")),
    ],
)  # fmt: skip
def test_each_construct_has_a_form(body, expected):
    assert re.sub(r"\s+", " ", text_of(body)) == re.sub(r"\s+", " ", expected)
    if len(expected) < 80:
        assert text_of(body) == expected


def test_code_keeps_its_lines():
    assert html_text("a<pre>b\n  c\n\nd</pre>e") == "a\n\n    b\n      c\n\n    d\n\ne"
    assert html_text("<pre>\nnever\n closed") == "    never\n     closed"


def test_pasted_html_brings_its_words_and_its_link():
    text = merge_case("d1-pasted-paragraph.md", ANA).text
    assert "*Meet at 6:30 pm at the north steps of City Hall.*" in text
    assert "<https://www.juniper.example/rsvp>" in text
    assert "tell us you are coming <https://www.juniper.example/rsvp>" in merge_case(
        "d2-inline-link.md", ANA
    ).text.replace("\n", " ")


def test_a_table_is_aligned_where_it_fits_and_stacked_elsewhere():
    text = merge_case("h-table.md", ANA).text
    assert "Senator: C. Lee\nVote: yes\nPhone: 202-555-0102\n" in text
    assert "Mon   Tue   Wed " in text
    assert "1000  2000  3000" in text


def test_chinese_is_wrapped_by_its_width():
    text = merge_case("h-zh.md", ANA).text
    body = text.partition("====\n")[2].partition("View this")[0]
    lines = [line for line in body.split("\n") if "https://mail." not in line]
    assert max(map(columns, lines)) <= WIDTH
    assert not re.search(r"\n\s*[，。、]", body)  # noqa: RUF001 - Chinese


@pytest.mark.parametrize(
    "name", ["d1-pasted-paragraph.md", "h-button.md", "h-table.md", "h-zh.md", "h-glue.md"]
)
def test_both_parts_lead_to_the_same_places(name):
    merged = merge_case(name, ANA)
    in_html = {
        html.unescape(url).partition("#source")[0]
        for url in re.findall(r'href="([^"#][^"]*)"', merged.html)
    }
    in_text = set(re.findall(r"<((?:https?|mailto|tel):[^>]*)>", merged.text))
    assert in_html - {"https://www.example.org"} == in_text


SCRIPT = """{% call(vote) call_script("202-555-0100", officials=recipient.lookups.senators, votes=["yes", "no"], then=["Say thanks."]) %}
{% if vote == "yes" %}Thank you.{% else %}

1. Change your mind.
2. Explain it.
{% endif %}
{% endcall %}
"""


def script(votes):
    rows = "".join(f"OR,N{i},202-555-010{i},{vote}\n" for i, vote in enumerate(votes))
    files = {**FILES, "lists/lookups/senators.csv": "state,name,phone,vote\n" + rows}
    return make_merger(SCRIPT, files=files).merge(ANA)


def test_officials_who_voted_alike_are_told_the_same_once():
    merged = script(["no", "no"])
    assert "N0 and N1 voted no. Say:" in merged.text
    assert merged.text.count("Change your mind") == merged.html.count("Change your mind") == 1
    merged = script(["no", "yes"])
    assert merged.text.index("N0 voted no") < merged.text.index("N1 voted yes")
    assert merged.html.count("Change your mind") == merged.html.count("Thank you.") == 1


def test_steps_and_a_scripts_own_numbers_do_not_collide():
    text = script(["no"]).text
    numbers = re.findall(r"(?m)^(\d)\. ", text)
    assert numbers == ["1", "2", "3", "4"]
    assert "   | 1. Change your mind." in text


def test_addresses_to_share_are_no_walls_of_percent_signs():
    merged = merge_real(
        '{{ share("Ten minutes of shade save lives", "https://example.org/x") }}', ANA
    )
    assert "text=Ten+minutes+of+shade" in merged.text
    assert "text=Ten+minutes+of+shade" in merged.html


@given(st.text(alphabet="<>/abplihru \n\"'=&;1!-" + "中，", max_size=120))  # noqa: RUF001
def test_any_html_can_be_read(source):
    for line in html_text(source).split("\n"):
        assert line == line.rstrip()


@given(st.text(alphabet="ab 中，。（é ", max_size=200))  # noqa: RUF001
def test_wrapping_loses_nothing_and_keeps_the_width(text):
    wrapped = wrap(text, 20)
    assert re.sub(r"\s", "", wrapped) == re.sub(r"\s", "", text)
    for line in wrapped.split("\n"):
        assert columns(line) <= 20 or " " not in line.strip()


def test_a_value_of_a_recipient_is_no_html_in_text():
    person = replace(ANA, first_name="<b>&amp;")
    assert (
        make_merger("<p>Hi {{ recipient.first_name }}</p>").merge(person).text.strip()
        == "Hi <b>&amp;"
    )
