"""Links that lead nowhere, or somewhere they should not, or do not say where."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailer.checks import urls
from mailer.checks.rules import links, unfinished
from mailer.errors import Place
from tests.support.campaigns import ANA
from tests.support.rendered_mails import changed, codes, find, one, sample, settled, written


def button(url, text="Sign the petition"):
    """By a component, which takes any address; Markdown leaves a broken one as it stands."""
    return written(f'{{{{ button("{text}", "{url}") }}}}')


def link(text, url):
    return written(f"Hello, [{text}]({url}).")


ADDRESSES = [
    (urls.BROKEN, "", "https://example.org"),
    (urls.BROKEN, "https://", "https://example.org/"),
    (urls.BROKEN, "https:///petition", "https://example.org/petition"),
    (urls.BROKEN, "https:/example.org", "https://example.org//x"),
    (urls.BROKEN, "https://example.org/our petition", "https://example.org/our%20petition"),
    (urls.BROKEN, "https://exa mple.org/", "https://ex-ample.org/"),
    (urls.BROKEN, "https://example.org/<id>", "https://example.org/(id)"),
    (urls.BROKEN, "https://example..org/", "https://example.org./"),
    (urls.BROKEN, "https://www.example,org/", "https://www.example.org/a,b"),
    (urls.BROKEN, "https://example.org:80x/", "https://example.org:8443/"),
    (urls.BROKEN, "https://[::1/", "https://bücher.example/ä"),
    (urls.BROKEN, "#petition", "https://example.org/#petition"),
    (urls.RELATIVE, "/petition", "https://example.org/petition"),
    (urls.RELATIVE, "www.example.org/petition", "https://www.example.org/petition"),
    (urls.RELATIVE, "//example.org/petition", "https://example.org/petition"),
    (urls.RELATIVE, "example.org:8443/petition", "HTTPS://EXAMPLE.ORG/PETITION"),
    (urls.SCHEME, "javascript:alert(1)", "https://example.org/javascript:alert(1)"),
    (urls.SCHEME, "data:text/html,hello", "https://example.org/?data:text"),
    (urls.SCHEME, "htps://example.org", "sms:+12025550100"),
    (urls.SCHEME, "file:///C:/petition.pdf", "webcal://example.org/dates.ics"),
    (urls.NOT_HTTPS, "http://example.org/a", "https://example.org/http://a"),
    (urls.CREDENTIALS, "https://ana:secret@example.org/", "https://example.org/@ana"),
    (urls.CREDENTIALS, "https://www.example.org@evil.example.com/", "https://example.org/?to=a@b.example"),
    (urls.IP_ADDRESS, "https://93.184.215.14/", "https://example.org/93.184.215.14"),
    (urls.IP_ADDRESS, "https://[2606:4700::1111]/", "https://10.example.org/"),
    (urls.PRIVATE, "http://localhost:8025/campaigns/vote", "https://localhost.example.org/"),
    (urls.PRIVATE, "http://127.0.0.1:8025/", "https://127.example.org/"),
    (urls.PRIVATE, "https://192.168.1.20/", "https://192.example.org/"),
    (urls.PRIVATE, "https://[::1]/", "https://1.example.org/"),
    (urls.PRIVATE, "https://[::ffff:192.168.1.20]/", "https://192.168.1.20.example.org/"),
    (urls.PRIVATE, "https://intranet/report", "https://intranet.example.org/report"),
    (urls.PRIVATE, "https://files.local/report", "https://local.example.org/report"),
    (urls.PRIVATE, "http://2130706433/", "https://2130706433.example.org/"),
    (urls.SHORTENED, "https://bit.ly/abc", "https://habit.ly/abc"),
    (urls.SHORTENED, "https://www.tinyurl.com/abc", "https://youtu.be/abc"),
    (urls.MAILTO, "mailto:", "mailto:hello@example.org"),
    (urls.MAILTO, "mailto:hello", "mailto:?subject=Hello&body=There"),
    (urls.MAILTO, "mailto://hello@example.org", "mailto:a@example.org,b@example.net"),
    (urls.MAILTO, "mailto:hello@example", "mailto:hello%2Bnews@example.org"),
    (urls.MAILTO, "mailto:a@example.org;b@example.org", "mailto:o'hara@example.org"),
    (urls.MAILTO, "mailto:a@example.org?subject=Hello there", "mailto:a@example.org?subject=Hello%20there"),
    (urls.MAILTO, "mailto:a@example.org?Hello", "mailto:a@example.org?subject="),
    (urls.TEL, "tel:", "tel:988"),
    (urls.TEL, "tel:1-800-FLOWERS", "tel:1-800-356-9377"),
    (urls.TEL, "tel:202 555 0100", "tel:+1-202-555-0100;ext=12"),
    (urls.TEL, "tel:12", "tel:(202)555.0100"),
]  # fmt: skip

FAULTS = {value for name, value in vars(urls).items() if name.isupper() and isinstance(value, str)}


@pytest.mark.parametrize(("code", "bad", "good"), ADDRESSES)
def test_an_address_trips_one_rule_and_another_just_does_not(code, bad, good):
    assert codes(button(bad)) & FAULTS == {code}
    assert urls.fault(good) is None


def test_a_fault_has_the_line_and_the_words_of_its_link():
    found = one(written("Hello.\n\n[Our plan](http://example.org/plan)"), urls.NOT_HTTPS)
    assert found.place == Place("campaigns/sample.md", 6)
    assert found.message == (
        'the link "Our plan" leads to http://example.org/plan, which is not secure'
    )
    assert found.spot == "http://example.org/plan"


def test_the_tags_of_a_link_hide_neither_its_line_nor_that_it_is_a_footnotes():
    text = """[Plan](http://www.example.org/plan) A.[^a] B.[^b]

[^a]: House, [March 3](https://www.example.org/a)
[^b]: Senate, [March 3](https://www.example.org/b?day=3)
"""
    tagged = settled(written(text), links={"tags": {"utm_source": "news"}})
    assert one(tagged, urls.NOT_HTTPS).place == Place("campaigns/sample.md", 4)
    assert links.SAME_TEXT not in codes(tagged)


def test_an_address_is_not_taken_for_the_beginning_of_another():
    text = "[Plan](http://example.org/plan-b)\n\n[Plan A](http://example.org/plan)"
    found = find(written(text))
    lines = {f.spot: f.place.line for f in found if f.code == urls.NOT_HTTPS}
    assert lines == {"http://example.org/plan-b": 4, "http://example.org/plan": 6}


def test_an_address_of_the_text_part_is_examined_too():
    bad = changed(
        written("Hello."), "templates/message.txt", "{{ body }}", "<http://example.org/a>"
    )
    found = one(bad, urls.NOT_HTTPS)
    assert found.place == Place("templates/message.txt", 1)


def test_the_same_page_twice_is_one_finding():
    text = "[Once](http://example.org/a?gift=5) and [again](http://example.org/a?gift=7)."
    assert one(written(text), urls.NOT_HTTPS).message.startswith('the link "Once" leads')


def test_what_is_filled_in_is_examined_as_the_recipient_gets_it():
    text = "{{ button('Your page', 'https://example.org/' ~ recipient.fields.chapter) }}"
    assert not codes(written(text)) & {urls.BROKEN}


@pytest.mark.parametrize(
    "url",
    ["{{ recipient.fields.chapter }}", "tel:{{ recipient.zip }}", "mailto:{{ recipient.city }}"],
)
def test_a_blank_value_is_left_to_the_rules_about_the_audience(url):
    nobody = replace(ANA, fields={"chapter": "", "gifts": ""}, zip="", city="")
    assert not codes(written(f"[Yours]({url})"), nobody) & FAULTS


def test_an_example_address_was_to_be_replaced_unless_the_project_is_an_example():
    mail = button("https://www.example.org/sign")
    assert unfinished.PLACEHOLDER not in codes(mail)
    real = {"website": "https://juniperstreet.test"}
    assert (
        one(settled(mail, brand=real), unfinished.PLACEHOLDER).spot
        == "https://www.example.org/sign"
    )
    assert unfinished.PLACEHOLDER not in codes(
        settled(button("https://my-example.test/"), brand=real)
    )


def test_footnotes_lead_there_and_back():
    assert urls.BROKEN not in codes(sample())
    broken = changed(sample(), "templates/partials/sources.mjml", 'name="source-', 'title="')
    broken = changed(broken, "templates/partials/sources.mjml", 'id="source-', 'lang="')
    assert urls.BROKEN in codes(broken)


def test_the_recipients_own_pages_are_judged_with_the_settings():
    local = settled(sample(), site={"base_url": "http://127.0.0.1:8080"})
    assert not codes(local) & {urls.PRIVATE, urls.NOT_HTTPS}


# ---------------------------------------------------------------- words

NOTES = """A.[^a] B.[^b]

[^a]: House, [March 3](https://example.org/a)

[^b]: Senate, [March 3](https://example.org/b)
"""
WORDS = [
    (links.UNCLOSED, "[Sign](https://example.org/a b)", "[Sign](https://example.org/a_b)"),
    (links.UNCLOSED, "[Sign](https://example.org/a", "[Sign](https://example.org/a)"),
    (links.UNCLOSED, "[Sign] (https://example.org/a)", "[sic] (https is a protocol)"),
    (links.UNCLOSED, "[Sign](javascript:alert)", "[Sign](https://example.org/javascript:alert)"),
    (links.UNCLOSED, "[Sign](file:///C:/plan.docx)", "[Sign](https://example.org/plan.docx)"),
    (links.UNCLOSED, "[Sign][petition] today", "[Sign][petition] today\n\n[petition]: https://example.org/a"),
    (links.BARE, "See https://example.org/a.", "See <https://example.org/a>."),
    (links.BARE, "See www.example.org.", "See [www.example.org](https://www.example.org)."),
    (links.BARE, "(http://example.org)", "[Sign](https://example.org/a b)"),
    (links.EMPTY_TEXT, "[](https://example.org/a)", "[A](https://example.org/a)"),
    (
        links.EMPTY_TEXT,
        "[![](https://example.org/a.png)](https://example.org/a)",
        "[![A](https://example.org/a.png)](https://example.org/a)",
    ),
    (
        links.EMPTY_TEXT,
        '<a href="https://example.org/a"><span style="display:none">A</span></a>',
        '<a href="https://example.org/a" aria-label="A"><span style="display:none">A</span></a>',
    ),
    (links.VAGUE_TEXT, "[here](https://example.org/a)", "[here in Salem](https://example.org/a)"),
    (links.VAGUE_TEXT, "[Click here!](https://example.org/a)", "[Click to sign](https://example.org/a)"),
    (links.VAGUE_TEXT, "[Read more →](https://example.org/a)", "[Read more letters](https://example.org/a)"),
    (links.VAGUE_TEXT, "[**link**](https://example.org/a)", "[the link tax](https://example.org/a)"),
    (
        links.VAGUE_TEXT,
        '<a href="https://example.org/a">More</a>',
        '<a href="https://example.org/a" aria-label="More about rent">More</a>',
    ),
    (
        links.SAME_TEXT,
        "[Sign](https://example.org/a) or [sign](https://example.org/b).",
        "[Sign](https://example.org/a?by=top) or [sign!](https://example.org/a/?by=end#form).",
    ),
    (links.SAME_TEXT, "[Call](tel:2025550100), [call](tel:2025550101)", "[Call](tel:2025550100), [call](tel:202-555-0100)"),
    (
        links.SAME_TEXT,
        "[March 3](https://example.org/a) and [March 3](https://example.org/b).",
        NOTES,
    ),
    (links.OTHER_ADDRESS, "[www.example.org](https://example.com/)", "[www.example.org](https://example.org/a)"),
    (links.OTHER_ADDRESS, "[mine.co.uk](https://yours.co.uk/)", "[www.mine.co.uk](https://give.mine.co.uk/)"),
    (links.OTHER_ADDRESS, "[ana.github.io](https://bo.github.io/)", "[b\u00fccher.example](https://xn--bcher-kva.example/)"),
    (links.OTHER_ADDRESS, "[https://example.org/a](https://a.example/)", "[example.org](https://donate.example.org/)"),
    (links.OTHER_ADDRESS, "[bank.example](https://evil.example.net/)", "[report.pdf](https://example.net/report.pdf)"),
    (
        links.OTHER_ADDRESS,
        "[ana@example.org](mailto:bo@example.org)",
        "[Ana@example.org](mailto:ana@example.org?subject=Hi)",
    ),
    (links.OTHER_ADDRESS, "[202-555-0100](tel:+12025550101)", "[Call (202) 555-0100](tel:+1-202-555-0100)"),
    (links.OTHER_ADDRESS, "[Call +1 202 555 0199](tel:2025550100)", "[1-800-FLOWERS](tel:1-800-356-9377)"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "bad", "good"), WORDS)
def test_the_words_of_a_link_trip_the_rule_and_others_just_do_not(code, bad, good):
    assert code in codes(written(bad))
    assert code not in codes(written(good))


def test_the_words_of_a_button_are_examined_too():
    assert links.VAGUE_TEXT in codes(button("https://example.org/a", "Click here"))


def test_an_image_that_has_no_description_at_all_is_not_reported_twice():
    text = '<a href="https://example.org/a"><img src="https://example.org/a.png" /></a>'
    assert links.EMPTY_TEXT not in codes(written(text))


def test_two_share_boxes_and_the_footer_have_links_that_differ():
    text = (
        '{{ share("One", "https://example.org/a") }}\n\n{{ share("Two", "https://example.org/b") }}'
    )
    mail = replace(
        sample(), files={**sample().files, sample().path: f"---\nsubject: News\n---\n{text}"}
    )
    assert links.SAME_TEXT not in codes(mail)
