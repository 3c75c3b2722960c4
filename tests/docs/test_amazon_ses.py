"""docs/amazon-ses.md cannot go stale: its commands, its policy, its records and its settings hold."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import botocore.session
import dns.rdatatype
import dns.zonefile
import pytest
from botocore import xform_name
from botocore.validate import ParamValidator

from mailer import config
from mailer.doctor.facts import ErrorKind, Identity, Refused
from mailer.doctor.finding import Level
from mailer.doctor.judgements import dns as judged
from mailer.doctor.judgements import ses
from tests.support.doctor import FACTS, IDENTITY, settings
from tools.fake_ses import SETUPS
from tools.fake_ses.errors import STATUS
from tools.projects.project import SETTINGS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "amazon-ses.md").read_text(encoding="utf-8")
AWS = botocore.session.get_session()


def fences(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


TOPIC_POLICY, QUEUE, DESTINATION, POLICY = (json.loads(text) for text in fences("json"))
FILES = {
    "topic-policy.json": TOPIC_POLICY,
    "queue.json": QUEUE,
    "destination.json": DESTINATION,
    "policy.json": POLICY,
}

# ---------------------------------------------------------------- commands


def commands(program):
    lines = "".join(fences("sh")).replace("\\\n", "").splitlines()
    return [line for line in lines if line.startswith(program)]


def unquoted(command):
    return shlex.split(re.sub(r"\s+", " ", command))


def check_aws(command):
    """Whether the service, the operation and every option exist, and what is required is given."""
    _, service, name, *options = unquoted(command)
    model = AWS.get_service_model(service)
    (operation,) = [op for op in model.operation_names if xform_name(op, "-") == name]
    shape = model.operation_model(operation).input_shape
    members = {xform_name(member, "-"): member for member in shape.members}
    given = {option.removeprefix("--") for option in options if option.startswith("--")}
    # the command line renames one, lest it be taken for its own --endpoint-url
    given = {"endpoint" if option == "notification-endpoint" else option for option in given}
    assert given - {"region", "query"} <= set(members)
    assert {xform_name(member, "-") for member in shape.required_members} <= given
    return shape, dict(pairwise(options))


@pytest.mark.parametrize("command", [c for c in commands("aws ") if "aws configure" not in c])
def test_aws_command_exists(command):
    shape, options = check_aws(command)
    for option, value in options.items():
        if value.startswith("file://"):
            content = FILES[value.removeprefix("file://")]
            (member,) = [m for m in shape.members if f"--{xform_name(m, '-')}" == option]
            kind = shape.members[member]
            given = json.dumps(content) if kind.type_name == "string" else content
            report = ParamValidator().validate(given, kind)
            assert not report.has_errors(), report.generate_report()


def test_the_page_shows_its_aws_commands_in_a_form_that_is_found():
    assert len(commands("aws ")) == TEXT.count("\naws ") == 17


@pytest.mark.parametrize(
    "facts",
    [
        replace(FACTS, identity=replace(IDENTITY, dkim_signing=False)),
        replace(FACTS, configuration_set=False),
        replace(FACTS, configuration_set=Refused(ErrorKind.MISSING, "not there")),
    ],
)
def test_aws_command_that_doctor_suggests_exists(facts):
    (todo,) = [f.todo for f in ses.judge(facts, settings()) if f.level is not Level.OK]
    assert todo.startswith("aws sesv2 ")
    check_aws(todo)


def test_rehearsal_starts():
    (command,) = commands(".venv/bin/python ")
    _, *arguments = unquoted(command)
    given = {argument for argument in arguments if argument.startswith("--")}
    said = subprocess.run(
        [sys.executable, *arguments[:2], "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for option in {*given, "--setup", "--identity"}:
        assert option in said


def test_pretended_troubles_exist():
    mentioned = set(re.findall(r"`--setup ([a-z-]+)`", TEXT))
    assert mentioned
    assert mentioned <= set(SETUPS)


# ---------------------------------------------------------------- the policy

OLDER_NAMES = {
    "ses:SendEmail": {"ses:SendRawEmail"},
    "ses:SendBulkEmail": {"ses:SendBulkTemplatedEmail"},
}


def actions_called():
    """IAM's name of every operation of SES and SQS that the program may call."""
    names = {
        xform_name(operation): f"{prefix}:{operation.removesuffix('Batch')}"
        for service, prefix in (("sesv2", "ses"), ("sqs", "sqs"))
        for operation in AWS.get_service_model(service).operation_names
    }
    for path in (ROOT / "mailer").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in names:
                yield names[node.attr]


def allowed(sid=None):
    for statement in POLICY["Statement"]:
        if sid in {None, statement["Sid"]}:
            action = statement["Action"]
            yield from [action] if isinstance(action, str) else action


def test_policy_allows_all_that_is_called():
    called = set(actions_called())
    assert {"ses:GetAccount", "ses:GetEmailIdentity", "ses:GetConfigurationSet"} <= called
    needed = called.union(*(OLDER_NAMES.get(action, ()) for action in called))
    assert needed <= set(allowed())


def test_policy_allows_nothing_but_sending_looking_and_reading_the_queue():
    assert all(statement["Effect"] == "Allow" for statement in POLICY["Statement"])
    assert not any("*" in action for action in allowed())
    sending = {*OLDER_NAMES, *(name for names in OLDER_NAMES.values() for name in names)}
    assert set(allowed("Send")) == sending
    comparing = {"ses:ListSuppressedDestinations", "ses:PutSuppressedDestination"}
    assert set(allowed("CompareSuppressionLists")) == comparing
    asking = {"ses:CreateExportJob", "ses:GetExportJob", "ses:GetMessageInsights"}
    assert set(allowed("AskMessageInsights")) == asking
    looking = {*allowed()} - sending - comparing - asking - {*allowed("ReadTheEvents")}
    assert all(action.startswith("ses:Get") for action in looking)
    assert set(allowed("ReadTheEvents")) == {
        "sqs:GetQueueUrl",
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
    }


def test_events_are_wired_through():
    (publish,) = TOPIC_POLICY["Statement"]
    (deliver,) = json.loads(QUEUE["Policy"])["Statement"]
    topic = DESTINATION["SnsDestination"]["TopicArn"]
    queue = deliver["Resource"]
    assert publish["Resource"] == topic
    assert deliver["Condition"]["ArnEquals"]["aws:SourceArn"] == topic
    assert [s["Resource"] for s in POLICY["Statement"] if s["Sid"] == "ReadTheEvents"] == [queue]
    (subscribe,) = [unquoted(c) for c in commands("aws ") if "aws sns subscribe" in c]
    assert {topic, queue, "RawMessageDelivery=true"} <= set(subscribe)
    assert int(QUEUE["MessageRetentionPeriod"]) == 14 * 24 * 3600


def test_doctor_finds_the_documented_events_complete():
    assert set(DESTINATION["MatchingEventTypes"]) >= ses.KINDS
    assert not {"OPEN", "CLICK"} & set(DESTINATION["MatchingEventTypes"])


# ---------------------------------------------------------------- records and settings


def test_doctor_finds_the_documented_records_sound():
    identity = Identity(
        "mail.example.org",
        verified=True,
        verification="SUCCESS",
        dkim_signing=True,
        dkim_status="SUCCESS",
        dkim_tokens=("token1", "token2", "token3"),
        mail_from="bounce.mail.example.org",
        mail_from_status="SUCCESS",
    )
    answers = dict.fromkeys([*judged.policies("mail.example.org"), *judged.records(identity)], ())
    for rrset in dns.zonefile.read_rrsets("".join(fences("zone")), default_ttl=300, rdclass="IN"):
        question = (rrset.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(rrset.rdtype))
        assert question in answers
        answers[question] = tuple(record.to_text().strip('".') for record in rrset)
    findings = judged.judge("mail.example.org", identity, "us-west-2", answers)
    assert {finding.name: finding.level for finding in findings} == dict.fromkeys(
        ("SPF", "MAIL FROM MX", "DKIM", "DMARC"), Level.OK
    )


def test_settings_example_is_valid():
    (example,) = fences("toml")
    found = config.parse(SETTINGS + example)
    assert found.send.transport == "ses"
    assert f"configuration-set-name {found.ses.configuration_set}\n" in TEXT
    assert f"--region {found.ses.region} " in TEXT


# ---------------------------------------------------------------- the page itself


def headings():
    prose = re.sub(r"^```.*?^```$", "", TEXT, flags=re.MULTILINE | re.DOTALL)
    return set(re.findall(r"^#+ (.*)$", prose, re.MULTILINE))


def test_parts_of_the_page_that_the_program_names_are_there():
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "mailer").rglob("*.py"))
    named = set(
        re.findall(r"(?:amazon-ses\.md|\{PAGE\})(?:,| says under) ([A-Z][A-Za-z ]*)", sources)
    )
    assert len(named) > 3
    assert named <= headings()


def errors():
    return TEXT.partition("\n## Errors\n")[2].partition("\n## ")[0]


def test_links_within_the_page_lead_somewhere():
    anchors = {heading.lower().replace(" ", "-").replace(".", "") for heading in headings()}
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= anchors


def test_errors_are_named_as_amazon_names_them():
    statuses = AWS.get_service_model("sesv2").shape_for("BulkEmailStatus").enum
    assert set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", errors())) <= set(statuses)
    assert set(re.findall(r"\b[A-Z][A-Za-z]+Exception\b", TEXT)) <= set(STATUS)
