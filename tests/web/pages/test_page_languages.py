"""Pages and their mails speak the language of the mail, or of the petition, that led to them."""

from __future__ import annotations

import re

import pytest

from mailer.links import Links
from tests.web.conftest import PAGES, Site
from tools.projects.project import SETTINGS, VOTE, address, make_project, start

PETITION = """---
title: {title}
to: [{to}]
list: members
ask: [zip, comment]
consent: {consent}
language: {language}
---
{statement}

## {heading}

{why}[^1]

[^1]: [Junta](https://www.example.org/junta), 2025.
"""
SPANISH = PETITION.format(
    title="El último autobús",
    to="La junta",
    consent="Sí, escríbanme.",
    language="es",
    statement="Que los autobuses circulen hasta la una.",
    heading="¿Por qué?",
    why="Nadie más viaja.",
)
ARABIC = PETITION.format(
    title="الحافلة الأخيرة",
    to="المجلس",
    consent="نعم، اكتبوا إلي.",
    language="ar",
    statement="أعيدوا الحافلة الليلية.",
    heading="لماذا؟",
    why="لا بديل.",
)
FRENCH = PETITION.format(
    title="Le dernier bus",
    to="Le conseil",
    consent="Oui, écrivez-moi.",
    language="fr",
    statement="Rendez-nous le bus de nuit.",
    heading="Pourquoi ?",
    why="Il n'y en a pas d'autre.",
)
PERSONAL = """
{% if recipient.fields.language == "ar" %}

عزيزتي، انضموا إلينا.

{% else %}

Dear neighbor, please join us.

{% endif %}
"""
FORM = {"email": "ana@example.com", "first_name": "Ana", "last_name": "Ruiz", "zip": "97212"}
ENGLISH = re.compile(r">[^<]*\b(the|your|you|please|this)\b[^<]*<", re.IGNORECASE)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    root = make_project(tmp_path_factory.mktemp("languages") / "project", people=2)
    (root / "mailer.toml").write_text(SETTINGS + PAGES)
    people = f"email,language\n{address(0)},ar\n{address(1)},en\n"
    (root / "people.csv").write_text(people)
    start(root, "lists", "import", str(root / "people.csv"), "--list", "members").communicate()
    campaigns = {
        "vote": VOTE,
        "vecinos": VOTE.replace("list: members", "list: members\nlanguage: es"),
        "both": VOTE.partition("\n---\n")[0] + "\n---\n" + PERSONAL,
    }
    for name, text in campaigns.items():
        (root / "campaigns" / f"{name}.md").write_text(text, encoding="utf-8")
        said, _ = start(root, "send", name, "--yes", "--accept-warnings").communicate()
        assert len(list((root / "outbox" / name).glob("*.eml"))) == 2, said
    folder = root / "campaigns" / "petitions"
    folder.mkdir()
    for name, text in (("autobus", SPANISH), ("hafila", ARABIC), ("bus", FRENCH)):
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def site(project):
    site = Site(project)
    with site.client:
        yield site
    site.store.close()


def links(site, campaign, subscriber=1):
    send = site.store.sends.find(campaign, "members")
    return Links("https://mail.example.org", site.keys, campaign, send.id, subscriber)


def language(page):
    return re.search(r'<html lang="([\w-]+)" dir="(\w+)"', page.text).groups()


@pytest.mark.parametrize("purpose", ["unsubscribe", "update"])
def test_the_pages_behind_a_mails_links_are_in_its_language(site, purpose):
    assert language(site.get(getattr(links(site, "vecinos"), purpose))) == ("es", "ltr")
    assert language(site.get(getattr(links(site, "vote"), purpose))) == ("en", "ltr")


@pytest.mark.parametrize("purpose", ["unsubscribe", "update"])
def test_a_mail_in_each_readers_language_leads_to_pages_in_it(site, purpose):
    assert language(site.get(getattr(links(site, "both", 1), purpose))) == ("ar", "rtl")
    assert language(site.get(getattr(links(site, "both", 2), purpose))) == ("en", "ltr")


def test_leaving_undoing_and_the_reason_stay_in_the_language(site):
    left = site.post(links(site, "vecinos", 2).unsubscribe, {"visit": "here"})
    assert "Se ha dado de baja" in left.text
    assert "nuestra lista <strong>Weekly letter</strong>" in left.text
    undo = re.search(r'action="(/undo/[^"/]+)"', left.text)[1]
    assert "Gracias" in site.post(f"{undo}/reason", {"reason": "too-many"}).text
    assert "¿Seguir con la suscripción?" in site.get(undo).text
    assert "Vuelve a estar suscrito" in site.post(undo).text
    reasons = site.rows("SELECT reason FROM departures WHERE reason <> ''")
    assert reasons == [("Too many e-mails",)]


def test_what_is_wrong_in_a_form_is_said_in_its_language(site):
    page = site.post(links(site, "vecinos").update, {"zip": "1", "email": "x", "first_name": "a@b"})
    assert page.status_code == 422
    for problem in ("cinco cifras", "como ana@example.org", "Escriba solo un nombre"):
        assert problem in page.text


def test_a_new_address_is_confirmed_in_the_language(site):
    site.post(links(site, "vecinos").update, {"email": "nueva@example.com"})
    (mail,) = site.mails("nueva@example.com")
    assert mail["Subject"] == "Confirme su nueva dirección"
    assert '<html lang="es" dir="ltr">' in mail.get_body(("html",)).get_content()
    page = site.get(site.link_to("nueva@example.com"))
    assert language(page) == ("es", "ltr")
    assert "¿Escribimos desde ahora a" in page.text


def test_the_page_to_forward_is_in_the_campaigns_language(site):
    page = site.get("/f/vecinos")
    assert language(page) == ("es", "ltr")
    assert "Pens%C3%A9%20que" in page.text


def test_pages_that_nothing_led_to_are_in_the_organizations_language(site):
    for path in ("/join", "/unsubscribe", "/no/such"):
        assert language(site.get(path)) == ("en", "ltr")


def test_an_organization_with_another_language_has_its_pages_in_it(project):
    file = project / "mailer.toml"
    english = file.read_text()
    file.write_text(english.replace("[brand]", '[brand]\nlanguage = "es"', 1))
    try:
        site = Site(project)
        with site.client:
            assert "Suscribirse" in site.get("/join").text
            assert language(site.get("/unsubscribe")) == ("es", "ltr")
        site.store.close()
    finally:
        file.write_text(english)


@pytest.mark.parametrize(
    ("name", "expected", "words"),
    [
        ("autobus", ("es", "ltr"), ["Para:", "Firmar la petición", "Fuentes", "Compártala"]),
        ("hafila", ("ar", "rtl"), ["إلى:", "وقّعوا العريضة", "المصادر", "انشروها"]),
        ("bus", ("en", "ltr"), ["To:", "Sign the petition", "Sources", "Pass it on"]),
    ],
)
def test_a_petitions_page_is_in_its_language_and_english_without_words(site, name, expected, words):
    page = site.get(f"/petition/{name}")
    assert language(page) == expected
    for word in words:
        assert word in page.text
    if expected[0] != "en":
        assert ENGLISH.findall(page.text.replace("A fictional organisation", "")) == []
    else:
        assert '<h1 lang="fr" dir="ltr">Le dernier bus</h1>' in page.text


def test_signing_and_all_that_follows_is_in_the_petitions_language(site):
    form = FORM | {"email": "rosa@example.com", "comment": "Mi línea.", "comment_public": "yes"}
    assert "Escriba su nombre." in site.post("/petition/autobus", {"email": "x"}).text
    mailed = site.post("/petition/autobus", form)
    assert "Revise su buzón" in mailed.text
    mail = site.mails("rosa@example.com")[-1]
    assert mail["Subject"] == "Confirme su firma: El último autobús"
    confirm = site.get(site.link_to("rosa@example.com"))
    assert "Sí, firmo" in confirm.text
    thanks = site.post(site.link_to("rosa@example.com"))
    assert "Gracias por firmar" in thanks.text
    assert "Yo%20firm%C3%A9%20esto" in thanks.text
    receipt = next(
        mail for mail in site.mails("rosa@example.com") if "Usted firmó" in mail["Subject"]
    )
    text = receipt.get_body(("plain",)).get_content()
    assert "Cada nombre más ayuda" in text
    withdraw = site.get(re.search(r"https://\S+/x/\S+", text)[0])
    assert "¿Quitar su nombre?" in withdraw.text
    assert all(language(page) == ("es", "ltr") for page in (mailed, confirm, thanks, withdraw))


def test_a_mails_button_leads_to_the_petitions_language_whatever_the_mails(site):
    send = site.store.sends.find("vote", "members").id
    token = site.keys.token("sign", 1, send, "hafila")
    page = site.get(f"/s/hafila/{token}")
    assert language(page) == ("ar", "rtl")
    assert "أضيفوا اسمي" in page.text
    assert "1</strong> توقيع" in site.press(f"/s/hafila/{token}").text
