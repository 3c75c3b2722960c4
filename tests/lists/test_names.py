"""Names split, mended, and found damaged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.lists.names import is_damaged, is_mendable, mend, split_name


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Ana Fern", "Ana", "Fern"),
        ("Lunt, Bo", "Bo", "Lunt"),
        ("Ana B. Fern", "Ana", "Fern"),
        ("Uta von Berg", "Uta", "von Berg"),
        ("D'Arcy O'Brien", "D'Arcy", "O'Brien"),
        ("Zoë Núñez-Lee", "Zoë", "Núñez-Lee"),
    ],
)
def test_full_names_are_split_where_it_is_certain(name, first, last):
    assert split_name(name) == (first, last)


@pytest.mark.parametrize(
    "name",
    [
        *("Mary Ann Lee", "Dr. Ana Fern", "Bo & Cy Lunt", "Bo and Cy", "Acme Inc", "Ana", ""),
        *("Fern,", "María José García López", "Fern, Ana, Jr.", "ana@example.org", "Ward 5"),
    ],
)
def test_other_names_are_left_whole(name):
    assert split_name(name) == ("", "")


@pytest.mark.parametrize(
    ("damaged", "right"),
    [
        ("JosÃ©", "José"),
        ("NÃºÃ±ez", "Núñez"),
        ("Ã\x8dvar", "Ívar"),
        ("O&#39;Brien", "O'Brien"),
        ("Fern &amp; Sons", "Fern & Sons"),
        ("Caf&eacute;", "Café"),
    ],
)
def test_damage_is_mended_where_it_is_certain(damaged, right):
    assert is_mendable(damaged)
    assert mend(damaged) == right


@pytest.mark.parametrize("name", ["Müller", "JOÃO", "São Tomé", "AT&T", "R&D; B", "Ana", "Łódź"])
def test_sound_names_stay_as_they_are(name):
    assert mend(name) == name
    assert not is_damaged(name)


@pytest.mark.parametrize("name", ["Mar?a", "Mu??oz", "Jos\ufffd"])
def test_lost_letters_are_found(name):
    assert mend(name) == name
    assert is_damaged(name)


def test_a_question_is_no_damage():
    assert not is_damaged("Ana?")


@given(st.text(st.characters(min_codepoint=0xC0, max_codepoint=0x17F), min_size=1))
def test_what_was_read_as_windows_text_is_mended(text):
    damaged = text.encode().decode("latin-1")
    assert mend(damaged) == text
