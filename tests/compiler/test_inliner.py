"""Styles are inlined as premailer alone inlines them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from mailer.compiler.inliner import _OPTIONS, Premailer, inline

ATTRIBUTES = ["align", "bgcolor", "height", "valign", "width"]
NAMES = ["p", "div", "a", ".x", ".y", "p.x", "div.x.y", "a[href]", ".y[align]"]
SELECTORS = st.one_of(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map(" ".join),
    st.sampled_from(
        ["div > p", "#one", "p:first-child", "a:hover", '[align="left"]', "p + p", "P"]
    ),
)
DECLARATIONS = st.sampled_from(
    ["color:red", "color:blue !important", "margin:0", "width:10px;color:green", "color:#abc"]
)
RULES = st.lists(st.tuples(SELECTORS, DECLARATIONS), max_size=8).map(
    lambda rules: "".join(f"{selector} {{{declared}}}\n" for selector, declared in rules)
)
OPENING = st.sampled_from(
    ["<div>", '<div class="x">', '<div class=" y  x" align="left">', '<p class="x" style="color:black">',
     "<p>", '<a href="#">', '<a id="one">', '<div class="y">']
)  # fmt: skip
BODIES = st.recursive(
    st.just("text"),
    lambda inner: st.builds(
        lambda tag, parts: f"{tag}{''.join(parts)}</{tag[1 : tag.find('>')].split()[0]}>",
        OPENING,
        st.lists(inner, max_size=3),
    ),
    max_leaves=12,
)


def document(sheets: list[str], body: str) -> etree._Element:
    styles = "".join(f"<style>{sheet}</style>" for sheet in sheets)
    return etree.fromstring(
        f"<html><head>{styles}</head><body>{body}</body></html>", etree.HTMLParser()
    )


def written(root: etree._Element) -> str:
    return etree.tostring(root, method="html", encoding="unicode")


@given(st.lists(RULES, max_size=2), BODIES)
@example(["div .x p {color:red}"], '<p class="x"></p><a class="x"><div><p>text</p></div></a>')
@example([".x .y div {color:red}"], '<a class="y"><a class="x"><div>text</div></a></a>')
@example([".x[align] p {color:red}"], '<a class="x"><a align="left"><p>text</p></a></a>')
def test_styles_are_inlined_as_by_premailer(sheets, body):
    ours, theirs = document(sheets, body), document(sheets, body)
    inline(ours)
    Premailer(
        theirs,
        keep_style_tags=False,
        remove_classes=False,
        align_floating_images=False,
        disable_basic_attributes=ATTRIBUTES,
        **_OPTIONS,
    ).transform()
    assert written(ours) == written(theirs)


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("<style>p {color:red}</style>", '<p style="color:red">'),
        ('<style media="screen">p {color:red}</style>', '<p style="color:red">'),
        ('<style media="print">p {color:red}</style>', "<p>"),
        ('<style data-premailer="ignore">p {color:red}</style>', "<p>"),
    ],
)
def test_sheets_for_other_media_and_ignored_ones_stay(style, expected):
    root = etree.fromstring(f"<head>{style}</head><body><p>x</p></body>", etree.HTMLParser())
    inline(root)
    assert expected in written(root)
    assert ("color:red}" in written(root)) is (expected == "<p>")
    assert "data-premailer" not in written(root)
