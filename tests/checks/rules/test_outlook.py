"""What Outlook for Windows shows wider than the mail is."""

from __future__ import annotations

import pytest

from mailer.checks.rules import outlook
from tests.support.mail_pages import page
from tests.support.rendered_mails import proof_of, sample, written
from tools.projects import samples

PICTURE = "https://www.example.org/river.jpg"


def messages(proof):
    return [finding.message for finding in outlook.wide_in_outlook(proof)]


def mso(*widths):
    cells = "".join(
        f'<!--[if mso | IE]><td style="vertical-align:top;width:{width}px;" ><![endif]--><div>a</div>'
        "<!--[if mso | IE]></td><![endif]-->"
        for width in widths
    )
    return (
        '<!--[if mso | IE]><table align="center" width="600" style="width:600px;"><tr><![endif]-->'
        f"{cells}<!--[if mso | IE]></tr></table><![endif]-->"
    )


@pytest.mark.parametrize("widths", [(600,), (300, 300), (118, 482), ()])
def test_what_fits_is_left_alone(widths):
    assert messages(page(mso(*widths))) == []


@pytest.mark.parametrize("widths", [(680,), (300, 301), (600, 80)])
def test_a_row_that_is_wider_than_the_mail_is_found(widths):
    (message,) = messages(page(mso(*widths)))
    assert f"{sum(widths)} pixels wide, and the mail 600" in message


def test_a_table_that_is_wider_than_the_mail_is_found():
    assert messages(page(mso(600).replace("600", "680")))


def test_what_outlook_does_not_see_is_left_alone():
    assert messages(page('<table width="900"><tr><td>a</td></tr></table>')) == []
    assert (
        messages(page(f'<!--[if !mso]><!--><img src="{PICTURE}" width="100%"><!--<![endif]-->'))
        == []
    )


@pytest.mark.parametrize("width", ["520", "600", "520px"])
def test_a_picture_with_its_width_in_pixels_is_left_alone(width):
    assert messages(page(f'<img src="{PICTURE}" width="{width}" height="auto">')) == []


@pytest.mark.parametrize(
    ("width", "says"), [("100%", "as large as its file"), ("auto", "file"), ("4000", "4000 pixels")]
)
def test_a_picture_that_outlook_shows_too_wide_is_found(width, says):
    (message,) = messages(page(f'<img src="{PICTURE}" width="{width}" height="auto">'))
    assert says in message


@pytest.mark.parametrize("text", ["Hello.", "{{ band() }}", "![a](https://www.example.org/a.png)"])
def test_the_small_layout_fits(text):
    assert [m for m in messages(proof_of(written(text))) if "a part of the mail" in m] == []


@pytest.mark.parametrize("name", samples.CAMPAIGNS)
def test_every_sample_fits(name):
    assert messages(proof_of(sample(name), samples.members()[0])) == []
