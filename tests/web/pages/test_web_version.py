from __future__ import annotations

import re
from contextlib import closing
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from mailer import config
from mailer.campaigns import snapshot
from tests.web.conftest import Site, eml
from tools.projects.project import NOW, address, open_store


def html_of(mail):
    return mail.get_body(("html",)).get_content().replace("\r\n", "\n").strip()


@pytest.mark.parametrize("person", [1, 2, 3])
def test_a_mail_in_the_browser_is_the_mail_that_was_sent(site, person):
    page = site.get(site.links(person).view)
    assert page.status_code == 200
    sent = html_of(eml(site.root, address(person - 1)))
    assert page.text.strip() == sent.replace('role="article"', 'role="main"')


def test_it_stays_so_though_the_person_and_the_files_change(site):
    before = site.get(site.links().view).text
    site.store.subscribers.update(1, {"first_name": "Changed", "state": "WA"}, now=NOW)
    (site.root / "campaigns" / "vote.md").write_text("---\nsubject: Other\n---\nOther words")
    (site.root / "templates" / "newsletter.mjml").write_text("broken")
    assert site.get(site.links().view).text == before


def test_nothing_can_run_in_it(site):
    policy = site.get(site.links().view).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert "frame-ancestors 'none'" in policy


def test_a_delivery_without_a_copy_leads_to_the_public_version(site):
    site.store.database.connection.execute("DELETE FROM copies")
    page = site.get(site.links().view)
    assert page.status_code == 404
    assert 'href="/c/vote"' in page.text


def test_the_public_version_has_nobodys_name_and_no_token(site):
    page = site.get("/c/vote").text
    assert "Dear neighbor" in page
    assert not re.search(r"[0-9a-f]+-[0-9a-f]+\.[A-Za-z0-9_-]{20}", page)
    assert not re.search(r"/(?:u|p|v)/", page)
    assert "Person" not in page


def test_a_campaign_that_nobody_got_has_no_public_version(site):
    site.store.sends.freeze(
        "secret", "members", [1], query="", snapshot=b"", digest="", transport="outbox", now=NOW
    )
    for url in ("/c/secret", "/f/secret", "/c/unknown"):
        assert site.get(url).status_code == 404


def test_forwarding_offers_a_ready_made_mail_with_the_public_link_only(site):
    page = site.get("/f/vote").text
    mailto = urlsplit(re.search(r'href="(mailto:[^"]+)"', page)[1].replace("&amp;", "&"))
    fields = parse_qs(mailto.query)
    assert fields["subject"] == ["Friend, the vote is Tuesday"]
    assert "https://mail.example.org/c/vote" in unquote(fields["body"][0])
    assert 'value="https://mail.example.org/c/vote"' in page
    assert 'href="/join"' in page


def set_public(root, *, default, campaign):
    """Open or close public versions in mailer.toml and in the campaign's own front matter."""
    settings = root / "mailer.toml"
    words = f"public_versions = {str(default).lower()}"
    settings.write_text(settings.read_text().replace("public_versions = true", words))
    if campaign is not None:
        file = root / "campaigns" / "vote.md"
        file.write_text(file.read_text().replace("---\n", f"---\npublic: {campaign}\n", 1))
        with closing(open_store(root)) as store:
            content = snapshot.load(config.load(root), "vote").to_bytes()
            with store.database.writing():
                store.database.execute("UPDATE sends SET snapshot = :it", {"it": content})


@pytest.mark.parametrize(
    ("default", "campaign", "is_open"),
    [
        (False, None, False),
        (False, "true", True),
        (True, None, True),
        (True, "false", False),
    ],
)
def test_a_campaign_is_public_where_it_or_the_settings_say_so(root, default, campaign, is_open):
    set_public(root, default=default, campaign=campaign)
    site = Site(root)
    with site.client:
        public = site.get("/c/vote")
        assert public.status_code == (200 if is_open else 404)
        forward = site.get("/f/vote")
        assert ("/c/vote" in forward.text) is is_open
        site.store.database.connection.execute("DELETE FROM copies")
        assert ("/c/vote" in site.get(site.links().view).text) is is_open
        if not is_open:
            assert forward.text == site.get("/f/no-such-campaign").text
            assert public.text == site.get("/c/no-such-campaign").text
    site.store.close()


def test_nobody_signs_up_where_no_list_is_public(root):
    settings = root / "mailer.toml"
    settings.write_text(settings.read_text().partition("[[pages.lists]]")[0])
    site = Site(root)
    with site.client:
        before = site.state()
        for url in ("/join", "/join/vote", "/join/members"):
            form = {"email": "ana@example.com", "list-members": "yes"}
            assert site.get(url).status_code == site.post(url, form).status_code == 404
        page = site.get(site.links().update)
        assert "list-members" not in page.text
        site.post(site.links().update, {"list-members": "send", "list-secret": "send"})
        assert site.state() == before
    site.store.close()
