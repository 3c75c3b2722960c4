"""How a mail is built: each rule with a mail that trips it, and one that just does not."""

from __future__ import annotations

import pytest

from mailer.checks.rendered_mail import RenderedMail
from mailer.checks.rules import structure
from tests.support.mail_pages import HEAD, codes, mail, page
from tools.projects import samples

RULES = (
    structure.headings,
    structure.language,
    structure.direction,
    structure.document,
    structure.tables,
)
LAYOUT = "templates/newsletter.mjml"


def found(proof):
    return [finding for rule in RULES for finding in rule(proof)]


@pytest.mark.parametrize(
    ("bad", "good", "says"),
    [
        ("### Steps", "## Steps", "“Steps” is a level 3 heading right after one of level 1"),
        ("## A\n\n#### B", "## A\n\n### B", "“B” is a level 4 heading right after one of level 2"),
        ("<h1>Again</h1>", "## Again", "“Again” is a second level 1 heading"),
    ],
)
def test_headings_go_down_one_level_at_a_time(bad, good, says):
    (finding,) = structure.headings(mail(bad))
    assert finding.code == structure.HEADING_ORDER
    assert finding.message == says
    assert finding.place.line
    assert found(mail(good)) == []


def test_headings_may_go_up_any_number_of_levels():
    assert found(page("<h1>A</h1><h2>B</h2><h3>C</h3><h2>D</h2><h3>E</h3>")) == []


def test_first_heading_is_of_the_first_level():
    (finding,) = structure.headings(page("<h2>A</h2><h3>B</h3>"))
    assert finding.message == "the first heading, “A”, is a level 2 heading"
    assert codes(structure.headings, page("<p>No heading, and no need of one</p>")) == set()
    assert codes(structure.headings, page('<h1 style="display:none">A</h1><h1>B</h1>')) == set()


@pytest.mark.parametrize("root", ["", 'lang=""', 'lang="und"', 'lang="{{ brand }}"'])
def test_language_is_missing(root):
    (finding,) = found(page("<p>One</p>", root=root))
    assert finding.code == structure.LANGUAGE_MISSING


@pytest.mark.parametrize("lang", ["en", "es-US", "zh-Hant-TW", "fil"])
def test_language_is_there(lang):
    assert found(page("<p>One</p>", root=f'lang="{lang}"')) == []


def test_layout_without_a_language_is_told_where_it_is():
    (finding,) = found(mail("Hello.", ((LAYOUT, 'lang="{{ language }}" ', ""),)))
    assert finding.code == structure.LANGUAGE_MISSING
    assert str(finding.place) == "templates/newsletter.mjml:4"


FRENCH = "Nous avons besoin de vous dans la rue avec les voisins et les enfants."


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (FRENCH, "fr"),
        ("The council voted to close the line, and we need you.", ""),
        ("El concejo votó para cerrar la línea. Los vecinos del barrio lo esperan hoy.", ""),
        (FRENCH + "\n\nWe need you in the hall with your mayor, and that is all we ask.", ""),
    ],
)
def test_a_text_in_a_language_without_words_is_pointed_out(text, code):
    findings = list(structure.other_language(mail(text)))
    assert [finding.code for finding in findings] == [structure.LANGUAGE_OTHER] * bool(code)
    assert all(f"language: {code}" in (finding.hint or "") for finding in findings)


@pytest.mark.parametrize("text", ["التصويت يوم الثلاثاء", "ההצבעה ביום שלישי"])
def test_text_from_right_to_left_says_so(text):
    assert codes(structure.direction, page(f"<p>{text}</p>")) == {structure.DIRECTION}
    assert codes(structure.direction, page(f'<p dir="rtl">{text}</p>')) == set()
    assert codes(structure.direction, page(f"<p>{text}</p>", root='lang="ar" dir="rtl"')) == set()
    assert codes(structure.direction, page(f"<p>{text}</p>", root='lang="ar" dir="auto"')) == set()


def test_a_name_from_right_to_left_turns_no_mail_around():
    assert codes(structure.direction, page("<p>Dear محمود, thank you.</p>")) == set()
    half = "<p>محمود</p><p>abcde</p>"
    assert codes(structure.direction, page(half)) == set()
    assert codes(structure.direction, page(half.replace("abcde", "abcd"))) == {structure.DIRECTION}


def test_title_is_missing():
    assert codes(structure.document, page("", HEAD.replace("News", " "))) == {
        structure.TITLE_MISSING
    }
    changes = (("templates/partials/head.mjml", "<mj-title>{{ subject | e }}</mj-title>", ""),)
    (finding,) = found(mail("Hello.", changes))
    assert finding.code == structure.TITLE_MISSING
    assert str(finding.place) == "templates/partials/head.mjml:16"
    assert found(mail("Hello.")) == []


@pytest.mark.parametrize(
    ("head", "missing"),
    [
        ('<title>A</title><meta name="viewport" content="width=device-width">', "charset"),
        ('<title>A</title><meta charset="utf-8">', "viewport"),
    ],
)
def test_what_mail_programs_need_to_know_beforehand(head, missing):
    (finding,) = found(page("<p>One</p>", head))
    assert finding.code == structure.META_MISSING
    assert missing in finding.message


def test_charset_may_stand_in_a_content_type():
    head = HEAD.replace(
        'charset="utf-8"', 'http-equiv="Content-Type" content="text/html; charset=UTF-8"'
    )
    assert found(page("<p>One</p>", head)) == []


@pytest.mark.parametrize(("bad", "good"), [
    ("<table><tr><td>1</td></tr></table>", '<table role="presentation"><tr><td>1</td></tr></table>'),
    ("<table><tr><td>1</td></tr></table>", '<table role="none"><tr><td>1</td></tr></table>'),
    ("<table><tr><td>1</td></tr></table>", "<table><tr><th>Votes</th></tr><tr><td>1</td></tr></table>"),
])  # fmt: skip
def test_table_says_what_it_is_for(bad, good):
    (finding,) = found(mail(bad))
    assert finding.code == structure.TABLE_ROLE
    assert str(finding.place) == "campaigns/example.md:5"
    assert found(mail(good)) == []


def test_tables_that_mjml_writes_are_not_the_authors():
    accordion = (
        "<mj-accordion><mj-accordion-element><mj-accordion-title>Why?</mj-accordion-title>"
        "<mj-accordion-text>Because.</mj-accordion-text></mj-accordion-element></mj-accordion>"
    )
    place = '<mj-text css-class="prose">{{ block.source }}</mj-text>'
    assert (
        found(mail("Hello.", (("templates/partials/body.mjml", place, place + accordion),))) == []
    )


def test_components_fit_under_any_heading():
    share = '{{ share("I signed.", "https://www.example.org/rivers", handles=["@RiversExample"]) }}'
    people = '{{ officials(recipient.lookups.senators, title="Your senators") }}'
    assert found(mail(f"{share}\n\n{people}\n\n## Next\n\n{share}")) == []


@pytest.mark.parametrize("campaign", samples.CAMPAIGNS)
def test_samples_are_well_built(campaign):
    merged = samples.merger(campaign).merge(samples.difficult(campaign)["right to left"])
    assert found(RenderedMail(samples.load(campaign), merged)) == []
