"""What is kept of a mail, so that it can be shown again."""

from __future__ import annotations

import json
from dataclasses import replace

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
    again = render(kept, mail.links)
    assert (again.subject, again.html) == (mail.subject, mail.html)
