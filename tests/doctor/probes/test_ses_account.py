"""What an Amazon account that cannot be read is reported as."""

from __future__ import annotations

import pytest

from mailer.doctor.facts import ErrorKind
from mailer.doctor.judgements import ses
from mailer.doctor.probes.ses_account import inspect
from tests.support.doctor import ERROR, one, settings, troubles


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
