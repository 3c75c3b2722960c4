"""The documentation cannot go stale: commands, settings, modules and links in it exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from mailer.campaigns.campaign import FrontMatter
from mailer.cli import app
from mailer.config import Settings
from mailer.schema import Section

ROOT = Path(__file__).parents[2]
TOP = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
PAGES = [*(ROOT / name for name in TOP), *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = typer.main.get_command(app)


def documented(pattern):
    return [
        pytest.param(page, match, id=f"{page.name}: {match}")
        for page in PAGES
        for match in sorted(set(re.findall(pattern, page.read_text(encoding="utf-8"))))
    ]


def links():
    """Links between pages; brackets in program code are none."""
    for page in PAGES:
        prose = re.sub(r"(?ms)^```python$.*?^```$", "", page.read_text(encoding="utf-8"))
        for target in sorted(set(re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", prose))):
            yield pytest.param(page, target, id=f"{page.name}: {target}")


def names_of(command):
    return getattr(command, "commands", {})


# "`mailer send`" in prose, "    mailer send" in a block
MENTION = r"(?:`|^\s+(?:\.venv/bin/)?|^\$ )mailer ((?:[a-z]+(?:-[a-z]+)* ?){1,2})"


@pytest.mark.parametrize(("_", "words"), documented(f"(?m){MENTION}"))
def test_a_command_that_is_mentioned_exists(_, words):
    first, *rest = words.split()
    assert first in names_of(COMMAND)
    below = names_of(names_of(COMMAND)[first])
    if below and rest:
        assert rest[0] in below


@pytest.mark.parametrize(("_", "words", "option"), [
    pytest.param(page, *found, id=f"{page.name}: {' '.join(found)}")
    for page in PAGES
    for found in sorted(set(re.findall(rf"(?m){MENTION}[^`\n]*?(--[a-z-]+)", page.read_text("utf-8"))))
])  # fmt: skip
def test_an_option_that_is_mentioned_exists(_, words, option):
    command = COMMAND
    for word in words.split():
        command = names_of(command).get(word, command)
    assert option in {name for parameter in command.params for name in parameter.opts}


def settings_keys(model, prefix=""):
    for name, field in model.model_fields.items():
        inner = [
            kind
            for kind in (field.annotation, *getattr(field.annotation, "__args__", ()))
            if isinstance(kind, type) and issubclass(kind, Section)
        ]
        yield name
        for kind in inner:
            yield from settings_keys(kind, f"{prefix}{name}.")


@pytest.mark.parametrize("key", sorted(set(settings_keys(Settings))))
def test_every_setting_is_documented(key):
    assert re.search(
        rf"`{key}`|\[{key}|\.{key}\]", (ROOT / "docs/configuration.md").read_text("utf-8")
    )


@pytest.mark.parametrize("key", FrontMatter.model_fields)
def test_every_key_of_the_front_matter_is_documented(key):
    assert f"`{key}`" in (ROOT / "docs/writing-campaigns.md").read_text("utf-8")


@pytest.mark.parametrize("command", sorted(names_of(COMMAND)))
def test_every_command_is_documented(command):
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert f"mailer {command}" in text


@pytest.mark.parametrize(
    ("_", "path"), documented(r"`((?:mailer/|tests/)?[a-z_]+(?:/[a-z_]+)*\.py)`")
)
def test_a_module_that_is_mentioned_exists(_, path):
    assert (ROOT / path).exists() or (ROOT / "mailer" / path).exists()


@pytest.mark.parametrize(("page", "target"), list(links()))
def test_a_link_between_pages_leads_somewhere(page, target):
    if page.name in {"writing-campaigns.md", "components.md"} and not target.endswith(".md"):
        pytest.skip("an example of a link in a campaign")
    assert (page.parent / target).exists()


def test_every_package_has_its_place_in_the_flow():
    flow = (ROOT / "docs" / "flow.md").read_text(encoding="utf-8")
    for path in (ROOT / "mailer").glob("*/__init__.py"):
        assert f"`{path.parent.name}/" in flow


@pytest.mark.parametrize(("_", "test"), documented(r"`(tests/[\w/]+\.py::\w+)`"))
def test_a_test_that_is_named_exists(_, test):
    file, _, name = test.partition("::")
    assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8")
