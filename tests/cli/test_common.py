"""What the command line prints fits a terminal, and stays whole in a pipe."""

from __future__ import annotations

import pytest

from mailer.cli.common import complain, echo, print_facts
from mailer.errors import CampaignError, Place

LONG = "the line break after “In solidarity,” becomes a blank: readers see both in one line"


@pytest.fixture
def terminal(monkeypatch):
    """Makes what is printed go to a terminal of so many columns."""

    def of(columns):
        monkeypatch.setenv("COLUMNS", str(columns))
        for stream in ("stdout", "stderr"):
            monkeypatch.setattr(f"sys.{stream}.isatty", lambda: True)

    return of


@pytest.mark.parametrize("columns", [40, 80, 140])
def test_words_stay_whole_and_within_the_terminal(terminal, capsys, columns):
    terminal(columns)
    echo(LONG)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    assert " ".join(line.strip() for line in lines) == LONG
    assert all(line.startswith("  ") for line in lines[1:])


def test_in_a_pipe_a_line_stays_whole(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    echo(LONG)
    assert capsys.readouterr().out == f"{LONG}\n"


def test_an_address_is_never_broken(terminal, capsys):
    terminal(40)
    url = "https://mail.example.org/i/rally-3400e384189a625a-1040x1387.jpg"
    echo(f"recipients would not see a picture: {url}: nothing answers there")
    assert url in capsys.readouterr().out


def test_a_value_goes_on_below_itself(terminal, capsys):
    terminal(40)
    print_facts({"List": "members", "Audience": 'recipient.state == "OR" and recipient.zip'})
    assert capsys.readouterr().out == (
        "  List        members\n"
        '  Audience    recipient.state == "OR"\n'
        "              and recipient.zip\n"
    )


def test_an_errors_hint_stands_below_it(terminal, capsys):
    terminal(60)
    complain(CampaignError(LONG, place=Place("campaigns/vote.md", 8), hint="Write <br>."))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("campaigns/vote.md:8: the line break")
    assert lines[-1] == "  Write <br>."
    assert max(map(len, lines)) <= 60
