"""Less HTML that looks the same."""

from __future__ import annotations

import pytest
from lxml import etree

from mailer.compiler import mjml
from mailer.compiler.minify import join_comments, minify
from tools.measure.reference_mjml import NAMES, compiled

LOOKS = """() => {
const behind = (element) => {
  for (; element; element = element.parentElement) {
    const color = getComputedStyle(element).backgroundColor;
    if (color !== "rgba(0, 0, 0, 0)") return color;
  }
};
return [...document.body.querySelectorAll("*")].map((element) => {
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const looks = [element.tagName, box.x, box.y, box.width, box.height, behind(element),
    style.borderTopWidth];
  if (text) looks.push(style.color, style.fontFamily.replaceAll('"', "'"), style.fontSize,
    style.fontWeight, style.lineHeight, style.textAlign.replace("-webkit-", "").replace("start", "left"), style.textDecorationLine);
  return looks.join(" ");
});
}"""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("quirks", [False, True])
def test_a_browser_shows_the_same_with_and_without(browser, monkeypatch, name, quirks):
    less = compiled(name).html
    monkeypatch.setattr(mjml, "minify", lambda root: root)
    more = compiled(name).html
    assert len(less) < len(more)
    with browser.new_page(viewport={"width": 400, "height": 800}) as page:
        looks = []
        for html in (less, more):
            page.set_content(html.removeprefix("<!doctype html>") if quirks else html)
            looks.append(page.evaluate(LOOKS))
    assert looks[0] == looks[1]


def minified(body: str) -> str:
    root = etree.fromstring(f"<body>{body}</body>", etree.HTMLParser())
    minify(root)
    whole: str = etree.tostring(root, method="html", encoding="unicode")
    return whole.removeprefix("<html><body>").removesuffix("</body></html>")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "<div style=\"font-family: 'A B', c\"><p style='font-family:\"A B\",c;color:red'>x</p></div>",
            '<div style="font-family:\'A B\',c"><p style="color:red">x</p></div>',
        ),
        (
            '<div style="color:red"><p style="color:red">x <a style="color:red">y</a></p></div>',
            '<div style="color:red"><p>x <a style="color:red">y</a></p></div>',
        ),
        (
            '<div style="color:red"><p style="color:red !important">x</p></div>',
            '<div style="color:red"><p style="color:red !important">x</p></div>',
        ),
        (
            '<p style="margin:0px 10px;padding:0.0px;width:100px;height:10px">x</p>',
            '<p style="margin:0 10px;padding:0.0px;width:100px;height:10px">x</p>',
        ),
        (
            "<p style=\"background:url('a;b: 0px1 c.png');;;broken;color : red\">x</p>",
            "<p style=\"background:url('a;b: 0px1 c.png');color:red\">x</p>",
        ),
        (
            '<p style="padding:1px 2px;padding-left:3px;color:red;padding-top:4px">x</p>',
            '<p style="padding:4px 2px 1px 3px;color:red">x</p>',
        ),
        (
            '<p style="padding:1px 2px 3px;padding-bottom:1px">x</p>',
            '<p style="padding:1px 2px">x</p>',
        ),
        (
            '<p style="padding-left:3px;padding:1px">x</p>',
            '<p style="padding-left:3px;padding:1px">x</p>',
        ),
        (
            '<p style="padding:1px;padding-left:3px !important">x</p>',
            '<p style="padding:1px;padding-left:3px !important">x</p>',
        ),
        (
            '<img src="a.png" height="auto" style="height:auto"><img src="a.png" height="auto">',
            '<img src="a.png" style="height:auto"><img src="a.png" height="auto">',
        ),
        (
            '<table cellpadding="0"> <tr> <td style="padding:0px">x </td> </tr> </table>',
            '<table cellpadding="0"><tr><td>x </td></tr></table>',
        ),
        (
            '<table><tr><td style="padding:0">x</td></tr></table>',
            '<table><tr><td style="padding:0">x</td></tr></table>',
        ),
        (
            '<div style="color:red"><table><tr><td style="color:red">x</td></tr></table></div>',
            '<div style="color:red"><table><tr><td style="color:red">x</td></tr></table></div>',
        ),
    ],
)
def test_what_goes_and_what_stays(body, expected):
    assert minified(body) == expected


def test_comments_for_outlook_that_stand_side_by_side_become_one():
    page = "<!--[if mso | IE]><table><![endif]--> \n<!--[if mso | IE]><tr><![endif]--><!--[if mso]>x<![endif]-->"
    assert (
        join_comments(page) == "<!--[if mso | IE]><table><tr><![endif]--><!--[if mso]>x<![endif]-->"
    )
