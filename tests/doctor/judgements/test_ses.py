"""What `mailer doctor` says of an Amazon account."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailer.doctor.judgements import ses
from mailer.doctor.probes.ses_account import inspect
from tests.support.doctor import ERROR, FACTS, HEALTHY, OK, TOPIC, WARNING, one, settings, troubles
from tools.fake_ses import SETUPS

UNREADABLE = dict.fromkeys(("account", "identity", "configuration set", "events"), ERROR)
ACCOUNTS = {
    "healthy": {},
    "sandbox": {"production access": ERROR},
    "sending-disabled": {"sending": ERROR},
    "probation": {"reputation": WARNING},
    "shutdown": {"sending": ERROR, "reputation": ERROR},
    "identity-unverified": {"identity": ERROR, "DKIM": ERROR},
    "identity-missing": {"identity": ERROR},
    "dkim-pending": {"DKIM": ERROR},
    "dkim-failed": {"DKIM": ERROR},
    "dkim-unsigned": {"DKIM": ERROR},
    "mail-from-unset": {"MAIL FROM": WARNING},
    "mail-from-failed": {"MAIL FROM": WARNING},
    "mail-from-required": {"MAIL FROM": ERROR},
    "configuration-set-missing": {"configuration set": ERROR},
    "configuration-set-paused": {"configuration set": ERROR},
    "no-event-destination": {"events": WARNING},
    "quota-nearly-used": {"quota": WARNING},
    "message-insights": {},
    "bad-credentials": {"credentials": ERROR},
    "expired-credentials": {"credentials": ERROR},
    "access-denied": UNREADABLE,
    "access-denied-to-read": UNREADABLE,
}


def test_every_way_in_which_an_account_can_be_broken_is_tried():
    assert set(ACCOUNTS) == set(SETUPS)


@pytest.mark.parametrize(("setup", "expected"), ACCOUNTS.items(), ids=ACCOUNTS)
def test_account_is_found_to_be_broken_in_just_this_way(amazon, setup, expected):
    amazon.change(setup=setup)
    assert troubles(ses.judge(inspect(settings()), settings())) == expected


@pytest.mark.usefixtures("amazon")
def test_healthy_account_is_described():
    findings = ses.judge(inspect(settings()), settings())
    assert {finding.name: finding.found for finding in findings} == {
        "region": "us-east-1",
        "credentials": "accepted",
        "production access": "granted",
        "sending": "enabled",
        "reputation": "healthy",
        "quota": "50,000 of 50,000 left in these 24 hours, 14 a second",
        "identity": "example.org is verified",
        "DKIM": "mail is signed as example.org",
        "MAIL FROM": "bounce.example.org",
        "configuration set": "mailer",
        "events": "published to arn:aws:sns:us-east-1:123456789012:mailer-events",
        "auto validation": "off: SES tries every address",
        "message insights": "none: Virtual Deliverability Manager is off",
        "queue": "https://sqs.us-east-1.amazonaws.com/123456789012/mailer-events",
    }


@pytest.mark.usefixtures("amazon")
def test_events_that_nobody_brings_in():
    given = settings(queue_url="")
    findings = ses.judge(inspect(given), given)
    assert troubles(findings) == {"queue": WARNING}
    assert 'queue_url = "https://sqs.…" under [ses]' in one(findings, "queue").todo


def test_amazons_words_are_kept(amazon):
    amazon.change(setup="expired-credentials")
    (_, found) = ses.judge(inspect(settings()), settings())
    assert "The security token included in the request is expired." in found.found


def test_denied_action_is_named(amazon):
    amazon.change(denied=("GetConfigurationSetEventDestinations",))
    found = one(ses.judge(inspect(settings()), settings()), "events")
    assert found.todo.startswith("Allow ses:GetConfigurationSetEventDestinations in the policy")


@pytest.mark.parametrize(
    ("denied", "level", "says"),
    [
        ((), OK, "mailer reconcile CAMPAIGN --insights"),
        (("GetExportJob",), WARNING, "ses:GetExportJob"),
        (("GetMessageInsights",), WARNING, "ses:GetMessageInsights"),
    ],
)
def test_message_insights_that_may_and_may_not_be_read(amazon, denied, level, says):
    amazon.change(setup="message-insights", denied=denied)
    found = one(ses.judge(inspect(settings()), settings()), "message insights")
    assert found.level is level
    assert says in found.found


@pytest.mark.usefixtures("amazon")
def test_without_a_configuration_set_nobody_hears_of_bounces():
    without = settings(configuration_set="")
    assert troubles(ses.judge(inspect(without), without)) == {"configuration set": WARNING}


@pytest.mark.parametrize(
    ("quota", "sent", "level", "says"),
    [
        (-1, 9_000_000, OK, "no daily limit, 14 a second"),
        (50_000, 44_999, OK, "5,001 of 50,000 left"),
        (50_000, 45_000, WARNING, "5,000 of 50,000 left"),
        (50_000, 50_000, ERROR, "0 of 50,000 left"),
        (50_000, 50_007, ERROR, "0 of 50,000 left"),
    ],
)
def test_quota(quota, sent, level, says):
    facts = replace(FACTS, account=replace(HEALTHY, quota=quota, sent=sent))
    found = one(ses.judge(facts, settings()), "quota")
    assert found.level is level
    assert says in found.found


@pytest.mark.parametrize(
    ("destinations", "says"),
    [
        ((), "no destination"),
        ((replace(TOPIC, enabled=False),), "none of its destinations"),
        ((replace(TOPIC, topic=""),), "none of its destinations"),
        ((replace(TOPIC, kinds=ses.KINDS - {"BOUNCE"}),), "not published: BOUNCE"),
    ],
)
def test_events_that_do_not_arrive(destinations, says):
    found = one(ses.judge(replace(FACTS, destinations=destinations), settings()), "events")
    assert found.level is WARNING
    assert says in found.found


def test_events_may_be_split_over_two_topics():
    half = frozenset(["BOUNCE", "COMPLAINT"])
    both = (replace(TOPIC, kinds=half), replace(TOPIC, kinds=ses.KINDS - half))
    assert not troubles(ses.judge(replace(FACTS, destinations=both), settings()))


@pytest.mark.parametrize(
    ("account", "own", "says"),
    [
        ("", None, "off"),
        ("MANAGED", None, "on (MANAGED, for the account)"),
        ("MANAGED", "", "off"),
        ("", "HIGH", "on (HIGH, by the configuration set)"),
    ],
)
def test_auto_validation_is_said(account, own, says):
    facts = replace(FACTS, account=replace(FACTS.account, validation=account), validation=own)
    found = one(ses.judge(facts, settings()), "auto validation")
    assert found.level is OK
    assert found.found.startswith(says)
