"""What is kept of a mail, so that it can be shown again."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace

import pytest

from mailer.ledger.delivery import StoredMessage
from mailer.mail.web_version import render, store_message
from tools.projects import samples

MAIL = """---
subject: "A word from {{ recipient.city }}"
list: members
layout: newsletter
---
Hello {{ recipient.first_name }},

{{ share("We in {} will be there.".format(recipient.state), "https://www.example.org/vote") }}
"""


def test_only_what_the_web_version_shows_is_kept():
    mail = samples.merger_of(samples.written(MAIL)).merge(
        replace(samples.usual(), first_name="Ana", city="Salem", state="OR")
    )
    kept = store_message(mail)
    quoted = "    We in OR will be there."
    assert quoted in mail.text
    assert quoted in mail.values
    assert quoted not in json.loads(kept.values)
    assert {"Ana", "Salem"} < set(json.loads(kept.values))
    assert not {mail.email, None} & set(json.loads(kept.values))
    assert shown(kept, mail) == (mail.subject, mail.html)


def shown(kept, mail):
    again = render(kept, mail.links)
    return again.subject, again.html


def test_long_values_are_kept_once_for_the_many_who_share_them_and_with_the_few_who_do_not():
    merger = samples.merger_of(samples.written(MAIL))
    states = ["OR"] * 30 + ["WA"] * 10
    people = [replace(samples.usual(), id=n, city="Salem", state=s) for n, s in enumerate(states)]
    mails = [merger.merge(person) for person in people]
    kept = [store_message(mail) for mail in mails]
    contents = {content for message in kept for content in message.shared.values()}
    assert len(contents) == 1
    assert "We in OR will be there." in json.loads(contents.pop())
    many, few = kept[25], kept[35]
    assert "OR" not in many.values
    assert len(many.values) < len(few.values) / 2
    assert "We in WA will be there." in json.loads(few.values)
    assert [shown(*each) for each in zip(kept, mails, strict=True)] == [
        (mail.subject, mail.html) for mail in mails
    ]


@pytest.mark.parametrize("campaign", samples.CAMPAIGNS)
def test_the_web_version_is_what_was_mailed_for_everybody_however_often_it_was_sent(campaign):
    merger = samples.merger(campaign)
    for person in samples.difficult(campaign).values():
        mail = merger.merge(person)
        for _ in range(25):
            assert shown(store_message(mail), mail) == (mail.subject, mail.html)


@pytest.mark.parametrize("campaign", samples.CAMPAIGNS)
def test_a_mail_that_an_earlier_version_kept_is_shown(campaign):
    """It kept a value or null for each slot, the address among them."""
    for person in samples.difficult(campaign).values():
        mail = samples.merger(campaign).merge(person)
        content = json.loads(zlib.decompress(store_message(mail).content))
        del content["kept"]
        values = zip(content["links"], mail.values, strict=True)
        values = [None if link else value for link, value in values]
        kept = StoredMessage("", zlib.compress(json.dumps(content).encode()), json.dumps(values))
        assert shown(kept, mail) == (mail.subject, mail.html)
