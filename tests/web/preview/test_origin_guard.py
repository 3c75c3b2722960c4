"""From anywhere but its own pages, the preview can be neither read nor made to act."""

from __future__ import annotations

import http.server
import re
import sqlite3
import threading
import time
from itertools import product

import pytest
from starlette.testclient import TestClient

from mailer.cli.common import Session, now
from mailer.transports.registry import open_transport
from mailer.web.preview.app import PreviewApp
from tests.support.preview import enter, origin, previewing
from tools.projects import samples
from tools.projects.project import copy_project, make_project

pytestmark = pytest.mark.slow

HOST = "127.0.0.1:8025"
EVERY = ["/", "/-/rows", "/-/preview.js", "/-/preview.css", "/vote", "/vote/mail", "/vote/state",
         "/vote/side", "/vote/sends", "/vote/people?q=person"]  # fmt: skip
SECRET = "person0@example.org"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_project(tmp_path_factory.mktemp("gate") / "project", 3)


@pytest.fixture(scope="module")
def client(root):
    run = Session(root)
    preview = PreviewApp(
        root,
        keys=run.keys,
        open_store=run.open_store,
        open_transport=lambda snapshot: open_transport(
            run.project, "outbox", snapshot, snapshot.list_name, clock=now, folder="tests"
        ),
        clock=now,
    )
    with TestClient(preview.app, base_url=f"http://{HOST}") as client:
        answer = client.get(f"/?token={preview.token}", headers={"sec-fetch-site": "cross-site"})
        assert preview.token not in answer.text
        client.entry = answer.headers["set-cookie"]
        yield client


@pytest.fixture
def token(client):
    return re.search('data-token="([^"]+)"', client.get("/vote").text)[1]


def proofs(root):
    return list(root.glob("outbox/vote/tests/*.eml"))


@pytest.mark.parametrize("path", EVERY)
@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example.com"},
        {"host": "evil.example.com:8025"},
        {"host": "127.0.0.1.example.com:8025"},
        {"host": "localhost.example.com"},
        {"host": ""},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://evil.example.com"},
        {"origin": "http://127.0.0.1:9000"},
        {"origin": "null"},
        {"origin": "https://127.0.0.1:8025"},
    ],
    ids=str,
)
def test_nobody_else_is_answered(client, path, headers):
    answer = client.get(path, headers=headers)
    assert answer.status_code == 403
    assert SECRET not in answer.text
    assert "access-control-allow-origin" not in answer.headers


def test_the_secret_is_kept_from_other_pages(client):
    assert "HttpOnly" in client.entry
    assert "SameSite=strict" in client.entry


@pytest.mark.parametrize("path", [*EVERY, "/?token=", "/?token=guess", "/vote?token=guess", "/favicon.ico",
                                  "/-/events", "/-/blank", "/nothing"])  # fmt: skip
@pytest.mark.parametrize("cookie", ["", "mailer-preview-8025=", "mailer-preview-8025=guess", "mailer-preview-9000={}",
                                    "other={}"])  # fmt: skip
def test_another_user_of_this_machine_sees_nothing(client, token, path, cookie):
    stranger = TestClient(client.app, base_url=f"http://{HOST}")
    headers = {"cookie": cookie.format(token)}
    for answer in (
        stranger.get(path, headers=headers),
        stranger.post(path, headers=headers | {"x-preview-token": token}),
    ):
        assert answer.status_code == 403
        assert SECRET not in answer.text
        assert token not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:8025", "localhost:8025", "[::1]:8025"])
def test_its_own_pages_are(client, host):
    for path in EVERY:
        headers = {"host": host, "origin": f"http://{host}", "sec-fetch-site": "same-origin"}
        headers["cookie"] = client.entry.partition(";")[0].replace("8025", host.rpartition(":")[2])
        assert client.get(path, headers=headers).status_code == 200
    headers |= {"sec-fetch-site": "none"}
    assert client.get("/", headers=headers).status_code == 200


@pytest.mark.parametrize("path", EVERY)
def test_every_answer_keeps_to_its_own_origin(client, path):
    headers = client.get(path).headers
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert re.search(r"frame-ancestors '(none|self)'", headers["content-security-policy"])
    assert "unsafe-inline" not in headers["content-security-policy"] or path == "/vote/mail"


def test_the_mail_runs_nothing_and_leads_nowhere(client):
    policy = client.get("/vote/mail").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "sandbox allow-same-origin" in policy
    assert "allow-scripts" not in policy
    assert (
        "img-src 'none'" in client.get("/vote/mail?images=off").headers["content-security-policy"]
    )


@pytest.mark.parametrize("what", ["test", "again"])
def test_without_the_token_nothing_acts(client, root, token, what):
    for headers in ({}, {"x-preview-token": ""}, {"x-preview-token": token[:-1] + "é"}):
        sent = {name: value.encode() for name, value in headers.items()}
        answer = client.post(f"/vote/{what}", content="ana@example.org", headers=sent)
        assert answer.status_code == 403
    elsewhere = {"x-preview-token": token, "origin": "http://127.0.0.1:9000"}
    answer = client.post(f"/vote/{what}", content="ana@example.org", headers=elsewhere)
    assert answer.status_code == 403
    assert proofs(root) == []


def test_looking_changes_nothing_in_the_database(client, root):
    def everything():
        with sqlite3.connect(root / "lists" / "mailer.db") as db:
            return "\n".join(db.iterdump())

    before = everything()
    for path in EVERY:
        client.get(path)
    while client.get("/vote/side").json()["again"]:
        time.sleep(0.05)
    assert everything() == before


def test_looking_never_acts(client, root, token):
    headers = {"x-preview-token": token}
    assert client.get("/vote/test?address=ana@example.org", headers=headers).status_code == 405
    assert proofs(root) == []


@pytest.mark.parametrize(
    "body", ["", "nobody", "a@b@c", "ana@example.org, bo@example.org", "x" * 20_000]
)
def test_what_is_no_address_gets_no_test(client, root, token, body):
    answer = client.post("/vote/test", content=body, headers={"x-preview-token": token})
    assert answer.status_code in {413, 422}
    assert proofs(root) == []


@pytest.mark.parametrize(
    "name", ["nothing", "..", "%2e%2e", "..%2fmailer", "-", "vote.md", "Vote", "a" * 100, "%00"]
)
def test_no_other_file_can_be_asked_for(client, name):
    for path in (f"/{name}", f"/{name}/mail", f"/{name}/state", f"/{name}/side"):
        answer = client.get(path)
        assert answer.status_code in {200, 404, 422}
        assert "[brand]" not in answer.text


@pytest.mark.parametrize("who", ["0", "-1", "1e9", "9" * 30, "' OR 1=1", "no-such", "../1", "\x00"])
def test_whoever_cannot_be_found_is_the_example(client, who):
    state = client.get("/vote/state", params={"as": who}).json()
    assert SECRET in state["envelope"]


# ---------------------------------------------------------------- another page, in a browser


ATTACK = """<!doctype html><title>elsewhere</title><body>
<img id="image" src="{url}/vote/mail"><img src="{url}/-/preview.css">
<iframe id="frame" src="{url}/vote"></iframe><iframe id="mail" src="{url}/vote/mail"></iframe>
<form id="form" method="post" action="{url}/vote/test" enctype="text/plain" target="posted">
<input name="ana@example.org" value=""></form><iframe name="posted"></iframe>
<script src="{url}/-/preview.js"></script>"""

TRY = """async (url) => {
    const told = {};
    const attempt = async (name, act) => { try { told[name] = await act(); } catch (err) { told[name] = "refused"; } };
    await attempt("fetch", async () => (await fetch(url + "/vote/state")).text());
    await attempt("no-cors", async () => (await fetch(url + "/vote/state", {mode: "no-cors"})).type);
    await attempt("post", async () => (await fetch(url + "/vote/test", {method: "POST", body: "ana@example.org",
        headers: {"x-preview-token": "guess"}})).text());
    await attempt("simple post", async () => (await fetch(url + "/vote/test", {method: "POST", mode: "no-cors",
        body: "ana@example.org"})).type);
    await attempt("news", () => new Promise((done, fail) => {
        const stream = new EventSource(url + "/-/events");
        stream.onopen = () => done("open");
        stream.onerror = fail;
    }));
    document.getElementById("form").submit();
    await new Promise((done) => setTimeout(done, 300));
    told.image = document.getElementById("image").naturalWidth;
    for (const name of ["frame", "mail"]) await attempt(name, () => document.getElementById(name).contentDocument.body.innerText);
    const opened = open(url + "/vote");
    told.opened = Boolean(opened);
    await new Promise((done) => setTimeout(done, 500));
    await attempt("window", () => opened.document.body.innerText);
    return told;
}"""


@pytest.fixture
def elsewhere():
    """A page on another port of this machine."""
    pages = {}

    class Elsewhere(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(pages["attack"].encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, pages
    server.shutdown()
    server.server_close()


def test_a_page_of_another_origin_reads_nothing_and_does_nothing(
    browser, root, tmp_path, elsewhere
):
    port, pages = elsewhere
    own = copy_project(root, tmp_path / "project")
    rules = "MAP evil.example.com 127.0.0.1"
    arguments = [*samples.BROWSER["args"], f"--host-resolver-rules={rules}"]
    misled = browser.browser_type.launch(**samples.BROWSER | {"args": arguments})
    with previewing(own) as address, misled:
        page = misled.new_page()
        enter(page, address)  # so that this browser has the secret
        url = origin(address)
        # by its address, and by a name that an attacker points at it
        for host, target in product(
            ("127.0.0.1", "localhost", "evil.example.com"),
            (url, url.replace("127.0.0.1", "evil.example.com")),
        ):
            pages["attack"] = ATTACK.format(url=target)
            page.goto(f"http://{host}:{port}/")
            told = page.evaluate(TRY, target)
            assert told.pop("opened")
            assert told.pop("image") == 0
            assert told.pop("no-cors") in {"opaque", "refused"}
            assert told.pop("simple post") in {"opaque", "refused"}
            assert set(told.values()) == {"refused"}, told
            for frame in page.frames:
                assert SECRET not in frame.content()
    assert proofs(own) == []
