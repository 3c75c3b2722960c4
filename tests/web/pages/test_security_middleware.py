from __future__ import annotations

import asyncio
import logging
import shutil
import sqlite3

import pytest

from mailer.web.pages import security_middleware
from tests.web.conftest import Site, path
from tools.projects.project import address

ROUTES = ["/u/{u}", "/p/{p}", "/v/{v}", "/c/vote", "/f/vote", "/join", "/join/vote", "/unsubscribe", "/healthz", "/style.css", "/robots.txt", "/favicon.ico", "/nowhere", "/u/x", "/j/x", "/undo/x"]  # fmt: skip


def urls(site):
    links = site.links()
    tokens = {key: url.rpartition("/")[2] for key, url in (("u", links.unsubscribe), ("p", links.update), ("v", links.view))}  # fmt: skip
    return [route.format(**tokens) for route in ROUTES]


def test_every_answer_keeps_its_token_and_its_page_to_its_reader(site):
    for url in urls(site):
        for answer in (
            site.get(url),
            site.post(url),
            site.client.head(url),
            site.client.delete(url),
        ):
            headers = answer.headers
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["x-content-type-options"] == "nosniff"
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert "default-src 'none'" in headers["content-security-policy"]
            assert headers["cache-control"] == "no-store" or url == "/style.css"
            assert "set-cookie" not in headers
            assert not answer.is_redirect


def test_pages_have_no_script_no_inline_style_and_nothing_from_elsewhere(site):
    for url in urls(site):
        if url.startswith(("/v/", "/c/")):
            continue
        text = site.get(url).text
        assert "<script" not in text
        assert "style=" not in text
        assert "src=" not in text
        assert "unsafe" not in site.get(url).headers["content-security-policy"]


def chunks():
    for _ in range(3):
        yield b"words=" + b"x" * 10_000


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
@pytest.mark.parametrize("content", [b"scope=list&words=" + b"x" * 20_000, chunks])
def test_a_body_that_is_too_large_is_refused_and_does_nothing(site, caplog, method, content):
    before = site.state()
    urls = [site.links().unsubscribe, "/unsubscribe", "/join", "/healthz", "/nowhere"]
    with caplog.at_level(logging.INFO, "mailer.web"):
        statuses = {
            site.client.request(
                method, path(url), content=content if isinstance(content, bytes) else content()
            ).status_code
            for url in urls
        }
    if isinstance(content, bytes):
        assert statuses == {413}
    else:  # what is not read does no harm
        assert statuses <= {200, 404, 405, 413}
        assert method != "POST" or 413 in statuses
    assert site.state() == before
    assert [record.levelname for record in caplog.records] == ["INFO"] * len(urls)


def test_a_request_that_takes_too_long_is_given_up(site, monkeypatch):
    async def slow(*_):
        await asyncio.sleep(5)

    monkeypatch.setattr(security_middleware, "SECONDS", 0.05)
    monkeypatch.setattr("mailer.web.pages.form_reading.read", slow)
    answer = site.post(site.links().unsubscribe)
    assert answer.status_code == 503
    assert "did not work" in answer.text


def test_a_broken_store_is_an_apology_without_words_about_anybody(site, monkeypatch, caplog):
    def broken(*_args, **_kwargs):
        raise sqlite3.OperationalError(f"disk I/O error at {address(0)}")

    monkeypatch.setattr(type(site.store.unsubscribes), "reader", broken)
    with caplog.at_level(logging.INFO, "mailer.web"):
        answer = site.get(site.links().unsubscribe)
    assert answer.status_code == 503
    assert "OperationalError" in caplog.text
    assert address(0) not in caplog.text + answer.text


def test_the_log_has_neither_tokens_nor_addresses(site, caplog):
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # the client's own log
    with caplog.at_level(logging.INFO):
        site.post(site.links().unsubscribe, {"scope": "everything"})
        site.post("/unsubscribe", {"email": address(0)})
        site.get("/" + site.links().unsubscribe.rpartition("/")[2])
        site.get(f"/{address(0)}")
        site.get("/person0")
        site.mails()
    assert "POST /u/… 200" in caplog.text
    assert address(0) not in caplog.text
    assert "person0" not in caplog.text
    assert site.links().unsubscribe.rpartition(".")[2] not in caplog.text


@pytest.mark.parametrize("prefix", ["", "/mail"])
def test_pages_may_live_below_a_path(root, prefix):
    settings = root / "mailer.toml"
    settings.write_text(
        settings.read_text().replace("https://mail.example.org", "https://www.example.org/mail")
    )
    site = Site(root)
    with site.client:
        url = path(site.links().unsubscribe)
        page = site.get(f"{prefix}{url}")
    site.store.close()
    assert f'action="/mail{url}"' in page.text
    assert 'href="/mail/style.css?' in page.text


def test_no_unsubscribe_is_taken_by_a_database_that_is_no_longer_there(site):
    url = site.links().unsubscribe
    assert site.get("https://mail.example.org/healthz").status_code == 200
    database = site.store.database.path
    database.rename(database.with_name("old.db"))
    shutil.copy(database.with_name("old.db"), database)
    assert site.post(url, {"List-Unsubscribe": "One-Click"}).status_code == 503
    assert site.get("https://mail.example.org/healthz").status_code == 503
