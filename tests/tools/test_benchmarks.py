"""Figures of two revisions, measured by turns."""

from __future__ import annotations

import pytest

from benchmarks import against

BEFORE, NOW = "/before", "now"


@pytest.fixture
def turns(monkeypatch):
    """Which revision was measured, in order; each turn of this code takes half of the one before it."""
    order = []

    def turn(folder, name, options):
        is_now = folder == against.ROOT
        order.append((NOW if is_now else BEFORE, name, options))
        if is_now:
            return {"a message, µs": 10.0, "a check, µs": 5.0}
        return {"a message, µs": 20.0 + 2 * len(order), "a form, µs": 1.0}

    monkeypatch.setattr(against, "install", lambda revision: f"{BEFORE}/{revision}")
    monkeypatch.setattr(against, "_turn", turn)
    return order


def test_two_revisions_take_turns_and_each_turn_has_a_ratio(turns):
    table = against.compare("merge", "v1", turns=2, options=["--rounds", "1"])
    assert [who for who, *_ in turns] == [BEFORE, NOW, BEFORE, NOW]
    before, now = table.figures
    assert (before.what, before.unit, before.rounds) == ("a message, before", "µs", [22.0, 26.0])
    assert now.rounds == [10.0, 10.0]
    assert now.times == [10 / 22, 10 / 26]
    assert "0.42 times (0.385 to 0.455)" in str(table)


def test_what_only_one_of_them_measures_is_named(turns):
    table = against.compare("merge", "v1", turns=1, options=[])
    assert len(turns) == 2
    assert table.notes == [
        "Measured by one of them alone: a check, µs",
        "Measured by one of them alone: a form, µs",
    ]


def test_a_revision_that_does_not_exist_is_refused():
    with pytest.raises(SystemExit, match="no-such-revision is no revision"):
        against.install("no-such-revision")
