"""How a send is confirmed."""

import pytest

from tests.support.recipients import everybody
from tools.projects.project import files


def test_the_number_of_recipients_must_be_typed(mailer, root):
    code, said = mailer("send", "vote", answers=["9"])
    assert code == 0
    assert "Type the number of recipients (9) to send:" in said
    assert files(root) == everybody()


@pytest.mark.parametrize("answer", ["8", "", "yes", "90"])
def test_anything_else_sends_nothing(mailer, root, store, answer):
    code, said = mailer("send", "vote", answers=[answer])
    assert code == 2
    assert f'"{answer}" is not 9: nothing was sent' in said
    assert files(root) == []
    assert store.sends.all() == []


def test_leaving_at_the_question_sends_nothing(mailer, root):
    code, said = mailer("send", "vote", answers=[])
    assert code == 130
    assert "stopped before anything was sent" in said
    assert files(root) == []


@pytest.mark.parametrize("command", [["send", "vote"], ["send", "vote", "--json"]])
def test_without_a_terminal_it_must_be_told_yes(mailer, root, command):
    code, said = mailer(*command)
    assert code == 2
    assert "--yes" in said
    assert files(root) == []
