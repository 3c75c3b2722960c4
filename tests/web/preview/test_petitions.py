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
    assert f'href="{petitions.STYLE}"' in page
    assert "--surface" in petitions.style(config.load(root).settings.brand)


def test_a_mistake_is_named_with_its_place(root, store):
    path = root / "campaigns" / "petitions" / "night-bus.md"
    path.write_text(path.read_text().replace("goal: 50,000", "goal: many"))
    with pytest.raises(CampaignError) as error:
        petitions.page(config.load(root), store, "night-bus", NOW)
    assert error.value.place.line == 4
    with pytest.raises(UsageError):
        petitions.page(config.load(root), store, "day-bus", NOW)
