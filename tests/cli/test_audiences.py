"""Whom a campaign goes to: several lists, exclusions, and conditions on what the store knows."""

from contextlib import closing
from datetime import UTC, datetime

import pytest

from mailer.store import connect
from tests.support.list_project import ListProject
from tools.projects.project import files

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
SEGMENTS = """
[segments]
salem = 'recipient.city == "Salem"'
newcomers = 'recipient.joined >= "2026-03-01"'
"""


@pytest.fixture
def project(tmp_path, capfd, monkeypatch):
    project = ListProject(tmp_path, capfd, monkeypatch)
    (tmp_path / "campaigns").mkdir()
    settings = tmp_path / "mailer.toml"
    settings.write_text(settings.read_text() + SEGMENTS)
    people = {
        "members": ["ana,Salem,2026-01-02", "bo,Salem,2026-02-03", "cy,Bend,2026-03-04"],
        "allies": ["bo,Salem,2026-04-05", "dee,Bend,2025-05-06"],
        "donors": ["cy,Bend,2026-05-07"],
    }
    for name, rows in people.items():
        lines = [f"{row.replace(',', '@example.org,', 1)}\n" for row in rows]
        project.write(f"{name}.csv", "email,city,joined\n" + "".join(lines))
        project.imported(f"{name}.csv", to=name)
    return project


def campaign(project, front, name="vote", text="Come on Tuesday."):
    project.write(
        f"campaigns/{name}.md",
        f"---\nsubject: The vote\npreheader: Two calls\n{front}\n---\n{text}\n",
    )


def mailed(project, name="vote"):
    return "".join(address[0] for address in files(project.root, name))


def chosen(project, *options):
    """Recipients and those left out, by a dry run."""
    plan = project.json("send", "vote", "--dry-run", *options)
    return plan["recipients"], plan["left_out"]


def store_of(project):
    return closing(connect(project.root / "lists" / "mailer.db", lambda _: []))


def send(project, *options):
    return project.run("send", "vote", "--yes", *options)


def test_somebody_on_two_lists_is_mailed_once(project):
    campaign(project, "list: [members, allies]")
    out = project.run("send", "vote", "--dry-run")
    assert " ".join(out.split()).count("Lists members, allies") == 1
    assert chosen(project) == (4, {})
    send(project)
    assert mailed(project) == "abcd"
    assert "vote to members, allies" in project.run("status", "vote")
    assert project.json("status", "vote")[0]["lists"] == ["members", "allies"]


@pytest.mark.parametrize("front", ["list: members, allies", "list:\n  - members\n  - allies"])
def test_several_lists_can_be_written_in_any_usual_way(project, front):
    campaign(project, front)
    assert chosen(project)[0] == 4


@pytest.mark.parametrize(
    ("exclude", "left_out", "recipients"),
    [
        ("donors", {"excluded: on donors": 1}, "abd"),
        ("salem", {"excluded by salem": 2}, "cd"),
        ("[donors, salem]", {"excluded: on donors": 1, "excluded by salem": 2}, "d"),
    ],
)
def test_lists_and_segments_are_excluded_and_counted(project, exclude, left_out, recipients):
    campaign(project, f"list: [members, allies]\nexclude: {exclude}")
    assert chosen(project) == (len(recipients), left_out)
    out = project.run("send", "vote", "--dry-run")
    assert f"Excluded    {exclude.strip('[]')}" in out
    send(project)
    assert mailed(project) == recipients


def test_who_left_an_excluded_list_stays_excluded(project):
    project.run("lists", "unsubscribe", "donors", "cy@example.org")
    campaign(project, "list: members\nexclude: donors")
    assert chosen(project) == (2, {"excluded: on donors": 1})


def test_who_left_one_of_two_lists_is_mailed_for_the_sake_of_the_other(project):
    campaign(project, "list: [members, allies]")
    project.run("lists", "unsubscribe", "members", "bo@example.org")
    project.run("lists", "unsubscribe", "members", "ana@example.org")
    project.run("suppress", "dee@example.org")
    assert chosen(project) == (2, {"unsubscribed": 1, "manual": 1})
    send(project)
    assert mailed(project) == "bc"


def test_who_leaves_after_the_audience_is_chosen_is_skipped_only_off_all_lists(project):
    campaign(project, "list: [members, allies]")
    send(project, "--limit", "1")
    assert mailed(project) == "a"
    for name, email in (("members", "bo"), ("members", "cy"), ("allies", "dee")):
        project.run("lists", "unsubscribe", name, f"{email}@example.org")
    project.run("resume", "vote", "--yes", "--limit", "9")
    assert mailed(project) == "ab"


def test_unsubscribing_from_the_mail_leaves_all_lists_that_it_went_to(project):
    project.imported("donors.csv", to="members")
    project.write("bo.csv", "email\nbo@example.org\n")
    project.imported("bo.csv", to="donors")
    campaign(project, "list: [members, allies]")
    send(project)
    with store_of(project) as store:
        bo = store.subscribers.history("bo@example.org").subscriber.id
        send_id = store.sends.find("vote", "members").id
        reader = store.unsubscribes.reader(bo, send_id)
        assert (reader.lists, reader.subscribed) == (("members", "allies"), True)
        departure = store.unsubscribes.leave(bo, send_id, how="one-click", now=NOW)

        def subscribed_to():
            memberships = store.subscribers.history("bo@example.org").memberships
            return {m.list_name for m in memberships if m.status == "subscribed"}

        assert subscribed_to() == {"donors"}
        assert not store.unsubscribes.reader(bo, send_id).subscribed
        assert store.unsubscribes.undo(departure, now=NOW).subscribed
        assert subscribed_to() == {"members", "allies", "donors"}


def test_a_list_added_after_the_start_is_said_and_can_be_mailed_by_itself(project):
    campaign(project, "list: members")
    send(project)
    campaign(project, "list: [members, allies]")
    err = project.run("send", "vote", "--yes", code=2)
    assert "was started to members, and its file names allies, too" in err
    assert "mailer send vote --list allies" in err
    send(project, "--list", "allies")
    assert mailed(project) == "abcd"


def test_an_import_into_a_further_list_cannot_be_undone_once_it_was_mailed(project):
    campaign(project, "list: [members, allies]")
    send(project)
    assert "mailed" in project.run("lists", "undo", "2", "--yes", code=2)


def test_a_further_list_of_an_unfinished_send_is_neither_renamed_nor_removed(project):
    campaign(project, "list: [members, allies]")
    send(project, "--limit", "1")
    for command in (("rename", "allies", "friends"), ("remove", "allies", "--yes")):
        assert "vote" in project.run("lists", *command, code=2)


# ---------------------------------------------------------------- conditions


@pytest.mark.parametrize(
    ("condition", "recipients"),
    [
        ('recipient.joined >= "2026-02-03"', 2),
        ('recipient.joined < "2026-02-03"', 2),
        ('"donors" in recipient.lists', 1),
        ('"donors" not in recipient.lists', 3),
        ('"allies" in recipient.lists and "members" in recipient.lists', 1),
        ("recipient.lists | length > 1", 2),
        ("newcomers", 1),
        ('newcomers or recipient.city == "Salem"', 3),
    ],
)
def test_conditions_ask_what_the_store_knows(project, condition, recipients):
    campaign(project, "list: [members, allies]")
    assert chosen(project, "--where", condition)[0] == recipients
    campaign(project, f"list: [members, allies]\naudience: {condition!r}")
    assert chosen(project)[0] == recipients
    assert project.json("check", "vote")["recipients"] == recipients


def test_conditions_ask_who_had_a_campaign(project):
    campaign(project, "list: members", name="first")
    campaign(project, "list: [members, allies]")
    project.run("send", "first", "--where", 'recipient.city == "Salem"', "--yes")
    assert chosen(project, "--where", 'recipient.had("first")')[0] == 2
    send(project, "--where", 'not recipient.had("first")')
    assert mailed(project) == "cd"


def test_tags_are_given_by_what_the_store_knows(project):
    done = project.json(
        "lists", "tag", "members", "new", "--where", 'recipient.joined > "2026-02-01"'
    )
    assert done["chosen"] == 2


def test_a_check_takes_the_condition_and_the_sample_of_a_send(project):
    campaign(project, "list: members")
    condition = ("--where", 'recipient.city == "Salem"')
    assert project.json("check", "vote", *condition)["recipients"] == 2
    assert project.json("check", "vote", "--sample", "100%", *condition)["recipients"] == 2


def test_an_approval_of_a_sample_holds_for_that_sample(project):
    settings = project.root / "mailer.toml"
    settings.write_text(settings.read_text() + "[send]\napprovals = 1\n")
    campaign(project, "list: members")
    project.run("approve", "vote", "--sample", "100%", "--by", "Uta", "--yes")
    assert "has changed since Uta approved" in project.run("send", "vote", "--yes", code=1)
    send(project, "--sample", "100%")
    assert mailed(project) == "abc"


@pytest.mark.parametrize(
    ("front", "message"),
    [
        ("list: [members, alies]", 'there is no list "alies"'),
        ("list: [members, members]", '"list": names the same twice'),
        (
            "list: members\nexclude: doners",
            'vote.md:5: exclude: there is no list or segment "doners"',
        ),
        ("list: members\naudience: \"'alies' in recipient.lists\"", 'there is no list "alies"'),
        ("list: members\naudience: recipient.had('firts')", '"firts" was never sent'),
    ],
)
def test_a_name_that_is_not_there_is_said(project, front, message):
    campaign(project, front)
    assert message in project.run("send", "vote", "--dry-run", code=2)


def test_a_segment_called_like_a_list_is_not_guessed(project):
    settings = project.root / "mailer.toml"
    settings.write_text(settings.read_text() + 'donors = "recipient.zip"\n')
    campaign(project, "list: members\nexclude: donors")
    assert "is a list and a segment" in project.run("send", "vote", "--dry-run", code=2)


def test_the_text_of_a_mail_cannot_ask_the_store(project):
    campaign(project, "list: members", text="You joined in {{ recipient.joined }}.")
    err = project.run("send", "vote", "--dry-run", code=2)
    assert '"recipient" has no "joined"' in err
    assert "Conditions can ask for it" in err
