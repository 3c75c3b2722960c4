"""Findings of `mailer doctor`, and a sound Amazon account to judge."""

from __future__ import annotations

from mailer import config
from mailer.doctor.facts import Account, Destination, Identity, SesFacts
from mailer.doctor.finding import Level
from mailer.doctor.judgements import ses
from tools.projects.project import SETTINGS

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
MAYORS = """
[lookups.mayors]
file = "mayors.csv"
key = ["city"]
"""
