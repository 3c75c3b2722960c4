"""What the authors' pages show works: every example compiles and reads as they say."""

from __future__ import annotations

import itertools
import re
import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from jinja2 import Environment, nodes

from mailer import config
from mailer.campaigns.campaign import FrontMatter
from mailer.config import (
    Bounces,
    Brand,
    Colors,
    Content,
    Fonts,
    Lookup,
    Pages,
    PublicList,
    Sender,
    SendSettings,
    SiteSettings,
    Social,
)
from mailer.errors import CampaignError
from tools.projects import samples

if TYPE_CHECKING:
    from pydantic import BaseModel

DOCS = samples.ROOT / "docs"
PAGES = ("writing-campaigns.md", "components.md", "configuration.md")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FRONT = "---\nsubject: An example\n---\n\n"


def fences(page: str) -> list[tuple[str, str, int]]:
    """(language, content, line) of each fenced block of a page."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return [
        (match[1], match[2], text.count("\n", 0, match.start()) + 1)
        for match in FENCE.finditer(text)
    ]


def examples(*languages: str) -> list[pytest.param]:
    return [
        pytest.param(language, content, id=f"{page}:{line}")
        for page in PAGES
        for language, content, line in fences(page)
        if language in languages
    ]


def merge(text: str, who: str = "usual"):
    person = samples.member(email="siobhan.dlamini@example.org")
    if who != "usual":
        unknown = {"zip": "", "city": "", "state": "", "county": "", "timezone": ""}
        person = replace(person, first_name="", tags=(), **unknown)
    return samples.merger_of(samples.written(text)).merge(person)


@pytest.mark.parametrize("who", ["usual", "somebody unknown"])
@pytest.mark.parametrize(("language", "content"), examples("campaign", "markdown"))
def test_example_compiles(language, content, who):
    merged = merge(content if language == "campaign" else FRONT + content, who)
    assert merged.html.startswith("<!doctype html>")
    assert "{" not in merged.text


def with_text() -> list[pytest.param]:
    found = fences("components.md")
    return [
        pytest.param(content, expected, id=f"components.md:{line}")
        for (language, content, line), (following, expected, _) in itertools.pairwise(found)
        if (language, following) == ("markdown", "text")
    ]


@pytest.mark.parametrize(("content", "expected"), with_text())
def test_example_reads_in_text_as_the_page_says(content, expected):
    text = merge(FRONT + content).text
    body = text.split("=" * 72 + "\n\n")[1].rsplit("\n\n" + "-" * 72, 1)[0]
    assert body == expected.rstrip("\n")


def test_every_component_has_an_example_and_its_text():
    page = (DOCS / "components.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    assert set(sections) == set(macros("components.mjml"))
    for name, section in sections.items():
        assert f"{name}(" in section
        assert "```markdown" in section
        assert "```text" in section


def macros(file: str) -> dict[str, list[tuple[str, object]]]:
    source = (samples.ROOT / "templates" / file).read_text(encoding="utf-8")
    return {
        macro.name: [
            *((arg.name, None) for arg in macro.args[: len(macro.args) - len(macro.defaults)]),
            *zip(
                (arg.name for arg in macro.args[len(macro.args) - len(macro.defaults) :]),
                (default.as_const() for default in macro.defaults),
                strict=True,
            ),
        ]
        for macro in Environment(autoescape=False).parse(source).find_all(nodes.Macro)
        if not macro.name.startswith("_")
    }


def test_components_take_the_same_arguments_in_both_parts():
    assert macros("components.mjml") == macros("components.txt")


def test_every_argument_that_can_be_left_out_is_explained():
    page = (DOCS / "components.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    for name, arguments in macros("components.mjml").items():
        for argument, default in arguments:
            if default is not None:
                assert f"{argument}=" in sections[name], f"{name}({argument}=)"


@pytest.mark.parametrize("name", ["petition", "call_script", "pull_quote"])
def test_component_without_its_words_is_an_error_on_its_line(name):
    argument = {"petition": '"https://www.example.org/"', "call_script": '"202-555-0100"'}
    with pytest.raises(CampaignError, match=f"{name}\\(\\) has no") as caught:
        merge(f"{FRONT}Hello.\n\n{{{{ {name}({argument.get(name, '')}) }}}}\n")
    assert str(caught.value.place) == "campaigns/example.md:7"


@pytest.mark.parametrize("alt", ["", ', alt=""'])
def test_image_without_description_is_an_error_on_its_line(alt):
    with pytest.raises(CampaignError, match="this image has no description") as caught:
        merge(f'{FRONT}{{{{ image("https://www.example.org/a.png"{alt}) }}}}\n')
    assert str(caught.value.place) == "campaigns/example.md:5"


def test_donation_ask_without_a_page_is_an_error():
    found = samples.written(FRONT + "{{ donate([7]) }}\n")
    brand = found.content.brand.model_copy(update={"donate": ""})
    found = replace(found, content=found.content.model_copy(update={"brand": brand}))
    with pytest.raises(CampaignError, match="does not know your donation page"):
        samples.merger_of(found).merge(samples.members()[0])


# ---------------------------------------------------------------- front matter and settings


def test_every_key_of_the_front_matter_is_explained():
    page = (DOCS / "writing-campaigns.md").read_text(encoding="utf-8")
    table = page.partition("## The top")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == list(FrontMatter.model_fields)


def test_settings_example_is_valid_and_shows_every_key():
    ((_, content, _),) = [fence for fence in fences("configuration.md") if fence[0] == "toml"]
    config.parse(content)
    table = tomllib.loads(content)
    assert set(table) == set(Content.model_fields) | {"send", "bounces", "pages", "store"}
    for model, shown in (
        (Brand, table["brand"]),
        (Colors, table["brand"]["colors"]),
        (Fonts, table["brand"]["fonts"]),
        (Social, table["brand"]["social"][0]),
        (Sender, table["sender"]),
        (SiteSettings, table["site"]),
        (SendSettings, table["send"]),
        (Bounces, table["bounces"]),
        (Lookup, table["lookups"]["senators"]),
        (Pages, table["pages"]),
        (PublicList, table["pages"]["lists"][0]),
    ):
        assert set(shown) == set(model.model_fields)


@pytest.mark.parametrize("model", [Brand, Colors, Sender, SiteSettings, SendSettings, Lookup])
def test_every_setting_is_explained(model: type[BaseModel]):
    page = (DOCS / "configuration.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE))
    assert set(model.model_fields) - {"colors", "fonts", "social"} <= explained


def test_defaults_on_the_page_are_the_defaults():
    ((_, content, _),) = [fence for fence in fences("configuration.md") if fence[0] == "toml"]
    brand = tomllib.loads(content)["brand"]
    assert brand["colors"] == Colors().model_dump()
    assert brand["fonts"] == Fonts().model_dump()


@pytest.mark.parametrize("page", PAGES)
def test_links_between_the_pages_lead_somewhere(page):
    text = FENCE.sub("", (DOCS / page).read_text(encoding="utf-8"))
    for target in re.findall(r"\]\((?!http)([^)]+)\)", text):
        file, _, anchor = target.partition("#")
        linked = (DOCS / (file or page)).read_text(encoding="utf-8")
        headings = re.findall(r"^#+ (.*)$", FENCE.sub("", linked), re.MULTILINE)
        slugs = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
        assert not anchor or anchor in slugs, target


# ---------------------------------------------------------------- what `mailer new` begins with


@pytest.mark.parametrize("layout", ["newsletter", "petition", "alert"])
def test_starter_is_a_campaign_of_its_layout(layout):
    text = (samples.ROOT / "templates" / "starters" / f"{layout}.md").read_text(encoding="utf-8")
    merged = merge(text)
    assert f"layout: {layout}\n" in text
    assert "Sources" in merged.text
