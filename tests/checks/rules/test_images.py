"""Pictures: each rule with one that trips it, and one that just does not."""

from __future__ import annotations

import pytest

from mailer.checks.finding import Severity
from mailer.checks.rules import images
from tests.support.mail_pages import codes, mail, page
from tests.support.rendered_mails import proof_of, settled
from tools.projects import samples

SITE = "https://www.example.org/pictures"
RULES = (images.sources, images.descriptions, images.sizes, images.amount)
WORDS = "word " * 40


def found(proof):
    return [finding for rule in RULES for finding in rule(proof)]


def image(address=f"{SITE}/river.jpg", alt="The river in March"):
    return f'{WORDS}\n\n{{{{ image("{address}", alt="{alt}") }}}}'


def plain(attributes):
    return f"{WORDS}\n\n<img {attributes} />"


@pytest.mark.parametrize(("code", "bad", "good"), [
    (images.SOURCE, image("river.jpg"), image()),
    (images.SOURCE, image("//www.example.org/river.jpg"), image()),
    (images.SOURCE, image("file:///home/ana/river.jpg"), image()),
    (images.SOURCE, plain('src="" alt="A river" width="9" height="9"'), image()),
    (images.SOURCE, plain('alt="A river" width="9" height="9"'), image()),
    (images.NOT_HTTPS, image("http://www.example.org/river.jpg"), image()),
    (images.EMBEDDED, image("data:image/png;base64,iVBORw0KGgo="), image()),
    (images.ALT, plain(f'src="{SITE}/a.jpg" width="9" height="9"'),
     plain(f'src="{SITE}/a.jpg" width="9" height="9" alt=""')),
    (images.ALT_NAME, image(alt="river.jpg"), image(alt="The river.")),
    (images.ALT_NAME, image(alt="IMG_2041"), image(alt="2041 people")),
    (images.ALT_NAME, image(alt="Photo 3"), image(alt="Photo of a heron")),
    (images.ALT_NAME, image(f"{SITE}/my%20river.jpg", "my river"), image(f"{SITE}/my%20river.jpg", "our river")),
    (images.SIZE, plain(f'src="{SITE}/a.jpg" alt="A river" height="9"'),
     plain(f'src="{SITE}/a.jpg" alt="A river" width="9" height="9"')),
])  # fmt: skip
def test_rule_is_tripped_by_one_and_not_by_the_other(code, bad, good):
    assert {finding.code for finding in found(mail(bad))} == {code}
    assert found(mail(good)) == []


def test_address_that_leads_nowhere_stops_a_send():
    (finding,) = images.sources(mail(image("river.jpg")))
    assert finding.severity is Severity.ERROR
    assert str(finding.place) == "campaigns/example.md:7"
    assert finding.spot == "river.jpg"


def test_size_of_an_embedded_picture_is_told():
    (finding,) = images.sources(page(f'<img src="data:image/png;base64,{"A" * 5000}">'))
    assert "a picture of 5 KB" in finding.message


def test_picture_alone_is_no_mail_but_thirty_words_beside_it_are():
    headline_and_name = 4
    picture = f'{{{{ image("{SITE}/river.jpg", alt="{WORDS}") }}}}'
    short = "word " * (30 - headline_and_name - 1)
    assert codes(images.amount, mail(f"{short}\n\n{picture}")) == {images.ONLY}
    assert codes(images.amount, mail(f"{short} word\n\n{picture}")) == set()


def test_footer_is_no_words_beside_a_picture():
    proof = mail(f'{{{{ image("{SITE}/river.jpg", alt="A river") }}}}')
    assert len(proof.text.split()) > 100
    assert codes(images.amount, proof) == {images.ONLY}


def test_a_logo_and_the_pictures_of_a_layout_are_no_pictures_of_the_mail():
    logo = settled(mail("Thank you!").snapshot, brand={"logo": f"{SITE}/logo.png"})
    assert codes(images.amount, proof_of(logo, samples.members()[0])) == set()
    seal = (
        "templates/partials/footer.mjml",
        "<mj-text",
        f'<mj-image src="{SITE}/seal.png" alt="Seal" /><mj-text',
    )
    assert codes(images.amount, mail("Thank you!", (seal,))) == set()


def test_short_mail_without_pictures_is_fine():
    assert codes(images.amount, mail("Thank you!")) == set()


@pytest.mark.parametrize(("number", "expected"), [(20, set()), (21, {images.MANY})])
def test_so_many_pictures_are_too_many(number, expected):
    pictures = "\n\n".join(
        f'{{{{ image("{SITE}/{n}.jpg", alt="Heron {n}") }}}}' for n in range(number)
    )
    assert codes(images.amount, mail(f"{WORDS}\n\n{pictures}")) == expected


def test_height_may_follow_from_the_width_but_has_to_be_said():
    """MJML says so itself, so this is about HTML that comes from elsewhere."""
    picture = f'<img src="{SITE}/a.jpg" alt="A river" width="9"'
    assert codes(images.sizes, page(f"{picture}>")) == {images.SIZE}
    assert codes(images.sizes, page(f'{picture} height="auto">')) == set()
    assert codes(images.sizes, page(f'{picture} style="height:auto">')) == set()


def test_hidden_pictures_do_not_count():
    hidden = f'<div style="display:none"><img src="{SITE}/a.png"></div>' * 30
    assert codes(images.amount, page(hidden)) == set()
