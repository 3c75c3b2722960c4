"""suppress, suppressions export as staff type them."""

import csv
import io

import pytest

from tests.support.list_project import ListProject


@pytest.fixture
def project(tmp_path, capfd, monkeypatch):
    project = ListProject(tmp_path, capfd, monkeypatch)
    project.write("members.csv", "Email\nana@example.org\nbo@example.org\ncy@example.org\n")
    project.imported("members.csv")
    return project


def exported(project):
    text = project.run("suppressions", "export")
    return [tuple(row.values()) for row in csv.DictReader(io.StringIO(text))]


def test_suppressed_addresses_are_mailed_by_no_list(project):
    out = project.run("suppress", "Ana@example.org", "new@example.org", "--source", "a call")
    assert out == "2 suppressed.\n"
    project.write("sheet.csv", "Email\nnew@example.org\nana@example.org\n")
    project.imported("sheet.csv", to="board")
    assert (project.mailable(), project.mailable("board")) == (["bo", "cy"], [])
    assert "manual" in project.run("subscriber", "show", "ana@example.org")
    assert "a call" in project.run("subscriber", "show", "ana@example.org")


def test_a_file_says_why_or_the_option_does(project):
    project.write("x.csv", "Email,Status\nana@example.org,bounced\nbo@example.org,unsubscribed\n")
    project.write("y.csv", "Email\ncy@example.org\n")
    project.run("suppress", "x.csv", "y.csv")
    reasons = {row[0][:3]: row[1] for row in exported(project)}
    assert reasons == {
        "ana": "suppressed: bounced",
        "bo@": "suppressed: unsubscribed",
        "cy@": "suppressed: manual",
    }
    out = project.run("suppress", "y.csv", "--reason", "complained")
    assert out == "1 suppressed.\n"
    assert (
        project.run("suppress", "y.csv", "--reason", "bounced") == "0 suppressed, 1 were before.\n"
    )
    assert exported(project)[-1][1] == "suppressed: complained"


def test_suppressions_are_the_same_in_a_new_project(project, tmp_path_factory, capfd, monkeypatch):
    project.run("suppress", "ana@example.org", "--reason", "bounced", "--source", "550 no user")
    project.run("suppress", "cy@example.org")
    project.run("suppressions", "export", "--out", "out.csv")
    other = ListProject(tmp_path_factory.mktemp("other"), capfd, monkeypatch)
    other.run("suppress", project.root / "out.csv")
    assert exported(other) == exported(project)


def test_a_rejected_row_is_told(project):
    project.write("x.csv", "Email\nbad\n")
    project.run("suppress", "x.csv")
    assert exported(project) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ana@"], '"ana@" is not an e-mail address'),
        (["none.csv"], "none.csv: cannot be read"),
        (["members.csv", "--reason", "left"], '--reason: there is no standing "left"'),
        (["members.csv", "--reason", "subscribed"], '--reason: "subscribed" is not a reason'),
    ],
)
def test_mistakes_are_said_and_change_nothing(project, arguments, message):
    assert project.run("suppress", *arguments, code=2).startswith(message)
    assert project.mailable() == ["ana", "bo", "cy"]


def test_a_suppression_list_of_another_system_is_taken_as_it_is(project):
    text = "EmailAddress,Reason,Status\nana@example.org,BOUNCE,Gold\nbo@example.org,COMPLAINT,\n"
    project.write("suppressions.csv", f"{text}cy@example.org,asked by letter,active\n")
    assert project.run("suppress", "suppressions.csv") == "3 suppressed.\n"
    assert [row[1] for row in exported(project)] == [
        "suppressed: bounced",
        "suppressed: complained",
        "suppressed: manual",
    ]


def test_no_row_with_an_address_is_left_out_quietly(project):
    project.write("x.csv", "Email,City\nana@example.org,Salem\nbo@example.org,Portland, OR\n")
    err = project.run("suppress", "x.csv", code=2)
    assert err.startswith("x.csv:3: this row cannot be read")
    assert exported(project) == []
