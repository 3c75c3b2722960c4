"""A new project is whole, valid and never written over an old one."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer import config
from mailer.errors import UsageError
from mailer.setup.new_project import EXAMPLE, Organization, check, create

text = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(
    lambda value: value.strip() and " ".join(value.split()).isprintable()
)


@given(name=text, address=text)
def test_any_name_and_address_come_back_from_the_settings(tmp_path_factory, name, address):
    root = tmp_path_factory.mktemp("project")
    create(root, Organization(name, "news@example.org", address, "https://mail.example.org"))
    brand = config.load(root).settings.brand
    assert brand.name == " ".join(name.split())
    assert brand.address == " ".join(address.split())


def test_a_new_project_has_the_values_it_was_given(tmp_path):
    create(
        tmp_path / "p", Organization("Oak", "a@oak.example", "PO Box 2", "https://m.oak.example/")
    )
    settings = config.load(tmp_path / "p").settings
    assert settings.sender.email == "a@oak.example"
    assert settings.site.base_url == "https://m.oak.example"
    assert settings.brand.website == "https://www.oak.example"
    assert settings.send.transport == "outbox"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "news"),
        ("email", 'a@b.example"\n[send]\ntransport = "ses'),
        ("base_url", "mail.example.org"),
        ("name", "  "),
        ("address", ""),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_before_anything_is_written(tmp_path, field, value):
    organization = Organization(**{**vars(EXAMPLE), field: value})
    with pytest.raises(UsageError):
        create(tmp_path / "p", organization)
    assert not (tmp_path / "p").exists()
    with pytest.raises(UsageError):
        check(field, value)


@pytest.mark.parametrize("file", ["mailer.toml", ".gitignore"])
def test_a_file_that_is_there_is_not_written_over(tmp_path, file):
    (tmp_path / file).write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        create(tmp_path, EXAMPLE)
    assert [path.name for path in tmp_path.iterdir()] == [file]
    assert (tmp_path / file).read_text() == "mine"


@pytest.mark.parametrize(
    ("path", "ignored"),
    [
        ("lists/mailer.db", True),
        ("lists/mailer.db-wal", True),
        ("lists/secret.key", True),
        ("lists/addresses.key", True),
        ("lists/members.csv", True),
        ("lists/members.rejects.csv", True),
        ("export.csv", True),
        ("exports/members.xlsx", True),
        ("outbox/vote/1.eml", True),
        ("build/vote.html", True),
        ("lists/lookups/cities.csv", False),
        ("campaigns/vote.md", False),
        ("campaigns/images/rally.jpg", False),
        ("templates/newsletter.mjml", False),
        ("mailer.toml", False),
    ],
)
def test_version_control_holds_no_people(tmp_path, path, ignored):
    create(tmp_path, EXAMPLE)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    command = ["git", "-C", tmp_path, "check-ignore", "-q", path]
    assert (subprocess.run(command, check=False).returncode == 0) is ignored
