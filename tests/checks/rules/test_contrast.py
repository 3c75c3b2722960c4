"""Words that do not stand out, and words that just do."""

from __future__ import annotations

import pytest

from mailer.checks.rendered_mail import RenderedMail
from mailer.checks.rules.contrast import CONTRAST, low_contrast
from tests.support.mail_pages import codes, mail, page
from tools.projects import samples


@pytest.mark.parametrize(
    ("faint", "clear"),
    [
        ("color:#777777", "color:#767676"),  # 4.48 and 4.54 on white
        ("color:#959595;font-size:24px", "color:#949494;font-size:24px"),  # 2.97 and 3.03
        ("color:#888888;font-size:23px", "color:#888888;font-size:24px"),
        (
            "color:#888888;font-size:18px;font-weight:bold",
            "color:#888888;font-size:19px;font-weight:bold",
        ),
        ("color:#ffffff", "color:#ffffff;background:#1f5c4d"),
        ("background-color:#1f5c4d", "background-color:#e6efed"),
        ("opacity:0.5", "opacity:0.6"),
        (
            "background:#111111;color:#ffffff;color:inherit",
            "background:#111111;color:#ffffff;color:oklch(20% 0.1 180)",
        ),
        ("color:rgba(0,0,0,.5)", "color:rgba(0,0,0,.6)"),
        (
            "color:#ffffff;background:url(https://www.example.org/night.jpg)",
            "color:#ffffff;background:#101010 url(https://www.example.org/night.jpg)",
        ),
    ],
)
def test_faint_words_are_found_and_clear_ones_are_not(faint, clear):
    assert codes(low_contrast, page(f'<p style="{faint}">The vote is Tuesday</p>')) == {CONTRAST}
    assert codes(low_contrast, page(f'<p style="{clear}">The vote is Tuesday</p>')) == set()


def test_message_names_words_colours_and_what_is_needed():
    body = 'Dear friend,\n\n<p style="color:#aaaaaa">The vote is Tuesday.</p>'
    (finding,) = low_contrast(mail(body))
    assert finding.message == (
        "“The vote is Tuesday.” is hard to read: #aaaaaa on #ffffff has a contrast of 2.3:1, "
        "and needs 4.5:1"
    )
    assert str(finding.place) == "campaigns/example.md:7"
    assert finding.spot == "The vote is Tuesday."


def test_words_of_the_author_stand_for_those_of_a_recipient():
    faint = '<p style="color:#aaaaaa">{}</p>'
    body = (
        faint.format("Dear {{ recipient.first_name }},")
        + "\n\n"
        + faint.format("The vote is Tuesday.")
    )
    (finding,) = low_contrast(mail(body))
    assert finding.spot == "The vote is Tuesday."
    (finding,) = low_contrast(mail(faint.format("Dear {{ recipient.first_name }},")))
    assert finding.spot.startswith("Dear ")
    assert finding.place.line is None


def test_line_is_found_by_the_words_before_a_personal_value():
    faint = '<p style="color:#aaaaaa">Please look at {{ recipient.city }} again.</p>'
    (finding,) = low_contrast(mail(f"Hello.\n\n{faint}"))
    assert str(finding.place) == "campaigns/example.md:7"


def test_a_letter_stands_anywhere_so_it_has_no_line():
    (finding,) = low_contrast(mail('Hello.\n\n<p style="color:#aaaaaa">a</p>'))
    assert str(finding.place) == "campaigns/example.md"


def test_only_dark_mode_is_to_blame():
    changes = (("templates/partials/head.mjml", '"surface": "#1b2120"', '"surface": "#8b8180"'),)
    found = list(low_contrast(mail("The vote is Tuesday.", changes)))
    assert found
    assert all("in dark mode" in finding.message for finding in found)
    assert all("prefers-color-scheme" in finding.hint for finding in found)


def test_words_without_a_colour_of_their_own_vanish_in_the_dark():
    sheet = "<style>@media (prefers-color-scheme: dark) { .card { background: #111111 } }</style>"
    (finding,) = low_contrast(page(f'{sheet}<div class="card">The vote is Tuesday</div>'))
    assert "#000000 on #111111" in finding.message


def test_button_is_judged_on_its_own_colour():
    button = '<mj-button mj-class="panel-button"'
    faint = (("templates/components.mjml", button, f'{button} color="#88aa99"'),)
    call = '{% call call_script("202-555-0100") %}Hello.{% endcall %}'
    assert codes(low_contrast, mail(call)) == set()
    (light,) = (f for f in low_contrast(mail(call, faint)) if "dark" not in f.message)
    assert light.spot == "Call 202-555-0100"


def test_description_of_a_picture_is_read_while_pictures_are_off():
    picture = '<img src="https://www.example.org/a.png" alt="A river" style="color:{}">'
    assert codes(low_contrast, page(picture.format("#cccccc"))) == {CONTRAST}
    assert codes(low_contrast, page(picture.format("#444444"))) == set()


@pytest.mark.parametrize("unseen", [
    '<p style="display:none;color:#ffffff">One</p>', '<p style="font-size:1px;color:#ffffff">One</p>',
    '<p style="color:#ffffff">&nbsp;&zwnj;</p>', '<p style="color:#ffffff"><b style="color:#000000">One</b></p>',
])  # fmt: skip
def test_what_nobody_sees_needs_no_contrast(unseen):
    assert codes(low_contrast, page(unseen)) == set()


def test_two_colours_are_told_once():
    words = '<p style="color:#aaaaaa">One</p><p style="color:#aaaaaa">Two</p>'
    assert len(list(low_contrast(page(words)))) == 1


@pytest.mark.parametrize("campaign", samples.CAMPAIGNS)
@pytest.mark.parametrize("who", ["usual", "no name", "right to left"])
def test_samples_can_be_read(campaign, who):
    merged = samples.merger(campaign).merge(samples.difficult(campaign)[who])
    assert list(low_contrast(RenderedMail(samples.load(campaign), merged))) == []
