"""Starting a project, its first campaign, its own templates, and the documentation in the terminal."""

from __future__ import annotations

import pytest

from mailer import assets, config
from tools.projects.project import SETTINGS


@pytest.fixture
def root(tmp_path):
    (tmp_path / "mailer.toml").write_text(SETTINGS)
    return tmp_path


def settings(folder):
    return config.load(folder).settings


def test_in_a_script_missing_values_are_examples_and_are_named(mailer, tmp_path):
    code, said = mailer("init", str(tmp_path / "new"), "--name", "Oak Street Tenants")
    assert code == 0
    assert "--email, --address, --base-url: change them" in said
    assert settings(tmp_path / "new").brand.name == "Oak Street Tenants"
    assert settings(tmp_path / "new").sender.email == "news@example.org"


def test_in_a_terminal_what_is_missing_is_asked_for_until_it_can_be_used(mailer, tmp_path):
    answers = ["Oak Street Tenants", "news", "news@oak.example", "PO Box 7"]
    options = ("--base-url", "https://mail.oak.example")
    code, said = mailer("init", str(tmp_path / "new"), *options, answers=answers)
    assert code == 0
    assert "must be an e-mail address" in said
    assert "Example values" not in said
    assert settings(tmp_path / "new").sender.email == "news@oak.example"
    assert settings(tmp_path / "new").brand.address == "PO Box 7"


def test_a_project_is_not_written_over(mailer, root):
    code, said = mailer("init", str(root))
    assert code == 2
    assert "is there already" in said
    assert (root / "mailer.toml").read_text() == SETTINGS


def test_a_campaign_can_be_started_and_built_in_a_new_project(mailer, root):
    assert mailer("new", "council-vote")[0] == 0
    code, said = mailer("build", "council-vote")
    assert code == 0, said
    assert (root / "build" / "council-vote.html").is_file()


def test_a_layout_without_a_starter_begins_with_the_newsletters(mailer, root):
    (root / "templates").mkdir()
    layout = root / "templates" / "gala.mjml"
    layout.write_text(assets.templates()["newsletter.mjml"], encoding="utf-8")
    assert mailer("new", "gala-night", "--layout", "gala")[0] == 0
    text = (root / "campaigns" / "gala-night.md").read_text("utf-8")
    assert "layout: gala\n" in text
    assert mailer("build", "gala-night")[0] == 0


def test_a_starter_of_the_project_takes_the_place_of_mailers(mailer, root):
    (root / "templates" / "starters").mkdir(parents=True)
    (root / "templates" / "starters" / "alert.md").write_text("---\nsubject: Ours\n---\nHello.\n")
    assert mailer("new", "storm", "--layout", "alert")[0] == 0
    assert "subject: Ours" in (root / "campaigns" / "storm.md").read_text("utf-8")


def test_an_unknown_layout_is_suggested(mailer):
    code, said = mailer("new", "x", "--layout", "petitoin")
    assert (code, said) == (2, 'there is no layout "petitoin"\n  Did you mean "petition"?\n')


def test_copies_of_templates_are_listed_and_compared(mailer, root):
    assert mailer("templates", "copy", "footer") == (0, "Made templates/partials/footer.mjml\n")
    assert mailer("templates", "diff", "footer") == (0, "No difference.\n")
    path = root / "templates" / "partials" / "footer.mjml"
    path.write_text(path.read_text("utf-8").replace("<mj-", "<mj-\n", 1), encoding="utf-8")
    assert "+<mj-" in mailer("templates", "diff", "footer")[1]
    shown = mailer("templates", "show")[1]
    assert "partials/footer.mjml" in shown
    assert "your copy" in shown


def test_help_lists_every_page_and_prints_one(mailer):
    listed = mailer("help")[1]
    for page in assets.folder("docs").glob("*.md"):
        assert page.stem in listed
    page = (assets.folder("docs") / "sending.md").read_text("utf-8")
    assert mailer("help", "sending") == (0, f"{page}\n")


@pytest.mark.parametrize("words", [("lists", "import"), ("send",), ("templates",)])
def test_help_of_a_command_is_what_the_command_prints_itself(mailer, words):
    assert mailer("help", *words) == mailer(*words, "--help")


def test_help_about_nothing_known_suggests(mailer):
    code, said = mailer("help", "sendign")
    assert code == 2
    assert 'Did you mean "sending"?' in said


def test_version(mailer):
    code, said = mailer("--version")
    assert code == 0
    assert said.startswith("mailer ")
