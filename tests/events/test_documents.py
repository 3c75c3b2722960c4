"""Events as people have them: pretty-printed, in arrays, out of SQS, Lambda and EventBridge, with a mark."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.events.documents import documents, encoding_of
from mailer.events.ses import parse
from tests.support.ses_events import ANYTHING, damaged, sample

CASES = Path(__file__).parent / "cases"
BOUNCE = sample("bounce")
OTHER = {**BOUNCE, "mail": {**BOUNCE["mail"], "messageId": "another"}}
ENVELOPE = {"Type": "Notification", "TopicArn": "arn:aws:sns:us-west-2:111122223333:t"}


def pretty(value, indent=2):
    return json.dumps(value, indent=indent)


def of_sns(event):
    return ENVELOPE | {"Message": json.dumps(event)}


def read_text(text):
    """Message ids of the events, and why the rest is none."""
    parts = [parse(document) for document in documents(text.splitlines(keepends=True))]
    events = [event.message_id for found, _ in parts for event in found]
    return events, [rejected.why for _, found in parts for rejected in found]


WAYS = {
    "lines": f"{json.dumps(BOUNCE)}\n{json.dumps(OTHER)}\n",
    "lines of Windows": f"{json.dumps(BOUNCE)}\r\n\r\n{json.dumps(OTHER)}\r\n",
    "run together": json.dumps(BOUNCE) + json.dumps(OTHER),
    "pretty-printed": f"{pretty(BOUNCE)}\n{pretty(OTHER)}\n",
    "pretty-printed without indentation": f"{pretty(BOUNCE, 0)}\n{pretty(OTHER, 0)}\n",
    "array on a line": json.dumps([BOUNCE, OTHER]),
    "array, an event on each line": f"[\n{json.dumps(BOUNCE)},\n{json.dumps(OTHER)}\n]\n",
    "array with leading commas": f"[{json.dumps(BOUNCE)}\n,{json.dumps(OTHER)}\n]",
    "array, pretty-printed": pretty([BOUNCE, OTHER]),
    "receive-message": pretty({"Messages": [{"Body": json.dumps(of_sns(BOUNCE))}, {"Body": json.dumps(OTHER)}]}, 4),
    "Lambda behind SNS": json.dumps({"Records": [{"Sns": of_sns(BOUNCE)}, {"Sns": of_sns(OTHER)}]}),
    "Lambda behind SQS": json.dumps({"Records": [{"eventSource": "aws:sqs", "body": json.dumps(of_sns(each))} for each in (BOUNCE, OTHER)]}),
    "EventBridge": "\n".join(json.dumps({"version": "0", "source": "aws.ses", "detail-type": "Email Bounced", "detail": each}) for each in (BOUNCE, OTHER)),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_events_are_read_however_they_were_kept(way):
    assert read_text(WAYS[way]) == ([BOUNCE["mail"]["messageId"], "another"], [])


@pytest.mark.parametrize("name", ["Q1-pretty.json", "Q3-lambda.jsonl", "Q4-sqs-receive.json"])
def test_files_that_people_have_are_read(name):
    assert read_text((CASES / name).read_text()) == (["0100-1-000000"], [])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_mark_of_an_encoding_is_no_part_of_the_first_event(tmp_path, encoding):
    path = tmp_path / "events.json"
    path.write_text(WAYS["lines"], encoding=encoding)
    assert read_text(path.read_text(encoding=encoding_of(path)))[1] == []


@pytest.mark.parametrize(
    "cut",
    [
        '{"eventType": "Bou',
        '{"eventType": "Bounce", "mail": {',
        "[1, 2",
        "no JSON",
        "{'a': 1}",
        "]",
    ],
)
def test_a_damaged_line_takes_no_other_with_it(cut):
    text = f"{json.dumps(BOUNCE)}\n{cut}\n{json.dumps(OTHER)}\n"
    assert read_text(text)[0] == [BOUNCE["mail"]["messageId"], "another"]


def test_a_part_that_is_no_event_leaves_the_others():
    events, why = read_text(json.dumps([BOUNCE, {"hello": 1}, "x", OTHER]))
    assert events == [BOUNCE["mail"]["messageId"], "another"]
    assert why == ["it does not say what kind of event it is", "it is not a JSON object"]


def test_what_is_no_event_at_all_is_rejected_word_for_word():
    _, rejected = parse('[{"a":1}, 0]')
    assert [part.body for part in rejected] == ['[{"a":1}, 0]']


@given(st.lists(damaged() | ANYTHING.map(json.dumps), max_size=4), st.sampled_from([None, 1, 4]))
def test_documents_are_the_values_that_were_written(values, indent):
    """The oracle is json: whatever the layout, each value comes back whole, in order."""
    written = [json.loads(value) for value in values if json.loads(value) not in ([], {})]
    objects = [value for value in written if isinstance(value, dict)]
    text = "".join(f"{json.dumps(value, indent=indent)}\n" for value in objects)
    found = [json.loads(document) for document in documents(text.splitlines(keepends=True))]
    assert found == objects


@given(st.text(alphabet='{}[]",\\\n a1', max_size=60))
def test_whatever_the_text_each_mark_is_in_one_document(text):
    found = "".join(documents(text.splitlines(keepends=True)))
    ignored = str.maketrans("", "", " ,[]\n")
    assert found.translate(ignored) == text.translate(ignored)
