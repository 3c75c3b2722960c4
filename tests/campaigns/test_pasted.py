"""Invisible characters in text that was pasted from other programs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.campaigns.pasted import tidy

FRONT = "---\nsubject: News\n---\n"


@pytest.mark.parametrize("sign", ["\v", "\f", "\x85", "\u2028", "\u2029"])
def test_a_line_break_of_another_program_stays_one_in_the_text(sign):
    assert tidy(f"{FRONT}Hello{sign}there") == f"{FRONT}Hello<br>there"
    assert tidy(f"---\nsubject: One{sign}two\n---\n") == "---\nsubject: One two\n---\n"


@pytest.mark.parametrize("sign", ["\0", "\a", "\x1b", "\x7f", "\x93", "\ufeff", "\u202e"])
def test_what_nobody_sees_is_left_out(sign):
    assert tidy(f"{FRONT}Hel{sign}lo") == f"{FRONT}Hello"


@pytest.mark.parametrize("text", ["a\tb\n", "नमस्\u200cते", "\u200f\u05e9", "soft\u00adhyphen"])
def test_signs_that_writing_needs_stay(text):
    assert tidy(FRONT + text) == FRONT + text


@given(st.text())
def test_the_lines_stay_the_lines_of_the_file(text):
    assert tidy(text).count("\n") == text.count("\n")
