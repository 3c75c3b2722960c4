"""What elements look like, as Chromium shows them: cascade, inheritance, dark mode."""

from __future__ import annotations

import pytest

from mailer.checks.rendered_mail import RenderedMail
from mailer.checks.style import computed
from tests.support.mail_pages import page
from tools.projects import samples

SHOWN = """(canvas) => {
  const hex = (text) => "#" + text.match(/[\\d.]+/g).slice(0, 3)
    .map((part) => Math.round(part).toString(16).padStart(2, "0")).join("");
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (!/^rgba.*, 0\\)$/.test(colour)) return hex(colour);
    }
    return canvas;
  };
  const seen = { opacityProperty: true, visibilityProperty: true };
  return [...document.body.querySelectorAll("*")].filter((e) => e.checkVisibility(seen)).map((e) => {
    const style = getComputedStyle(e);
    const bold = Number(style.fontWeight) >= 600;
    return [e.localName, hex(style.color), behind(e), parseFloat(style.fontSize), bold];
  });
}"""

IMPLIED = {"br", "tbody"}
"""Never visible to Chromium, and put in by it where it is missing."""

DIFFICULT = """
<style>
  .j { color: #cc0000 } p { color: #111111 } .a p { color: #222222 } p.b { color: #333333 } #c { color: #444444 !important }
  .d > p:first-child { color: #555555 } h1, .e { background: #eeeeee url("x.png") no-repeat }
  @media (prefers-color-scheme: dark) { .f { color: #cccccc !important; background-color: #000000 } }
  @media (min-width: 480px) { p { color: #ff0000 } }
  @media only screen and (max-width: 400px), print { .g { font-size: 150% } }
  p.h { color: #aa0000 } p.i { color: #bb0000 !important } p { background: none }
  p:hover { color: #ff0000 } p::before { color: #ff0000 } p:unheard-of { color: #ff0000 }
</style>
<div class="a" style="color:#666666; font:bold 20px/1.5 Georgia"><p>1</p><p class="b">2</p>
<p class="b" id="c" style="color:#777777">3</p></div>
<p class="h">A</p><p class="j">A</p><p class="i" style="color:#777777 !important">B</p>
<div style="color:#888888"><a href="x" style="color:inherit">C</a><h2>D</h2><h3>E</h3><h4>F</h4><h5>G</h5><h6>H</h6></div>
<div class="d"><p>4</p><p>5</p><h1>6 <small>7 <b>8</b></small></h1><a href="x">9</a><a name="y">10</a></div>
<table bgcolor="#abcdef"><tr><td class="e">11</td><td style="background:none"><font color="#123456">12</font></td></tr></table>
<div class="f" style="color:inherit">13 <span style="color:currentColor;font-size:.5em">14</span></div>
<div class="g" style="line-height:2">15 <span style="font-weight:400">16</span></div>
<div style="background:rgba(0,0,0,0)"><p style="visibility:hidden">17</p><p hidden>18</p></div>
<div style="color:hsl(120, 100%, 25%);background-color:hwb(20 10% 10%);font-weight:600">19</div>
"""


def theirs(browser, html: str, scheme: str, canvas: str) -> list[tuple[object, ...]]:
    viewport = {"width": computed.PHONE, "height": 800}
    with browser.new_page(viewport=viewport, color_scheme=scheme) as tab:
        tab.route("**/*", lambda route: route.abort())
        tab.set_content(html)
        found = tab.evaluate(SHOWN, canvas)
    return [(*row[:3], round(row[3], 2), row[4]) for row in found if row[0] not in IMPLIED]


def ours(proof: RenderedMail, scheme: str) -> list[tuple[object, ...]]:
    inside = set(proof.tree.body.iter("*")) - {proof.tree.body}
    return [
        (e.tag, look.color.hex, look.ground.hex, round(look.size, 2), look.bold)
        for e, look in getattr(proof, scheme).items()
        if look.shown and e in inside and e.tag not in IMPLIED
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("campaign", samples.CAMPAIGNS)
def test_every_element_of_a_sample_looks_as_in_chromium(browser, campaign, scheme):
    found = samples.merger(campaign).merge(samples.difficult(campaign)["usual"])
    proof = RenderedMail(samples.load(campaign), found)
    shown = theirs(browser, proof.html, scheme, "#ffffff")
    assert len(shown) > 150
    assert ours(proof, scheme) == shown


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("says", ["", '<meta name="color-scheme" content="light dark">'])
def test_a_difficult_cascade_comes_out_as_in_chromium(browser, says, scheme):
    proof = page(DIFFICULT, head=says)
    canvas = "#121212" if says and scheme == "dark" else "#ffffff"
    assert ours(proof, scheme) == theirs(browser, proof.html, scheme, canvas)


@pytest.mark.parametrize(
    ("style", "height"),
    [
        ("line-height:1.5;font-size:20px", 30),
        ("line-height:150%;font-size:20px", 30),
        ("line-height:30px;font-size:20px", 30),
        ("line-height:2em;font-size:15px", 30),
        ("font-size:25px", 30),
    ],
)
def test_height_of_a_line(style, height):
    proof = page(f'<p style="{style}">One</p>')
    assert proof.light[proof.tree.find(".//p")].line == pytest.approx(height)


def test_line_height_without_a_unit_grows_with_the_text_inside():
    proof = page(
        '<div style="line-height:2;font-size:10px"><p style="font-size:30px">One</p></div>'
    )
    assert proof.light[proof.tree.find(".//p")].line == 60
    proof = page(
        '<div style="line-height:200%;font-size:10px"><p style="font-size:30px">One</p></div>'
    )
    assert proof.light[proof.tree.find(".//p")].line == 20


@pytest.mark.parametrize("hidden", [
    "display:none", "visibility:hidden", "opacity:0", "max-height:0;overflow:hidden",
    "height:0px;overflow:hidden",
])  # fmt: skip
def test_what_is_hidden_hides_what_is_in_it(hidden):
    proof = page(f'<div style="{hidden}"><p>One</p></div>')
    assert not proof.light[proof.tree.find(".//p")].shown


def test_what_can_be_seen_through_lets_the_colour_below_through():
    proof = page(
        '<div style="background:#000000"><p style="background:rgba(255,255,255,.5);color:#ffffff">'
        '<b style="opacity:.5">One</b></p></div>'
    )
    look = proof.light[proof.tree.find(".//b")]
    assert (look.ground.hex, look.ink.hex) == ("#808080", "#bfbfbf")


@pytest.mark.parametrize(
    ("padding", "expected"),
    [("1px", "1111"), ("1px 2px", "1212"), ("1px 2px 3px", "1232"), ("1px 2px 3px 4px", "1234")],
)
def test_shorthand_of_padding(padding, expected):
    proof = page(f'<p style="padding:{padding}">One</p>')
    look = proof.light[proof.tree.find(".//p")]
    sides = ("top", "right", "bottom", "left")
    assert "".join(f"{look.length(f'padding-{side}'):g}" for side in sides) == expected
