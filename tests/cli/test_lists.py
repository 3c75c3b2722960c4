"""The list and subscriber commands as staff type them."""

import csv
import io
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.list_project import KEY, ROOT, ListProject

DATA = Path(__file__).parents[1] / "lists"


@pytest.fixture
def project(tmp_path, capfd, monkeypatch):
    return ListProject(tmp_path, capfd, monkeypatch)


@pytest.fixture
def messy(project):
    shutil.copy(DATA / "subscribers-messy.csv", project.root)
    project.run("lists", "import", "subscribers-messy.csv", "--list", "members")
    return project


def start(project, *arguments):
    """`mailer` as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "mailer", "--project", str(project.root), *arguments],
        cwd=ROOT,
        env={**os.environ, "MAILER_SECRET_KEYS": KEY},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def files(folder):
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


# ---------------------------------------------------------------- lists import


def test_an_import_reports_everything_in_one_table(project):
    out = project.run("lists", "import", DATA / "subscribers-messy.csv", "--list", "members")
    lines = [" ".join(line.split()) for line in out.splitlines() if line.strip()]
    assert lines[-10:] == [
        "read 25",
        "new people 16",
        "the same address as an earlier row, merged 1",
        "blank lines, skipped 1",
        "rejected: no usable e-mail address 6",
        "rejected: more cells than headings 1",
        "ZIP code left blank: not a US one 1",
        "ZIP code kept: there is no such one 1",
        "can be mailed 16",
        "16 new, 0 updated; 16 joined members; 7 rejected, see lists/subscribers-messy.rejects.csv",
    ]


def test_an_import_shows_what_each_column_was_taken_for(project):
    project.write("x.csv", "Email,Given name,Home town,Fave\nana@example.org,Ana,Salem,tea\n")
    for options in ((), ("--dry-run",)):
        out = project.run("lists", "import", "x.csv", "--list", "members", *options)
        lines = [" ".join(line.split()) for line in out.splitlines()]
        assert "Given name first name" in lines
        assert "Fave kept as recipient.fields.fave" in lines
        home_town = next(line for line in lines if line.startswith("Home town"))
        assert home_town.endswith('if it is one: --map "Home town=city"')
        assert "first_name Ana" in lines
        assert "No column was taken for a ZIP code or state" in out


def test_thousands_are_written_as_staff_read_them(project):
    rows = "".join(f"p{i}@example.org\n" for i in range(1204))
    project.write("many.csv", f"Email\n{rows}")
    out = project.run("lists", "import", "many.csv", "--list", "members")
    assert out.splitlines()[-1] == "1,204 new, 0 updated; 1,204 joined members; 0 rejected"


def test_importing_again_adds_nobody_and_says_so(messy):
    before = messy.exported("members")
    found = messy.json("lists", "import", "subscribers-messy.csv", "--list", "members")
    assert (found["new"], found["updated"], found["joined"]) == (0, 16, 0)
    assert messy.exported("members") == before


def test_rejects_go_to_a_file_with_row_line_reason_and_cells(messy):
    data = (messy.root / "lists" / "subscribers-messy.rejects.csv").read_bytes()
    rows = list(csv.reader(io.StringIO(data.decode())))
    assert rows[0][0] == "\ufeffrow", "the mark by which spreadsheets know UTF-8"
    assert ["row", *rows[0][1:6]] == ["row", "line", "reason", "why", "Email Address", "First Name"]
    assert [row[0] for row in rows[1:]] == ["4", "5", "6", "7", "17", "20", "25"]
    assert rows[4][:6] == [
        *("7", "8", "email", "SES delivers only to an ASCII local part"),
        *("josé@example.org", "José"),
    ]
    assert rows[5][4:] == [
        *("sam@example.org", "Sam", "TooMany", "97214", "Portland", "OR"),
        *("", "2020-01-01", "no", "extra", "cells"),
    ]


def test_corrected_rejects_can_be_imported_as_they_are(project):
    project.write("new.csv", "Email,Name,Note\nana@exam ple.org,Ana,=1+1\n")
    project.run("lists", "import", "new.csv", "--list", "members")
    rejects = project.root / "lists" / "new.rejects.csv"
    text = rejects.read_text()
    assert text.endswith("ana@exam ple.org,Ana,'=1+1\n")
    rejects.write_text(text.replace("exam ple", "example"))
    project.run("lists", "import", "lists/new.rejects.csv", "--list", "members")
    fields = project.json("subscriber", "show", "ana@example.org")["subscriber"]["fields"]
    assert fields == {"name": "Ana", "note": "=1+1"}


def test_a_clean_import_leaves_no_file_of_rejects(project):
    project.write("new.csv", "Email\nana@exam ple.org\n")
    project.run("lists", "import", "new.csv", "--list", "members")
    project.write("new.csv", "Email\nana@example.org\n")
    project.run("lists", "import", "new.csv", "--list", "members")
    assert not (project.root / "lists" / "new.rejects.csv").exists()


def test_a_dry_run_says_what_would_happen_and_writes_nothing(messy):
    messy.write(
        "more.csv", "Email,First Name\nana.silva@example.org,Anna\nnew@example.org,N\nbad,B\n"
    )
    before = messy.exported("members"), files(messy.root / "lists")
    out = messy.run("lists", "import", "more.csv", "--list", "members", "--dry-run")
    assert out.splitlines()[-1] == (
        "Dry run, nothing was written. It would be: 1 new, 1 updated; 1 joined members; 1 rejected"
    )
    assert (messy.exported("members"), files(messy.root / "lists")) == before


def test_the_source_of_consent_is_kept(project):
    project.write("a.csv", "Email\nana@example.org\n")
    project.write("b.csv", "Email\nana@example.org\nbo@example.org\n")
    project.run("lists", "import", "a.csv", "--list", "members", "--source", "Fair, May 2026")
    project.run("lists", "import", "b.csv", "--list", "members")
    sources = [
        project.json("subscriber", "export", address)["consent_source"]
        for address in ("ana@example.org", "bo@example.org")
    ]
    assert sources == ["Fair, May 2026", "import of b.csv"]


def test_columns_can_be_mapped(project):
    project.write("es.csv", "Dirección;Nombre de pila\nana@example.org;Ana\n")
    maps = ["--map", "Dirección=email", "--map", "nombre de pila=first_name"]
    project.run("lists", "import", "es.csv", "--list", "members", *maps)
    assert project.exported("members")[0]["first_name"] == "Ana"


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("x.csv", None, "x.csv: cannot be read: no such file or directory"),
        ("lists", None, "lists: cannot be read: is a directory"),
        ("x.csv", "", "x.csv: is empty"),
        ("x.csv", "Name,Town\nAna,Salem\n", "x.csv:1: no column holds e-mail addresses"),
        (
            "x.csv",
            'Email,Name\na@example.org,A\nb@example.org,"B\nc@example.org,C\n',
            "x.csv:3: a quotation mark that opens in this row is never closed",
        ),
    ],
)
def test_a_file_that_cannot_be_read_changes_nothing(project, name, data, message):
    (project.root / "lists").mkdir()
    if data is not None:
        project.write(name, data)
    err = project.run("lists", "import", name, "--list", "members", code=2)
    assert err.splitlines()[0] == message
    assert err.splitlines()[1].startswith("  ")
    assert project.json("lists", "show") == []


@pytest.mark.parametrize("name", ["Members", "", "-x", "a" * 64, "böard", "a b", "../x"])
def test_refuses_names_that_are_no_list_names(project, name):
    project.write("x.csv", "Email\nana@example.org\n")
    err = project.run("lists", "import", "x.csv", f"--list={name}", code=2)
    assert err.startswith(f'"{name}" cannot be the name of a list')


def test_rejects_that_cannot_be_written_are_an_error_for_staff(project):
    project.write("x.csv", "Email\nbad\n")
    (project.root / "lists" / "x.rejects.csv").mkdir(parents=True)
    err = project.run("lists", "import", "x.csv", "--list", "members", code=2)
    assert "x.rejects.csv cannot be written: is a directory" in err


def test_a_killed_import_leaves_all_or_nothing_and_no_file_half_written(project):
    rows = "".join(f"p{i}@example.org,P{i}\nbad{i},B\n" for i in range(6_000))
    project.write("big.csv", f"Email,First Name\n{rows}")
    pause = random.Random(5)
    outcomes = set()
    for _ in range(6):
        process = start(project, "lists", "import", str(project.root / "big.csv"), "--list", "m")
        time.sleep(pause.uniform(0.15, 1.2))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        left = set(files(project.root / "lists")) - {
            *("mailer.db", "mailer.db-wal", "mailer.db-shm"),
            "addresses.key",
        }
        assert left <= {"big.rejects.csv"}
        if (project.root / "lists" / "mailer.db").exists():
            outcomes.add(stored(project))
    assert outcomes <= {None, 0, 6_000}
    found = project.json("lists", "import", "big.csv", "--list", "m")
    assert found["new"] + found["updated"] == found["rejected"]["email"] == 6_000
    assert stored(project) == 6_000


def test_a_program_gets_plain_text_and_an_exit_code(messy):
    process = start(messy, "lists", "export", "members")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert "xin@example.org,欣,王" in out
    process = start(messy, "lists", "export", "nobody")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert err.startswith('there is no list "nobody"')


def stored(project):
    """How many members the database holds; None before its tables are there."""
    with sqlite3.connect(project.root / "lists" / "mailer.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        if not database.execute(
            "SELECT 1 FROM sqlite_master WHERE name = 'memberships'"
        ).fetchone():
            return None
        people = database.execute("SELECT count(*) FROM subscribers").fetchone()[0]
        assert database.execute("SELECT count(*) FROM memberships").fetchone()[0] == people
    database.close()
    return people


# ---------------------------------------------------------------- lists show, export, unsubscribe


def test_lists_are_shown_with_their_numbers(messy):
    messy.run("lists", "unsubscribe", "members", "xin@example.org")
    assert messy.json("lists", "show") == [
        {"name": "members", "subscribed": 15, "unsubscribed": 1, "suppressed": 0}
    ]
    words = messy.run("lists", "show").split()
    assert words[-4:] == ["members", "15", "0", "1"]


def test_without_lists_the_next_step_is_said(project):
    assert "mailer lists import FILE --list NAME" in project.run("lists", "show")


def test_an_exported_list_is_the_same_after_importing_it_elsewhere(messy):
    before = messy.exported("members")
    messy.run("lists", "export", "members", "--out", "out.csv")
    shutil.rmtree(messy.root / "lists")
    found = messy.json("lists", "import", "out.csv", "--list", "members")
    assert (found["new"], sum(found["rejected"].values())) == (16, 0)
    assert messy.exported("members") == before


def test_an_export_defuses_formulas_and_marks_who_has_left(messy):
    messy.run("lists", "unsubscribe", "members", "pam@example.org")
    pam = next(p for p in messy.exported("members") if p["email"] == "pam@example.org")
    assert pam["first_name"] == '\'=HYPERLINK("http://x.example","y")'
    assert pam["list_status"] == "unsubscribed"


def test_who_has_left_one_list_does_not_join_another_through_an_export(messy):
    messy.run("lists", "unsubscribe", "members", "pam@example.org")
    messy.run("lists", "export", "members", "--out", "out.csv")
    found = messy.json("lists", "import", "out.csv", "--list", "board")
    assert (found["joined"], found["unsubscribed"], found["mailable"]) == (15, 1, 15)


def test_an_export_for_spreadsheets_is_marked_as_utf8_and_one_to_a_program_is_not(messy):
    messy.run("lists", "export", "members", "--out", "out.csv")
    assert (messy.root / "out.csv").read_bytes().startswith(b"\xef\xbb\xbfemail,")
    assert messy.run("lists", "export", "members").startswith("email,")


def test_unsubscribing_is_told_apart_from_having_unsubscribed(messy):
    out = messy.run("lists", "unsubscribe", "members", " XIN@example.org")
    assert out == "xin@example.org is unsubscribed from members.\n"
    out = messy.run("lists", "unsubscribe", "members", "xin@example.org")
    assert out == "xin@example.org was already unsubscribed from members.\n"
    found = messy.json("lists", "import", "subscribers-messy.csv", "--list", "members")
    assert found["kept_unsubscribed"] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lists", "export", "member"], 'there is no list "member"\n  Did you mean "members"?\n'),
        (["lists", "unsubscribe", "member", "a@example.org"], 'there is no list "member"'),
        (["lists", "unsubscribe", "members", "ana"], '"ana" is not an e-mail address'),
        (["lists", "unsubscribe", "members", "a@example.org"], "a@example.org is not on the list"),
        (["subscriber", "show", "a@example.org"], "nothing is known about a@example.org"),
        (["subscriber", "erase", "a@example.org"], "nothing is known about a@example.org"),
        (["subscriber", "erase", "xin@example.org"], "erasing cannot be undone"),
        (
            ["lists", "export", "members", "--out", "mailer.toml/out.csv"],
            "mailer.toml/out.csv cannot be written",
        ),
    ],
)
def test_mistakes_are_said_with_what_to_do(messy, arguments, message):
    assert messy.run(*arguments, code=2).startswith(message)
    assert len(messy.exported("members")) == 16


# ---------------------------------------------------------------- subscriber show, export, erase


def test_a_person_is_shown_with_lists_and_values(messy):
    out = messy.run("subscriber", "show", "Ana.Silva@example.org")
    for words in ("Silva-Reyes", "02139", "donor, volunteer", "import of subscribers-messy.csv"):
        assert words in out
    assert "members   subscribed   2019-01-25   import" in out


def test_an_export_of_a_person_is_everything_kept(messy):
    known = json.loads(messy.run("subscriber", "export", "ana.silva@example.org"))
    assert known == messy.json("subscriber", "show", "ana.silva@example.org")
    assert known["subscriber"]["fields"] == {"donor": "yes"}
    assert known["memberships"][0]["list_name"] == "members"
    assert set(known) == {
        *("subscriber", "created", "consent_source", "memberships", "elsewhere"),
        *("suppression", "suppressed_at", "suppression_note", "deliveries", "events"),
    }


def test_somebody_erased_is_forgotten_and_never_comes_back(messy):
    out = messy.run("subscriber", "erase", "xin@example.org", "--yes")
    assert out.startswith("xin@example.org is erased.\n")
    assert "erased" in messy.run("subscriber", "show", "xin@example.org")
    found = messy.json("lists", "import", "subscribers-messy.csv", "--list", "members")
    assert found["erased"] == 1
    assert "xin@example.org" not in messy.run("lists", "export", "members")
    out = messy.run("subscriber", "erase", "xin@example.org", "--yes")
    assert out.startswith("xin@example.org was erased before.\n")


# ---------------------------------------------------------------- lists imports, undo


def test_an_import_can_be_taken_back_by_its_number(project):
    project.write("a.csv", "Email,City\nana@example.org,Salem\n")
    project.write("b.csv", "Email,City\nana@example.org,Bend\nbo@example.org,Bend\n")
    project.run("lists", "import", "a.csv", "--list", "members")
    before = project.exported("members")
    out = project.run("lists", "import", "b.csv", "--list", "members")
    assert "This is import 2. To take it back: mailer lists undo 2" in out
    listed = project.json("lists", "imports")
    assert [(i["number"], i["file"], i["list_name"]) for i in listed] == [
        (1, "a.csv", "members"),
        (2, "b.csv", "members"),
    ]
    err = project.run("lists", "undo", "2", code=2)
    assert err == "nothing was changed\n  Add --yes to do it without a question.\n"
    out = project.run("lists", "undo", "2", "--yes")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "new with it, forgotten 1" in lines
    assert "get their former details back 1" in lines
    assert lines[-1] == "Import 2 is undone."
    assert project.exported("members") == before
    assert "undone" in project.run("lists", "imports")


def test_an_undo_that_cannot_be_done_says_why(project):
    project.write("a.csv", "Email\nana@example.org\n")
    for _ in range(2):
        project.run("lists", "import", "a.csv", "--list", "members")
    err = project.run("lists", "undo", "1", "--yes", code=2)
    assert err.startswith("import 1 cannot be undone before later ones into members: 2")
    assert "mailer lists undo 2" in err
    assert project.run("lists", "undo", "9", code=2).startswith("there is no import 9")
    project.run("lists", "undo", "2", "--yes")
    assert project.run("lists", "undo", "2", code=2).startswith("import 2 was undone at")
