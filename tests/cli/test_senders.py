"""Several senders and brands over one list of people: whose mail it is, and who is left alone."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime

import pytest

from mailer.lists.membership import SuppressionReason
from tools.projects.project import SETTINGS, VOTE, address, files, make_project

SENDERS = """
[senders.ana]
name = "Ana Silva"
email = "ana@example.org"

[senders.bo]
name = "Bo Lund"
reply_to = "bo@example.org"

[brands.river]
name = "River Watch"
website = "https://river.example.org"
"""


@pytest.fixture
def root(tmp_path):
    root = make_project(tmp_path / "project", people=3)
    configure(root)
    campaign(root, "plain")
    campaign(root, "personal", "sender: ana")
    campaign(root, "river", "sender: bo\nbrand: river")
    return root


def configure(root, more=""):
    (root / "mailer.toml").write_text(SETTINGS + SENDERS + more)


def campaign(root, name, front=""):
    text = VOTE.replace("list: members", f"list: members\n{front}" if front else "list: members")
    (root / "campaigns" / f"{name}.md").write_text(text)


def mail(root, name):
    path = min((root / "outbox" / name).glob("*.eml"))
    return email.message_from_bytes(path.read_bytes(), policy=email.policy.default)


def send(mailer, name, *options):
    code, said = mailer("send", name, "--yes", *options)
    assert code == 0, said


def test_each_campaign_comes_from_its_own_sender_and_brand(mailer, root):
    for name in ("plain", "personal", "river"):
        send(mailer, name)
    senders = {name: mail(root, name)["From"] for name in ("plain", "personal", "river")}
    assert senders == {
        "plain": "Juniper Street Action <news@example.org>",
        "personal": "Ana Silva <ana@example.org>",
        "river": "Bo Lund <news@example.org>",
    }
    river = mail(root, "river")
    assert river["Reply-To"] == "bo@example.org"
    assert "River Watch" in river.get_body(("html",)).get_content()
    assert "PO Box 118" in river.get_body(("plain",)).get_content()
    assert "River Watch" not in mail(root, "plain").get_body(("html",)).get_content()


def test_a_list_says_who_its_mail_is_from_unless_the_campaign_does(mailer, root):
    configure(root, '\n[lists.members]\nsender = "bo"\nbrand = "river"\n')
    send(mailer, "plain")
    send(mailer, "personal")
    assert mail(root, "plain")["From"] == "Bo Lund <news@example.org>"
    assert mail(root, "personal")["From"] == "Ana Silva <ana@example.org>"
    assert "River Watch" in mail(root, "personal").get_body(("html",)).get_content()


def test_the_list_that_is_named_on_the_command_line_counts(mailer, root):
    configure(root, '\n[lists.others]\nsender = "ana"\n')
    people = root / "others.csv"
    people.write_text("Email\nsomebody@example.com\n")
    assert mailer("lists", "import", str(people), "--list", "others")[0] == 0
    send(mailer, "plain", "--list", "others", "--accept-warnings")
    assert mail(root, "plain")["From"] == "Ana Silva <ana@example.org>"


def test_a_send_keeps_the_sender_it_began_with(mailer, root):
    send(mailer, "personal", "--limit", "1")
    configure(root, "")
    (root / "mailer.toml").write_text(SETTINGS + SENDERS.replace("Ana Silva", "Someone Else"))
    assert mailer("resume", "personal", "--yes")[0] == 0
    paths = (root / "outbox" / "personal").glob("*.eml")
    assert len(list(paths)) == 3
    assert not any(b"Someone Else" in path.read_bytes() for path in paths)


def test_who_complained_to_one_brand_gets_mail_from_none(mailer, root, store):
    store.suppressions.suppress(
        address(0), SuppressionReason.COMPLAINED, detail="", now=datetime.now(UTC)
    )
    send(mailer, "river", "--accept-warnings")
    assert address(0) not in files(root, "river")


def test_quiet_hours_count_over_all_brands(mailer, root):
    configure(root, "\n[send]\nquiet_hours = 48\n")
    send(mailer, "river")
    assert "3 had another campaign lately" in mailer("send", "plain", "--dry-run")[1]


def test_another_sender_needs_another_approval(mailer, root):
    configure(root, "\n[send]\napprovals = 1\n")
    assert mailer("approve", "personal", "--by", "Cleo", "--yes")[0] == 0
    campaign(root, "personal", "sender: bo")
    code, said = mailer("send", "personal", "--yes")
    assert code == 1
    assert "has changed since Cleo approved it" in said
    assert "Bo Lund" in said
