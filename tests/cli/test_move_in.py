"""lists move-in: a folder or zip file of another system's export."""

import zipfile

import openpyxl
import pytest

from tests.support.list_project import ListProject

MAILCHIMP = "Email Address,First Name,MEMBER_RATING,LEID,EUID"


@pytest.fixture
def project(tmp_path, capfd, monkeypatch):
    project = ListProject(tmp_path, capfd, monkeypatch)
    (tmp_path / "export" / "audience").mkdir(parents=True)
    write = project.write
    write(
        "export/subscribed_members.csv",
        f"{MAILCHIMP}\nana@example.org,Ana,2,1,a\nbo@example.org,Bo,2,2,b\nbad,Bad,2,3,c\n",
    )
    write(
        "export/audience/unsubscribed_members.csv",
        f"{MAILCHIMP},UNSUB_TIME\nbo@example.org,Bo,2,2,b,2024-05-01 09:00:00\n",
    )
    write("export/audience/nonsubscribed_members.csv", f"{MAILCHIMP}\ncy@example.org,Cy,2,4,d\n")
    write("export/cleaned_members.csv", f"{MAILCHIMP},CLEAN_TIME\ndee@example.org,Dee,2,5,e,\n")
    write("export/campaigns.csv", "Campaign,Opens\nSpring,12\n")
    write("export/.hidden.csv", "Email\nnobody@example.org\n")
    return project


def rows(project, *arguments):
    out = project.json("lists", "move-in", *arguments, "--list", "members")
    return out["read"], {words: number for words, number in out["rows"].items() if number}


CLOSED = {
    "can be mailed": 1,
    "unsubscribed": 2,
    "bounced": 1,
    "rejected rows": 1,
    "the same address again, merged": 1,
}


def test_all_files_are_imported_and_the_table_is_closed(project):
    read, table = rows(project, "export")
    assert table == CLOSED
    assert sum(table.values()) == read == 6
    assert project.mailable() == ["ana"]
    assert (project.root / "lists" / "subscribed_members.rejects.csv").exists()
    project.run("lists", "undo", "1", "--yes")
    assert project.json("lists", "show") == []


def test_a_zip_file_is_as_good_as_a_folder(project):
    with zipfile.ZipFile(project.root / "export.zip", "w") as archive:
        for path in (project.root / "export").rglob("*.csv"):
            archive.write(path, path.relative_to(project.root))
    assert rows(project, "export.zip") == (6, CLOSED)


def test_a_dry_run_says_the_same_and_writes_nothing(project):
    assert rows(project, "export", "--dry-run") == (6, CLOSED)
    assert project.json("lists", "show") == []
    assert not list((project.root / "lists").glob("*.rejects.csv"))


def test_files_and_what_they_were_taken_for_are_shown(project):
    out = project.run("lists", "move-in", "export", "--list", "members")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "audience/nonsubscribed_members.csv Mailchimp unsubscribed 1 0" in lines
    assert "subscribed_members.csv Mailchimp by its columns 3 1" in lines
    assert "Left out, as it holds no e-mail addresses: campaigns.csv" in lines
    assert lines[-1].startswith("1 of members can be mailed. This is import 1;")


def test_every_list_of_a_workbook_is_moved_in_people_who_left_first(project):
    book = openpyxl.Workbook()
    book.active.title = "Members"
    sheets = (
        (book.active, ["Email", "ana@example.org", "bo@example.org", "bad"]),
        (book.create_sheet("Removed"), ["Email", "bo@example.org", "nobody"]),
    )
    for sheet, cells in sheets:
        for cell in cells:
            sheet.append([cell])
    (project.root / "book").mkdir()
    book.save(project.root / "book" / "people.xlsx")
    read, table = rows(project, "book")
    assert (read, table["can be mailed"], table["unsubscribed"]) == (5, 1, 1)
    assert project.mailable() == ["ana"]
    rejects = sorted(path.name for path in (project.root / "lists").glob("*.rejects.csv"))
    assert rejects == ["people-Members.rejects.csv", "people-Removed.rejects.csv"]


def test_one_file_that_cannot_be_understood_stops_all_of_it(project):
    project.write("export/other.csv", "Email,Status\nx@example.org,Gold\n")
    err = project.run("lists", "move-in", "export", "--list", "members", code=2)
    assert err.startswith("other.csv:1: it is not certain who of this file left")
    assert project.json("lists", "show") == []
    read, table = rows(project, "export", "--status", "Gold=subscribed")
    assert (read, table["can be mailed"]) == (7, 2)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("nowhere", "nowhere is not there"),
        ("mailer.toml", "mailer.toml: cannot be unpacked"),
        ("empty", "empty holds no file with e-mail addresses"),
    ],
)
def test_what_is_no_export_is_refused(project, place, message):
    (project.root / "empty").mkdir()
    err = project.run("lists", "move-in", place, "--list", "members", code=2)
    assert err.startswith(message)
