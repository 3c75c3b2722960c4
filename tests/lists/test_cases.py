"""Lists as other systems export them: who may be mailed, and what is kept of the others."""

from pathlib import Path

import pytest

from tests.support.list_project import ListProject

CASES = Path(__file__).parent / "cases"


@pytest.fixture
def project(tmp_path, capfd, monkeypatch):
    return ListProject(tmp_path, capfd, monkeypatch)


def case(name):
    return CASES / f"{name}.csv"


@pytest.mark.parametrize(
    ("names", "mailable", "left"),
    [
        (["A1-actionnetwork"], ["odalys"], 3),
        (["A2-ghost"], ["odalys"], 2),
        (["A3-civicrm"], ["odalys"], 4),
        (["A5-nationbuilder"], ["odalys"], 2),
        (["A6-mailchimp-unsubscribed"], [], 1),
        (["A6-mailchimp-cleaned"], [], 1),
        (["A8-do-not-contact"], ["ana"], 2),
        (["A10-unsubscribed-yes-no"], ["ana", "dee"], 2),
        (["B1-day1", "B1-day2"], ["ana"], 1),
        (["ak"], ["xan"], 3),
        (["ea"], ["nia"], 1),
        (["step1", "step2"], [], 1),
        (["status"], [], 3),
        (["unsubscribed_members_export"], [], 2),
        (["mailchimp", "old-export"], ["stays"], 2),
    ],
)
def test_who_left_is_recorded_and_never_mailed(project, names, mailable, left):
    totals = project.imported(*map(case, names))
    assert project.mailable() == mailable
    assert totals["mailable"] == len(mailable)
    gone = ("unsubscribed", "unsubscribed_from_all", "bounced", "complained", "do_not_mail")
    assert sum(totals[name] for name in gone) == left
    assert not any(totals["rejected"].values())


def test_a_file_of_leavers_takes_known_people_off_the_list(project):
    project.write("x.csv", "Email\nanna.feld@example.org\n")
    project.imported("x.csv", case("left"))
    assert project.mailable() == []


def test_why_somebody_stays_out_is_shown_with_the_files_own_word(project):
    project.imported(case("step1"), case("step2"))
    assert "status: Unsubscribed" in project.run("subscriber", "show", "fay@example.com")
    project.imported(case("status"))
    assert "status: Cleaned" in project.run("subscriber", "show", "fay@example.com")


def test_an_export_of_action_network_brings_tags_and_places(project):
    project.imported(case("A1-actionnetwork"))
    (odalys,) = [p for p in project.exported("members") if p["first_name"] == "Odalys"]
    place = odalys["state"], odalys["city"]
    assert (odalys["tags"], *place) == ("board; volunteer", "OR", "Portland")


def test_a_date_of_leaving_is_kept(project):
    project.imported(case("A6-mailchimp-unsubscribed"))
    (bram,) = project.json("subscriber", "show", "bram@example.com")["memberships"]
    assert (bram["status"], bram["since"]) == ("unsubscribed", "2024-05-01")
    assert bram["note"] == "UNSUB_TIME: 2024-05-01 09:00:00"


def values(project, name, *columns):
    project.imported(case(name))
    return [tuple(person[column] for column in columns) for person in project.exported("members")]


@pytest.mark.parametrize(
    ("name", "columns", "kept"),
    [
        ("G1-states", ["state"], [("OR",)] * 3),
        ("A3-civicrm", ["state"], [("OR",)] * 5),
        ("J1-null", ["first_name", "city", "zip"], [("", "Salem", "97301")]),
        ("K1-timezone", ["timezone"], [("America/Los_Angeles",)]),
        ("R1-sep", ["first_name", "zip"], [("Ana", "97212")]),
        (
            "O1-notes",
            ["email", "notes"],
            [
                (
                    "ana@example.com",
                    "Called on Monday. Said: write to, for now, ana.new@example.com",
                ),
                ("bo@example.com", "ok"),
            ],
        ),
        (
            "S1-google-form",
            ["first_name", "last_name", "zip"],
            [("Ana", "Fern", "97212"), ("Bo", "Lunt", "97301")],
        ),
        (
            "S3-google-contacts",
            ["email", "first_name", "zip", "tags"],
            [("ana@example.com", "Ana", "97212", "volunteers")],
        ),
        (
            "I1-macroman",
            ["first_name", "last_name", "city"],
            [("José", "Núñez", "San José"), ("Zoë", "O\u2019Brien", "Montréal")],
        ),
        (
            "H1-abroad",
            ["city", "zip", "state", "county", "timezone"],
            [
                ("Concord", "", "", "", ""),
                ("Berlin", "", "", "", ""),
                ("Paris", "", "", "", ""),
                ("Portland", "97212", "OR", "Multnomah County", "America/Los_Angeles"),
            ],
        ),
    ],
)
def test_values_are_understood(project, name, columns, kept):
    assert values(project, name, *columns) == kept


def test_a_postcode_abroad_is_kept_as_a_field(project):
    assert values(project, "H1-abroad", "country", "postcode") == [
        ("Australia", "2139"),
        ("Germany", "10115"),
        ("France", "75001"),
        ("United States", ""),
    ]


def test_damaged_names_are_mended_where_certain_and_counted_where_not(project):
    totals = project.imported(case("V1-damaged-names"))
    names = [(p["first_name"], p["last_name"]) for p in project.exported("members")]
    assert names == [("José", "Núñez"), ("Mar?a", "Mu??oz"), ("Jos\ufffd", "Lee")]
    assert totals["warnings"]["damaged"] == 2


# ---------------------------------------------------------------- what cannot be told is asked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Email,Status\na@example.org,Gold\nb@example.org,active\n", ['"Gold" (1)', "--status"]),
        ("Email,Status\na@example.org,\nb@example.org,active\n", ["blank (1)", "--status"]),
        ("Email,Opt in\na@example.org,maybe\nb@example.org,yes\n", ['"maybe" (1)', "--ignore"]),
        ("Email,Email opt-in\na@example.org,\nb@example.org,yes\n", ["blank (1)"]),
        ("Email,Photo consent\na@example.org,yes\n", ['"yes" (1)', "--map", "--ignore"]),
        ("Email,Bounce count\na@example.org,3\n", ['"3" (1)', "--ignore"]),
        ("Email,Tags\na@example.org,vip; Do not email\n", ['"Do not email" (1)', "--status"]),
        ("Email,Group\na@example.org,UNSUBSCRIBED\n", ['"UNSUBSCRIBED" (1)']),
        ("Email,State\na@example.org,active\nb@example.org,cancelled\n", ['"cancelled" (1)']),
        ("Email,Unsubscribe reason\na@example.org,too many\n", ['"too many" (1)']),
    ],
)
def test_an_import_that_cannot_tell_who_left_stops_and_asks(project, text, shown):
    project.write("x.csv", text)
    err = project.run("lists", "import", "x.csv", "--list", "members", code=2)
    assert err.startswith("x.csv:1: it is not certain who of this file left")
    for words in shown:
        assert words in err
    assert project.json("lists", "show") == []
    project.run("lists", "import", "x.csv", "--list", "members", "--dry-run", code=2)


def test_an_answer_lets_the_import_go_on(project):
    project.write("x.csv", "Email,Status\na@example.org,Gold\nb@example.org,Gone\nc@example.org,\n")
    words = ["--status", "gold=subscribed", "--status", "Gone=unsubscribed"]
    words += ["--status", "blank=bounced"]
    totals = project.imported("x.csv", options=words)
    assert (totals["mailable"], totals["unsubscribed"], totals["bounced"]) == (1, 1, 1)
    assert project.mailable() == ["a"]


def test_an_ignored_column_is_kept_as_a_field(project):
    project.write("x.csv", "Email,Photo consent\na@example.org,yes\n")
    project.imported("x.csv", options=["--ignore", "photo consent"])
    assert project.exported("members")[0]["photo_consent"] == "yes"
    assert project.mailable() == ["a"]


def test_a_column_can_be_mapped_to_what_it_says_about_leaving(project):
    project.write("x.csv", "Email,Gone\na@example.org,moved away\nb@example.org,\n")
    project.imported("x.csv", options=["--map", "Gone=opt_out"])
    assert project.mailable() == ["b"]


def test_a_whole_file_can_be_a_list_of_leavers(project):
    project.write("members.csv", "Email\na@example.org\nb@example.org\n")
    project.write("bounces.csv", "Email\na@example.org\nstranger@example.org\n")
    project.imported("members.csv")
    err = project.run("lists", "import", "bounces.csv", "--list", "members", code=2)
    assert "--as bounced" in err
    project.imported("bounces.csv", options=["--as", "bounced"])
    project.imported("members.csv")
    project.write("sheet.csv", "Email\nstranger@example.org\n")
    project.imported("sheet.csv")
    assert project.mailable() == ["b"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--status", "Gold"], '--status "Gold" is not WORD=STANDING'),
        (["--status", "Gold=bounce"], '--status "Gold=bounce": there is no standing "bounce"'),
        (["--as", "left"], '--as: there is no standing "left"'),
        (["--ignore", "Stats"], 'x.csv:1: --ignore "Stats" names a column'),
        (["--encoding", "latin9000"], '--encoding: there is no encoding "latin9000"'),
    ],
)
def test_mistakes_in_the_options_are_said(project, options, message):
    project.write("x.csv", "Email,Status\na@example.org,active\n")
    err = project.run("lists", "import", "x.csv", "--list", "members", *options, code=2)
    assert err.startswith(message)
