"""The rehearsal of a send through the fake SES: what it must reach follows from the pace of the loop."""

import sys

import pytest

from tools.rehearse import ses
from tools.rehearse.ses import MARGIN, REHEARSALS, Rehearsal, Seen


@pytest.mark.parametrize(("method", "batch"), [("raw", 20), ("bulk", 100)])
def test_each_sender_may_be_ahead_by_one_batch(method, batch):
    assert Rehearsal(100, 40 / MARGIN, method, senders=2).batch == min(batch, 80)


@pytest.mark.parametrize(("names", "done"), [([], list(REHEARSALS)), (["slow"], ["slow"])])
def test_without_a_name_everything_is_rehearsed(monkeypatch, capsys, names, done):
    def rehearse(what, _root):
        return Seen(what.people, 0, 0, 1, what.allowed)

    monkeypatch.setattr(ses, "rehearse", rehearse)
    monkeypatch.setattr(sys, "argv", ["ses", *names])
    ses.main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == done
    assert all(line.endswith("As it must be.") for line in lines)
