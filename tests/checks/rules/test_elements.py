"""MJML that does nothing, found where it is written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailer.checks.rules import elements
from tests.support.mail_pages import codes, mail
from tests.support.rendered_mails import TODAY, changed, sample
from tools.projects import samples

HEAD = "templates/partials/head.mjml"
BODY = "templates/partials/body.mjml"


def attributes(words):
    return list(elements.unknown_attributes(words, TODAY))


def classes(words):
    return list(elements.unknown_classes(words, TODAY))


@pytest.mark.parametrize(
    ("bad", "good", "named"),
    [
        ('<mj-text colour="#ffffff" ', '<mj-text color="#ffffff" ', "colour"),
        ('<mj-text class="wide" ', '<mj-text css-class="wide" ', "class"),
        ('<mj-text style="color:red" ', '<mj-text color="red" ', "style"),
        ('<mj-text href="https://example.org" ', '<mj-text align="left" ', "href"),
    ],
)
def test_attribute_that_an_element_does_not_have(bad, good, named):
    old = '<mj-text css-class="prose"'
    (finding,) = attributes(changed(sample(), BODY, old, bad))
    assert finding.code == elements.ATTRIBUTE
    assert finding.message == f'<mj-text> has no attribute "{named}", so it does nothing'
    assert str(finding.place) == "templates/partials/body.mjml:12"
    assert attributes(changed(sample(), BODY, old, good)) == []


def test_attribute_on_its_own_line_has_that_line():
    words = changed(
        sample(), BODY, '<mj-text css-class="prose"', '<mj-text\n  align="left"\n  alt="x"'
    )
    (finding,) = attributes(words)
    assert str(finding.place) == "templates/partials/body.mjml:14"


def test_slip_of_the_pen_gets_the_right_word():
    (finding,) = attributes(changed(sample(), BODY, '<mj-text css-class="', '<mj-text css-clas="'))
    assert "css-class" in finding.hint


def test_what_jinja_writes_is_left_alone():
    words = changed(
        sample(),
        BODY,
        '<mj-text css-class="prose">',
        '<mj-text {{ "a > b" }} {% if x < 1 %}align="left"{% endif %} {# say="so" #} css-class="{{ x }}">',
    )
    assert attributes(words) == []
    assert classes(words) == []


def test_class_and_default_may_hold_what_any_element_knows():
    words = changed(
        sample(), HEAD, '<mj-class name="card"', '<mj-class name="card" icon-size="9px"'
    )
    assert attributes(words) == []
    words = changed(
        sample(), HEAD, '<mj-class name="card"', '<mj-class name="card" icon-sice="9px"'
    )
    assert [finding.place.line for finding in attributes(words)] == [33]


@pytest.mark.parametrize(("bad", "good"), [("crad", "card"), ("card smal", "card small")])
def test_class_that_nobody_made(bad, good):
    old = '<mj-section mj-class="card"'
    (finding,) = classes(changed(sample(), BODY, old, f'<mj-section mj-class="{bad}"'))
    assert finding.code == elements.CLASS
    assert f'mj-class="{bad.split()[-1]}" does nothing' in finding.message
    assert finding.hint in {'Did you mean "card"?', 'Did you mean "small"?'}
    assert str(finding.place) == "templates/partials/body.mjml:8"
    assert classes(changed(sample(), BODY, old, f'<mj-section mj-class="{good}"')) == []


def test_classes_that_jinja_names_are_not_guessed_at():
    words = changed(sample(), BODY, 'mj-class="card"', 'mj-class="{{ kind }}-card"')
    assert classes(words) == []
    words = changed(words, HEAD, '<mj-class name="small"', '<mj-class name="{{ kind }}"')
    assert classes(words) == []


def test_layouts_of_other_campaigns_are_not_this_ones_business():
    words = sample("rent-newsletter")
    wrong = {"templates/petition.mjml": "<mjml><mj-body colour='red'></mj-body></mjml>"}
    assert attributes(replace(words, files={**words.files, **wrong})) == []
    words = sample("night-bus")
    assert attributes(replace(words, files={**words.files, **wrong}))


def test_element_inside_text_is_no_element():
    button = '<mj-button href="https://www.example.org/">Sign</mj-button>'
    old = '<mj-text css-class="prose">{{ block.source }}</mj-text>'
    inside = ((BODY, old, f'<mj-text css-class="prose">{{{{ block.source }}}}{button}</mj-text>'),)
    beside = ((BODY, old, f"{old}{button}"),)
    (finding,) = elements.misplaced_elements(mail("Hello.", inside))
    assert finding.code == elements.MISPLACED
    assert str(finding.place) == "templates/partials/body.mjml:12"
    assert codes(elements.misplaced_elements, mail("Hello.", beside)) == set()


@pytest.mark.parametrize("campaign", samples.CAMPAIGNS)
def test_samples_write_mjml_that_does_something(campaign):
    words = samples.load(campaign)
    assert attributes(words) == []
    assert classes(words) == []
