"""All that is found out about a campaign in one pass over everybody."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from mailer.checks import runner
from mailer.checks.finding import Finding, Severity
from mailer.checks.runner import EMPTY, NO_VARIANT, check_snapshot, in_order, run_checks
from mailer.errors import Place
from mailer.mail.merge import Merger
from tests.support.campaigns import ANA, BO, KEYS, UMA, make_sources

TODAY = date(2026, 5, 4)
BODY = "{% if recipient.state == 'OR' %}Rain.{% else %}Sun.{% endif %} Dear {{ recipient.first_name }},"


def of_everybody(items, total):
    del total
    return items


def look(choices, body=BODY, watch=of_everybody):
    words = make_sources(body)
    merger = Merger(words, fields=frozenset({"chapter", "gifts"}), keys=KEYS, send_id=0)
    return run_checks(words, merger, choices, today=TODAY, watch=watch)


@pytest.fixture
def only(monkeypatch):
    """Sets the rules about mail; there are none about words then."""
    monkeypatch.setattr(runner, "SOURCE_RULES", ())

    def rules(*given):
        monkeypatch.setattr(runner, "MAIL_RULES", given)

    rules()
    return rules


def says(text, severity=Severity.ERROR, line=1):
    return Finding("some-code", severity, text, "Do it.", Place("campaigns/sample.md", line))


@pytest.mark.usefixtures("only")
def test_who_gets_it_and_who_does_not_stands_beside_what_was_found():
    report = look([(ANA, ""), (UMA, "bounced"), (BO, ""), (replace(UMA, id=9), "")])
    assert list(report.dry_run.ids) == [1, 2, 9]
    assert report.dry_run.left_out == {"bounced": 1}
    assert report.recipients == 3
    assert [(e.recipients, e.example.email) for e in report.variants] == [
        (2, "bo@example.org"),
        (1, "ana@example.org"),
    ]
    assert [f.code for f in report.findings] == ["blank-value"]
    assert not report.is_refused


def test_a_finding_of_some_variants_is_shown_once_with_their_number(only):
    def everywhere(proof):
        yield says("for all")
        if "Sun" in proof.html:
            yield says("for some")
            yield says("for some")

    only(everywhere)
    report = look([(ANA, ""), (UMA, ""), (replace(UMA, id=9), "")])
    assert {f.message: f.recipients for f in report.findings} == {"for all": 0, "for some": 2}
    assert report.is_refused


def test_errors_come_first_then_the_order_of_the_file():
    found = [
        says("d", Severity.WARNING, 9),
        says("c", Severity.WARNING, 2),
        says("b", line=7),
        says("a", line=3),
        Finding("some-code", Severity.ERROR, "z", ""),
    ]
    assert [f.message for f in in_order(found)] == ["z", "a", "b", "c", "d"]


@pytest.mark.usefixtures("only")
def test_whose_mail_cannot_be_made_is_named_and_what_was_seen_is_kept():
    body = "{% if recipient.first_name == 'Uma' %}{{ recipient.zip | int + recipient.city }}{% endif %}Hi"
    report = look([(ANA, ""), (UMA, ""), (BO, "")], body)
    (found,) = [f for f in report.findings if f.code == NO_VARIANT]
    assert found.severity == "error"
    assert found.message.startswith("the mail of uma@example.net cannot be made: ")
    assert str(found.place) == "campaigns/sample.md:4"
    assert report.dry_run is None
    assert [e.recipients for e in report.variants] == [1]


@pytest.mark.usefixtures("only")
def test_an_empty_audience_is_an_error():
    report = look([(ANA, "unsubscribed")])
    assert [(f.code, f.severity) for f in report.findings] == [(EMPTY, "error")]
    assert report.dry_run.left_out == {"unsubscribed": 1}


@pytest.mark.usefixtures("only")
def test_a_branch_is_unseen_only_when_everybody_was_looked_at():
    body = (
        "{% if recipient.state == 'Oregon' %}Rain.{% endif %} Hi"
        "{% if recipient.first_name == 'Uma' %}{{ recipient.zip | int + recipient.city }}{% endif %}"
    )
    codes = [[f.code for f in look([(who, "") for who in people], body).findings] for people in
             ([ANA, replace(ANA, id=8, first_name="Uma", zip="1")], [ANA, BO])]  # fmt: skip
    assert codes == [[NO_VARIANT], ["unseen-branch", "unseen-branch"]]


@pytest.mark.usefixtures("only")
def test_it_can_be_stopped_in_the_middle():
    def choices():
        yield ANA, ""
        raise InterruptedError

    with pytest.raises(InterruptedError):
        look(choices())


def test_the_look_at_the_variants_is_watched(only):
    only(lambda _: [])
    seen = []

    def watch(items, total):
        seen.append(total)
        return items

    look([(ANA, ""), (UMA, "")], watch=watch)
    assert seen == [2]


def test_without_a_list_one_example_stands_for_all_and_no_audience_is_judged(only):
    only(lambda _: [says("of the mail")])
    words = make_sources(BODY)
    merger = Merger(words, fields=frozenset(), keys=KEYS, send_id=0)
    report = check_snapshot(words, merger, BO, today=TODAY, watch=of_everybody)
    assert [f.message for f in report.findings] == ["of the mail"]
    assert report.dry_run is None
    assert report.recipients == 0
    assert len(report.variants) == 1
