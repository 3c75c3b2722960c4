"""What readers should never see: placeholders, merge fields of other programs, markup that was not read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.checks.finding import Severity
from mailer.checks.merge_fields import merge_fields
from mailer.checks.rules import unfinished
from mailer.errors import CampaignError, Place
from tests.support.campaigns import ANA
from tests.support.rendered_mails import (
    TODAY,
    case,
    changed,
    codes,
    find,
    one,
    sample,
    settled,
    written,
)
from tools.projects import samples


def in_source(sources):
    """What the campaign itself shows, before it is compiled."""
    return list(unfinished.unfinished(sources, TODAY))


def with_subject(subject, body="Hello."):
    return written(body, subject=subject.replace("'", "''"), front="preheader: Read on.\n")


PLACEHOLDERS = [
    "The council voted TK to close it.",
    "TKTK",
    "TODO: ask Theo",
    "XXX people came.",
    "Call 202-XXX-0100.",
    "Lorem ipsum dolor",
    "Dear [insert name],",
    "[Your organization here] thanks you.",
    "Dear [First Name],",
    "[Sign](https://example.org/TODO)",
]
REAL_WORDS = [
    "TK Maxx closes on Sunday.",
    "Tk, todo, xxx.",
    "¡TODO EL PODER AL PUEBLO!",
    "SÍ A TODO.",
    "Super Bowl XXX was in 1996.",
    "Title XXX of the code.",
    "ATKINS and AUTODOC.",
    "[Insert the key](https://example.org/key) and turn it.",
    "He said [sic] it.",
    "Hello, my name is [your name], and I live in [your town].",
    "{# TODO: ask Theo #}",
]


@pytest.mark.parametrize("text", PLACEHOLDERS)
def test_a_placeholder_is_found(text):
    (found,) = in_source(with_subject("News", f"Hello.\n\n{text}"))
    assert found.code == unfinished.PLACEHOLDER
    assert found.place == Place("campaigns/sample.md", 7)
    assert found.spot in text
    assert found.severity is Severity.WARNING


@pytest.mark.parametrize("text", REAL_WORDS)
def test_a_real_word_is_no_placeholder(text):
    assert in_source(with_subject("News", text)) == []


@pytest.mark.parametrize("layout", ["newsletter", "petition", "alert"])
def test_what_a_new_campaign_begins_with_is_to_be_filled_in(layout):
    text = (samples.ROOT / "templates" / "starters" / f"{layout}.md").read_text(encoding="utf-8")
    lines = [f.place.line for f in find(samples.written(text)) if f.code == unfinished.PLACEHOLDER]
    assert {2, 3} <= set(lines)
    assert len(lines) >= 4


LEFTOVERS = [
    "*|FNAME|*",
    "*|IF:FNAME|*",
    "%%first_name%%",
    "%%=v(@firstName)=%%",
    "%%[set @a = 1]%%",
    "{!Contact.FirstName}",
    "{!firstname_fix}",
    "[[first_name]]",
    "[[S1:first_name]]",
    "%recipient.first_name%",
    "%mailing_list_unsubscribe_url%",
    "%FIRSTNAME%",
    "<%asm_group_unsubscribe_raw_url%>",
    "<%= first_name %>",
    "{FIRST_NAME}",
    "{first_name}",
    "{City}",
    "[firstname,fallback=there]",
    "[city,fallback=]",
    "{{{first_name}}}",
    "{user_data~firstName}",
    "«First_Name»",
    "«FirstName»",
    "«City»",
    "@@FirstName@@",
    '[fname fallback="friend"]',
    '[button url="/sign"]',
    "[/caption]",
    "$firstname",
    "$first_name",
    "FIRST_NAME",
    "FNAME",
    "first_name",
    "{contact.first_name}",
    "{contact.email_greeting_display}",
    "{action.unsubscribeUrl}",
    "{ recipient.first_name }",
    "{recipient.first_name}",
    "{contactfield=firstname|friend}",
    "{unsubscribe_url}",
    "{webview_text}",
    "{$first_name}",
    "{$unsubscribe}",
    "{name}",
    "{name|friend}",
    "{firstname}",
    "{first_name fallback=friend}",
    '{first_name, "there"}',
    "{firstName}",
    "${firstName}",
    "[subscriber:firstname | default:reader]",
    "[link:subscription_unsubscribe_url]",
    "[unsubscribe]",
    "[UNSUBSCRIBEURL]",
    "[webversion]",
    "[PREFERENCESURL]",
    "#FIRSTNAME#",
    "#recipient:name#",
    "$FNAME$",
    "$[FNAME|Customer]$",
    "@FIRSTNAME@",
    "%first_name%",
    "%name%",
    "%%unsubscribe_url%%",
    "[% member:first_name %]",
    "(( recipient.first_name ))",
    "((first_name))",
    "((name))",
    "recipient.first_name",
    "recipient.fields.chapter",
    "user.first_name",
    "contact.firstName",
]
NO_LEFTOVERS = [
    "Rents rose 5% and wages 3%, not 8%.",
    "Between 50% OFF and 70% OFF.",
    "A * is a star | and so * is this.",
    "The set {a, b} and {1, 2}.",
    "He said «libertad» and «BASTA».",
    "The first name on the LAST page; first-name basis; FIRST NAME.",
    "[A default=bad example] of 1 << 2 >> 1, $10 and @@.",
    "[name of the street](https://example.org/street)",
    "{{ recipient.first_name }}",
    "{% for a, b in [[1, 2], [3, 4]] %}{{ a }}{% endfor %}",
    "{# it was *|FNAME|* before #}",
    "[1] and [^a]\n\n[^a]: [Source](https://example.org/a).",
    "Hi, my name is [NAME], and I live in [CITY], [STATE].",
    "He wrote {sic} and {e.g.} and {U.S.}, {see page 3}.",
    "The set {x | x > 0} and {1.5, 2.5}.",
    "It said ((see below)) and ((hug)) and (((echo))).",
    "It costs $5 or $10, or $10 CAD.",
    "#StopTheLine and #1 and #VOTE #NOW #TODAY",
    "Write to user@example.org or contact.us@example.org.",
    "See contact.example.org and user.example.name.",
    "[Unsubscribe](https://example.org/u) or [forward](https://example.org/f).",
    "[date: to be announced] [Note: bring water]",
    "[https://example.org/x] and <https://example.org/%C3%A9%20%E2%80%99S%20>",
    "<https://example.org/?filter[name]=a&fields[email]=b>",
    "Write `{first_name}` in your own program.",
    "```\nvar a = {first_name: 1}; // *|FNAME|*\n```",
    "5 * |3| * 2, 100% sure, 20%off and 5%.",
    "¿Qué? ¡Sí! «no_» «a b»",
    "We @ the LIBRARY@noon",
]


@pytest.mark.parametrize("field", LEFTOVERS)
def test_a_merge_field_of_another_program_is_found_in_the_text(field):
    (found,) = in_source(with_subject("News", f"Hello.\n\nDear {field},"))
    assert found.code == unfinished.LEFTOVER
    assert found.severity is Severity.ERROR
    assert found.spot == field
    assert found.place == Place("campaigns/sample.md", 7)


@pytest.mark.parametrize("field", LEFTOVERS)
def test_a_merge_field_of_another_program_is_found_in_the_subject(field):
    (found,) = in_source(with_subject(f"{field}, hello"))
    assert (found.code, found.place.line) == (unfinished.LEFTOVER, 2)


def test_a_merge_field_in_the_spelling_of_html_is_found():
    found = one(written("Dear &lt;&lt;First Name&gt;&gt;,"), unfinished.LEFTOVER)
    assert "<<First Name>>" in found.message


@pytest.mark.parametrize("field", ["*|LIST:ADDRESS|*", "%unsubscribe_url%"])
def test_a_merge_field_of_another_program_is_found_in_a_template_and_in_the_settings(field):
    there = changed(
        with_subject("News"), "templates/message.txt", "{{ body }}", f"{{{{ body }}}}\n{field}"
    )
    assert one(there, unfinished.LEFTOVER).place == Place("templates/message.txt", 2)
    mail = settled(sample(), brand={"legal": field})
    assert one(mail, unfinished.LEFTOVER).place == Place("mailer.toml")


@pytest.mark.parametrize("text", NO_LEFTOVERS)
def test_what_only_looks_like_a_merge_field_is_left_alone(text):
    assert in_source(with_subject("News", text)) == []


def test_a_leftover_that_stands_in_the_campaign_and_in_its_mail_is_one_finding():
    assert one(with_subject("News", "Dear [[first_name]],"), unfinished.LEFTOVER).place.line == 5


def test_a_leftover_in_a_branch_that_nobody_takes_is_found():
    text = "{% if recipient.state == 'ZZ' %}Dear *|FNAME|*{% endif %}"
    assert [found.code for found in in_source(with_subject("News", text))] == [unfinished.LEFTOVER]


@pytest.mark.parametrize("name", ["TK", "XXX", "TODO", "*|FNAME|*"])
def test_what_a_recipient_is_called_is_not_the_authors_doing(name):
    someone = replace(ANA, first_name=name)
    found = find(
        with_subject("{{ recipient.first_name }}, hello", "Dear {{ recipient.first_name }}"),
        someone,
    )
    assert not {unfinished.PLACEHOLDER, unfinished.LEFTOVER} & {finding.code for finding in found}


# ---------------------------------------------------------------- wherever it comes from

FIELD = "{contact.first_name}"


@pytest.mark.parametrize(
    "body",
    [
        f"Dear {FIELD},",
        f'{{{{ button("Sign", "https://www.example.org/?n={FIELD}") }}}}',
        f'{{{{ button("{FIELD}", "https://www.example.org/") }}}}',
        f"[Sign](https://www.example.org/?n={FIELD})",
        f'<a href="https://www.example.org/?n={FIELD}">Sign</a>',
        f'<img src="https://www.example.org/a.png" alt="{FIELD}" width="9" height="9" />',
        f"# {FIELD}",
        "{% set field = '{contact.' ~ 'first_name}' %}{{ field }}",
        "{% raw %}Dear {{ first_name }}{% endraw %}",
        "Dear {{ '{{' }} contact.first_name {{ '}}' }}",
    ],
)
def test_a_leftover_is_found_wherever_readers_would_see_it(body):
    assert unfinished.LEFTOVER in codes(with_subject("News", body))


def test_a_leftover_in_a_lookup_is_found_with_its_line():
    sources = changed(written("Hello."), "lists/lookups/cities.csv", "Nia Brook", FIELD)
    assert one(sources, unfinished.LEFTOVER).place == Place("lists/lookups/cities.csv", 2)


def test_a_leftover_in_the_preheader_is_found():
    sources = written("Hello.", front=f'preheader: "Dear {FIELD}"\n')
    assert one(sources, unfinished.LEFTOVER).place.line == 3


def test_a_leftover_that_a_comment_holds_and_a_template_too_is_of_the_template():
    sources = written(f"{{# {FIELD} #}}Hello.")
    there = changed(sources, "templates/newsletter.mjml", "{% for run", f"{FIELD}{{% for run")
    assert unfinished.LEFTOVER in codes(there)


def test_the_query_of_the_audience_is_no_text():
    sources = written("Hello.", front="audience: recipient.state == 'OR' and recipient.zip\n")
    assert unfinished.LEFTOVER not in codes(sources)


@pytest.mark.parametrize("tag", ["unsubscribe", "webversion", "firstname", "currentmonth"])
def test_an_element_that_html_does_not_have_is_found(tag):
    found = one(written(f"Hello <{tag}>you</{tag}>."), unfinished.LEFTOVER)
    assert f"<{tag}>" in found.message
    assert found.place.line == 4


@pytest.mark.parametrize(
    "markup", ["<u>a</u>", "<font>a</font>", "<abbr>a</abbr>", "<wbr>", "<o:p>a</o:p>"]
)
def test_an_element_that_html_has_is_left_alone(markup):
    assert unfinished.LEFTOVER not in codes(written(f"Hello {markup}."))


@given(st.text(alphabet="{}[]()%|*$#@«»<>!~:.,= ab_NAME1", max_size=60))
def test_any_text_can_be_searched_for_merge_fields(text):
    assert all(match[0] in text for match in merge_fields(text))


# ---------------------------------------------------------------- what was not read


@pytest.mark.parametrize("entity", ["&amp;", "&mdash;", "&#8217;", "&#x2019;", "&nbsp;"])
def test_an_entity_in_the_subject_or_preheader_is_found(entity):
    assert one(with_subject(f"Q{entity}A today"), unfinished.ENTITY).place.line == 2
    preheader = samples.written(f'---\nsubject: News\npreheader: "Q{entity}A"\n---\nHello.\n')
    assert one(preheader, unfinished.ENTITY).place.line == 3


@pytest.mark.parametrize(
    "text", ["Q&A today", "AT&T; Verizon", "R&D; more", "5 &lt 6", "&nosuchthing;"]
)
def test_what_is_no_entity_is_left_alone(text):
    assert unfinished.ENTITY not in codes(with_subject(text))


def test_an_entity_that_markdown_reads_is_left_alone():
    assert unfinished.ENTITY not in codes(
        with_subject("News", "Tom &amp; Ann &mdash; [a](https://example.org/?a=1&amp;b=2)")
    )


def test_an_entity_that_is_escaped_twice_is_found():
    assert unfinished.ENTITY in codes(
        with_subject("News", '{{ button("Tom &amp; Ann", "https://example.org/") }}')
    )


@pytest.mark.parametrize("note", ["[^Vote 1]", "^[Minutes, March 3]"])
def test_a_footnote_that_was_not_read_is_found(note):
    """In a campaign it is an error when it is compiled; elsewhere it is seen in the finished mail."""
    about = settled(sample(), brand={"about": f"As we said{note}."})
    found = one(about, unfinished.FOOTNOTE)
    assert (found.severity, found.place) == (Severity.ERROR, Place("mailer.toml"))
    with pytest.raises(CampaignError) as caught:
        find(with_subject("News", f"Hello.\n\nAs we said{note}."))
    assert caught.value.place == Place("campaigns/sample.md", 7)


def test_a_footnote_that_was_read_is_left_alone():
    text = "As we said[^a], x^2 and [^\u200b.\n\n[^a]: [Minutes](https://example.org/a)"
    assert unfinished.FOOTNOTE not in codes(with_subject("News", text))


@pytest.mark.parametrize("word", ["TODO", "TK", "lorem ipsum"])
def test_a_placeholder_in_the_subject_stops_the_send(word):
    assert one(with_subject(f"{word} today"), unfinished.PLACEHOLDER).severity is Severity.ERROR


# ---------------------------------------------------------------- markup that is not read


@pytest.mark.parametrize(
    "subject", ["**Tonight**", "<b>Tonight</b>", "__Tonight__", "`Tonight`", "=?utf-8?q?Tonight?="]
)
def test_markup_in_a_subject_stops_the_send_at_its_line(subject):
    found = [f for f in in_source(with_subject(subject)) if f.code == unfinished.MARKUP]
    assert {(f.severity, f.place.line) for f in found} == {(Severity.ERROR, 2)}
    assert unfinished.MARKUP not in {
        f.code for f in find(with_subject(subject)) if f.severity is Severity.WARNING
    }


@pytest.mark.parametrize(
    "subject", ["2 * 3 ** 2", "a < b > c", "__init__ed", "Q&A = us?", "5 stars ** or more"]
)
def test_signs_that_are_no_markup_may_stand_in_a_subject(subject):
    assert unfinished.MARKUP not in {f.code for f in in_source(with_subject(subject))}


@pytest.mark.parametrize("text", ["** bold **", "__ bold __", "##Heading"])
def test_markdown_with_a_blank_too_many_or_too_few_is_found(text):
    found = one(with_subject("News", f"Hello.\n\n{text}\n"), unfinished.MARKUP)
    assert (found.severity, found.place.line) == (Severity.WARNING, 7)


@pytest.mark.parametrize(
    "text",
    [
        *("==mark==", "++new++", "H~2~O", "x^2^", "- [ ] call them", "* [x] written"),
        ":tada:",
    ],
)
def test_signs_that_only_other_programs_read_are_found(text):
    found = one(with_subject("News", f"Hello.\n\n{text}\n"), unfinished.MARKUP)
    assert (found.severity, found.place.line) == (Severity.WARNING, 7)


@pytest.mark.parametrize(
    "text",
    [
        *("**bold**", "## Heading", "#JusticeNow", "`** a **`", "a == b == c", "a ++ b ++ c"),
        *(
            "at 10:30:15 sharp",
            "~200 of us~",
            "[x]",
            "a [sic] b",
            "Note: this: that",
            "~~gone~~",
            "C++, C++",
        ),
    ],
)
def test_markdown_that_is_read_is_left_alone(text):
    assert unfinished.MARKUP not in codes(with_subject("News", f"Hello.\n\n{text}\n"))


@pytest.mark.parametrize(
    ("subject", "body", "line"),
    [
        ("Read this[^a]", "Hello.[^a]", 2),
        ("News", 'Hello.[^a]\n\n{{ button("Sign[^a]", "https://example.org/") }}', 7),
        ("News", 'Hello.[^a]\n\n<div title="x">Sign[^a]</div>', 7),
    ],
)
def test_a_footnote_where_none_is_read_is_stopped_there(subject, body, line):
    note = "\n\n[^a]: [Minutes](https://example.org/a)"
    found = one(with_subject(subject, body + note), unfinished.FOOTNOTE)
    assert "where no footnote is read" in found.message
    assert found.place.line == line


# ---------------------------------------------------------------- cases from bug reports


@pytest.mark.parametrize(
    ("name", "code", "lines"),
    [
        ("f1-civicrm", unfinished.LEFTOVER, [6] * 5),
        ("f3-tags", unfinished.LEFTOVER, [6] * 8),
        ("single-brace", unfinished.LEFTOVER, [2, 6, 8]),
        ("n1-entity-subject", unfinished.ENTITY, [2, 2, 2]),
        ("long-line", unfinished.PLACEHOLDER, [8]),
    ],
)
def test_a_campaign_that_went_wrong_is_stopped_at_its_line(name, code, lines):
    findings = [finding for finding in find(case(name)) if finding.code == code]
    assert [finding.place.line for finding in findings] == lines
    assert {finding.place.path for finding in findings} == {"campaigns/example.md"}


def test_a_footnote_whose_name_has_a_blank_is_stopped_at_its_line():
    with pytest.raises(CampaignError) as caught:
        find(case("m1-note-name"))
    assert caught.value.place == Place("campaigns/example.md", 6)


@pytest.mark.parametrize("name", samples.CAMPAIGNS)
def test_nothing_unfinished_is_found_in_a_finished_campaign(name):
    ours = {unfinished.LEFTOVER, unfinished.ENTITY, unfinished.FOOTNOTE, unfinished.PLACEHOLDER}
    assert not ours & codes(sample(name))
