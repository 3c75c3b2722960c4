"""The words of the pages: every language says everything, and a wrong file is named with its line."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from markupsafe import Markup

from mailer import assets
from mailer.compiler import page_words
from mailer.errors import CampaignError

SOURCES = {
    name.removeprefix("pages/").removesuffix(".txt"): text
    for name, text in assets.templates().items()
    if name.startswith("pages/")
}
ENGLISH = SOURCES["en"]


def line_of(part, text=ENGLISH):
    return text[: text.index(part)].count("\n") + 1


def load(tmp_path, text, code="fr"):
    folder = tmp_path / "templates" / "pages"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{code}.txt").write_text(text, encoding="utf-8")
    return page_words.load(tmp_path)


def test_every_language_that_comes_with_mailer_says_everything():
    words = page_words.PageWords(SOURCES, SOURCES)
    assert words.available == ["ar", "en", "es", "he", "zh"]
    assert words.get("ar").direction == words.get("he").direction == "rtl"
    assert words.get("es").direction == "ltr"


@pytest.mark.parametrize("code", sorted(set(SOURCES) - {"en"}))
def test_a_translation_is_translated(code):
    """No text is the English one by accident."""
    text = re.compile(r'= "(.*?)" %}|-%}(.*?){%- endmacro', re.DOTALL)
    english = {"".join(match) for match in text.findall(ENGLISH)}
    same = {"".join(match) for match in text.findall(SOURCES[code])} & english
    assert same <= {"{{ count | thousands }}"}


@pytest.mark.parametrize(
    ("old", "new", "message", "at"),
    [
        ('{% set save = "Save" %}\n', "", '"save" is missing', "macro optional"),
        ('{% set save = "Save" %}', '{% set savee = "Save" %}', 'no page uses "savee"', "set save"),
        ("too_long(most) -%}", "too_long(at_most) -%}", 'there is no "most"', "too_long"),
        (
            "too_long(most) -%}Please use at most {{ most }}",
            "too_long(n) -%}Please use at most {{ n }}",
            '"too_long" does not take',
            "too_long",
        ),
        ("at most {{ most }} ch", "at most few ch", 'does not show "most"', "too_long"),
        ("at most {{ most }} ch", "at {{ least }} {{ most }} ch", 'no "least"', "too_long"),
        ("at most {{ most }} ch", "{{ most.first.second }} ch", "cannot be filled in", "too_long"),
        ("at most {{ most }} ch", "at most {{ most }} <b>ch", '"<" stands', "too_long"),
        ("at most {{ most }} ch", "at most {{ most ch", "cannot be read", "too_long"),
        ("at most {{ most }} ch", "at most {{ most | lots }} ch", "cannot be read", "too_long"),
        ('{% set save = "Save" %}', "Save", "belongs to no name", "set save"),
        (
            '{% set save = "Save" %}',
            "{% macro save() -%}Save{%- endmacro %}",
            '"save" does not take',
            "set save",
        ),
    ],
)
def test_a_wrong_file_is_an_error_with_its_line(tmp_path, old, new, message, at):
    assert ENGLISH.count(old) == 1
    with pytest.raises(CampaignError) as error:
        load(tmp_path, ENGLISH.replace(old, new))
    assert message in error.value.message
    assert str(error.value.place) == f"templates/pages/fr.txt:{line_of(at)}"
    assert error.value.hint


def test_a_file_that_is_no_language_or_no_text_is_an_error(tmp_path):
    with pytest.raises(CampaignError, match="is no language"):
        load(tmp_path, ENGLISH, "french words")
    (tmp_path / "templates" / "pages" / "french words.txt").unlink()
    (tmp_path / "templates" / "pages" / "fr.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CampaignError, match="UTF-8"):
        page_words.load(tmp_path)


def test_a_project_adds_a_language_with_helpers_of_its_own_and_replaces_words(tmp_path):
    french = ENGLISH.replace(
        '{% set save = "Save" %}', '{% set _s = "Enregistrer" %}{% set save = _s %}'
    )
    words = load(tmp_path, french)
    assert words.get("fr-CA").html.save == "Enregistrer"
    assert words.get("en").html.save == "Save"
    assert load(tmp_path, ENGLISH.replace('"Save"', '"Keep"'), "en").get("en").html.save == "Keep"


def test_a_language_without_words_gets_the_english_ones():
    assert page_words.load(Path("nowhere")).get("fr").language == "en"


def test_parameters_are_escaped_once_and_plain_text_never():
    words = page_words.load(Path("nowhere")).get("en")
    address = Markup("<strong>a@b.example</strong>")
    assert "<strong>a@b.example</strong> has signed “&lt;b&gt; &amp;amp;”" in words.html.has_signed(
        address, "<b> &amp;"
    )
    assert (
        words.text.has_signed("a@b.example", "<b> &amp;") == "a@b.example has signed “<b> &amp;”."
    )
    assert words.text.save == "Save"


@pytest.mark.parametrize(
    ("code", "count", "noun"),
    [
        ("en", 1, "signature"),
        ("en", 2, "signatures"),
        ("es", 1, "firma"),
        ("es", 1000, "firmas"),
        ("ar", 1, "توقيع"),
        ("ar", 3, "توقيعات"),
        ("ar", 11, "توقيعا"),
        ("ar", 99, "توقيعا"),
        ("ar", 100, "توقيع"),
        ("ar", 1003, "توقيعات"),
    ],
)
def test_signatures_are_counted_in_the_language_s_own_plural(code, count, noun):
    assert page_words.load(Path("nowhere")).get(code).html.signatures(count) == noun


def test_numbers_and_dates_are_written_as_the_language_does():
    day, words = date(2026, 4, 9), page_words.load(Path("nowhere"))
    assert [words.get(code).html.day(day) for code in ("en", "es", "zh")] == [
        "April 9, 2026",
        "9 de abril de 2026",
        "2026年4月9日",
    ]
    assert words.get("es").html.number(41286) == "41.286"
