"""`mailer doctor` as a whole: all probes and judgements together."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from mailer import config
from mailer.doctor import runner
from mailer.doctor.facts import ErrorKind, Refused
from mailer.doctor.judgements import dns, project
from mailer.doctor.runner import Probes, diagnose
from mailer.http_probe import NoAnswer, Response
from mailer.links import Keys
from mailer.store.sqlite import health
from tests.support.dns_records import EXTRA, RECORDS
from tests.support.doctor import ERROR, FACTS, MAYORS, SES_SETTINGS, SKIPPED, one, troubles
from tools.projects.project import SETTINGS


def unused(*_):
    raise AssertionError("this was not to be asked")


def instruments(found, **changes):
    usual = Probes(
        health=lambda: health.examine(found.database),
        click_once=lambda _: Response(200),
        inspect=lambda _: FACTS,
        lookup=lambda name, kind: {**EXTRA, **RECORDS}[name, kind],
        environment_key=None,
    )
    return replace(usual, **changes)


def with_ses(folder):
    (folder / "mailer.toml").write_text(SES_SETTINGS)
    return config.load(folder)


def test_sound_project(folder):
    found = with_ses(folder)
    findings = diagnose(found, instruments(found))
    assert not troubles(findings)
    assert list(dict.fromkeys(finding.area for finding in findings)) == [
        "Project",
        "Site",
        "Amazon SES",
        "DNS",
    ]


def test_with_the_outbox_amazon_and_dns_are_one_line_each_and_not_asked(folder):
    found = config.load(folder)
    findings = diagnose(found, instruments(found, inspect=unused, lookup=unused))
    skipped = [finding for finding in findings if finding.level is SKIPPED]
    assert [finding.area for finding in skipped] == ["Amazon SES", "DNS"]
    assert all(finding.found.startswith("not used") for finding in skipped)
    assert len(troubles(findings)) == 2


def test_site_is_asked_for_nobodys_link_with_the_projects_signature(folder):
    found = config.load(folder)
    asked = []
    diagnose(found, instruments(found, click_once=lambda url: asked.append(url) or Response(200)))
    (url,) = asked
    base, _, token = url.rpartition("/")
    assert base == "https://mail.example.org/u"
    keys = project.read_key(found, None)
    assert isinstance(keys, Keys)
    assert keys.read("unsubscribe", token) == (0, 0)


def test_silence_does_not_keep_anybody_waiting(folder, monkeypatch):
    monkeypatch.setattr(runner, "_SECONDS", 0.1)
    found = with_ses(folder)
    released = threading.Event()
    before = set(threading.enumerate())
    findings = diagnose(
        found,
        instruments(
            found,
            click_once=lambda _: released.wait(30) and Response(200),
            inspect=lambda _: released.wait(30) and FACTS,
            lookup=lambda *_: NoAnswer("silence"),
        ),
    )
    left = set(threading.enumerate()) - before
    released.set()
    assert left
    assert all(thread.daemon for thread in left)
    assert troubles(findings) == {
        "base URL": ERROR,
        "unsubscribing": SKIPPED,
        "account": ERROR,
        "SPF": SKIPPED,
        "DKIM": SKIPPED,
        "DMARC": ERROR,
    }
    assert "no answer within" in one(findings, "base URL").found


def test_name_servers_are_asked_all_at_once(folder):
    found = with_ses(folder)
    first = dns.policies("mail.example.org")
    policies = threading.Barrier(len(first), timeout=10)
    records = threading.Barrier(len(set(RECORDS) - set(first)), timeout=10)

    def lookup(name, kind):
        (policies if (name, kind) in first else records).wait()
        return {**EXTRA, **RECORDS}[name, kind]

    assert not troubles(diagnose(found, instruments(found, lookup=lookup)))


def test_layouts_wait_for_the_lookups(folder):
    (folder / "mailer.toml").write_text(SETTINGS + MAYORS)
    found = config.load(folder)
    findings = diagnose(found, instruments(found))
    assert one(findings, "look-up mayors").level is ERROR
    assert one(findings, "layouts").level is SKIPPED


def test_mistake_in_a_check_is_not_hidden(folder):
    found = with_ses(folder)
    with pytest.raises(AssertionError, match="not to be asked"):
        diagnose(found, instruments(found, inspect=unused))


def test_every_sender_is_looked_at_and_named(folder):
    more = '\n[senders.ana]\nemail = "ana@other.example"\n[senders.bo]\nname = "Bo Lund"\n'
    (folder / "mailer.toml").write_text(SES_SETTINGS + more)
    found = config.load(folder)
    missing = Refused(ErrorKind.MISSING, "no such identity")

    def inspect(settings):
        known = settings.sender.email == found.settings.sender.email
        return FACTS if known else replace(FACTS, identity=missing)

    findings = diagnose(
        found,
        instruments(found, inspect=inspect, lookup=lambda *asked: RECORDS.get(asked, ())),
    )
    unsound = {name: level for name, level in troubles(findings).items() if level is not SKIPPED}
    assert unsound == {
        "identity of ana@other.example": ERROR,
        "DMARC of ana@other.example": ERROR,
    }
