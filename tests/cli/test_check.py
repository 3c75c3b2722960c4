"""check, and a send that the checks refuse, as staff meet them."""

from __future__ import annotations

import io
import json
import re
import sys

import pytest

from mailer import assets, cli
from mailer.checks.rules import dead_links
from mailer.cli import send_command
from tools.projects import samples
from tools.projects.project import VOTE, address, enrol, files, make_project, open_store

UNFINISHED = "\nTODO: the date.\n"
"""A warning."""
LEFTOVER = "\nDear *|FNAME|*,\n"
"""An error."""


@pytest.fixture
def root(tmp_path):
    return make_project(tmp_path / "project", people=9)


@pytest.fixture
def mailer(root, monkeypatch, capsys):
    """Runs a command and returns (exit code, stdout, stderr); `answers` make it a terminal."""
    monkeypatch.delenv("MAILER_SECRET_KEYS", raising=False)

    def run(*arguments, answers=None):
        monkeypatch.setattr(sys, "argv", ["mailer", "--project", str(root), *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{a}\n" for a in answers or ())))
        monkeypatch.setattr(send_command, "interactive", lambda: answers is not None)
        with pytest.raises(SystemExit) as end:
            cli.main()
        return end.value.code or 0, *capsys.readouterr()

    return run


def write(root, text, name="vote"):
    (root / "campaigns" / f"{name}.md").write_text(text)


# ---------------------------------------------------------------- check


def test_the_samples_have_nothing_wrong_for_anybody_on_the_sample_list(root, mailer):
    samples.copy_to(root)
    members = samples.SAMPLE / "lists" / "members.csv"
    assert mailer("lists", "import", str(members), "--list", "everybody")[0] == 0
    recipients = {}
    for campaign in samples.CAMPAIGNS:
        code, out, _ = mailer("check", campaign, "--list", "everybody", "--json")
        found = json.loads(out)
        assert (code, found["findings"]) == (0, [])
        recipients[campaign] = found["recipients"] + sum(found["left_out"].values())
    assert recipients == dict.fromkeys(samples.CAMPAIGNS, 250)


def test_a_clean_campaign_is_told_so_with_its_audience(mailer):
    code, out, err = mailer("check", "vote")
    assert (code, err) == (0, "")
    for line in (
        r"List +members\n",
        r"Audience +everybody on the list\n",
        r"Recipients +9\n",
        r"Left out +nobody\n",
        r"Largest +\d+\.\d kB of HTML, for person\d@example.org\n",
        r"2 +6 +state: not OR",
        r"1 +3 +state: OR",
        r"vote can be sent: no error, 0 warnings\.\n$",
    ):
        assert re.search(line, out), line


def test_findings_stand_errors_first_with_place_number_code_and_hint(root, mailer):
    write(root, VOTE.replace("Your turn", "TODO your turn") + LEFTOVER)
    code, out, err = mailer("check", "vote")
    assert code == 1
    assert err == "vote cannot be sent as it is: 1 error\n"
    errors, _, warnings = out.partition("1 warning, to be corrected or accepted before sending")
    assert errors.startswith("\n1 error, to be corrected before sending\n\ncampaigns/vote.md:16: ")
    assert re.search(r"\*\|FNAME\|\*.*\[merge-leftover\]\n  \S", errors)
    assert re.search(r"campaigns/vote.md:13: .*TODO.*\[placeholder\]\n  \S", warnings)


def test_a_finding_of_some_people_says_how_many_of_all(root, mailer):
    write(root, VOTE.replace("Your turn", "{{ recipient.city }} turn"))
    _, out, _ = mailer("check", "vote")
    assert "person2@example.org and person4@example.org (6 of 9 people) [blank-value]" in out


def test_only_warnings_leave_the_exit_code_at_0(root, mailer):
    write(root, VOTE + UNFINISHED)
    code, out, _ = mailer("check", "vote")
    assert code == 0
    assert out.endswith("vote can be sent: no error, 1 warning.\n")


def test_for_scripts_there_is_one_object(root, mailer):
    write(root, VOTE + LEFTOVER)
    code, out, _ = mailer("check", "vote", "--json")
    found = json.loads(out)
    assert code == 1
    assert (found["errors"], found["warnings"], found["recipients"]) == (1, 0, 9)
    assert found["findings"][0]["code"] == "merge-leftover"
    assert (found["findings"][0]["path"], found["findings"][0]["line"]) == ("campaigns/vote.md", 16)
    assert [variant["recipients"] for variant in found["variants"]] == [6, 3]
    assert found["variants"][0]["largest"] > 5_000


def test_whoever_had_it_already_is_looked_at_again(root, mailer):
    assert mailer("send", "vote", "--yes")[0] == 0
    write(root, VOTE + UNFINISHED)
    _, out, _ = mailer("check", "vote")
    assert re.search(r"Recipients +9\n", out)
    assert "[placeholder]" in out


def test_without_a_list_the_mail_is_looked_at_and_that_is_said(root, mailer):
    write(root, VOTE.replace("list: members\n", "") + UNFINISHED)
    code, out, _ = mailer("check", "vote")
    assert code == 0
    assert "[placeholder]" in out
    assert "No list is named: its audience was not looked at. Name one with --list LIST." in out
    assert "Recipients" not in out


def test_an_empty_audience_is_an_error_that_says_who_is_left_out(root, mailer):
    write(root, VOTE.replace("list:", "audience: recipient.state == 'Oregon'\nlist:"))
    code, out, _ = mailer("check", "vote")
    assert code == 1
    assert "campaigns/vote.md:4: nobody would get it: 9 not in the segment [empty-audience]" in out


def test_dead_links_are_looked_for_only_when_asked(mailer, monkeypatch):
    asked = []

    def fetch(_probe, url, **_limits):
        asked.append(url)
        return dead_links.Answer(404, url)

    monkeypatch.setattr(dead_links, "_fetch", fetch)
    assert mailer("check", "vote")[0] == 0
    assert asked == []
    code, out, _ = mailer("check", "vote", "--online")
    assert code == 1
    assert "https://example.org/calendar" in asked
    assert not any("mail.example.org" in url for url in asked)
    assert "[link-dead]" in out


# ---------------------------------------------------------------- send


@pytest.mark.parametrize("options", [["--yes"], ["--yes", "--accept-warnings"], ["--dry-run"]])
def test_an_error_stops_a_send_and_says_how_to_see_it(root, mailer, options):
    write(root, VOTE + LEFTOVER)
    code, _, err = mailer("send", "vote", *options)
    assert code == 1
    assert "campaigns/vote.md:16: " in err
    assert err.endswith(
        "vote cannot be sent as it is: 1 error\n"
        "  See what it is with: mailer check vote. See the mail with: mailer preview\n"
    )
    assert files(root) == []
    store = open_store(root)
    assert store.sends.all() == []
    store.close()


def test_nobody_is_asked_for_a_number_that_would_be_refused(root, mailer):
    write(root, VOTE + LEFTOVER)
    code, out, _ = mailer("send", "vote", answers=["9"])
    assert code == 1
    assert "Type the number" not in out


def test_without_a_terminal_warnings_must_be_accepted_in_so_many_words(root, mailer):
    write(root, VOTE + UNFINISHED)
    code, _, err = mailer("send", "vote", "--yes")
    assert code == 1
    assert "[placeholder]" in err
    assert "vote is not sent before its warnings are accepted: 1 warning\n" in err
    assert "--accept-warnings" in err
    assert files(root) == []
    assert mailer("send", "vote", "--yes", "--accept-warnings")[0] == 0
    assert len(files(root)) == 9


@pytest.mark.parametrize(
    ("answers", "code", "sent"), [(["y", "9"], 0, 9), (["n"], 1, 0), (["y", "8"], 2, 0)]
)
def test_in_a_terminal_warnings_are_asked_about_before_the_number(
    root, mailer, answers, code, sent
):
    write(root, VOTE + UNFINISHED)
    ended, out, _ = mailer("send", "vote", answers=answers)
    assert ended == code
    assert "Send it all the same, with 1 warning?" in out
    assert out.count("Type the number") == (len(answers) - 1)
    assert len(files(root)) == sent


def test_a_rehearsal_shows_warnings_and_asks_nothing(root, mailer):
    write(root, VOTE + UNFINISHED)
    code, _, err = mailer("send", "vote", "--dry-run")
    assert code == 0
    assert "[placeholder]" in err


def test_a_rehearsal_for_scripts_holds_the_findings(root, mailer):
    write(root, VOTE + LEFTOVER + UNFINISHED)
    code, out, err = mailer("send", "vote", "--dry-run", "--json")
    found = json.loads(out)
    assert code == 1
    assert (found["errors"], found["warnings"]) == (1, 1)
    assert "campaigns/" not in err


def test_going_on_asks_for_nothing_that_was_accepted(root, mailer):
    write(root, VOTE + UNFINISHED)
    assert mailer("send", "vote", "--yes", "--accept-warnings", "--limit", "3")[0] == 0
    assert mailer("resume", "vote", "--yes")[0] == 0
    assert len(files(root)) == 9


def test_people_who_are_added_are_looked_at(root, mailer):
    body = "\nWrite to [your chapter]({{ recipient.fields.chapter | default('https://www.example.org/') }}).\n"
    store = open_store(root)
    write(root, VOTE + body.replace("recipient.fields.chapter", "recipient.city"))
    assert mailer("send", "vote", "--yes")[0] == 0
    enrol(store, [9])
    store.database.connection.execute(
        "UPDATE subscribers SET city = 'Salem' WHERE email = ?", (address(9),)
    )
    store.database.connection.commit()
    store.close()
    code, _, err = mailer("send", "vote", "--yes")
    assert code == 1
    assert "leads nowhere for person9@example.org" in err
    assert len(files(root)) == 9
    assert mailer("resume", "vote", "--yes")[0] == 0


def test_who_joined_is_not_looked_at_when_they_are_not_added(root, mailer):
    assert mailer("send", "vote", "--yes", "--limit", "3")[0] == 0
    store = open_store(root)
    enrol(store, [9])
    store.database.connection.execute(
        "UPDATE subscribers SET first_name = 'x9' WHERE email = ?", (address(9),)
    )
    store.database.connection.commit()
    store.close()
    code, out, _ = mailer("send", "vote", answers=["n", "6"])
    assert code == 0
    assert "warning" not in out
    assert len(files(root)) == 9


def test_a_part_of_the_audience_is_no_slip_in_a_branch(mailer, root):
    code, _, err = mailer("send", "vote", "--where", "recipient.state == 'WA'", "--yes")
    assert (code, err) == (0, "")
    assert len(files(root)) == 6


def test_a_campaign_can_be_checked_before_its_list_exists(root, mailer):
    (root / "campaigns" / "early.md").write_text(
        "---\nsubject: News\npreheader: Two calls.\nlist: supporters\n---\nHello.\n"
    )
    code, said, _ = mailer("check", "early")
    assert code == 0, said
    assert 'There is no list "supporters" yet: its audience was not looked at.' in said


def test_places_with_one_remedy_share_its_hint(root, mailer):
    links = "".join(f"[Word {n}](http://www.example.org/{n})\n\n" for n in ("a", "b", "c"))
    (root / "campaigns" / "links.md").write_text(
        f"---\nsubject: News\npreheader: Two calls.\n---\n{links}"
    )
    _, said, _ = mailer("check", "links")
    assert said.count("[link-not-https]") == 3
    assert said.count("Write https:// and try whether it opens.") == 1


def test_a_language_that_the_pages_have_no_words_for_is_named(root, mailer):
    folder = root / "templates"
    for kind in ("languages", "pages"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    french = assets.templates()["languages/en.txt"]
    (folder / "languages" / "fr.txt").write_text(french)
    text = VOTE.replace("list: members", "list: members\nlanguage: fr")
    (root / "campaigns" / "vote.md").write_text(text)
    code, output, _ = mailer("check", "vote")
    assert code == 0
    assert "the text is in French" in output
    assert "[page-words]" in output
    (folder / "pages" / "fr.txt").write_text(assets.templates()["pages/en.txt"])
    assert "page-words" not in mailer("check", "vote")[1]


@pytest.mark.parametrize("command", [("check", "vote"), ("serve", "--port", "0"), ("doctor",)])
def test_words_of_the_pages_that_are_wrong_are_named_with_their_line(root, mailer, command):
    (root / "templates" / "pages").mkdir(parents=True, exist_ok=True)
    english = assets.templates()["pages/en.txt"]
    wrong = english.replace("at most {{ most }} characters", "fewer characters")
    (root / "templates" / "pages" / "fr.txt").write_text(wrong)
    line = english[: english.index("macro too_long")].count("\n") + 1
    code, *output = mailer(*command)
    assert code != 0
    assert f"templates/pages/fr.txt:{line}" in " ".join(output)
