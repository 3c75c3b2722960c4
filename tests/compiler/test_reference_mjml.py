"""What Outlook is told about widths, beside what MJML itself says of the same document."""

from __future__ import annotations

from unittest import mock

import pytest

from mailer.compiler import mjml
from tools.measure import reference_mjml
from tools.measure.reference_mjml import NAMES, compiled, reference, widths

pytestmark = pytest.mark.slow

needs_mjml = pytest.mark.skipif(
    not reference_mjml.is_installed(),
    reason="needs Node and MJML: npm ci --prefix tools/mjml",
)

PADDINGS = (
    "0 40px",
    "8px 40px 0",
    "0 0 0 40px",
    "0",
    "0px 40px",
    "10px 20px 30px",
    "0 40px 0 20px",
)
TEXT = '<mj-text padding="0 5px">Hello</mj-text>'
PICTURE = '<mj-image alt="A river" src="https://example.org/a.png" padding="{}" />'
PLACES = (
    f'<mj-section padding="{{}}"><mj-column>{TEXT}</mj-column></mj-section>',
    f"<mj-section padding='{{}}'><mj-column>{TEXT}</mj-column></mj-section>",
    f'<mj-section padding="0"><mj-column padding="{{}}">{TEXT}{PICTURE}</mj-column></mj-section>',
    f'<mj-wrapper padding="{{}}"><mj-section padding="0"><mj-column>{TEXT}</mj-column></mj-section></mj-wrapper>',
    f'<mj-section padding="{{}}"><mj-group><mj-column>{TEXT}</mj-column><mj-column>{TEXT}</mj-column></mj-group></mj-section>',
    '<mj-section padding="0"><mj-column><mj-divider padding="{}" /></mj-column></mj-section>',
    '<mj-section padding="9px" padding-left="0" padding-right="{}"><mj-column><mj-text>a &gt; b</mj-text></mj-column></mj-section>',
    f'<mj-section css-class="a > b" padding="{{}}"><mj-column>{TEXT}</mj-column></mj-section>',
)
HEAD = (
    '<mj-attributes><mj-section padding="{}" /><mj-class name="x" padding="{}" /></mj-attributes>'
)
BY_ATTRIBUTES = f'<mj-section><mj-column>{TEXT}</mj-column></mj-section><mj-section mj-class="x"><mj-column>{TEXT}</mj-column></mj-section>'


def documents() -> list[str]:
    page = "<mjml><mj-head>{}</mj-head><mj-body>{}</mj-body></mjml>"
    return [
        page.format(head.replace("{}", padding), body.replace("{}", padding))
        for padding in PADDINGS
        for head, body in [*(("", place) for place in PLACES), (HEAD, BY_ATTRIBUTES)]
        # one measure alone is no shorthand
        if "padding-right" not in body or " " not in padding
    ]


@needs_mjml
@pytest.mark.parametrize("name", NAMES)
def test_widths_of_samples_and_starters_are_those_of_mjml(name):
    mail = compiled(name)
    assert len(widths(mail.html)) > 10
    assert widths(mail.html) == widths(reference([mail.mjml])[0])


@needs_mjml
def test_widths_are_those_of_mjml_however_a_template_writes_its_zeros():
    pages = documents()
    for page, html in zip(pages, reference(pages), strict=True):
        assert widths(mjml.to_html(page, [], {})) == widths(html), page


@needs_mjml
def test_the_comparison_sees_what_went_wrong_with_zeros():
    page = documents()[0]
    with mock.patch.object(mjml, "with_units", lambda document: document):
        assert widths(mjml.to_html(page, [], {})) != widths(reference([page])[0])


@needs_mjml
def test_a_mail_weighs_at_most_three_quarters_of_what_mjml_makes():
    mails = [compiled(name) for name in NAMES]
    for mail, page in zip(mails, reference([mail.mjml for mail in mails]), strict=True):
        assert len(mail.html.encode()) < 0.75 * len(page.encode()), mail.name


def test_units_are_written_at_the_zeros_of_paddings_and_nowhere_else():
    page = (
        '<mj-text padding="0 10px 0.5px" inner-padding=\'0\' padding-left="0" width="0" alt="0 of 0">'
        '0 padding="0 1px"</mj-text><p padding="0">padding="0"</p>'
    )
    assert mjml.with_units(page) == (
        '<mj-text padding="0px 10px 0.5px" inner-padding=\'0px\' padding-left="0px" width="0" alt="0 of 0">'
        '0 padding="0 1px"</mj-text><p padding="0">padding="0"</p>'
    )


def test_the_width_of_a_picture_stays_what_mjml_says():
    page = f"<mjml><mj-body><mj-section><mj-column>{PICTURE.format('0')}</mj-column></mj-section></mj-body></mjml>"
    styled = page.replace(
        "<mj-body>", "<mj-head><mj-style>img { width: 100% }</mj-style></mj-head><mj-body>"
    )
    assert widths(mjml.to_html(styled, [], {}))[-1] == 600
