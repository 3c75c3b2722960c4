# ruff: noqa: RUF001 - letters that look alike are what is tested
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.web.pages.free_text import is_full_name, is_name
from tools.projects.project import address

NAMES = [
    "Ana", "Zoë", "María de los Ángeles", "José Luis", "de la Vega y García de los Ríos", "O'Brien", "D’Arcy",
    "Mary-Jo", "J.R.", "St. John", "St.John", "Nguyễn Thị Minh Khai", "Jr.", "John 3rd", "Ana & Ben", "Card",
    "Bank", "Win", "Free", "Call", "محمود درويش", "李小龍", "Дмитрий", "שרה", "Kahananui ʻŌpūnui", "Łukasz",
    "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwaren", "A.B.", "Sam (they)", "ลลิตา", "Nuñez y Domingo",
    "You", "Dr. A. Card", "Jean-Luc Free",
]  # fmt: skip
MESSAGES = [
    "http://evil.example", "https://evil.example/x", "evil.com", "Ana evil.com", "www.evil.com", "EVIL.COM", "evil .com/x",
    "ana@example.org", "tel:555", "5035551234", "Ana +1 503 555 1234", "Last warning: confirm", "Confirm your bank card",
    "Last warning confirm your bank card at once", "Click here!", "Your account is suspended", "Please call us now",
    "<b>Ana</b>", "{{ 7 * 7 }}", "[click](x)", "Ana\u202egro", "a" + "\u200b" + "b", "🎉 Winner", "Ana/Ben.com", "evil。com",
    "ｅｖｉｌ.ｃｏｍ", "Dear friend you have won", "we know where you live and we are coming", "bücher.de", "пример.рф", "...", "--", "$$$",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_are_names(name):
    assert is_name(name)


@pytest.mark.parametrize("text", MESSAGES)
def test_links_addresses_and_messages_are_none(text):
    assert not is_name(text)


@pytest.mark.parametrize(
    "text",
    [
        "\u3164",
        "\u115f\u1160",
        "\uffa0",
        "A\u3164B",
        "a" + "\u0300" * 40,
        "Z\u0335\u0322\u0317\u035a\u0348lgo",
    ],
)
def test_names_that_show_nothing_or_cover_the_lines_around_are_none(text):
    assert not is_name(text)


@pytest.mark.parametrize("name", ["Nguyễn Thị Ánh", "Nguye\u0302\u0303n", "שָׁלוֹם", "مُحَمَّد", "สมศักดิ์"])
def test_accents_that_names_have_are_none_too_many(name):
    assert is_name(name)


def test_a_message_is_not_spread_over_two_fields():
    assert is_name("Confirm in")
    assert is_name("the bank")
    assert not is_full_name("Confirm in the bank")


@given(
    st.text(max_size=100),
    st.sampled_from(["http://", "@", "://", "www.a.com", "x.org", "\n", "\r", "\x00"]),
)
def test_nothing_around_it_makes_a_link_a_name(text, link):
    half = len(text) // 2
    assert not is_name(f"{text[:half]} {link} {text[half:]}")


@pytest.mark.parametrize(
    "text", ["Last warning: confirm your bank card at http://evil.example", "evil.com"]
)
@pytest.mark.parametrize("field", ["first_name", "last_name"])
def test_a_friends_words_reach_no_mail(site, text, field):
    before = site.state()
    for url in ("/join", site.links().update):
        form = {"email": "ana@example.net", "list-members": "yes", field: text}
        page = site.post(url, form)
        assert page.status_code == 422
        assert 'aria-invalid="true"' in page.text
    assert site.state() == before
    assert site.mails(address(0)) == []
