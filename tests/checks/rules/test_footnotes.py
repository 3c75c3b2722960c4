"""Footnotes as sources."""

from __future__ import annotations

import pytest

from mailer.checks.rules import footnotes
from mailer.errors import Place
from tests.support.rendered_mails import codes, one, written


def noted(*notes):
    """A campaign with these footnotes, labeled a, b and so on."""
    labels = "abcdef"[: len(notes)]
    text = " ".join(f"Fact.[^{label}]" for label in labels)
    found = "\n".join(f"[^{label}]: {note}" for label, note in zip(labels, notes, strict=True))
    return written(f"{text}\n\n{found}\n")


REPORT = "[Report](https://example.org/report)"

PAIRS = [
    (footnotes.NO_LINK, ["A book."], ["A [book](https://example.org/book)."]),
    (footnotes.NO_LINK, ["https://example.org/bare"], ["<https://example.org/bare>"]),
    (footnotes.NO_LINK, ["A book,\n    in two lines."], ["A book,\n    [second line](https://example.org/a)."]),
    (footnotes.NO_LINK, ["A book.\n\n[Not a note](https://example.org/a)"], ["A book.\n\n    [Still](https://example.org/a)"]),
    (footnotes.NO_LINK, ["A book."], ['A <a href="https://example.org/a">book</a>.']),
    (footnotes.NO_LINK, ["A book."], ["{{ recipient.lookups.cities.mayor }}"]),
    (footnotes.SAME_SOURCE, [REPORT, REPORT], [REPORT, "[Report](https://example.org/other)"]),
    (footnotes.SAME_SOURCE, [REPORT, "The same, <https://example.org/report/>"], [f"{REPORT}, p. 3", f"{REPORT}, p. 5"]),
    (footnotes.SAME_SOURCE, [f"{REPORT}, p. 3", f"{REPORT}, P. 3"], [f"{REPORT}, table 1", f"{REPORT}, table 2"]),
    (footnotes.SAME_SOURCE, ["A book, 2020", "a book 2020."], ["A book, 2020", "A book, 2021"]),
]  # fmt: skip


@pytest.mark.parametrize(("code", "bad", "good"), PAIRS)
def test_footnotes_trip_the_rule_and_others_just_do_not(code, bad, good):
    assert code in codes(noted(*bad))
    assert code not in codes(noted(*good))


def test_a_bare_address_is_told_how_to_become_a_link():
    found = one(noted("Minutes, https://example.org/minutes"), footnotes.NO_LINK)
    assert found.message == "the footnote [^a] has no link"
    assert found.hint.startswith("Put the address into angle brackets")
    assert found.place == Place("campaigns/sample.md", 6)


def test_the_second_of_two_equal_footnotes_is_shown():
    found = one(noted(REPORT, "<https://example.org/b>", REPORT), footnotes.SAME_SOURCE)
    assert found.message == "the footnotes [^a] and [^c] are the same source"
    assert found.place == Place("campaigns/sample.md", 8)


def test_one_note_referred_to_twice_is_no_finding():
    text = "One.[^a] Two.[^a]\n\n[^a]: [Report](https://example.org/report)"
    assert footnotes.SAME_SOURCE not in codes(written(text))
