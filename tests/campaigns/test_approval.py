"""What is sent is what was approved: to the byte, by as many people as are asked for."""

import json

import pytest

from mailer.campaigns.approval import Approval, approval_status
from tests.support.campaigns import make_sources
from tools.projects.project import SETTINGS, enrol, files, make_project

LOOKUP = """
[lookups.senators]
file = "lists/lookups/senators.csv"
key = ["state"]
many = true
"""
VOTE = """---
subject: The vote is Tuesday
preheader: Two calls, five minutes.
list: members
audience: recipient.state == "OR"
---
{% for senator in recipient.lookups.senators %}
Call {{ senator.name }}.
{% endfor %}
"""
NEEDED = "[send]\napprovals = {}\n"


@pytest.fixture
def root(tmp_path):
    root = make_project(tmp_path / "project", people=9)
    (root / "lists" / "lookups").mkdir(parents=True)
    (root / "lists" / "lookups" / "senators.csv").write_text("state,name\nOR,Ida Fern\n")
    (root / "campaigns" / "vote.md").write_text(VOTE)
    need(root, 1)
    return root


def need(root, people):
    (root / "mailer.toml").write_text(SETTINGS + LOOKUP + NEEDED.format(people))


# ---------------------------------------------------------------- what has changed


def change(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("path", "edit", "named"),
    [
        ("campaigns/vote.md", ("Call {{", "call {{"), "campaigns/vote.md"),
        ("campaigns/vote.md", ("state ==", "state  =="), "campaigns/vote.md, the audience"),
        ("campaigns/vote.md", ("Tuesday", "Tuesdaz"), "campaigns/vote.md"),
        ("templates/newsletter.mjml", ('width="600px"', 'width="601px"'), None),
        ("templates/message.txt", ("{{ t.sources }}\n", "{{ t.sources }}:\n"), None),
        ("lists/lookups/senators.csv", ("Ida", "Idb"), None),
        ("lists/lookups/senators.csv", ("Fern\n", "Fern"), None),
        ("mailer.toml", ("OR 97207", "OR 97208"), None),
    ],
)
def test_one_byte_is_refused_and_named_with_its_difference(mailer, root, path, edit, named):
    assert mailer("approve", "vote", "--by", "Ana Fern", "--yes")[0] == 0
    before = (root / path).read_text()
    change(root / path, *edit)
    code, said = mailer("send", "vote", "--yes")
    assert code == 1
    assert "vote has changed since Ana Fern approved it on " in said
    assert f": {named or path}\n" in said
    changed = {*(root / path).read_text().split("\n")} - {*before.split("\n")}
    for line in changed:
        assert any(shown.startswith("    +") and line in shown for shown in said.splitlines())
    assert files(root) == []
    (root / path).write_text(before)
    assert mailer("send", "vote", "--yes")[0] == 0
    assert len(files(root)) == 3


def test_a_further_condition_is_another_audience(mailer, root):
    assert mailer("approve", "vote", "--by", "Ana Fern", "--yes")[0] == 0
    condition = 'recipient.first_name == "Persona"'
    code, said = mailer("send", "vote", "--where", condition, "--yes")
    assert code == 1
    assert "the audience" in said
    assert '    -recipient.state == "OR"\n' in said
    assert f'    +(recipient.state == "OR") and ({condition})\n' in said
    hint = f"mailer approve vote --where '{condition}'"
    assert hint in said
    assert mailer("approve", "vote", "--where", condition, "--by", "Ana", "--yes")[0] == 0
    assert mailer("send", "vote", "--where", condition, "--yes")[0] == 0
    assert len(files(root)) == 1


def test_who_joins_later_does_not_void_an_approval(mailer, root, store):
    assert mailer("approve", "vote", "--by", "Ana Fern", "--yes")[0] == 0
    enrol(store, [30, 33])
    assert mailer("send", "vote", "--yes")[0] == 0
    assert len(files(root)) == 5
    enrol(store, [36])
    assert mailer("send", "vote", "--yes")[0] == 0
    assert len(files(root)) == 6


def test_going_on_needs_no_approval_as_the_words_are_those_of_the_start(mailer, root):
    need(root, 0)
    assert mailer("send", "vote", "--yes", "--limit", "1")[0] == 0
    need(root, 2)
    change(root / "campaigns" / "vote.md", "Call", "Ring")
    assert mailer("resume", "vote", "--yes")[0] == 0
    assert len(files(root)) == 3


def test_a_long_difference_is_cut_short(mailer, root):
    assert mailer("approve", "vote", "--by", "Ana Fern", "--yes")[0] == 0
    table = root / "lists" / "lookups" / "senators.csv"
    table.write_text(table.read_text() + "".join(f"WA,Name {n}\n" for n in range(500)))
    code, said = mailer("send", "vote", "--yes")
    assert code == 1
    assert "+WA,Name 3\n" in said
    assert "lines more" in said
    assert len(said.splitlines()) < 40


# ---------------------------------------------------------------- who, and how many


def test_nothing_is_asked_for_without_the_setting(mailer, root):
    need(root, 0)
    code, said = mailer("send", "vote", "--yes")
    assert code == 0
    assert "pprove" not in said


def test_what_nobody_approved_is_refused_after_the_last_look(mailer, root, store):
    code, said = mailer("send", "vote", answers=["3"])
    assert code == 1
    assert "Approved    by nobody\n" in said
    assert "vote has not been approved\n  Approve it with: mailer approve vote\n" in said
    assert "Type the number" not in said
    assert (files(root), store.sends.all()) == ([], [])


def test_a_dry_run_says_who_approved_and_refuses_nothing(mailer):
    code, said = mailer("send", "vote", "--dry-run")
    assert (code, "Approved    by nobody" in said) == (0, True)
    mailer("approve", "vote", "--by", "Ana Fern", "--yes")
    code, said = mailer("send", "vote", "--dry-run", "--json")
    found = json.loads(said)
    assert (found["approved_by"], found["approvals_needed"]) == (["Ana Fern"], 1)


def test_two_means_two_people(mailer, root):
    need(root, 2)
    _, said = mailer("approve", "vote", "--by", "Ana Fern", "--yes")
    assert "Approved by Ana Fern. Another person has to approve it." in said
    mailer("approve", "vote", "--by", " ana  FERN ", "--yes")
    code, said = mailer("send", "vote", "--yes")
    assert code == 1
    assert "needs the approval of 2 people; so far it has that of Ana Fern" in said
    _, said = mailer("approve", "vote", "--by", "Bo Reed", "--yes")
    assert "Approved by Ana Fern, Bo Reed. It can be sent." in said
    assert mailer("send", "vote", "--yes")[0] == 0
    assert len(files(root)) == 3


def test_approving_shows_what_and_asks_as_whom(mailer, store, monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: "kim")
    code, said = mailer("approve", "vote", answers=["n"])
    assert code == 2
    assert "nothing was approved" in said
    for line in (
        "Subject     The vote is Tuesday",
        'Audience    recipient.state == "OR"',
        "Recipients  3",
        "Approve vote for members as kim?",
    ):
        assert line in said
    assert store.approvals.all("vote", "members") == []
    assert mailer("approve", "vote", answers=["y"])[0] == 0
    (approval,) = store.approvals.all("vote", "members")
    assert (approval.person, approval.query) == ("kim", 'recipient.state == "OR"')


def test_whoever_approves_sees_what_the_checks_found(mailer, root, store):
    change(root / "campaigns" / "vote.md", "preheader: Two calls, five minutes.\n", "")
    code, said = mailer("approve", "vote", "--by", "Ana Fern", "--yes")
    assert (code, "[preheader-missing]" in said) == (0, True)
    change(root / "campaigns" / "vote.md", "Call {{", "Call [him](https://) {{")
    code, said = mailer("approve", "vote", "--by", "Ana Fern", "--yes")
    assert code == 1
    assert "vote cannot be sent as it is: 1 error" in said
    assert len(store.approvals.all("vote", "members")) == 1


def test_a_script_says_yes_and_gets_json(mailer):
    code, said = mailer("approve", "vote", "--json")
    assert (code, "Add --yes" in said) == (2, True)
    code, said = mailer("approve", "vote", "--by", "Ana Fern", "--yes", "--json")
    assert code == 0
    found = json.loads(said)
    assert (found["approved_by"], found["recipients"], found["dry_run"]) == (["Ana Fern"], 3, False)


def test_without_a_terminal_nothing_is_approved_by_accident(mailer, store):
    code, said = mailer("approve", "vote", "--by", "Ana Fern")
    assert (code, "Add --yes" in said or "add --yes" in said) == (2, True)
    assert store.approvals.all("vote", "members") == []


# ---------------------------------------------------------------- the judgement itself


def approved(words, person="Ana", query=""):
    return Approval(person, "2026-05-04T12:00:00+00:00", query, words.to_bytes())


def test_an_approval_of_an_earlier_version_counts_again_when_the_words_come_back():
    words, other = make_sources("One."), make_sources("Two.")
    found = approval_status([approved(words), approved(other, "Bo")], words, "")
    assert found.people == ("Ana",)
    assert found.last.person == "Bo"


def test_two_spellings_of_a_name_are_one_person():
    words = make_sources("One.")
    found = approval_status(
        [approved(words, "Ana Fern"), approved(words, " ana  FERN ")], words, ""
    )
    assert found.people == ("Ana Fern",)


def test_only_the_latest_other_version_is_compared():
    first, second, now = (make_sources(text) for text in ("One.", "Two.", "Three."))
    (change,) = approval_status([approved(first), approved(second)], now, "").changes
    assert change.lines[-2:] == ("-Two.", "+Three.")


def test_a_file_that_is_gone_and_one_that_is_new_are_named():
    old = make_sources("One.", files={"templates/old.txt": "x\n"})
    new = make_sources("One.", files={"templates/new.txt": "y\n"})
    names = [change.name for change in approval_status([approved(old)], new, "").changes]
    assert names == ["templates/new.txt", "templates/old.txt"]
