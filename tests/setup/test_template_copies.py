"""A template becomes a project's own by copying it, and the copy is known when ours moves on."""

from __future__ import annotations

import json

import pytest

from mailer import assets, config
from mailer.errors import ConfigError, UsageError
from mailer.setup import new_project, template_copies
from mailer.setup.template_copies import Origin


@pytest.fixture
def project(tmp_path):
    new_project.create(tmp_path, new_project.EXAMPLE)
    return config.load(tmp_path)


def origins(project):
    return {each.name: each.origin for each in template_copies.statuses(project)}


def test_all_templates_come_with_mailer_at_first(project):
    assert set(origins(project).values()) == {Origin.PACKAGE}


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ("newsletter", ["newsletter.mjml"]),
        ("newsletter.mjml", ["newsletter.mjml"]),
        ("components", ["components.mjml", "components.txt"]),
        ("partials/footer.mjml", ["partials/footer.mjml"]),
        ("templates/partials/footer.mjml", ["partials/footer.mjml"]),
        ("footer", ["partials/footer.mjml"]),
        ("starters/alert.md", ["starters/alert.md"]),
    ],
)
def test_a_copy_is_the_template_that_comes_with_mailer(project, wanted, names):
    assert template_copies.copy(project, [wanted]) == names
    for name in names:
        assert (project.root / "templates" / name).read_text("utf-8") == assets.templates()[name]
        assert origins(project)[name] is Origin.CURRENT


def test_a_copy_that_was_changed_is_still_up_to_date(project):
    template_copies.copy(project, ["footer"])
    (project.root / "templates/partials/footer.mjml").write_text("<mj-section></mj-section>")
    assert origins(project)["partials/footer.mjml"] is Origin.CURRENT


def test_a_copy_of_what_has_changed_since_is_older_until_it_is_kept(project, monkeypatch):
    template_copies.copy(project, ["footer", "header"])
    newer = {**assets.templates(), "partials/footer.mjml": "<mj-section>new</mj-section>"}
    monkeypatch.setattr(assets, "templates", lambda: newer)
    assert origins(project)["partials/footer.mjml"] is Origin.OLDER
    assert origins(project)["partials/header.mjml"] is Origin.CURRENT
    template_copies.copy(project, ["footer"], keep=True)
    assert origins(project)["partials/footer.mjml"] is Origin.CURRENT
    assert "new" not in (project.root / "templates/partials/footer.mjml").read_text("utf-8")


def test_a_file_of_ones_own_is_neither_old_nor_new(project):
    (project.root / "templates/gala.mjml").write_text("<mjml></mjml>")
    assert origins(project)["gala.mjml"] is Origin.OWN


def test_a_copy_is_never_written_over(project):
    path = project.root / "templates/partials/footer.mjml"
    template_copies.copy(project, ["footer"])
    path.write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        template_copies.copy(project, ["header", "footer"])
    assert path.read_text() == "mine"
    assert not (project.root / "templates/partials/header.mjml").exists()


def test_what_was_never_copied_cannot_be_kept(project):
    with pytest.raises(UsageError, match=r"has no templates/partials/footer\.mjml"):
        template_copies.copy(project, ["footer"], keep=True)


def test_a_misspelt_template_is_suggested(project):
    with pytest.raises(UsageError) as error:
        template_copies.copy(project, ["newslettr"])
    assert "newsletter" in error.value.hint


def test_a_difference_is_shown_line_by_line(project):
    template_copies.copy(project, ["message"])
    assert template_copies.diff(project, "message") == []
    path = project.root / "templates/message.txt"
    path.write_text(f"Hello from us\n{path.read_text('utf-8')}", encoding="utf-8")
    assert "+Hello from us" in template_copies.diff(project, "message")


@pytest.mark.parametrize("record", ["{", "[]", '{"footer.mjml": 1}', "\udcff"])
def test_a_broken_record_is_an_error_with_its_place(project, record):
    (project.root / "templates/copies.json").write_bytes(record.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError) as error:
        template_copies.statuses(project)
    assert str(error.value.place) == "templates/copies.json"


def test_the_record_names_what_was_copied(project):
    template_copies.copy(project, ["footer"])
    record = json.loads((project.root / "templates/copies.json").read_text("utf-8"))
    text = assets.templates()["partials/footer.mjml"]
    assert record == {"partials/footer.mjml": assets.digest(text)}
