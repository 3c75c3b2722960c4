"""Dead links: asked for at a real server on this machine, and never where asking could do harm."""

from __future__ import annotations

import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mailer.checks.finding import Severity
from mailer.checks.rules import dead_links
from mailer.checks.rules.dead_links import Answer, NoAnswer
from mailer.errors import Place
from tests.support.rendered_mails import case, proof_of, sample, settled, written

UP = {
    "/page": (200, ""),
    "/gone": (404, ""),
    "/moved": (301, "/page"),
    "/away": (302, "http://127.0.0.1:{port}/page"),
    "/home": (302, "/"),
    "/": (200, ""),
    "/loop": (302, "/loop"),
    "/mail": (302, "mailto:hello@example.org"),
    "/people-only": (403, ""),
    "/broken": (500, ""),
}


class Site(BaseHTTPRequestHandler):
    asked: Counter[tuple[str, str]]

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()

    def answer(self):
        Site.asked[self.command, self.path] += 1
        if self.path == "/no-head":
            status, location = (405, "") if self.command == "HEAD" else (200, "")
        elif self.path == "/hangs-up":
            self.close_connection = True
            return
        else:
            status, location = UP[self.path]
        self.send_response(status)
        if location:
            self.send_header("Location", location.format(port=self.server.server_port))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site():
    Site.asked = Counter()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def fetch():
    with dead_links.client(local=True, seconds=2) as found:
        yield found


@pytest.mark.parametrize(
    ("path", "status", "ended"),
    [
        ("/page", 200, "/page"),
        ("/gone", 404, "/gone"),
        ("/moved", 200, "/page"),
        ("/home", 200, "/"),
        ("/no-head", 200, "/no-head"),
        ("/people-only", 403, "/people-only"),
    ],
)
def test_a_page_is_asked_for_and_redirects_are_followed(site, fetch, path, status, ended):
    assert fetch(site + path) == Answer(status, site + ended)


def test_a_page_is_got_only_where_its_head_is_refused(site, fetch):
    fetch(site + "/no-head")
    Site.asked.clear()
    fetch(site + "/page")
    fetch(site + "/gone")
    assert Site.asked == {("HEAD", "/page"): 1, ("HEAD", "/gone"): 1, ("GET", "/gone"): 1}


@pytest.mark.parametrize(
    ("url", "reason", "lasting"),
    [
        ("{site}/loop", "redirected again and again", True),
        ("{site}/mail", "no web address", True),
        ("{site}/hangs-up", "broke off", False),
        ("https://{host}/page", "no secure connection", True),
        ("http://127.0.0.1:9/page", "nothing answers", False),
        ("http://no-such-host.invalid/page", "", None),
    ],
)
def test_what_does_not_answer_says_why(site, fetch, url, reason, lasting):
    answer = fetch(url.format(site=site, host=site.partition("//")[2]))
    assert isinstance(answer, NoAnswer)
    assert reason in answer.reason
    assert lasting in {None, answer.lasting}


def test_a_private_network_hears_nothing_unless_the_project_is_on_this_machine(site):
    Site.asked.clear()
    with dead_links.client(local=False, seconds=2) as fetch:
        assert fetch(site + "/page") == NoAnswer("it leads into a private network", lasting=True)
        mapped = site.replace("127.0.0.1", "[::ffff:127.0.0.1]")
        assert fetch(mapped) == NoAnswer("it leads into a private network", lasting=True)
        assert fetch("https" + site[4:]) == NoAnswer(
            "it leads into a private network", lasting=True
        )
    assert not Site.asked


# ---------------------------------------------------------------- which are asked for


def asked(sources):
    return dead_links.addresses(sources, [proof_of(sources).merged.variant])


def test_every_address_is_asked_for_once_whatever_comes_after_it():
    text = "[A](https://example.org/a#one) [B](https://example.org/a#two) [C](https://example.org/b?c=1)"
    assert asked(written(text)) == {"https://example.org/a": "A", "https://example.org/b?c=1": "C"}


def test_personal_pages_and_addresses_with_personal_values_are_never_asked_for():
    text = """
[Yours]({{ links.unsubscribe }}) [yours]({{ links.forward }}) [site](https://mail.example.org/x)
[Events](https://example.org/events?zip={{ recipient.zip }}) [own]({{ recipient.fields.chapter }})
[mail](mailto:a@example.org) [call](tel:988) [data](data:text/plain,a) [in](https://10.0.0.1/)
[secret](https://ana:secret@example.org/) [broken](https://example..org/)
"""
    assert asked(written(text)) == {}
    assert not [url for url in asked(sample()) if url.startswith("https://mail.example.org")]
    assert "https://www.example.org/rent/bill" in asked(sample())


def test_a_longer_host_is_not_one_of_the_pages():
    mail = settled(case("own-pages"), site={"base_url": "https://example.org"})
    assert "https://example.org.uk/petition" in asked(mail)


def test_this_machine_is_asked_where_the_project_is_at_home_there():
    local = settled(
        written("[A](http://127.0.0.1:8000/a)"), site={"base_url": "http://localhost:8080"}
    )
    assert asked(local) == {"http://127.0.0.1:8000/a": "A"}


# ---------------------------------------------------------------- what is said about them

ANSWERS = {
    "https://example.org/ok": Answer(200, "https://www.example.org/ok/"),
    "https://example.org/gone": Answer(410, "https://example.org/gone"),
    "https://example.org/later": Answer(503, "https://example.org/later"),
    "https://example.org/away": Answer(200, "https://example.net/away"),
    "https://example.co.uk/away": Answer(200, "https://other.co.uk/away"),
    "https://example.org/home": Answer(200, "https://example.org/"),
    "https://example.org/host": NoAnswer("there is no such host", lasting=True),
    "https://example.org/slow": NoAnswer("no answer in time", lasting=False),
}


def test_each_answer_becomes_a_finding_with_its_line():
    text = "\n".join(f"[Page]({url})" for url in ANSWERS)
    sources = written(text)
    watched = []

    def watch(answers, number):
        watched.append(number)
        return answers

    found = list(
        dead_links.dead_links(
            sources, [proof_of(sources).merged.variant], ANSWERS.__getitem__, watch
        )
    )
    assert watched == [len(ANSWERS)]
    assert [(f.code, f.severity, f.place, f.message.partition(" to ")[2]) for f in found] == [
        (dead_links.DEAD, Severity.ERROR, line(5), "https://example.org/gone: there is no such page (410)"),
        (dead_links.UNANSWERED, Severity.WARNING, line(6), "https://example.org/later: the site refuses the page (503)"),
        (dead_links.REDIRECTED, Severity.WARNING, line(7), "https://example.org/away is redirected to https://example.net/away"),
        (dead_links.REDIRECTED, Severity.WARNING, line(8), "https://example.co.uk/away is redirected to https://other.co.uk/away"),
        (dead_links.REDIRECTED, Severity.WARNING, line(9), "https://example.org/home is redirected to https://example.org/"),
        (dead_links.DEAD, Severity.ERROR, line(10), "https://example.org/host: there is no such host"),
        (dead_links.UNANSWERED, Severity.WARNING, line(11), "https://example.org/slow: no answer in time"),
    ]  # fmt: skip


def test_silence_everywhere_is_not_the_links_fault():
    sources = written("[A](https://a.example/) [B](https://b.example/)")
    variants = [proof_of(sources).merged.variant]
    nothing = NoAnswer("there is no such host", lasting=True)
    (found,) = dead_links.dead_links(
        sources, variants, lambda _: nothing, lambda answers, _: answers
    )
    assert (found.code, found.message) == (dead_links.UNANSWERED, "none of the 2 links answered")


def test_one_silent_link_is_dead():
    sources = written("[A](https://a.example/)")
    variants = [proof_of(sources).merged.variant]
    nothing = NoAnswer("there is no such host", lasting=True)
    (found,) = dead_links.dead_links(
        sources, variants, lambda _: nothing, lambda answers, _: answers
    )
    assert found.code == dead_links.DEAD


def test_a_link_of_the_settings_is_found_in_the_settings():
    mail = sample()
    variants = [proof_of(mail).merged.variant]
    dead = NoAnswer("there is no such host", lasting=True)
    answers = {"https://www.example.org": dead}.get
    found = list(
        dead_links.dead_links(
            mail, variants, lambda url: answers(url, Answer(200, url)), lambda a, _: a
        )
    )
    assert [finding.place for finding in found] == [Place("mailer.toml")]


def line(number):
    return Place("campaigns/sample.md", number)
