"""A stand-in for Amazon SES (API v2) on 127.0.0.1, for tests and rehearsals.

It speaks the REST-JSON protocol to an unmodified boto3 `sesv2` client, enforces the rate, the quota
and the refusals of a real account, keeps what it accepted, and injects faults on command.

    wire.py      HTTP/1.1 with keep-alive, over asyncio
    listener.py  the listening socket, which can be closed for a while
    server.py    FakeSes: the server in a thread of a test
    remote.py    the same commands for a server in another process, over /_fake/
    app.py       one call: faults, authentication, operation, log
    control.py   the commands under /_fake/
    sending.py   SendEmail and SendBulkEmail
    reading.py   GetAccount, identities, configuration sets, the suppression list
    insights.py  message insights: exports, and records of single messages
    account.py   the account: limits, identities, and the ways in which one is broken
    limits.py    what SES refuses in a request
    template.py  inline templates: simple substitution
    mime.py      the message SES builds from a template or simple content
    bucket.py    the sending rate
    record.py    what was accepted
    events.py    what SES publishes about it
    faults.py    what goes wrong on command
    errors.py    the errors, their HTTP statuses, and their statuses in a bulk answer

Where the documentation is silent, the stricter reading is taken; such places say so.
"""

from __future__ import annotations

from tools.fake_ses.account import SETUPS, Account
from tools.fake_ses.remote import RemoteSes
from tools.fake_ses.server import FakeSes

__all__ = ["SETUPS", "Account", "FakeSes", "RemoteSes"]
