"""lists remove, rename, copy, tag and subscriber edit as staff type them."""

import pytest

from tests.support.list_project import ListProject


@pytest.fixture
def project(tmp_path, capfd, monkeypatch):
    project = ListProject(tmp_path, capfd, monkeypatch)
    project.write(
        "members.csv",
        "Email,State,Tags\nana@example.org,OR,donor\nbo@example.org,MA,\ncy@example.org,OR,\n",
    )
    project.imported("members.csv")
    project.run("lists", "unsubscribe", "members", "cy@example.org")
    return project


def tags(project):
    return {p["email"][:2]: p["tags"] for p in project.exported("members")}


def test_who_left_a_removed_list_does_not_come_back_with_its_name(project):
    out = project.run("lists", "remove", "members", "--yes")
    assert out == "2 people are off members; 1 who left it stay on record.\n"
    assert project.mailable() == []
    project.imported("members.csv")
    assert project.mailable() == ["ana", "bo"]
    project.write("new.csv", "Email\nx@example.org\n")
    project.imported("new.csv", to="board")
    project.run("lists", "remove", "board", "--yes")
    assert [row["name"] for row in project.json("lists", "show")] == ["members"]


def test_a_list_can_be_renamed_and_copied_with_those_who_left(project):
    out = project.run("lists", "rename", "members", "friends")
    assert out == "members is now friends. Change it in campaigns that say list: members.\n"
    project.run("lists", "copy", "friends", "board")
    assert project.mailable("friends") == project.mailable("board") == ["ana", "bo"]
    shown = project.json("lists", "show")
    assert [(row["name"], row["unsubscribed"]) for row in shown] == [("board", 1), ("friends", 1)]


def test_tags_are_given_and_taken_by_expression_and_by_file(project):
    out = project.run("lists", "tag", "members", "oregon", "--where", 'recipient.state == "OR"')
    assert out == "2 people have the tag oregon; 2 of them now.\n"
    assert tags(project) == {"an": "donor; oregon", "bo": "", "cy": "oregon"}
    project.write("x.csv", "Email,Status\nANA@example.org,whatever\nno@example.org,x\n")
    out = project.run("lists", "tag", "members", "donor", "--file", "x.csv", "--remove")
    assert out == "1 people do not have the tag donor; 1 of them now.\n"
    assert tags(project)["an"] == "oregon"


def test_a_persons_details_can_be_corrected(project):
    changes = ["city=Salem ", "state=Oregon", "Last Gift=25", "zip=2139"]
    project.run("subscriber", "edit", "Ana@example.org", *changes)
    ana = project.json("subscriber", "show", "ana@example.org")["subscriber"]
    assert (ana["city"], ana["state"], ana["zip"]) == ("Salem", "OR", "02139")
    assert ana["fields"] == {"last_gift": "25"}
    project.run("subscriber", "edit", "ana@example.org", "last_gift=", "city=")
    ana = project.json("subscriber", "show", "ana@example.org")["subscriber"]
    assert (ana["city"], ana["fields"], ana["tags"]) == ("", {}, ["donor"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lists", "remove", "board", "--yes"], 'there is no list "board"'),
        (["lists", "remove", "members"], "removing a list cannot be undone"),
        (["lists", "rename", "members", "Members"], '"Members" cannot be the name of a list'),
        (["lists", "copy", "members", "members"], 'there is a list "members" already'),
        (["lists", "tag", "members", "a,b"], '"a,b" cannot be a tag'),
        (["lists", "tag", "members", "a", "--where", "recipient.stat"], "--where: "),
        (["subscriber", "edit", "no@example.org", "city=x"], "no@example.org is no subscriber"),
        (["subscriber", "edit", "ana@example.org", "city"], '"city" is not FIELD=VALUE'),
        (["subscriber", "edit", "ana@example.org", "email=x@example.org"], "an address is not"),
        (["subscriber", "edit", "ana@example.org", "zip=K1A"], '"K1A" cannot be a zip'),
        (["subscriber", "edit", "ana@example.org", "timezone=EST"], '"EST" cannot be a timezone'),
    ],
)
def test_mistakes_are_said_and_change_nothing(project, arguments, message):
    before = project.exported("members")
    assert project.run(*arguments, code=2).startswith(message)
    assert project.exported("members") == before
