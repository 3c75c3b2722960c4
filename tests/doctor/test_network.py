"""Asking name servers and the site, against local ones."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from mailer import config
from mailer.doctor.finding import Level
from mailer.doctor.judgements import site as judged
from mailer.doctor.probes import network
from mailer.doctor.runner import _nobody
from mailer.http_probe import NoAnswer, Response
from mailer.links import Keys, load_keys
from tools.projects.project import SETTINGS, address, make_project, open_store, start

# ---------------------------------------------------------------- name servers

ZONE = {
    ("mail.example.org.", "TXT"): ['"one " "record, in two strings"', '"v=spf1 -all"'],
    ("mail.example.org.", "MX"): ["10 Feedback-SMTP.us-east-1.amazonses.com."],
    ("a._domainkey.example.org.", "CNAME"): ["A.dkim.amazonses.com."],
}


def reply(request):
    asked = request.question[0]
    name, kind = asked.name.to_text(), dns.rdatatype.to_text(asked.rdtype)
    response = dns.message.make_response(request)
    response.flags |= dns.flags.RA
    if name.startswith("broken"):
        response.set_rcode(dns.rcode.SERVFAIL)
    elif (name, kind) in ZONE:
        response.answer.append(dns.rrset.from_text_list(name, 60, "IN", kind, ZONE[name, kind]))
    elif name not in {known for known, _ in ZONE}:
        response.set_rcode(dns.rcode.NXDOMAIN)
    return response


@pytest.fixture(scope="module")
def resolver():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def serve():
            while data := server.recvfrom(4096):
                request = dns.message.from_wire(data[0])
                if not request.question:
                    return
                if not request.question[0].name.to_text().startswith("silent"):
                    server.sendto(reply(request).to_wire(), data[1])

        thread = threading.Thread(target=serve)
        thread.start()
        found = dns.resolver.Resolver(configure=False)
        found.nameservers = ["127.0.0.1"]
        found.port = server.getsockname()[1]
        yield found
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(dns.message.Message().to_wire(), server.getsockname())
        thread.join()


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("mail.example.org", "TXT", {"one record, in two strings", "v=spf1 -all"}),
        ("mail.example.org", "MX", {"10 feedback-smtp.us-east-1.amazonses.com"}),
        ("a._domainkey.example.org", "CNAME", {"a.dkim.amazonses.com"}),
        ("a._domainkey.example.org", "TXT", set()),
        ("nobody.example.org", "TXT", set()),
    ],
)
def test_lookup(resolver, name, kind, expected):
    assert set(network.lookup(resolver, name, kind)) == expected


def test_name_server_out_of_order_is_no_answer(resolver):
    answer = network.lookup(resolver, "broken.example.org", "TXT")
    assert isinstance(answer, NoAnswer)
    assert "SERVFAIL" in answer.reason


def test_name_server_that_is_silent_is_waited_for_only_so_long(resolver, monkeypatch):
    monkeypatch.setattr(network, "_SECONDS", 0.2)
    assert network.lookup(resolver, "silent.example.org", "TXT") == NoAnswer(
        "no name server answered within 0.2 seconds"
    )


def test_machine_without_name_servers(monkeypatch):
    def none():
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.resolver, "Resolver", none)
    answer = network.lookup(network.resolver(), "mail.example.org", "TXT")
    assert isinstance(answer, NoAnswer)
    assert "knows no name server" in answer.reason


def test_name_that_cannot_exist_is_no_answer(resolver):
    assert isinstance(network.lookup(resolver, f"{'x' * 70}.example.org", "TXT"), NoAnswer)


# ---------------------------------------------------------------- the site


@contextmanager
def site(status=200, location="", wait=0.0):
    """A web server that answers everything alike, and the requests it got."""
    requests = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            requests.append((self.path, dict(self.headers), body))
            time.sleep(wait)
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/u/token", requests
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("status", [200, 404, 500])
def test_click(status):
    with site(status) as (url, requests):
        assert network.click_once(url) == Response(status)
    ((path, headers, body),) = requests
    assert path == "/u/token"
    assert body == b"List-Unsubscribe=One-Click"
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert "Cookie" not in headers


def test_click_does_not_follow_a_redirect():
    with site(302, "/login") as (url, requests):
        assert network.click_once(url) == Response(302, "/login")
    assert len(requests) == 1


def test_click_waits_only_so_long_and_asks_only_once(monkeypatch):
    monkeypatch.setattr(network, "_SECONDS", 0.1)
    with site(wait=0.3) as (url, requests):
        assert network.click_once(url) == NoAnswer("no answer within 0.1 seconds")
    assert len(requests) == 1


def test_click_where_nothing_answers():
    assert network.click_once("http://127.0.0.1:1/u/token") == NoAnswer("nothing answers there")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (socket.EAI_NONAME, "there is no such host"),
        (socket.EAI_AGAIN, "its name could not be looked up: no name server answered"),
    ],
)
def test_click_on_a_host_that_is_not_found(monkeypatch, error, says):
    def unknown(*_, **__):
        raise socket.gaierror(error, "")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert network.click_once("https://mail.example.org/u/token").reason == says


def test_click_without_a_proper_certificate():
    with site() as (url, _):
        answer = network.click_once(url.replace("http:", "https:"))
    assert isinstance(answer, NoAnswer)
    assert "no secure connection" in answer.reason


@pytest.fixture
def served(tmp_path):
    """A project of two people and the address of its recipients' pages."""
    folder = make_project(tmp_path, 2)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = start(folder, "serve", "--port", str(port))
    try:
        for _ in range(600):
            if not isinstance(network.click_once(f"http://127.0.0.1:{port}/"), NoAnswer):
                break
            time.sleep(0.05)
        yield folder, f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_recipients_pages_pass_the_check_and_nobody_is_unsubscribed(served):
    folder, url = served
    found = config.parse(SETTINGS.replace("https://mail.example.org", url))
    ours = load_keys(None, folder / "lists" / "secret.key")
    for keys, level in ((ours, Level.OK), (Keys(["the key of another project"]), Level.ERROR)):
        answer = network.click_once(_nobody(found, keys))
        assert judged.judge(url, answer, signed=True)[1].level is level
    store = open_store(folder)
    assert [person.email for person in store.subscribers.audience("members")] == [
        address(0),
        address(1),
    ]
    store.close()
