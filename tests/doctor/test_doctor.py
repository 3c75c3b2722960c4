"""What `mailer doctor` makes of what it finds: in the folder, at Amazon, in DNS, on the site."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from mailer import assets, config
from mailer.campaigns.ab_test import ABTest
from mailer.campaigns.schedule import Timing
from mailer.doctor import runner
from mailer.doctor.facts import Account, Destination, ErrorKind, Identity, Refused, SesFacts
from mailer.doctor.finding import Level
from mailer.doctor.judgements import address_keys, dns, project, ses, site
from mailer.doctor.probes import ses_account
from mailer.doctor.probes.ses_account import inspect
from mailer.doctor.runner import Probes, diagnose
from mailer.http_probe import NoAnswer, Response
from mailer.links import Keys
from mailer.setup import new_project, template_copies
from mailer.store.sqlite import health
from tests.support.campaigns import TEMPLATES
from tools.fake_ses import SETUPS, FakeSes
from tools.projects.project import NOW, SETTINGS, address, make_project, open_store

OK, WARNING, ERROR, SKIPPED = Level.OK, Level.WARNING, Level.ERROR, Level.SKIPPED
SES_SETTINGS = f"""{SETTINGS.replace("news@example.org", "news@mail.example.org")}
[send]
transport = "ses"
[ses]
region = "us-east-1"
configuration_set = "mailer"
queue_url = "https://sqs.us-east-1.amazonaws.com/123456789012/mailer-events"
"""


def settings(text=SES_SETTINGS, **ses):
    found = config.parse(text)
    return found.model_copy(update={"ses": found.ses.model_copy(update=ses)})


def unexplained(findings):
    """Findings that do not say what is there, or what to do about a fault."""
    return [
        finding
        for finding in findings
        if not finding.found or (finding.level in {WARNING, ERROR} and not finding.todo)
    ]


def troubles(findings):
    """{name: level} of all that is not well; each must say what to do about it."""
    assert unexplained(findings) == []
    return {finding.name: finding.level for finding in findings if finding.level is not OK}


def one(findings, name):
    (found,) = [finding for finding in findings if finding.name == name]
    return found


@pytest.mark.parametrize(
    "name",
    [
        "facts",
        "finding",
        *(
            f"judgements.{name}"
            for name in ("project", "address_keys", "site", "ses", "identity", "dns")
        ),
    ],
)
def test_judgement_loads_no_database_network_or_command_line(name):
    code = f"import sys, mailer.doctor.{name}; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"boto3", "botocore", "sqlite3", "sqlite_utils", "typer", "rich", "dns"} & {*loaded}


# ---------------------------------------------------------------- the Amazon account


@pytest.fixture
def amazon(monkeypatch, tmp_path):
    """The pretended Amazon, and no AWS settings but a key."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "fake")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "fake")
    with FakeSes() as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", fake.endpoint)
        yield fake


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


def test_mail_to_unsubscribe_needs_somebody_who_answers_it():
    def judged(address, queue_url, *, mailbox=False):
        here = settings(queue_url=queue_url)
        sender = here.sender.model_copy(
            update={"unsubscribe_email": address, "unsubscribe_mailbox": mailbox}
        )
        return project.unsubscribing_by_mail(here.model_copy(update={"sender": sender}))

    queue = "https://sqs.us-east-1.amazonaws.com/1/mail"
    assert judged("", "").level is OK
    assert "web link alone" in judged("", "").found
    assert judged("leave@example.org", queue).level is OK
    assert judged("leave@example.org", "").level is WARNING
    assert "not offered" in judged("leave@example.org", "").found
    assert "unsubscribe_mailbox = true" in judged("leave@example.org", "").todo
    assert judged("leave@example.org", "", mailbox=True).level is OK


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


@pytest.mark.usefixtures("amazon")
def test_no_region():
    assert inspect(settings(region="")).account.why is ErrorKind.NO_REGION
    (found,) = ses.judge(inspect(settings(region="")), settings())
    assert (found.name, found.level) == ("region", ERROR)
    assert 'region = "us-west-2"' in found.todo


@pytest.mark.usefixtures("amazon")
def test_region_of_the_environment_is_used(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert inspect(settings(region="")).region == "eu-west-1"


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({}, ErrorKind.NO_CREDENTIALS),
        ({"AWS_ACCESS_KEY_ID": "half of it"}, ErrorKind.BAD_CREDENTIALS),
        ({"AWS_PROFILE": "nobody"}, ErrorKind.BAD_CREDENTIALS),
    ],
)
@pytest.mark.usefixtures("amazon")
def test_no_credentials(monkeypatch, variables, why):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    facts = inspect(settings())
    assert facts.account.why is why
    assert troubles(ses.judge(facts, settings())) == {"credentials": ERROR}


@pytest.mark.usefixtures("amazon")
def test_amazon_that_cannot_be_reached(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", "http://127.0.0.1:1")
    facts = inspect(settings())
    assert facts.account.why is ErrorKind.UNREACHABLE
    assert troubles(ses.judge(facts, settings())) == {"account": ERROR}


@pytest.mark.usefixtures("amazon")
def test_misspelt_region_gets_a_suggestion(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", "http://127.0.0.1:1")
    found = one(ses.judge(inspect(settings(region="us-wets-2")), settings()), "region")
    assert found.level is ERROR
    assert 'Did you mean "us-west-2"?' in found.todo


def test_amazon_out_of_order(amazon):
    amazon.inject("error", operations=("GetAccount",))
    assert troubles(ses.judge(inspect(settings()), settings())) == {"account": ERROR}


def test_only_reading_is_done(amazon):
    inspect(settings())
    assert {call.operation for call in amazon.requests} == {
        "GetAccount",
        "GetEmailIdentity",
        "GetConfigurationSet",
        "GetConfigurationSetEventDestinations",
    }


@pytest.mark.parametrize(
    ("identities", "expected"),
    [
        (("example.org",), "example.org"),
        (("example.org", "mail.example.org"), "mail.example.org"),
        (("news@mail.example.org", "mail.example.org"), "news@mail.example.org"),
    ],
)
def test_identity_nearest_to_the_address_counts(amazon, identities, expected):
    amazon.change(identities=identities)
    assert inspect(settings()).identity.name == expected


class Client:
    """SES with identities that differ: name → whether it is verified, or the error it gets."""

    def __init__(self, **identities):
        self.identities = {
            "address": "NotFoundException",
            "domain": "NotFoundException",
            "parent": "NotFoundException",
        } | identities

    def get_email_identity(self, EmailIdentity):  # noqa: N803 - boto3's name
        names = {"news@mail.example.org": "address", "mail.example.org": "domain"}
        state = self.identities[names.get(EmailIdentity, "parent")]
        if isinstance(state, str):
            error = {"Error": {"Code": state, "Message": "no"}}
            raise ClientError(error, "GetEmailIdentity")
        dkim = {"SigningEnabled": True, "Status": "SUCCESS"}
        return {"VerifiedForSendingStatus": state, "DkimAttributes": dkim, "MailFromAttributes": {}}


@pytest.mark.parametrize(
    ("identities", "name"),
    [
        ({"address": False, "domain": True}, "mail.example.org"),
        ({"address": False, "parent": True}, "example.org"),
        ({"address": False, "domain": False}, "news@mail.example.org"),
        ({"address": "AccessDeniedException", "parent": False}, "example.org"),
    ],
)
def test_identity_that_is_verified_counts_before_nearer_ones(identities, name):
    assert ses_account._identity(Client(**identities), "News@mail.example.org").name == name


def test_refusal_to_tell_counts_before_an_identity_that_is_not_there():
    found = ses_account._identity(Client(domain="AccessDeniedException"), "news@mail.example.org")
    assert found.why is ErrorKind.DENIED
    found = ses_account._identity(Client(), "news@mail.example.org")
    assert found.why is ErrorKind.MISSING


def test_address_that_is_verified_without_its_domain_does_not_sign(amazon):
    amazon.change(identities=("news@mail.example.org",), dkim_status="NOT_STARTED")
    found = one(ses.judge(inspect(settings()), settings()), "DKIM")
    assert "Verify the domain, not only the address" in found.todo


def test_identity_of_another_account_is_not_looked_for(amazon):
    theirs = settings(identity_arn="arn:aws:ses:us-east-1:210987654321:identity/example.org")
    assert troubles(ses.judge(inspect(theirs), theirs)) == {"identity": WARNING}
    assert "GetEmailIdentity" not in {call.operation for call in amazon.requests}


@pytest.mark.parametrize(
    ("address", "level"), [("bounces@example.org", OK), ("bounces@example.net", ERROR)]
)
@pytest.mark.usefixtures("amazon")
def test_return_path_must_be_verified_too(address, level):
    given = settings(return_path=address)
    assert one(ses.judge(inspect(given), given), "return path").level is level


def test_return_path_that_nobody_may_look_at(amazon):
    given = settings(return_path="bounces@example.net")
    amazon.change(denied=("GetEmailIdentity",))
    assert "ses:GetEmailIdentity" in one(ses.judge(inspect(given), given), "return path").todo


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


HEALTHY = Account(True, True, "HEALTHY", 50_000, 0, 14)
IDENTITY = Identity(
    "example.org",
    verified=True,
    verification="SUCCESS",
    dkim_signing=True,
    dkim_status="SUCCESS",
    dkim_tokens=("fakeses1", "fakeses2", "fakeses3"),
    mail_from="bounce.example.org",
    mail_from_status="SUCCESS",
)
TOPIC = Destination("to-us", enabled=True, kinds=ses.KINDS, topic="arn:aws:sns:x:1:t")
FACTS = SesFacts("us-east-1", HEALTHY, IDENTITY, configuration_set=True, destinations=(TOPIC,))


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


# ---------------------------------------------------------------- DNS

RECORDS = {
    ("_dmarc.mail.example.org", "TXT"): (),
    ("_dmarc.example.org", "TXT"): ("v=DMARC1; p=none; rua=mailto:dmarc@example.org",),
    **{
        (f"{token}._domainkey.example.org", "CNAME"): (f"{token}.dkim.amazonses.com",)
        for token in IDENTITY.dkim_tokens
    },
    ("bounce.example.org", "TXT"): ("some-verification=1", "v=spf1 include:amazonses.com ~all"),
    ("bounce.example.org", "MX"): ("10 feedback-smtp.us-east-1.amazonses.com",),
}
EXTRA = {
    ("_dmarc.org", "TXT"): (),
    **{
        question: ()
        for domain in ("mail.example.org", "example.org")
        for question in [(f"default._bimi.{domain}", "TXT"), (domain, "AAAA"), (domain, "MX")]
    },
    ("mail.example.org", "A"): ("192.0.2.1",),
    ("example.org", "A"): ("192.0.2.1",),
}
"""What else is asked, and seldom matters."""
SPF = ("bounce.example.org", "TXT")
MX = ("bounce.example.org", "MX")
DKIM = ("fakeses2._domainkey.example.org", "CNAME")
DMARC = ("_dmarc.example.org", "TXT")


def judged(identity=IDENTITY, domain="mail.example.org", **records):
    known = {**RECORDS, **EXTRA, **records.get("changed", {})}
    asked = {*dns.policies(domain), *(dns.records(identity) if identity else ())}
    assert asked <= set(known)
    answers = {question: known[question] for question in asked}
    while identity and (further := dns.included(identity, answers)):
        answers |= {question: known.get(question, NoAnswer("silence")) for question in further}
    return dns.judge(domain, identity, "us-east-1", answers)


def test_sound_records():
    assert {finding.name: finding.found for finding in judged()} == {
        "SPF": "bounce.example.org allows Amazon",
        "MAIL FROM MX": "feedback-smtp.us-east-1.amazonses.com",
        "DKIM": "all 3 records of example.org are there",
        "DMARC": "p=none at _dmarc.example.org; From agrees with DKIM and MAIL FROM",
    }
    assert not troubles(judged())


@pytest.mark.parametrize(
    ("question", "records", "name", "level", "says"),
    [
        (SPF, (), "SPF", ERROR, "has no SPF record"),
        (SPF, ("v=spf1 include:example.net -all",), "SPF", WARNING, "does not name Amazon"),
        (SPF, ("v=spf1 -all include:amazonses.com",), "SPF", ERROR, "does not name Amazon"),
        (SPF, ("v=spf1 -include:amazonses.com +all",), "SPF", ERROR, "does not name Amazon"),
        (SPF, ("v=spf1 redirect=amazonses.com",), "SPF", OK, "allows Amazon"),
        (SPF, ("v=spf1 include:bounce.example.org -all",), "SPF", ERROR, "includes itself"),
        (
            SPF,
            (f"v=spf1 {'a:a.example ' * 9}include:amazonses.com -all",),
            "SPF",
            OK,
            "with 10 of 10",
        ),
        (
            SPF,
            (f"v=spf1 {'a:a.example ' * 10}include:amazonses.com -all",),
            "SPF",
            ERROR,
            "needs 11 look-ups",
        ),
        (SPF, ("v=spf1 mx -all",), "SPF", ERROR, "does not name Amazon"),
        (SPF, ("v=spf1 include:amazonses.com -all", "v=spf1 -all"), "SPF", ERROR, "none counts"),
        (SPF, ("v=spf10 include:amazonses.com",), "SPF", ERROR, "has no SPF record"),
        (MX, (), "MAIL FROM MX", ERROR, "bounces cannot come back"),
        (MX, ("10 mx.example.org",), "MAIL FROM MX", ERROR, "leads to mx.example.org"),
        (MX, (*RECORDS[MX], "20 mx.example.org"), "MAIL FROM MX", ERROR, "mx.example.org"),
        (DKIM, (), "DKIM", ERROR, "1 of 3 records are missing"),
        (DKIM, ("fakeses1.dkim.amazonses.com",), "DKIM", ERROR, "lead elsewhere"),
        (DKIM, ("fakeses2.dkim.af-south-1.amazonses.com",), "DKIM", OK, "all 3"),
        (DMARC, (), "DMARC", ERROR, "has no DMARC record"),
        (DMARC, ("v=spf1 -all",), "DMARC", ERROR, "has no DMARC record"),
        (
            DMARC,
            ("v=DMARC1; rua=mailto:a@example.org",),
            "DMARC",
            OK,
            "p=none at _dmarc.example.org, which has no p=",
        ),
        (DMARC, ("v = DMARC1 ; p = reject",), "DMARC", OK, "p=reject"),
        (
            DMARC,
            ("v=DMARC1; p=reject; t=y",),
            "DMARC",
            OK,
            "in test mode (t=y), applied as p=quarantine",
        ),
        (DMARC, ("v=DMARC1; p=none; t=y",), "DMARC", OK, "applied as p=none"),
        (DMARC, ("v=DMARC1; p=none; np=reject",), "DMARC", OK, "p=none"),
        (DMARC, ("v=DMARC1; p=none; sp=quarantine; np=reject",), "DMARC", OK, "p=quarantine"),
        (DMARC, ("v=DMARC1; p=none; sp=often",), "DMARC", ERROR, "no valid policy"),
        (DMARC, ("v=DMARC1; p=maybe",), "DMARC", ERROR, "no valid policy"),
        (DMARC, ("v=DMARC1; p=none", "v=DMARC1; p=reject"), "DMARC", ERROR, "none counts"),
        (DMARC, ("v=DMARC1;p=none;sp=reject",), "DMARC", OK, "p=reject"),
        (DMARC, ("v=DMARC1; p=none; aspf=s",), "DMARC", OK, "agrees with DKIM"),
        (DMARC, ("v=DMARC1; p=none; adkim=s",), "DMARC", WARNING, "MAIL FROM only"),
        (DMARC, ("v=DMARC1; p=none; adkim=s; aspf=s",), "DMARC", ERROR, "would fail"),
    ],
)
def test_records(question, records, name, level, says):
    findings = judged(changed={question: records})
    found = one(findings, name)
    assert found.level is level
    assert says in found.found
    assert set(troubles(findings)) <= {name}


@pytest.mark.parametrize("question", RECORDS)
def test_silent_name_server_is_an_error_that_names_the_record(question):
    findings = judged(changed={question: NoAnswer("no name server answered within 5 seconds")})
    (found,) = [finding for finding in findings if finding.level is not OK]
    assert found.level is ERROR
    assert found.found == f"{question[0]} ({question[1]}): no name server answered within 5 seconds"


def test_missing_dkim_record_is_shown_ready_to_copy():
    found = one(judged(changed={DKIM: ()}), "DKIM")
    assert "\nfakeses2._domainkey.example.org CNAME fakeses2.dkim.amazonses.com\n" in found.todo
    assert "fakeses1" not in found.todo


def included(own, **others):
    """SPF of the MAIL FROM domain, and of a.example, b.example and so on, that it includes."""
    known = {(f"{name}.example", "TXT"): (record,) for name, record in others.items()}
    return one(judged(changed={SPF: (own,), **known}), "SPF")


def test_what_an_spf_record_includes_is_read_and_counted():
    a, b = "v=spf1 include:b.example ~all", "v=spf1 a mx include:amazonses.com ~all"
    found = included("v=spf1 include:a.example -all", a=a, b=b)
    assert (found.level, found.found) == (
        OK,
        "bounce.example.org allows Amazon, with 5 of 10 look-ups",
    )
    found = included("v=spf1 include:a.example -all", a="v=spf1 ip4:192.0.2.1 -all")
    assert (found.level, found.todo) == (ERROR, "Add include:amazonses.com to it.")
    assert included("v=spf1 redirect=a.example", a="v=spf1 include:amazonses.com -all").level is OK


def test_what_an_spf_record_includes_has_to_be_there():
    found = included("v=spf1 include:a.example include:amazonses.com -all", a="no SPF at all")
    assert found.level is ERROR
    assert "it includes a.example, which has no SPF record" in found.found


def test_includes_without_end_come_to_an_end():
    a, b = "v=spf1 include:b.example -all", "v=spf1 include:a.example -all"
    assert "includes itself" in included("v=spf1 include:a.example -all", a=a, b=b).found
    names = [f"n{number}" for number in range(40)]
    chain = {name: f"v=spf1 include:{after}.example -all" for name, after in pairwise(names)}
    assert "receivers stop at 10" in included("v=spf1 include:n0.example -all", **chain).found


@pytest.mark.parametrize(("records", "says"), [((), "p=reject"), (("192.0.2.1",), "p=quarantine")])
def test_a_subdomain_that_does_not_exist_has_a_policy_of_its_own(records, says):
    changed = {
        DMARC: ("v=DMARC1; p=none; sp=quarantine; np=reject",),
        ("mail.example.org", "A"): records,
    }
    found = one(judged(changed=changed), "DMARC").found
    assert found.startswith(says)
    assert ("neither addresses nor MX" in found) is not records


def test_whether_a_subdomain_exists_has_to_be_known_where_it_matters():
    silence = {("mail.example.org", "MX"): NoAnswer("silence")}
    assert not troubles(judged(changed=silence))
    asked = {**silence, DMARC: ("v=DMARC1; p=none; np=reject",)}
    assert one(judged(changed=asked), "DMARC").found == "mail.example.org (MX): silence"


def deep(records, domain="a.b.c.d.e.f.g.h.example.org"):
    answers = dict.fromkeys(dns.policies(domain), ())
    names = [name for name, kind in answers if name.startswith("_dmarc")]
    answers |= {(f"_dmarc.{name}", "TXT"): (record,) for name, record in records.items()}
    return names, one(dns.judge(domain, None, "us-east-1", answers), "DMARC").found


def test_the_way_up_skips_to_seven_labels_and_ends_at_the_top():
    names, _ = deep({})
    assert names == [
        "_dmarc.a.b.c.d.e.f.g.h.example.org",
        "_dmarc.d.e.f.g.h.example.org",
        "_dmarc.e.f.g.h.example.org",
        "_dmarc.f.g.h.example.org",
        "_dmarc.g.h.example.org",
        "_dmarc.h.example.org",
        "_dmarc.example.org",
        "_dmarc.org",
    ]


@pytest.mark.parametrize(
    ("records", "counts"),
    [
        (
            {"h.example.org": "v=DMARC1; p=reject", "example.org": "v=DMARC1; p=none"},
            "_dmarc.example.org",
        ),
        (
            {"h.example.org": "v=DMARC1; p=reject; psd=n", "example.org": "v=DMARC1; p=none"},
            "_dmarc.h.example.org",
        ),
        (
            {"example.org": "v=DMARC1; p=reject", "org": "v=DMARC1; p=none; psd=y"},
            "_dmarc.example.org",
        ),
        ({"org": "v=DMARC1; p=none; psd=y"}, "_dmarc.org"),
    ],
)
def test_the_record_of_the_organization_counts(records, counts):
    assert f"at {counts};" in deep(records)[1]


@pytest.mark.parametrize(
    ("policy", "bimi", "level", "says"),
    [
        ("v=DMARC1; p=reject", (), OK, "strict enough"),
        (
            "v=DMARC1; p=quarantine",
            ("v=BIMI1; l=https://example.org/l.svg; a=https://example.org/c.pem",),
            OK,
            "its certificate",
        ),
        (
            "v=DMARC1; p=quarantine",
            ("v=BIMI1; l=https://example.org/l.svg;",),
            OK,
            "without a certificate",
        ),
        ("v=DMARC1; p=none", ("v=BIMI1; l=https://example.org/l.svg;",), WARNING, "p=none"),
        (
            "v=DMARC1; p=quarantine; t=y",
            ("v=BIMI1; l=https://example.org/l.svg;",),
            WARNING,
            "p=none",
        ),
    ],
)
def test_a_logo_needs_a_strict_policy_and_a_certificate(policy, bimi, level, says):
    changed = {DMARC: (policy,), ("default._bimi.example.org", "TXT"): bimi}
    found = one(judged(changed=changed), "BIMI")
    assert found.level is level
    assert says in found.found


def test_a_silent_name_server_is_no_fault_of_a_logo():
    changed = {("default._bimi.mail.example.org", "TXT"): NoAnswer("silence")}
    assert not troubles(judged(changed=changed))


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


def test_nearest_dmarc_record_counts():
    own = {("_dmarc.mail.example.org", "TXT"): ("v=DMARC1; p=reject; sp=none",)}
    assert one(judged(changed=own), "DMARC").found.startswith("p=reject at _dmarc.mail.example.org")


def test_strict_alignment_is_met_by_the_domain_itself():
    identity = replace(IDENTITY, name="example.org")
    strict = {DMARC: ("v=DMARC1; p=none; adkim=s",)}
    assert one(judged(identity, "example.org", changed=strict), "DMARC").level is OK
    found = one(judged(changed=strict), "DMARC")
    assert "verify mail.example.org itself" in found.todo


@pytest.mark.parametrize(
    ("identity", "level", "says"),
    [
        (replace(IDENTITY, mail_from="", mail_from_status=""), OK, "agrees with DKIM"),
        (replace(IDENTITY, dkim_status="FAILED"), WARNING, "MAIL FROM only"),
        (replace(IDENTITY, dkim_signing=False, mail_from_status="PENDING"), ERROR, "would fail"),
        (None, WARNING, "whether mail passes is not known"),
    ],
)
def test_dmarc_needs_something_that_agrees_with_from(identity, level, says):
    found = one(judged(identity), "DMARC")
    assert found.level is level
    assert says in found.found


def test_without_a_mail_from_domain_spf_is_amazons():
    findings = judged(replace(IDENTITY, mail_from="", mail_from_status=""))
    assert troubles(findings) == {"SPF": SKIPPED}


def test_key_of_ones_own():
    identity = replace(IDENTITY, own_key=True, dkim_tokens=("ours",))
    asked = ("ours._domainkey.example.org", "TXT")
    assert one(judged(identity, changed={asked: ("v=DKIM1; p=MIIB",)}), "DKIM").level is OK
    missing = one(judged(identity, changed={asked: ()}), "DKIM")
    assert "ours._domainkey.example.org TXT" in missing.todo


@given(st.dictionaries(st.sampled_from(list(RECORDS)), st.lists(st.text(), max_size=3).map(tuple)))
def test_no_record_however_odd_breaks_the_judgement(changed):
    findings = judged(changed=changed)
    assert {finding.name for finding in findings} >= {"SPF", "DKIM", "DMARC"}
    assert unexplained(findings) == []


# ---------------------------------------------------------------- recipients' pages

URL = "https://mail.example.org"


@pytest.mark.parametrize(
    ("url", "answer", "expected", "says"),
    [
        (URL, Response(200), {}, "one click is accepted"),
        (URL, Response(204), {}, "one click is accepted"),
        (URL, Response(302, "https://www.example.org/login"), {"unsubscribing": ERROR}, "(302) to https://www"),
        (URL, Response(401), {"unsubscribing": ERROR}, "password"),
        (URL, Response(403), {"unsubscribing": ERROR}, "firewall"),
        (URL, Response(404), {"unsubscribing": ERROR}, "copy lists/secret.key to it"),
        (URL, Response(405), {"unsubscribing": ERROR}, "POST"),
        (URL, Response(500), {"unsubscribing": ERROR}, "log of mailer serve"),
        (URL, Response(503), {"unsubscribing": ERROR}, "log of mailer serve"),
        (URL, NoAnswer("no such host"), {"base URL": ERROR, "unsubscribing": SKIPPED}, "no such host"),
        ("http://mail.example.org", Response(200), {"base URL": ERROR}, "is not https"),
    ],
)  # fmt: skip
def test_site(url, answer, expected, says):
    findings = site.judge(url, answer, signed=True)
    assert troubles(findings) == expected
    assert says in " ".join(finding.found + finding.todo for finding in findings)


def test_without_a_key_a_refusal_says_nothing():
    assert troubles(site.judge(URL, Response(404), signed=False)) == {"unsubscribing": SKIPPED}
    assert troubles(site.judge(URL, Response(302), signed=False)) == {"unsubscribing": ERROR}


# ---------------------------------------------------------------- the folder


@pytest.fixture
def folder(tmp_path):
    """With one layout, a small one."""
    made = make_project(tmp_path, 3)
    shutil.rmtree(made / "templates")
    (made / "templates").mkdir()
    for path, text in TEMPLATES.items():
        (made / path).write_text(text)
    return made


def key_of(found, environment=None, sends=0):
    return project.key(found, environment, project.read_key(found, environment), sends)


def test_key(folder):
    found = config.load(folder)
    assert key_of(found).level is OK
    assert key_of(found, environment="a key from the environment").level is OK
    assert key_of(found, environment="short").level is ERROR
    found.secret_key_file.write_text("short")
    assert "shorter than 16" in key_of(found).found


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_key_that_others_may_read(folder, mode):
    found = config.load(folder)
    found.secret_key_file.chmod(mode)
    assert key_of(found).level is ERROR
    assert key_of(found).todo == "chmod 600 lists/secret.key"


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701])
def test_folders_of_personal_files_that_others_may_look_into(folder, mode):
    found = config.load(folder)
    found.outbox.mkdir(mode=0o700)
    found.database.parent.chmod(0o700)
    assert project.privacy(found).level is OK
    found.database.parent.chmod(mode)
    finding = project.privacy(found)
    assert (finding.level, finding.todo) == (WARNING, "chmod 700 lists")
    found.outbox.chmod(mode)
    assert project.privacy(found).todo == "chmod 700 lists outbox"


def test_looking_for_a_key_makes_none(folder):
    found = config.load(folder)
    found.secret_key_file.unlink()
    assert key_of(found).level is WARNING
    assert key_of(found, sends=1).level is ERROR
    assert "before anything else makes a new one" in key_of(found, sends=1).todo
    assert not found.secret_key_file.exists()


def address_keys_of(found):
    return address_keys.judge(found, health.examine(found.database))


def erase(found, person=0):
    store = open_store(found.root)
    assert store.subscribers.erase(address(person), now=NOW)
    store.close()


def test_keys_of_erased_people(folder):
    found = config.load(folder)
    erase(found)
    assert [finding.level for finding in address_keys_of(found)] == [OK]
    found.address_key_file.unlink()
    (finding,) = address_keys_of(found)
    assert (finding.level, "would bring back 1 erased person" in finding.found) == (ERROR, True)
    assert not found.address_key_file.exists()


def test_keys_made_anew_are_not_those_that_marked_erased_people(folder):
    found = config.load(folder)
    erase(found)
    before = found.address_key_file.read_text()
    found.address_key_file.write_text(secrets.token_urlsafe(32))
    (finding,) = address_keys_of(found)
    assert (finding.level, "mailer restore" in finding.todo) == (ERROR, True)
    erase(found, 1)
    assert address_keys_of(found)[0].level is ERROR
    assert "lacks a key that marked some of 2 erased people" in address_keys_of(found)[0].found
    with found.address_key_file.open("a") as file:
        file.write("\n" + before)
    assert address_keys_of(found)[0].level is OK


def test_without_erased_people_no_keys_are_missed(folder):
    found = config.load(folder)
    found.address_key_file.unlink()
    assert address_keys_of(found) == []


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_keys_of_erased_people_that_others_may_read(folder, mode):
    found = config.load(folder)
    found.address_key_file.chmod(mode)
    (finding,) = address_keys_of(found)
    assert (finding.level, finding.todo) == (ERROR, "chmod 600 lists/addresses.key")


def test_weak_keys_of_erased_people(folder):
    found = config.load(folder)
    found.address_key_file.write_text("short")
    assert address_keys_of(found)[0].level is ERROR


def store_of(found):
    return project.store(found, health.examine(found.database))


def test_store(folder):
    found = config.load(folder)
    assert store_of(found).level is OK
    files = {path.name for path in found.database.parent.iterdir()}
    assert files == {"mailer.db", "secret.key", "addresses.key"}
    found.database.unlink()
    assert store_of(found).level is WARNING
    assert not found.database.exists()


def test_store_that_is_not_a_database(folder):
    found = config.load(folder)
    found.database.write_bytes(b"Dear neighbor, " * 1000)
    assert store_of(found).level is ERROR
    assert "file is not a database" in store_of(found).found


def test_damaged_store(folder):
    found = config.load(folder)
    whole = found.database.read_bytes()
    for page in range(1, len(whole) // 4096):
        damaged = bytearray(whole)
        damaged[4096 * page : 4096 * (page + 1)] = b"\xff" * 4096
        found.database.write_bytes(damaged)
        assert store_of(found).level is ERROR, page
        assert "is damaged: " in store_of(found).found
        assert "\n" not in store_of(found).found


def change_migrations(found, statement):
    with closing(sqlite3.connect(found.database)) as connection, connection:
        connection.execute(statement)


def test_store_of_a_later_version(folder):
    found = config.load(folder)
    change_migrations(
        found,
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
        "VALUES ('mailer', 'rooms_for_pets', '')",
    )
    assert store_of(found).level is ERROR
    assert "rooms_for_pets" in store_of(found).found


def test_store_of_an_earlier_version_is_no_trouble(folder):
    found = config.load(folder)
    change_migrations(found, "DELETE FROM _sqlite_migrations")
    assert store_of(found).level is OK
    assert "brought up to date" in store_of(found).found


def test_store_that_cannot_be_written(folder, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert store_of(config.load(folder)).level is ERROR


def test_store_too_large_to_look_through(folder, monkeypatch):
    monkeypatch.setattr(health, "_SECONDS", -1)
    monkeypatch.setattr(health, "_STEPS", 1)
    assert store_of(config.load(folder)).level is WARNING


def test_store_can_be_looked_at_while_another_process_writes(folder):
    found = config.load(folder)
    with closing(sqlite3.connect(found.database, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM memberships")
        assert store_of(found).level is OK
        writer.execute("ROLLBACK")


def schedule(found, *, campaign="vote", **more):
    with closing(open_store(found.root)) as store:
        ids = [person.id for person in store.subscribers.audience("members")]
        words = {"query": "", "snapshot": b"", "digest": "d", "transport": "outbox"}
        store.sends.freeze(campaign, "members", ids, **words, now=NOW, **more)


TOMORROW = Timing("tomorrow", NOW + timedelta(days=1))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {}),
        ({"timing": TOMORROW}, {"worker": WARNING}),
        ({"ab_test": ABTest(lambda _: 0, timedelta(hours=4))}, {"worker": WARNING}),
        # somebody chooses the winner
        ({"ab_test": ABTest(lambda _: 0, None)}, {}),
        ({"timing": TOMORROW, "ab_test": ABTest(lambda _: 0, None)}, {}),
    ],
)
def test_what_nobody_starts(folder, more, expected):
    found = config.load(folder)
    schedule(found, **more)
    before = found.database.read_bytes()
    assert troubles(project.worker(health.examine(found.database))) == expected
    assert found.database.read_bytes() == before


def test_what_somebody_starts(folder):
    found = config.load(folder)
    assert project.worker(health.examine(found.database)) == []
    schedule(found, timing=TOMORROW)
    schedule(found, campaign="next", timing=TOMORROW)
    (alone,) = project.worker(health.examine(found.database))
    assert alone.found == "2 scheduled sends to start, and no worker runs to do it"
    with closing(open_store(found.root)) as store:
        store.leases.attend()
        (attended,) = project.worker(health.examine(found.database))
        assert (attended.level, attended.found) == (OK, "runs, and starts 2 scheduled sends")
    (left,) = project.worker(health.examine(found.database))
    assert left.level is WARNING


def test_a_worker_is_looked_for_while_another_process_writes(folder, monkeypatch):
    found = config.load(folder)
    schedule(found, timing=TOMORROW)
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *given, **more: connect(*given, **more, timeout=0.1)
    )
    with closing(connect(found.database, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert not troubles(project.worker(health.examine(found.database)))
        writer.execute("ROLLBACK")


@pytest.mark.parametrize(
    ("free", "level"), [(199e6, ERROR), (201e6, WARNING), (999e6, WARNING), (1001e6, OK)]
)
def test_disk(folder, monkeypatch, free, level):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert project.disk(config.load(folder)).level is level


def test_layouts_compile(folder):
    (finding,) = project.layouts(config.load(folder), frozenset())
    assert (finding.level, finding.found) == (OK, "alert, newsletter, petition: all compile")


def test_broken_layout_is_shown_with_its_line(folder):
    layout = folder / "templates" / "newsletter.mjml"
    good = layout.read_text()
    (folder / "templates" / "alert.mjml").write_text(good)
    layout.write_text(good.replace("<mj-body>", "<mj-body>\n<mj-sektion>"))
    findings = project.layouts(config.load(folder), frozenset())
    assert troubles(findings) == {"layout newsletter": ERROR}
    assert findings[0].found.startswith("templates/newsletter.mjml:2: ")


def test_layout_that_shows_a_column_of_the_list(folder):
    layout = folder / "templates" / "newsletter.mjml"
    chapter = "<mj-text>{{ recipient.fields.chapter }}</mj-text></mj-column>"
    layout.write_text(layout.read_text().replace("</mj-column>", chapter, 1))
    assert troubles(project.layouts(config.load(folder), frozenset())) == {
        "layout newsletter": ERROR
    }
    assert not troubles(project.layouts(config.load(folder), frozenset(["chapter"])))


def test_a_project_without_templates_has_those_that_come_with_mailer(folder):
    shutil.rmtree(folder / "templates")
    (finding,) = project.layouts(config.load(folder), frozenset())
    assert (finding.level, finding.found) == (OK, "alert, newsletter, petition: all compile")


MAYORS = """
[lookups.mayors]
file = "mayors.csv"
key = ["city"]
"""


@pytest.mark.parametrize(
    ("table", "level", "says"),
    [
        ("city,mayor\nSalem,Nia Brook\nBend,Tod Lane\n", OK, "2 rows in mayors.csv"),
        ("city,mayor\n", WARNING, "has no rows"),
        ("town,mayor\nSalem,Nia Brook\n", ERROR, 'has no column "city"'),
        ("city,mayor\nSalem,Nia Brook\nSalem,Tod Lane\n", ERROR, "mayors.csv:3: "),
        (None, ERROR, "which is not there"),
    ],
)
def test_lookup(folder, table, level, says):
    (folder / "mailer.toml").write_text(SETTINGS + MAYORS)
    if table is not None:
        (folder / "mayors.csv").write_text(table)
    (found,) = project.lookups(config.load(folder))
    assert found.level is level
    assert says in found.found


# ---------------------------------------------------------------- all of it


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


# ---------------------------------------------------------------- a new project


@pytest.fixture
def new(tmp_path):
    new_project.create(tmp_path / "new", new_project.EXAMPLE)
    return config.load(tmp_path / "new")


def test_an_example_address_is_warned_of(new):
    assert troubles(project.example_values(new.settings)) == {"postal address": WARNING}


def test_copies_of_templates_that_are_out_of_date_are_named(new, monkeypatch):
    assert project.templates(new) == []
    template_copies.copy(new, ["footer", "header"])
    assert not troubles(project.templates(new))
    newer = {**assets.templates(), "partials/footer.mjml": "<mj-section>new</mj-section>"}
    monkeypatch.setattr(assets, "templates", lambda: newer)
    (finding,) = project.templates(new)
    assert finding.level is WARNING
    assert finding.found == "copied from an older mailer: partials/footer.mjml"
    assert "mailer templates copy --keep partials/footer.mjml" in finding.todo


def test_a_broken_record_of_copies_is_an_error(new):
    (new.root / "templates" / "copies.json").write_text("{")
    assert troubles(project.templates(new)) == {"templates": ERROR}


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
