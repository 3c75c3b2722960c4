"""status, pause, resume and cancel as staff use them."""

import json
import os
import re
import socket

from mailer.ledger.delivery import SendState
from tests.support.recipients import everybody
from tools.projects.project import NOW, enrol, files


def test_status_shows_every_send(mailer):
    assert "Nothing has been sent yet" in mailer("status")[1]
    mailer("send", "vote", "--yes", "--limit", "2")
    _, said = mailer("status")
    assert re.search(r"vote +members +paused +\S+ +9 +7 +2 +stopped after 2 messages", said)


def test_status_shows_who_sends_and_who_waits(mailer, store):
    mailer("send", "vote", "--yes", "--limit", "2")
    store.leases.attend()
    machine = rf"{re.escape(socket.gethostname())} +{os.getpid()} +\d{{4}}-\d\d-\d\d \d\d:\d\d UTC"
    assert re.search(rf"{machine} +nothing yet: waits for what is due", mailer("status")[1])
    assert "Machine" not in mailer("status", "vote")[1]
    send = store.sends.find("vote", "members")
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    assert re.search(rf"{machine} +vote", mailer("status", "vote")[1])
    (sent,) = json.loads(mailer("status", "--json")[1])
    (worker,) = sent["workers"]
    assert (worker["process"], worker["campaigns"]) == (os.getpid(), ["vote"])
    store.leases.leave()
    assert "Machine" not in mailer("status")[1]


def test_a_send_whose_process_died_shows_as_stopped(mailer, store):
    mailer("send", "vote", "--yes", "--limit", "2")
    send = store.sends.find("vote", "members")
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    store.leases.workers.leave()
    _, said = mailer("status", "vote")
    assert "vote to members: stopped" in said
    assert "Go on with: mailer resume vote" in said
    store.deliveries.claim(send.id, 1, now=NOW)
    assert "vote to members: sending" in mailer("status", "vote")[1]


def test_pausing_what_is_not_being_sent_is_told(mailer):
    mailer("send", "vote", "--yes")
    code, said = mailer("pause", "vote")
    assert code == 2
    assert "vote to members is finished: there is nothing to pause" in said


def test_going_on_anyway_is_said_by_the_confirmation_not_by_the_command(mailer, store):
    mailer("send", "vote", "--yes", "--limit", "4")
    assert mailer("resume", "vote", "--anyway", answers=["no"])[0] == 2
    assert store.events.stats(1).watched
    assert mailer("resume", "vote", "--anyway", answers=["5"])[0] == 0
    assert not store.events.stats(1).watched


def test_cancelling_asks_and_is_final(mailer, root, store):
    mailer("send", "vote", "--yes", "--limit", "4")
    assert mailer("cancel", "vote")[0] == 2
    assert mailer("cancel", "vote", answers=["n"])[0] == 2
    assert store.sends.find("vote", "members").state is SendState.PAUSED
    code, said = mailer("cancel", "vote", answers=["y"])
    assert code == 0
    assert "5 people on members will never get vote" in said
    assert "4 accepted, 5 skipped" in said
    for command in ("send", "resume"):
        code, said = mailer(command, "vote", "--yes")
        assert code == 2
        assert "was cancelled, which is final" in said
    assert len(files(root)) == 4
    assert store.sends.counts(1).balanced


def test_cancelling_settles_what_a_dead_process_left(mailer, store):
    mailer("send", "vote", "--yes", "--limit", "4")
    store.sends.set_state(1, SendState.SENDING, now=NOW)
    store.deliveries.claim(1, 2, now=NOW)
    store.leases.workers.leave()
    assert "4 accepted, 5 skipped" in mailer("cancel", "vote", "--yes")[1]


def test_people_are_added_to_what_an_older_version_has_frozen(mailer, root, store):
    assert mailer("send", "vote", "--yes")[0] == 0
    store.database.connection.execute("UPDATE sends SET digest = 'made of fewer settings'")
    enrol(store, [9])
    code, said = mailer("send", "vote", "--yes")
    assert (code, "have changed" in said) == (0, False)
    assert files(root) == everybody(10)
