"""Addresses with letters beyond ASCII lead to the same place in both parts, whatever writes them."""

import re

import pytest

from mailer.compiler import ascii_urls
from tests.support.campaigns import ANA
from tests.support.real_templates import merge_real

URL = "https://münchen.example/straße?q=ü"
ASCII = "https://xn--mnchen-3ya.example/stra%C3%9Fe?q=%C3%BC"


@pytest.mark.parametrize(
    "body",
    [
        f'{{{{ button("Sign", "{URL}") }}}}',
        f"[Sign]({URL})",
        f"<{URL}>",
        f'<a href="{URL}">Sign</a>',
        f"<a href='{URL}'>Sign</a>",
    ],
)
def test_both_parts_lead_to_the_same_ascii_address(body):
    merged = merge_real(body, ANA)
    assert f'href="{ASCII}"' in merged.html
    assert ASCII in merged.text
    assert not re.search(r"href=\"[^\"]*%C3%BCnchen", merged.html)


def test_an_address_joined_with_a_value_has_an_ascii_host():
    merged = merge_real(f'{{{{ button("Sign", "{URL}&n=" ~ recipient.first_name) }}}}', ANA)
    assert f'href="{ASCII}&amp;n={ANA.first_name}"' in merged.html
    assert f"<{ASCII}&n={ANA.first_name}>" in merged.text


def test_a_pictures_address_is_ascii():
    merged = merge_real('{{ image("https://münchen.example/bild.png", alt="Bild") }}', ANA)
    assert 'src="https://xn--mnchen-3ya.example/bild.png"' in merged.html


@pytest.mark.parametrize(
    "source",
    ['<a href="https://example.org/?a=1&amp;b=2">ü</a>', "münchen.example", "<p title='ü'>ü</p>"],
)
def test_everything_else_stays_as_it_is(source):
    assert ascii_urls.in_html(source) == source
    assert ascii_urls.in_plain_text(source) == source
