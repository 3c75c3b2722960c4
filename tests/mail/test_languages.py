"""Mails in the language of the campaign, or of each recipient, and in its direction."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import pytest

from mailer.errors import CampaignError
from mailer.links import Keys
from mailer.mail.merge import Merger
from tools.projects import samples

EVERYTHING = """---
subject: Letter
layout: {layout}
list: members
{more}---

{{{{ action(1, "A") }}}}

{{% call petition("https://www.example.org/a", to=["B"], signatures=41286, goal=50000) %}}C{{% endcall %}}

Text.[^a]

{{% call call_script("202-555-0100", to="D") %}}E{{% endcall %}}

{{% call call_script("202-555-0100", zip=false) %}}E{{% endcall %}}

{{% call(vote) call_script("202-555-0100", officials=recipient.lookups.senators, votes=["yes", "no"]) %}}{{{{ vote }}}}{{% endcall %}}

{{% call(vote) call_script("202-555-0100", votes=["yes", "no"]) %}}{{{{ vote }}}}{{% endcall %}}

{{{{ officials([]) }}}}

{{{{ share("F", "https://www.example.org/f", handles=["@G", "@H"]) }}}}

{{{{ share("F", "https://www.example.org/f") }}}}

{{% call donate([7, 20]) %}}I{{% endcall %}}

{{{{ image("https://www.example.org/j.png", alt="J") }}}}

{{{{ divider() }}}}

[^a]: K
"""
OURS = re.compile(
    r"\b(view|forward|sent|update|unsubscribe|sources?|petition|signatures?|sign|alert|call|dial|"
    r"when|voted|say|tell|post|spread|share|mail a friend|chip in|amount|give|picture|back|your|and)\b",
    re.IGNORECASE,
)
"""English words that templates could bring, and no name of the sample organization holds."""


def merged(text: str, language: str = "", **changes: str):
    person = samples.difficult("heat-alert")["usual"]
    person = replace(person, **changes, fields={**person.fields, "language": language})
    fields = frozenset(person.fields)
    keys = Keys(["a key for tests only"])
    return Merger(samples.written(text), fields=fields, keys=keys, send_id=1).merge(person)


@cache
def everything(layout: str, language: str):
    return merged(EVERYTHING.format(layout=layout, more=f"language: {language}\n"))


def furniture(html: str) -> str:
    """All words and labels of a mail that are neither the writer's nor the organization's own."""
    html = re.sub(r"<head>.*?</head>|<!--.*?-->", "", html, flags=re.DOTALL)
    labels = re.findall(r'(?:aria-label|alt|title)="([^"]*)"', html)
    links = re.findall(r"mailto:\?subject=([^&\"]*)", html)
    words = " ".join([re.sub(r"<[^>]*>", " ", html), *labels, *links])
    words = " ".join(words.split())
    brand = samples.project().settings.brand
    for own in (brand.about, brand.legal, brand.name, *(place.label for place in brand.social)):
        words = words.replace(own, "")
    return re.sub(r"\S+@\S+|https?://\S+", "", words)


@pytest.mark.parametrize("layout", ["newsletter", "petition", "alert"])
@pytest.mark.parametrize("language", ["es", "ar", "he", "zh"])
def test_no_english_stands_in_a_mail_of_another_language(layout, language):
    mail = everything(layout, language)
    assert OURS.findall(furniture(mail.html)) == []
    assert OURS.findall(furniture(mail.text)) == []
    assert OURS.findall(furniture(everything(layout, "en").html)) != []


@pytest.mark.parametrize("layout", ["newsletter", "petition", "alert"])
@pytest.mark.parametrize(("language", "direction"), [("es", "ltr"), ("ar", "rtl"), ("he", "rtl")])
def test_a_mail_says_its_language_and_direction(layout, language, direction):
    html = everything(layout, language).html
    assert f'<html lang="{language}" dir="{direction}"' in html
    assert re.search(rf'class="page"[^>]* lang="{language}" dir="{direction}"', html)
    away = "left" if direction == "rtl" else "right"
    assert not re.search(rf'<td align="{away}"', html)
    assert ("direction:ltr" in html) is False


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("صوّت المجلس لإغلاق الخط", "ar"),
        ("המועצה הצביעה לסגור", "he"),
        ("市议会决定关闭这条公交线路", "zh"),
        ("The council voted", "en"),
        ("The council voted for 市议会", "en"),
    ],
)
def test_letters_tell_the_language_where_nothing_says_it(text, language):
    body = f'{text}.\n\n{{{{ button("{text}", "https://www.example.org/a-long-address") }}}}'
    html = merged(f"---\nsubject: {text}\n---\n\n{body}\n").html
    assert f'<html lang="{language}"' in html


TWO = """---
subject: Letter
{more}---

{{% if recipient.fields.language == "es" %}}
El voto.[^a]
{{% else %}}
The vote.[^a]
{{% endif %}}

[^a]: A note
"""


@pytest.mark.parametrize(
    ("more", "language", "expected"),
    [
        ("", "es", "es"),
        ("", "en", "en"),
        ("", "ar", "en"),  # the text is English for them
        ("", "", "en"),
        ('language: "{{ recipient.fields.language }}"\n', "ar", "ar"),
        ('language: "{{ recipient.fields.language }}"\n', "es-MX", "es"),
        ('language: "{{ recipient.fields.language }}"\n', "tlh", "en"),
        ('language: "{{ recipient.fields.language }}"\n', "", "en"),
        ("language: \"{% if recipient.fields.language == 'es' %}es{% else %}en{% endif %}\"\n", "es", "es"),
        ("language: es-419\n", "en", "es"),
    ],
)  # fmt: skip
def test_a_recipient_gets_the_language_of_the_text(more, language, expected):
    mail = merged(TWO.format(more=more), language)
    assert f'<html lang="{expected}"' in mail.html
    assert {"es": "Fuentes", "en": "Sources", "ar": "المصادر"}[expected] in mail.text


def test_a_language_without_words_is_an_error_that_says_what_to_do():
    with pytest.raises(CampaignError, match='no words for the language "fr"') as found:
        merged(TWO.format(more="language: fr\n"))
    assert str(found.value.place) == "campaigns/example.md:3"
    assert "en.txt" in (found.value.hint or "")


def test_a_project_can_add_a_language():
    words = samples.written(TWO.format(more="language: fr\n"))
    english = words.files["templates/languages/en.txt"]
    french = english.replace('"Sources"', '"Références"')
    words = replace(words, files={**words.files, "templates/languages/fr.txt": french})
    person = samples.members()[0]
    person = replace(person, fields={**person.fields, "language": ""})
    keys = Keys(["a key for tests only"])
    mail = Merger(words, fields=frozenset(person.fields), keys=keys, send_id=1).merge(person)
    assert "Références" in mail.html
    assert '<html lang="fr" dir="ltr"' in mail.html


def test_every_language_has_all_words():
    words = {
        path: re.findall(r"{%-? (?:macro|set) (\w+)", source)
        for path, source in samples.load("heat-alert").files.items()
        if path.startswith("templates/languages/")
    }
    assert len(words) == 5
    assert len({tuple(names) for names in words.values()}) == 1


@pytest.mark.parametrize("number", ["202-555-0100", "+1 202 555 0100", "202.555.0100"])
def test_a_telephone_number_keeps_its_order_between_arabic_words(number):
    link = "[صفحة](https://www.example.org/202-555-0100)"
    mail = merged(f"---\nsubject: رقم\n---\n\nرقمنا {number} هنا {link}.\n")  # noqa: RUF001 - Arabic
    assert f"\u200e{number}" in mail.html
    assert f"\u200e{number}" in mail.text
    assert 'href="https://www.example.org/202-555-0100"' in mail.html


def test_numbers_are_written_as_the_language_does():
    assert "41.286 firmas de 50.000" in everything("petition", "es").text
    assert "41,286 signatures of 50,000" in everything("petition", "en").text
