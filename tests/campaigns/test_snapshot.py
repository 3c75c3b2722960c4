"""Which files a campaign is made from: the project's own, and those that come with mailer."""

from __future__ import annotations

import pytest

from mailer import assets, config
from mailer.campaigns import snapshot
from mailer.errors import CampaignError, ConfigError
from mailer.links import Keys
from mailer.mail.merge import Merger
from tests.support.campaigns import ANA
from tools.projects.project import SETTINGS

BADGE = "{% macro badge(text) %}<mj-text>Badge: {{ text | e }}</mj-text>{% endmacro %}"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "mailer.toml").write_text(SETTINGS)
    return tmp_path


def merge(root, body):
    write(root, "campaigns/sample.md", f"---\nsubject: News\n---\n{body}\n")
    sources = snapshot.load(config.load(root), "sample")
    return Merger(sources, fields=frozenset(), keys=Keys(["a key for tests"]), send_id=1).merge(ANA)


def write(root, name, text):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_a_project_without_templates_uses_those_that_come_with_mailer(root):
    merged = merge(root, '{{ button("Sign", "https://example.org/sign") }}')
    assert "https://example.org/sign" in merged.html
    assert "Sign" in merged.text


def test_a_file_of_the_project_takes_the_place_of_the_one_with_its_name(root):
    write(root, "templates/message.txt", "Our own text part: {{ body }}")
    merged = merge(root, "Hello.")
    assert merged.text.startswith("Our own text part: Hello.")
    assert "<!doctype html>" in merged.html


def test_a_library_of_components_stands_beside_the_one_that_comes_with_mailer(root):
    write(root, "templates/components/office.mjml", BADGE)
    write(
        root, "templates/components/office.txt", "{% macro badge(text) %}* {{ text }}{% endmacro %}"
    )
    merged = merge(root, '{{ badge("Member") }}\n\n{{ button("Sign", "https://example.org/") }}')
    assert "Badge: Member" in merged.html
    assert "* Member" in merged.text
    assert "https://example.org/" in merged.html


def test_a_component_of_the_project_replaces_the_one_with_its_name(root):
    own = "{% macro button(text, url) %}<mj-text>OWN {{ text | e }}</mj-text>{% endmacro %}"
    write(root, "templates/components/office.mjml", own)
    write(root, "templates/components/office.txt", "{% macro button(text, url) %}OWN{% endmacro %}")
    merged = merge(root, '{{ button("Sign", "https://example.org/") }}')
    assert "OWN Sign" in merged.html
    assert "OWN" in merged.text


def test_a_misspelt_component_of_the_project_is_suggested(root):
    write(root, "templates/components/office.mjml", BADGE)
    write(root, "templates/components/office.txt", "{% macro badge(text) %}{% endmacro %}")
    with pytest.raises(CampaignError) as error:
        merge(root, '{{ bagde("Member") }}')
    assert "badge" in error.value.hint


@pytest.mark.parametrize("file", ["../secrets.csv", "lists/../../secrets.csv", "/etc/passwd"])
def test_a_look_up_outside_the_project_is_refused(root, file):
    write(root.parent, "secrets.csv", "city,mayor\n")
    write(root, "mailer.toml", f'{SETTINGS}\n[lookups.x]\nfile = "{file}"\nkey = ["city"]\n')
    with pytest.raises(ConfigError, match="outside the project"):
        merge(root, "Hello.")


def test_a_look_up_that_a_link_leads_out_of_the_project_is_refused(root, tmp_path_factory):
    secret = tmp_path_factory.mktemp("elsewhere") / "secrets.csv"
    secret.write_text("city,mayor\n")
    (root / "lists").mkdir()
    (root / "lists" / "cities.csv").symlink_to(secret)
    write(
        root, "mailer.toml", f'{SETTINGS}\n[lookups.x]\nfile = "lists/cities.csv"\nkey = ["city"]\n'
    )
    with pytest.raises(ConfigError, match="outside the project"):
        merge(root, "Hello.")


def test_templates_that_come_with_mailer_are_all_there():
    names = set(assets.templates())
    assert {"newsletter.mjml", "components.mjml", "components.txt", "message.txt"} <= names
    assert {"starters/newsletter.md", "partials/footer.mjml"} <= names


ANSWERED = """
[senders.ana]
email = "ana@example.org"
unsubscribe_email = "leave@example.org"
{more}
"""


@pytest.mark.parametrize(
    ("more", "offered"),
    [
        ("", ""),
        ("unsubscribe_mailbox = true", "leave@example.org"),
        ('[ses]\nqueue_url = "https://sqs.us-east-1.amazonaws.com/1/mail"', "leave@example.org"),
    ],
)
@pytest.mark.parametrize("front", ["sender: ana", "senders:\n  - ana\n  - bo"])
def test_unsubscribing_by_mail_is_offered_where_something_answers_it(root, front, more, offered):
    bo = '\n[senders.bo]\nemail = "bo@example.org"\n'
    (root / "mailer.toml").write_text(SETTINGS + ANSWERED.format(more=more) + bo)
    write(root, "campaigns/sample.md", f"---\nsubject: News\n{front}\n---\nHello.\n")
    sources = snapshot.load(config.load(root), "sample")
    senders = sources.senders or (sources.content.sender,)
    assert senders[0].unsubscribe_email == offered
    assert sources.content.sender.unsubscribe_email == offered
