from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.checks.finding import Finding, Severity
from mailer.errors import Place
from mailer.web.preview.finding_groups import group, shorten


def finding(code, severity=Severity.WARNING, line=1, hint="Do this."):
    return Finding(
        code, severity, f"{code} at {line}", hint, Place("campaigns/vote.md", line), "spot"
    )


def test_one_remedy_for_six_places_is_told_once_and_errors_come_first():
    findings = [finding("a", line=n) for n in range(6)]
    findings += [finding("b", Severity.ERROR), finding("a", hint="Do that."), finding("a", line=9)]
    groups = group(findings, lambda place: f"line {place.line}")
    assert [(g.severity, g.code, g.hint, len(g.findings)) for g in groups] == [
        ("error", "b", "Do this.", 1),
        ("warning", "a", "Do this.", 7),
        ("warning", "a", "Do that.", 1),
    ]
    assert groups[1].findings[6].line == "line 9"


def test_a_finding_without_a_place_has_no_line():
    (one,) = group([Finding("a", Severity.ERROR, "Wrong", "Right")], lambda _: "never read")
    assert one.findings[0].line == ""


@pytest.mark.parametrize(
    ("line", "spot", "shown"),
    [
        ("short", "", "short"),
        ("short", "short", "short"),
        ("a" * 300, "", "a" * 210 + "…"),
        ("a" * 300 + "SPOT" + "b" * 300, "SPOT", "…" + "a" * 70 + "SPOT" + "b" * 70 + "…"),
        ("a" * 300, "elsewhere", "a" * 210 + "…"),
    ],
)
def test_a_long_line_is_cut_around_the_spot(line, spot, shown):
    assert shorten(line, spot).startswith(shown[:50])
    assert shorten(line, spot).endswith(shown[-50:])


@given(st.text(max_size=2_000), st.integers(0, 2_000), st.integers(0, 60))
def test_the_spot_is_always_shown_and_never_more_than_fits(line, at, length):
    spot = line[at : at + length].strip()
    shown = shorten(line, spot)
    assert len(shown) <= 300
    assert spot in shown
