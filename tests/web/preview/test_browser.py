"""The preview in a real browser: what a writer does with it, by mouse and by keyboard."""

from __future__ import annotations

import email
import email.policy
import filecmp
import re
import shutil
import time
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.support.preview import enter, origin, previewing, sample_project
from tools.projects import samples
from tools.projects.project import start

SHOTS = samples.ROOT / "build" / "screenshots"

CAMPAIGNS = [f"campaigns/{name}.md" for name in samples.CAMPAIGNS]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    root = sample_project(tmp_path_factory.mktemp("preview") / "project")
    with previewing(root) as address:
        yield root, address


@pytest.fixture
def url(project):
    return origin(project[1])


@pytest.fixture
def root(project):
    """Whatever a test does to the files is undone."""
    folder = project[0]
    yield folder
    for path in (*samples.load("heat-alert").files, *CAMPAIGNS, "mailer.toml"):
        original = (samples.ROOT if path.startswith("templates/") else samples.SAMPLE) / path
        if not filecmp.cmp(original, folder / path, shallow=False):
            shutil.copy(original, folder / path)


@pytest.fixture
def tab(browser, project, url):
    """A page that asks nothing of anybody else and has nothing to complain of."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    foreign, complaints = [], []
    page.on(
        "request",
        lambda asked: asked.url.startswith((url, "data:")) or foreign.append(asked.url),
    )
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda err: complaints.append(str(err)))
    enter(page, project[1])
    yield page
    page.close()
    assert foreign == []
    assert [said for said in complaints if "status of 422" not in said] == []


def mail(tab):
    """The frame that is seen."""
    return tab.frame_locator("iframe:not(.waiting)")


def inside(tab, expression):
    """What an expression is worth in the frame that is seen, which runs no script itself."""
    frame = "document.querySelector('iframe:not(.waiting)').contentWindow"
    return tab.evaluate(f"(({{document, getComputedStyle, scrollY}}) => {expression})({frame})")


@contextmanager
def swapped(tab):
    """Until the next version of the mail is seen."""
    turn = tab.locator("body").get_attribute("data-turn")
    yield
    expect(tab.locator("body")).not_to_have_attribute("data-turn", turn)


def choose(tab, label):
    tab.get_by_label(label, exact=True).check()


def edit(root, change, path="campaigns/rent-newsletter.md"):
    """As an editor does that replaces the file."""
    file = root / path
    draft = file.with_name(".draft")
    draft.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")
    draft.replace(file)


CUT_OFF = """[...document.querySelectorAll("aside, aside section, #rows, .inbox figure")]
    .filter((element) => element.scrollWidth > element.clientWidth + 1).map((element) => element.className || element.id)"""
"""Parts of the page whose content is wider than they are."""


def take_screenshots(tab, name):
    """axe-core finds nothing, nothing is wider than the screen, targets are large; and a picture."""
    for width, modes in ((1280, ("dark", "light")), (700, ("light",)), (375, ("light", "dark"))):
        tab.set_viewport_size({"width": width, "height": 900})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, name
        assert tab.evaluate(CUT_OFF) == [], name
        for mode in modes:
            tab.emulate_media(color_scheme=mode)
            if mode == modes[-1]:
                found = Axe().run(tab)
                assert found.violations_count == 0, f"{name}: {found.generate_report()}"
            SHOTS.mkdir(parents=True, exist_ok=True)
            tab.screenshot(path=SHOTS / f"preview-{name}-{width}-{mode}.png", full_page=True)
    small = tab.evaluate(
        "[...document.querySelectorAll('button, input:not([type=radio]), .choices span')]"
        ".filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 44)"
        ".map(e => e.outerHTML)"
    )
    assert small == [], name
    tab.emulate_media(color_scheme="light")
    tab.set_viewport_size({"width": 1280, "height": 900})


def test_all_campaigns_with_subject_state_and_findings(tab, project, url, root):
    start(root, "send", "night-bus", "--limit", "40", "--yes").communicate()
    start(root, "send", "river-petition", "--yes").communicate()
    edit(
        root,
        lambda text: text.replace("list: members", "lists: members"),
        "campaigns/heat-alert.md",
    )
    tab.goto(project[1])  # as staff do: the address with its secret
    tab.wait_for_url(f"{url}/")
    expect(tab.locator(".card")).to_have_count(len(samples.CAMPAIGNS), timeout=20_000)
    cards = {card.split("\n")[0]: card for card in tab.locator(".card").all_inner_texts()}
    assert set(cards) == set(samples.CAMPAIGNS)
    assert "40 accepted" in cards["night-bus"]
    assert "210 pending" in cards["night-bus"]
    assert re.search(r"\bsent\b.*250 accepted", cards["river-petition"], re.DOTALL)
    assert 'unknown key "lists"' in cards["heat-alert"]
    assert "draft" in cards["rent-newsletter"]
    expect(tab.locator("#row-rent-newsletter")).to_contain_text(
        "nothing wrong found", timeout=20_000
    )
    expect(tab.locator("#row-rent-newsletter")).to_contain_text("here is how the rent vote went")
    take_screenshots(tab, "campaigns")
    tab.locator("#row-rent-newsletter").click()
    tab.wait_for_url("**/rent-newsletter")


def test_widths_modes_and_views_change_without_loading_the_page(tab, url):
    tab.goto(f"{url}/heat-alert")
    expect(mail(tab).get_by_role("heading", level=1)).to_be_visible()
    tab.evaluate("window.untouched = true")
    frame = tab.locator("iframe:not(.waiting)")
    for label, width in (("Tablet", 600), ("Desktop", 800), ("Phone", 375)):
        choose(tab, label)
        expect(frame).to_have_css("width", f"{width}px")
        assert inside(tab, "document.documentElement.clientWidth") <= width
    light = background(tab)
    choose(tab, "Dark")
    expect(tab.locator("#stage")).to_have_class(re.compile("dark"))
    # on a busy machine, the mail of the choice before may come first
    deadline = time.monotonic() + 20
    while background(tab) == light and time.monotonic() < deadline:
        tab.wait_for_timeout(50)
    assert background(tab) != light
    choose(tab, "Plain text")
    expect(tab.locator("#as-text")).to_contain_text("Do not let them take the shade away")
    choose(tab, "Source")
    expect(tab.locator("#as-text")).to_contain_text("<!doctype html>")
    choose(tab, "Headers")
    expect(tab.locator("#as-text")).to_contain_text(
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click"
    )
    choose(tab, "Mail")
    expect(mail(tab).get_by_role("heading", level=1)).to_be_visible()
    assert tab.evaluate("window.untouched")
    tab.reload()
    expect(tab.get_by_label("Dark")).to_be_checked()


def background(tab):
    colors = (
        "[...document.querySelectorAll('*')].map(e => getComputedStyle(e).backgroundColor).join()"
    )
    return inside(tab, colors)


def test_without_pictures_the_alternative_texts_are_there(browser, project, url, root):
    picture = (
        '<img src="https://pictures.example.org/a.png" alt="A full bus at night" '
        'onerror="parent.ran = true" />'
    )
    edit(root, lambda text: f"{text}\n\n{picture}\n")
    page = browser.new_page()
    enter(page, project[1])
    asked = []
    page.route("https://pictures.example.org/**", lambda route: (asked.append(1), route.abort()))
    page.goto(f"{url}/rent-newsletter?images=off")
    expect(mail(page).get_by_alt_text("A full bus at night")).to_be_attached()
    page.wait_for_timeout(200)
    assert asked == []
    choose(page, "Pictures")
    page.wait_for_timeout(1000)
    assert asked
    # that they failed could be told to a script, if the mail ran any
    assert not page.evaluate("window.ran")
    page.close()


def test_a_saved_file_is_on_the_screen_where_the_reader_was(tab, url, root):
    tab.goto(f"{url}/rent-newsletter")
    expect(mail(tab).get_by_role("heading", level=1)).to_be_visible()
    tab.evaluate("document.querySelector('iframe:not(.waiting)').contentWindow.scrollTo(0, 900)")
    for old, new, path in (
        ("\n---\n", "\n---\n\nHere are new words.\n\n", "campaigns/rent-newsletter.md"),
        ("This e-mail was sent", "New words were sent", "templates/languages/en.txt"),
    ):
        edit(root, lambda text, old=old, new=new: text.replace(old, new, 1), path)
        expect(mail(tab).locator("body")).to_contain_text(new.strip("\n-"))
        scrolled = inside(tab, "scrollY")
        assert scrolled == 900


def test_a_lookup_and_the_settings_are_watched_too(tab, url, root):
    tab.goto(f"{url}/city-library")
    expect(mail(tab).locator("body")).to_contain_text("Whitlock-Bey")
    edit(
        root, lambda text: text.replace("Whitlock-Bey", "Quillon-Bray"), "lists/lookups/cities.csv"
    )
    expect(mail(tab).locator("body")).to_contain_text("Quillon-Bray")
    edit(root, lambda text: text.replace("PO Box 1180", "PO Box 2290"), "mailer.toml")
    expect(mail(tab).locator("body")).to_contain_text("PO Box 2290")
    edit(root, lambda text: text.replace("PO Box 2290", "PO Box 3390"), "mailer.toml")
    expect(mail(tab).locator("body")).to_contain_text("PO Box 3390")


def test_an_error_is_shown_with_its_line_and_the_last_good_version_stays(tab, url, root):
    tab.goto(f"{url}/rent-newsletter")
    expect(mail(tab).get_by_role("heading", level=1)).to_be_visible()
    edit(root, lambda text: text.replace("{% if", "{% iff", 1))
    problem = tab.locator(".problem")
    expect(problem).to_contain_text(re.compile(r"campaigns/rent-newsletter\.md:\d+"))
    expect(problem.locator(".here")).to_contain_text("{% iff")
    expect(problem).to_contain_text("the last version that could be shown")
    expect(mail(tab).get_by_role("heading", level=1)).to_be_visible()
    take_screenshots(tab, "error")
    (root / "campaigns" / "rent-newsletter.md").unlink()
    expect(problem).to_contain_text("there is no campaign")
    expect(mail(tab).get_by_role("heading", level=1)).to_be_visible()
    shutil.copy(samples.SAMPLE / "campaigns" / "rent-newsletter.md", root / "campaigns")
    expect(problem).to_have_count(0)


def test_a_file_that_is_half_written_for_a_moment_is_no_error(tab, url, root):
    tab.goto(f"{url}/rent-newsletter")
    expect(mail(tab).get_by_role("heading", level=1)).to_be_visible()
    tab.evaluate(
        "new MutationObserver(() => window.failed ||= problem.innerText).observe(problem, {childList: true})"
    )
    file = root / "campaigns" / "rent-newsletter.md"
    text = file.read_text(encoding="utf-8")
    for number in range(5):
        with file.open("w", encoding="utf-8") as half:
            half.write(text[: len(text) // 3])
            half.flush()
            tab.wait_for_timeout(30)
            half.write(text[len(text) // 3 :] + f"\n\nWritten {number}.\n")
        expect(mail(tab).get_by_text(f"Written {number}.")).to_be_attached()
    assert not tab.evaluate("window.failed")


def test_a_subscriber_is_found_and_the_mail_is_theirs(tab, url):
    tab.goto(f"{url}/rent-newsletter")
    tab.get_by_label("Search the list").fill("ekaterina")
    tab.get_by_role("button", name="ekaterina.brannigan@example.org").click()
    expect(tab.locator("#envelope")).to_contain_text("ekaterina.brannigan@example.org")
    expect(tab.locator("#subject")).to_contain_text("Ekaterina")
    expect(mail(tab).locator("body")).to_contain_text("ekaterina.brannigan@example.org")
    tab.get_by_label("Search the list").fill("nobody has this name")
    expect(tab.locator("#found")).to_contain_text("Nobody on members")


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("Longest name", "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwaren"),
        ("Right-to-left name", "محمود"),
        ("Markup in the name", "<b>Max</b> & \"Moe\" '{{ 7 * 7 }}'"),
        ("No name", "here is how the rent vote went"),
        ("No ZIP code", "here is how the rent vote went"),
    ],
)
def test_difficult_people_are_a_click_away(tab, url, label, shown):
    tab.goto(f"{url}/rent-newsletter")
    tab.get_by_role("button", name=label).click()
    expect(tab.get_by_role("button", name=label)).to_have_attribute("aria-pressed", "true")
    expect(tab.locator("#subject")).to_contain_text(shown)
    expect(mail(tab).get_by_role("heading", level=1)).to_be_visible()


def test_every_variant_is_a_click_away_with_its_number_of_people(tab, url, root):
    tab.goto(f"{url}/rent-newsletter")
    variants = tab.locator(".variants button")
    expect(variants.first).to_be_visible(timeout=20_000)
    expect(tab.locator("#side progress")).to_have_count(0, timeout=20_000)
    numbers = [int(re.match(r"\d+\. (\d+)", text)[1]) for text in variants.all_inner_texts()]
    assert sum(numbers) == 250
    assert len(numbers) > 1
    assert numbers == sorted(numbers, reverse=True)
    seen = set()
    for variant in variants.all():
        number = variant.get_attribute("data-variant")
        with swapped(tab):
            variant.click()
        expect(variant).to_have_attribute("aria-pressed", "true")
        expect(tab.locator("#envelope")).to_contain_text("@")
        seen.add(mail(tab).locator("body").inner_text())
        expect(tab.locator("#envelope dd").last).to_have_text(re.compile(f"{number}: "))
    assert len(seen) == len(numbers)
    expect(tab.locator("#side")).to_contain_text("250 people on members")
    take_screenshots(tab, "campaign")
    start(root, "lists", "unsubscribe", "members", "ekaterina.brannigan@example.org").communicate()
    tab.get_by_role("button", name="Look again").click()
    expect(tab.locator("#side")).to_contain_text("249 people on members", timeout=20_000)
    expect(tab.locator("#side")).to_contain_text("unsubscribed")


def test_a_finding_leads_to_its_place_in_the_mail(tab, url, root):
    edit(root, lambda text: text.replace("\n---\n", "\n---\n\nTODO: say who voted against.\n\n", 1))
    tab.goto(f"{url}/rent-newsletter")
    finding = tab.locator(".findings button").first
    expect(finding).to_be_visible(timeout=20_000)
    expect(tab.locator(".findings")).to_contain_text(
        re.compile(r"campaigns/rent-newsletter\.md:\d+")
    )
    tab.evaluate("document.querySelector('iframe:not(.waiting)').contentWindow.scrollTo(0, 99999)")
    finding.click()
    lit = mail(tab).locator("[data-lit]")
    expect(lit).to_contain_text("TODO")
    expect(lit).to_be_in_viewport()
    take_screenshots(tab, "findings")


def test_a_long_line_does_not_widen_the_side_panel(tab, url, root):
    line = (
        "TODO "
        + "this paragraph is one long line, as editors write that wrap lines by themselves, " * 30
    )
    link = f"[Read more](https://example.org/{'x' * 400})"
    edit(root, lambda text: text.replace("\n---\n", f"\n---\n\n{line}{link}\n\nTODO again.\n\n", 1))
    tab.goto(f"{url}/rent-newsletter")
    expect(tab.locator(".findings button")).not_to_have_count(0, timeout=20_000)
    expect(tab.locator(".finding-group", has_text="TODO").locator("button")).to_have_count(2)
    take_screenshots(tab, "long-line")


def test_the_inbox_line_is_cut_as_a_phone_and_a_desktop_cut_it(tab, url, root):
    words = (
        "Both chambers voted tonight, and what they decided is longer than any inbox shows at once."
    )
    edit(root, lambda text: re.sub(r"(?m)^preheader:.*$", f"preheader: {words}", text))
    tab.goto(f"{url}/rent-newsletter")
    lines = tab.locator(".inbox figure > .muted")
    expect(lines).to_have_text([words[:39].rstrip() + "…", words[:69].rstrip() + "…"])


def test_one_of_many_campaigns_is_found(tab, url, root):
    copies = [root / "campaigns" / f"heat-alert-{number}.md" for number in range(60)]
    text = (root / "campaigns" / "heat-alert.md").read_text()
    for copy in copies:
        copy.write_text(text)
    try:
        tab.goto(url)
        expect(tab.locator("#shown")).to_have_text("65 of 65", timeout=20_000)
        tab.get_by_label("Search by name").fill("heat-ALERT 59")
        expect(tab.locator(".card:visible")).to_have_count(1)
        expect(tab.locator(".card:visible")).to_contain_text("To members")
        expect(tab.locator("#shown")).to_have_text("1 of 65")
        choose(tab, "Sent")
        expect(tab.locator(".card:visible")).to_have_count(0)
    finally:
        for copy in copies:
            copy.unlink()


def test_a_link_in_the_mail_is_shown_and_not_followed(tab, url):
    tab.goto(f"{url}/rent-newsletter")
    mail(tab).get_by_role("link", name="unsubscribe").click()
    expect(tab.locator("#status")).to_contain_text("This link leads to https://mail.example.org/u/")
    expect(mail(tab).get_by_role("heading", level=1)).to_be_visible()
    mail(tab).locator("sup a").first.click()
    assert inside(tab, "scrollY") > 0


def test_a_test_mail_goes_to_the_outbox_and_a_wrong_address_is_refused(tab, url, root):
    tab.goto(f"{url}/rent-newsletter")
    tab.get_by_label("Your address").fill("ana@example.org")
    tab.get_by_role("button", name="Send", exact=True).click()
    expect(tab.locator("#tested")).to_contain_text("to ana@example.org is written to the outbox")
    (file,) = (root / "outbox" / "rent-newsletter" / "tests").glob("*.eml")
    sent = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert sent["Subject"].startswith("[TEST] ")
    assert sent["To"] == "ana@example.org"
    tab.get_by_label("Your address").fill("ana@nowhere")
    tab.get_by_role("button", name="Send", exact=True).click()
    expect(tab.locator("#tested")).to_contain_text("Write addresses as in")


def test_a_running_send_is_followed_and_its_result_is_shown(tab, url, root):
    sending = start(root, "send", "city-library", "--rate", "6", "--yes")
    tab.goto(f"{url}/city-library")
    expect(tab.locator("#sends .mark")).to_have_text("sending", timeout=20_000)
    expect(tab.locator("#sends progress")).to_be_visible()
    expect(tab.locator("#sends .mark")).to_have_text("sent", timeout=30_000)
    sending.communicate()
    expect(tab.locator("#sends")).to_contain_text("accepted")
    expect(tab.locator("#sends .chart")).to_contain_text("Messages in a minute")
    expect(tab.locator("#side")).to_contain_text("Looked at", timeout=20_000)
    take_screenshots(tab, "sent")


def test_everything_by_keyboard(tab, url):
    tab.goto(f"{url}/rent-newsletter")
    expect(mail(tab).get_by_role("heading", level=1)).to_be_visible()
    stage = tab.locator("#stage")
    for key, expected in (
        ("2", "wide-600"),
        ("d", "dark"),
        ("s", "as-text"),
        ("m", "wide-600 dark"),
    ):
        tab.keyboard.press(key)
        expect(stage).to_have_class(re.compile(expected))
    tab.keyboard.press("?")
    expect(tab.get_by_role("dialog")).to_be_visible()
    found = Axe().run(tab)
    assert found.violations_count == 0, found.generate_report()
    tab.keyboard.press("Escape")
    expect(tab.get_by_role("dialog")).to_be_hidden()
    tab.keyboard.press("/")
    tab.keyboard.type("d3")
    expect(tab.get_by_label("Search the list")).to_have_value("d3")
    expect(stage).to_have_class(re.compile("wide-600"))
    expect(tab.locator(".variants button").first).to_be_visible(timeout=20_000)
    tab.get_by_label("Search the list").blur()
    with swapped(tab):
        tab.keyboard.press("v")
    expect(tab.locator(".variants button").first).to_have_attribute("aria-pressed", "true")
    mail(tab).get_by_role("heading", level=1).click()
    tab.keyboard.press("3")
    expect(stage).to_have_class(re.compile("wide-800"))
