"""The page of a petition in the preview."""

from __future__ import annotations

import pytest

from mailer import config
from mailer.errors import CampaignError, UsageError
from mailer.web.preview import petitions
from tests.support.petitions import TEXT
from tools.projects.project import NOW, make_project


@pytest.fixture
def root(tmp_path):
    root = make_project(tmp_path / "project", 3)
    (root / "campaigns" / "petitions").mkdir()
    (root / "campaigns" / "petitions" / "night-bus.md").write_text(
        TEXT.replace("closes: 2026-04-09\n", "")
    )
    return root


def test_a_petition_is_shown_as_signers_would_see_it_now(root, store):
    page = petitions.page(config.load(root), store, "night-bus", NOW)
    assert "Run every trunk line until one in the morning." in page
    assert "Sign the petition" in page
    assert f'href="{petitions.STYLE}?name=night-bus"' in page
    assert "--surface" in petitions.style(config.load(root), "night-bus")


def test_a_petition_is_shown_in_its_brand_and_language(root, store):
    with (root / "mailer.toml").open("a") as file:
        file.write(
            '[brands.river]\nname = "River Watch"\n[brands.river.colors]\nprimary = "#123456"\n'
        )
    path = root / "campaigns" / "petitions" / "night-bus.md"
    path.write_text(path.read_text().replace("goal:", "brand: river\nlanguage: es\ngoal:"))
    page = petitions.page(config.load(root), store, "night-bus", NOW)
    assert "River Watch" in page
    assert "Firmar la petición" in page
    assert "#123456" in petitions.style(config.load(root), "night-bus")
    path.write_text(path.read_text().replace("brand: river", "brand: rivers"))
    with pytest.raises(CampaignError, match='no brand "rivers"') as error:
        petitions.page(config.load(root), store, "night-bus", NOW)
    assert error.value.place.line == 4


def test_a_mistake_is_named_with_its_place(root, store):
    path = root / "campaigns" / "petitions" / "night-bus.md"
    path.write_text(path.read_text().replace("goal: 50,000", "goal: many"))
    with pytest.raises(CampaignError) as error:
        petitions.page(config.load(root), store, "night-bus", NOW)
    assert error.value.place.line == 4
    with pytest.raises(UsageError):
        petitions.page(config.load(root), store, "day-bus", NOW)
