"""Markdown with footnotes and components, in HTML and in plain text."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from mailer.errors import CampaignError
from tests.support.campaigns import ANA, TEMPLATES, make_merger
from tests.support.real_templates import merge_real


def merged(body, **options):
    return make_merger(body, **options).merge(ANA)


def body_text(body):
    return merged(body).text.strip()


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("One\ntwo.", "One two."),
        ("**Sign** *now*", "*Sign* _now_"),
        ("[the bill](https://example.org/b)", "the bill <https://example.org/b>"),
        ("<https://example.org/b>", "<https://example.org/b>"),
        ("[call](tel:503-555-0100)", "call <tel:503-555-0100>"),
        ("[503-555-0100](tel:503-555-0100)", "503-555-0100"),
        ("[a@example.org](mailto:a@example.org)", "a@example.org"),
        ("[write](mailto:a@example.org)", "write <mailto:a@example.org>"),
        ("- one\n- two", "- one\n- two"),
        ("3. one\n4. two", "3. one\n4. two"),
        ("- one\n\n  more\n- two", "- one\n\n  more\n\n- two"),
        ("- one\n  - sub", "- one\n  - sub"),
        ("> said\n>\n> more", "> said\n>\n> more"),
        ("## Why?", "Why?\n----"),
        ("### Why?", "Why?\n~~~~"),
        ("a\\\nb", "a\nb"),
        ("a<br>b", "a\nb"),
        ("![A map](https://example.org/m.png)", "[A map]"),
        ("---", "                                 * * *"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a  b\n-  -\n1  2"),
        ("`code`", "code"),
        ("{% if true %}\n    indented\n{% endif %}", "indented"),
    ],
)
def test_markdown_reads_well_as_text(source, text):
    assert body_text(source) == text.strip()


def test_text_is_wrapped_but_a_url_is_not_broken():
    url = "https://example.org/" + "long-path/" * 12
    lines = body_text("word " * 60 + f"[here]({url}) and more " * 2).split("\n")
    assert all(len(line) <= 72 or url in line for line in lines)
    assert sum(url in line for line in lines) == 2


def test_footnotes_in_lists_quotations_and_components_number_in_reading_order():
    body = (
        "First.[^a]\n\n- item[^b]\n\n> quote[^c]\n\n"
        '{% call box("statement[^d]") %}\nInside[^e] and again[^a].\n{% endcall %}\n\nLast.[^f]\n\n'
        + "\n".join(f"[^{name}]: Source {name}, [link](https://example.org/{name})." for name in "fedcba")
    )  # fmt: skip
    mail = merged(body)
    assert re.findall(r"\[(\d)\]", mail.text.partition("Sources")[0]) == list("1234516")
    assert re.findall(r'href="#source-(\d)"', mail.html) == list("1234516")
    assert re.findall(r"\[(\d)\] Source (\w), link <", mail.text) == [
        *zip("123456", "abcdef", strict=True)
    ]


def test_a_footnote_links_there_and_back():
    mail = merged("One.[^a] Two.[^a]\n\n[^a]: Source.")
    assert '<a name="ref-1" id="ref-1"></a><sup><a href="#source-1">1</a></sup>' in mail.html
    assert '<a name="ref-1-2" id="ref-1-2"></a>' in mail.html


def test_a_long_note_keeps_its_paragraphs():
    mail = merged("One.[^a]\n\n[^a]: First.\n\n    Second.")
    assert "[1] First.\n\nSecond." in mail.text
    assert "First." in mail.html
    assert "Second." in mail.html


def test_a_reference_in_code_is_not_a_footnote():
    assert body_text("Write `[^name]` here.") == "Write [^name] here."


def test_components_stand_between_paragraphs():
    mail = merged('Before.\n{{ button("Sign", "https://example.org/s") }}\nAfter.\n\n{{ band() }}')
    assert mail.text.strip() == "Before.\n\nSign: <https://example.org/s>\n\nAfter.\n\nband"
    assert mail.html.index("Before.") < mail.html.index("Sign</a>") < mail.html.index("After.")


def test_raw_mjml_is_a_component_of_ones_own():
    assert "height:30px" in merged('Hi\n\n<mj-spacer height="30px"/>\n\nHo').html


@pytest.mark.parametrize("line", ["1. {} now", "- {}", "> {}", "Go: {}", "{} {}"])
def test_a_component_within_other_text_is_refused_with_its_line(line):
    button = '{{ button("Go", "https://example.org") }}'
    with pytest.raises(CampaignError, match=r"button\(\) does not stand on its own") as error:
        merged("Hi\n\n" + line.replace("{}", button))
    assert error.value.place.line == 6


def test_a_note_only_in_the_text_part_is_refused():
    files = {
        **TEMPLATES,
        "templates/components.mjml": "{% macro odd() %}<mj-text>x</mj-text>{% endmacro %}",
        "templates/components.txt": '{% macro odd() %}{{ "y[^a]" | markdown }}{% endmacro %}',
    }
    with pytest.raises(CampaignError, match="in the text part only"):
        merged("{{ odd() }}\n\n{# [^a] #}{% if false %}[^a]{% endif %}\n\n[^a]: Note.", files=files)


def test_a_table_has_headings_with_a_scope_and_scrolls_on_its_own():
    html = merged("| A | B |\n|---|--:|\n| 1 | 2 |").html
    assert html.count('<th scope="col"') == 2
    assert re.search(r'<th scope="col" align="right" style="text-align:right">B</th>', html)
    assert re.search(r'<td align="right" style="text-align:right">2</td>', html)
    assert re.search(r'<div tabindex="0"><table><thead>', html)


def test_a_definition_list_is_one_in_both_parts():
    mail = merged("Term\n: What it means.\n\nOther\n: Another *thing*.")
    assert "<dt>Term</dt>" in mail.html
    assert "Term\n    What it means.\nOther\n    Another _thing_." in mail.text


def test_html_in_capitals_or_without_quotation_marks_is_as_good():
    body = "Hello <BR> there <IMG SRC=https://example.org/x.png ALT='a \"b\"'>.\n\n<P HIDDEN CLASS=x>y</P>"
    merged = make_merger(body).merge(ANA)
    assert "Hello <br" in merged.html
    assert re.search("""alt=('a "b"'|"a &quot;b&quot;")""", merged.html)
    assert merged.text.startswith("Hello\nthere")


def test_html_of_a_paragraph_is_the_same_in_every_variant():
    paragraph = "There <IMG SRC=https://example.org/x.png ALT='a \"b\"'> <BR/> and more."
    merger = make_merger(f"{{% if recipient.city %}}\nA.\n\n{{% endif %}}\n{paragraph}")
    mails = [merger.merge(ANA), merger.merge(replace(ANA, city=""))]
    assert mails[0].variant != mails[1].variant
    first, second = (re.search("There .*? and more", mail.html)[0] for mail in mails)
    assert first == second
    assert first.count("<img ") == 1


@pytest.mark.parametrize(
    ("body", "width"),
    [
        ("![A bus](https://example.org/bus.jpg)", ["520"]),
        ("[![A bus](https://example.org/bus.jpg)](https://example.org/bus)", ["520"]),
        ("- ![A bus](https://example.org/bus.jpg)", ["520"]),
        ("See ![the sign](https://example.org/sign.png) here.", []),
        ("![A](https://example.org/a.png) ![B](https://example.org/b.png)", []),
        ('<img src="https://example.org/bus.jpg" alt="A bus" width="90">', ["90"]),
    ],
)
def test_a_picture_that_stands_alone_is_bounded_in_word(body, width):
    (picture, *_) = re.findall(r"<img\b[^>]*>", merge_real(body, ANA).html)
    assert re.findall(r' width="([^"]*)"', picture) == width
    assert ("width:auto" in picture) is (width == ["520"])


# ---------------------------------------------------------------- the other direction


@pytest.mark.parametrize(
    ("block", "tag"),
    [
        ("مرحبا بكم في {{ recipient.city }}.", "p"),
        ("## مرحبا", "h2"),
        ("- مرحبا\n- بكم", "ul"),
        ("> مرحبا", "blockquote"),
        ("| مرحبا | بكم |\n|---|---|\n| 1 | 2 |", "table"),
        ("[مرحبا](https://example.org/a/long/address/in/latin/letters)", "p"),
    ],
)
def test_a_block_of_the_other_direction_says_so(block, tag):
    html = merge_real(f"Hello.\n\n{block}\n\nGoodbye.", ANA).html
    (turned,) = re.findall(r'<(\w+)[^>]*dir="rtl"[^>]*>', html)
    assert turned == tag
    if tag != "table":
        assert re.search(rf'<{tag} dir="rtl" style="[^"]*text-align:right', html)


@pytest.mark.parametrize("block", ["Meet مريم at the hall.", "Hello.", "1-2-3", "Über uns"])
def test_a_block_of_the_mails_own_direction_stays_as_it_is(block):
    assert 'dir="rtl"' not in merge_real(block, ANA).html


def test_english_in_an_arabic_mail_says_so():
    body = "مرحبا بكم.\n\nHello, all of you."
    html = merge_real(body, ANA, front="language: ar\n").html
    assert re.search(r'<p dir="ltr" style="[^"]*text-align:left', html)
    assert '<p dir="rtl"' not in html


def test_a_telephone_number_in_a_block_of_the_other_direction_keeps_its_order():
    html = merge_real("Hello.\n\nשלמה 503-555-0100.", ANA).html
    assert "\u200e503-555-0100" in html
