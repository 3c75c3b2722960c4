"""Mails in the language of the campaign, or of each recipient, and in its direction."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import pytest

from mailer.compiler import language
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
        (
            "El concejo votó el lunes para cerrar la línea, y los vecinos del barrio no lo aceptan",
            "es",
        ),
        (
            "The council voted to close the line, and El Paso and Los Angeles and La Paz will follow",
            "en",
        ),
        ("Nous avons besoin de vous dans la rue avec les voisins", "en"),  # no words for French
        ("We need you on the bus and in the hall. Los vecinos del barrio y las escuelas", "en"),
    ],
)
def test_letters_and_words_tell_the_language_where_nothing_says_it(text, language):
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


def test_a_language_that_is_written_out_is_told_its_code():
    with pytest.raises(CampaignError, match='no words for the language "Spanish"') as error:
        merged(TWO.format(more="language: Spanish\n"))
    assert error.value.hint == "Write language: es"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("ar", "صوّت المجلس لإغلاق الخط"),
        ("de", "Der Rat hat für die Schließung gestimmt, und wir brauchen sie auf der Straße."),
        ("en", "The council voted to close the line, and we need you to call your mayor."),
        ("es", "El concejo votó para cerrar la línea. ¿Nos ayuda hoy? Los vecinos lo esperan."),
        ("fr", "Le conseil a voté pour fermer la ligne. Nous avons besoin de vous dans la rue."),
        ("he", "המועצה הצביעה לסגור"),
        ("ht", "Nou bezwen ou jodi a. Tout moun nan vil la gen yon mesaj pou majistra a."),
        ("ja", "市議会は夜行バスを廃止することを決めました。"),
        ("ko", "시의회가 노선을 폐쇄하기로 했습니다"),
        (
            "pt",
            "A câmara votou. Você não está só: são mais de mil vizinhos com uma carta até sua porta.",
        ),
        ("ru", "Совет проголосовал за закрытие линии"),
        (
            "tl",
            "Bumoto ang konseho. Kailangan natin ang inyong tulong sa mga kalye para sa ating bus.",
        ),
        (
            "vi",
            "Hội đồng đã bỏ phiếu. Chúng tôi cần bạn và những người hàng xóm của bạn với các lá thư.",
        ),
        ("zh", "市议会决定关闭这条公交线路"),
        ("", "Bus 12, Hall 7: 6 pm."),
        ("", "We need you and your mayor. Los vecinos del barrio y las escuelas lo esperan hoy."),
    ],
)
def test_a_text_tells_its_language(code, text):
    assert language.guessed(text) == code


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


@pytest.mark.parametrize(
    ("count", "noun"), [(1, "توقيع"), (7, "توقيعات"), (41286, "توقيعا"), (41300, "توقيع")]
)
def test_a_count_takes_its_plural(count, noun):
    body = f"""---
subject: عريضة
language: ar
---

{{% call petition("https://www.example.org/sign", to=["المجلس"], signatures={count}) %}}
أعيدوا الحافلة.
{{% endcall %}}
"""
    assert f"{count:,} {noun}\n" in merged(body).text
