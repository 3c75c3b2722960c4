"""What mail programs do not know: what breaks without it is told, what only adds is not."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

import pytest

from mailer.checks.finding import Severity
from mailer.checks.rendered_mail import RenderedMail
from mailer.checks.rules import client_support
from tests.support.mail_pages import mail, page
from tools import standards
from tools.projects import samples

DATA = Path(client_support.__file__).parent.parent / "data" / "caniemail.json"
KNOWN = json.loads(DATA.read_text(encoding="utf-8"))
FEATURES = KNOWN["lacking"]
PICTURE = "https://www.example.org/river"


def found(proof):
    return list(client_support.unsupported(proof))


def styled(style):
    return f'<p style="{style}">One</p>'


@pytest.mark.parametrize(("bad", "good"), [
    (styled("display:flex"), styled("display:block")),
    (styled("display:inline-flex"), styled("display:inline-block")),
    (styled("display:grid"), styled("display:table")),
    (styled("float:left"), styled("float:none")),
    (styled("position:absolute"), styled("position:relative")),
    (styled("transform:rotate(3deg)"), styled("transform:none")),
    (styled("visibility:hidden"), styled("visibility:visible")),
    (styled("visibility:hidden"), styled("visibility:hidden;display:none")),
    (styled("white-space:pre-line"), styled("white-space:nowrap")),
    (styled("white-space:pre-wrap"), '<pre style="white-space:pre-wrap">One</pre>'),
    (styled("margin-inline:9px"), styled("margin-left:9px")),
    (styled("margin-inline-start:9px"), styled("margin:9px")),
    (styled("padding-block:9px"), styled("padding:9px 0")),
    (styled("padding-block-end:9px"), styled("padding-bottom:9px")),
    (styled("inline-size:9px"), styled("width:9px")),
    (styled("color:var(--ink)"), styled("color:#123456")),
    (styled("color:var(--ink)"), styled("color:#123456;color:var(--ink)")),
    (styled("width:calc(100% - 9px)"), styled("width:90%")),
    (styled("width:min(9px, 9%)"), styled("min-width:9px")),
    (styled("width:max(9px, 9%)"), styled("max-width:9px")),
    (styled("font-size:clamp(9px, 9%, 20px)"), styled("font-size:12px")),
    (styled("color:oklch(40% 0.1 180)"), styled("color:#123456")),
    (styled("color:light-dark(#000, #fff)"), styled("color:#000")),
    (styled("color:rgba(0,0,0,.8)"), styled("color:rgb(0,0,0)")),
    (styled("font-size:1.5rem"), styled("font-size:1.5em")),
    (styled("width:50vw"), styled("width:50%")),
    (styled("width:20ch"), styled("width:20px")),
    ("<style>p { display: flex }</style>", "<style>@media all { p { display: flex } }</style>"),
    ("<style>p { float: left }</style>", "<style>p:hover { float: left }</style>"),
    ('<style>p::before { content: "→" }</style>', '<style>p::before { content: "" }</style>'),
    ("<style>p { b { color: red } }</style>", "<style>p b { color: red }</style>"),
    ("<style>@import url(https://example.org/a.css);</style>",
     "<style>@import url(https://fonts.example.org/a.css);</style>"),
    ('<link rel="stylesheet" href="https://example.org/a.css">',
     '<link rel="stylesheet" href="https://fonts.example.org/a.css">'),
    ("<video src='a.mp4'></video>", "<video src='a.mp4'><a href='https://example.org'>Film</a></video>"),
    ("<audio src='a.mp3'></audio>", "<audio src='a.mp3'><a href='https://example.org'>Song</a></audio>"),
    ("<svg></svg>", f'<img src="{PICTURE}.png">'),
    ("<object></object>", f'<object><img src="{PICTURE}.png"></object>'),
    ("<form></form>", '<a href="https://example.org/form">Sign</a>'),
    ("<textarea></textarea>", "<p>One</p>"), ("<select></select>", "<p>One</p>"),
    ("<button>Go</button>", '<a role="button" href="https://example.org">Go</a>'),
    ("<input>", "<!--[if mso]><input><![endif]-->"),
    ("<progress></progress>", "<p>82 %</p>"), ("<meter></meter>", "<p>82 %</p>"),
    ("<dialog></dialog>", "<div></div>"),
    ("<p hidden>One</p>", "<p style='display:none'>One</p>"),
    ("<iframe src='https://example.org'></iframe>", "<a href='https://example.org'>Film</a>"),
    ("<script>1</script>", "<p>1</p>"),
    (f'<img src="{PICTURE}.webp">', f'<img src="{PICTURE}.jpg?format=webp">'),
    (f'<img src="{PICTURE}.SVG">', f'<img src="{PICTURE}.gif">'),
    (f'<img src="{PICTURE}.heic">', f'<img src="{PICTURE}.jpeg">'),
])  # fmt: skip
def test_what_breaks_is_told_and_its_neighbour_is_not(bad, good):
    (finding,) = found(page(bad))
    assert finding.code == client_support.UNSUPPORTED
    assert finding.severity is Severity.WARNING
    assert finding.spot in page(bad).html
    assert found(page(good)) == []


@pytest.mark.parametrize("style", [
    "border-radius:6px", "box-shadow:0 0 3px #000", "text-shadow:0 0 3px #000", "opacity:.9",
    "transition:color 1s", "animation:x 1s", "background:linear-gradient(#fff,#eee)", "outline-offset:2px",
    "background-image:url(https://www.example.org/a.png)", "letter-spacing:-0.3px", "hyphens:auto",
    "font-family:Chalk, serif", "filter:grayscale(1)", "text-wrap:balance", "max-width:100%",
])  # fmt: skip
def test_what_only_adds_is_no_matter(style):
    assert found(page(styled(style))) == []


def test_message_names_the_programs_what_is_lost_and_a_way_out():
    (finding,) = found(mail('Hello.\n\n<p style="display: flex">One</p>'))
    assert finding.message == (
        "Outlook for Windows does not know “display: flex”: what should stand side by side stands "
        "one below the other there"
    )
    assert "https://www.caniemail.com/features/css-display-flex/" in finding.hint
    assert str(finding.place) == "campaigns/example.md:7"
    assert finding.spot == "display:flex"


def test_outlook_is_not_blamed_for_what_it_is_not_shown():
    flexible = styled("display:flex")
    assert found(page(f"<!--[if !mso]><!-->{flexible}<!--<![endif]-->")) == []
    assert found(page(f"<!--[if !mso]><!--><br><!--<![endif]-->{flexible}"))
    (finding,) = found(page(f"<!--[if !mso]><!-->{styled('position:absolute')}<!--<![endif]-->"))
    assert "Outlook" not in finding.message
    assert finding.message.startswith("Gmail does not know “position: absolute”")


def test_markup_for_outlook_alone_is_no_matter():
    assert found(page(f"<!--[if mso]>{styled('position:absolute')}<![endif]-->")) == []


def test_each_feature_is_told_once():
    assert len(found(page(styled("display:flex") * 3))) == 1


def test_features_are_those_of_the_data():
    table = {slug for _, _, slug, _ in client_support._DECLARATIONS}
    table |= {slug for slug, _ in client_support._ELEMENTS.values()} | set(
        client_support._FORMATS.values()
    )
    assert table <= set(FEATURES)
    assert len(FEATURES) > 200


def test_data_names_the_programs_that_the_page_names():
    programs = {re.sub(r" \(.*", "", name) for names in FEATURES.values() for name in names}
    assert programs == {
        "Gmail", "Apple Mail", "Outlook for Windows", "Outlook.com", "Yahoo Mail", "Samsung Email"
    }  # fmt: skip
    section = (
        (samples.ROOT / "docs" / "checks.md").read_text("utf-8").partition("## unsupported")[2]
    )
    assert all(program in " ".join(section.split()) for program in programs)
    assert f"up to {datetime.fromisoformat(KNOWN['tested']):%B %Y}" in section
    assert DATA.stat().st_size < 30_000


@pytest.mark.parametrize("campaign", samples.CAMPAIGNS)
def test_samples_use_what_every_program_knows(campaign):
    words = samples.load(campaign)
    merged = samples.merger(campaign).merge(samples.difficult(campaign)["usual"])
    assert found(RenderedMail(words, merged)) == []


def test_data_takes_the_newest_version_of_every_program():
    everywhere = {"desktop-webmail": {"2": "y", "10": "n"}, "mobile-webmail": {"2020-01": "n #1"}}
    gmail = everywhere | {"ios": {"2020-01": "y", "2019-12": "n"}, "android": {"2020": "a #2"}}
    assert standards.lacking({"gmail": gmail}) == ["Gmail (web, mobile web)"]
    assert standards.lacking({"outlook": {"windows": {"2016": "y", "2019": "n"}}}) == [
        "Outlook for Windows"
    ]
    assert standards.lacking({"outlook": {"windows": {"2019": "u"}}}) == []
