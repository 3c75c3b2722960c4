"""Programs that look at the links in a mail, and post to them without having read the page."""

from __future__ import annotations

import re

import pytest

from tests.support.petitions import PATH, TEXT
from tests.web.conftest import Site
from tools.projects.project import address

ANA = "ana@example.com"
NAME = {"first_name": "Ana", "last_name": "Ruiz", "zip": "97212"}
MAILED = re.compile(r"https://mail\.example\.org(/[a-z]/[\w/-]+)")


def ask_for_mail(site: Site) -> None:
    """What brings a confirmation mail of every kind."""
    site.post("/join", {"email": ANA, "list-alerts": "yes"})
    site.post("/unsubscribe", {"email": address(1)})
    site.post("/petition/night-bus", NAME | {"email": "bo@example.com"})
    site.press(site.links(3).sign("night-bus"))
    site.post(site.links(4).update, {"email": "new@example.com", "first_name": "Eve"})
    site.post(site.link_to("new@example.com"))


@pytest.mark.parametrize("form", [{}, {"List-Unsubscribe": "One-Click"}])
def test_a_post_without_the_button_changes_nothing(root, form):
    (root / PATH).parent.mkdir()
    (root / PATH).write_text(TEXT.replace("closes: 2026-04-09\n", ""), encoding="utf-8")
    site = Site(root)
    with site.client:
        ask_for_mail(site)
        paths = {
            path
            for mail in site.mails()
            for path in MAILED.findall(mail.get_body(("plain",)).get_content())
        }
        assert {path[1] for path in paths} >= set("jlynxow")
        state = site.state()
        for path in sorted(paths):
            assert site.post(path, form).status_code == 200, path
        assert site.state() == state
    site.store.close()
