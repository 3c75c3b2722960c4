"""A/B tests of texts and of senders: who gets which variant, and what the rest get."""

from __future__ import annotations

import email
import email.policy
from collections import Counter

import pytest

from mailer.campaigns import campaign as campaign_file
from mailer.compiler.variant_names import names
from mailer.errors import CampaignError
from tests.support.campaigns import ANA, make_merger
from tools.projects.project import SETTINGS, VOTE, make_project

SENDERS = """
[senders.ana]
name = "Ana Silva"
email = "ana@example.org"
unsubscribe_email = "leave-ana@example.org"
unsubscribe_mailbox = true

[senders.bo]
name = "Bo Lund"
reply_to = "bo@example.org"
"""
TEXT = VOTE.replace("list: members", "list: members\ntest:\n  share: 50 %") + (
    '\n{% if variant == "b" %}Call twice.{% else %}Call once.{% endif %}\n'
)


@pytest.fixture
def root(tmp_path):
    root = make_project(tmp_path / "project", people=600)
    (root / "mailer.toml").write_text(SETTINGS + SENDERS)
    (root / "campaigns" / "text.md").write_text(TEXT)
    senders = VOTE.replace(
        "list: members", "list: members\nsenders:\n  - ana\n  - bo\ntest:\n  share: 50 %"
    )
    (root / "campaigns" / "personal.md").write_text(senders)
    return root


def parse(front, body="Hello."):
    return campaign_file.parse("campaigns/vote.md", f"---\n{front}---\n{body}\n")


def mails(root, name):
    return [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in (root / "outbox" / name).glob("*.eml")
    ]


# ---------------------------------------------------------------- the front matter and the text


@pytest.mark.parametrize(("front", "body", "arms"), [
    ("subject: One\n", "Hello.", 1),
    ("subject: One\n", 'Our variant == "b" of the line, {{ brand.name }}.', 1),
    ("subject: One\n", '{% if variant == "b" %}x{% endif %}', 2),
    ("subject: One\n", '{% if "a" == variant %}x{% endif %}', 2),
    ("subject: One\n", '{% if variant in ["b", "c"] %}x{% endif %}', 3),
    ("subject: One\n", '{{ "x" if variant != "d" else "y" }}', 4),
    ("subject: One\n", "[Sign](https://example.org/?v={{ variant }})", 2),
    ("subject: \"{{ 'Now' if variant == 'b' else 'Soon' }}\"\n", "Hello.", 2),
    ("subject: One\n", '{% set variant = "z" %}{% if variant == "z" %}x{% endif %}', 1),
    ("subjects:\n  - One\n  - Two\n  - Three\n", '{% if variant == "b" %}x{% endif %}', 3),
    ("subject: One\nsenders:\n  - ana\n  - bo\n", "Hello.", 2),
])  # fmt: skip
def test_the_variants_are_counted(front, body, arms):
    assert parse(front, body).arms == arms


@pytest.mark.parametrize(("front", "body", "line", "message"), [
    ("subject: One\n", '\n\n{% if variant == "B" %}x{% endif %}', 6, 'there is no variant "B"'),
    ("subject: One\n", "{% if variant == 2 %}x{% endif %}", 4, 'there is no variant "2"'),
    ("subject: One\npreheader: \"{{ 'x' if variant == 'two' }}\"\n", "Hello.", 3, 'there is no variant "two"'),
    ("subjects:\n  - One\n  - Two\n", '\n{% if variant == "c" %}x{% endif %}', 7,
     'there is no variant "c": there are 2 subjects'),
    ("subject: One\nsender: ana\nsenders:\n  - ana\n  - bo\n", "Hello.", 3, '"sender" and "senders" exclude each other'),
    ("subject: One\nsenders:\n  - ana\n", "Hello.", 3, '"senders" holds only one'),
    ("subjects:\n  - One\n  - Two\nsenders:\n  - ana\n  - bo\n  - cy\n", "Hello.", 5, "there are 2 subjects and 3 senders"),
    ("subject: One\ntest:\n  share: 10 %\n", "Hello.", 3, '"test" has nothing to test'),
    ("subjects:\n  - One\n  - Two\ntest:\n  share: 60 %\n", "Hello.", 6,
     '"test.share": must be a share from 1 % to 50 %'),
    ("subjects:\n  - One\n  - Two\ntest:\n  share: 10 %\nsubject_test:\n  share: 10 %\n", "Hello.", 7,
     '"test" and "subject_test" are the same'),
])  # fmt: skip
def test_a_slip_has_its_line(front, body, line, message):
    with pytest.raises(CampaignError) as err:
        parse(front, body)
    assert err.value.message == message
    assert err.value.place.line == line


def test_broken_jinja_is_left_to_the_compiler():
    assert parse("subject: One\n", "{% if variant == %}").arms == 1


# ---------------------------------------------------------------- the compile


def test_each_variant_has_its_own_text_in_both_parts_and_says_so():
    merger = make_merger(
        '{% if variant == "b" %}\nTwice.\n{% else %}\nOnce.\n{% endif %}\n', front=""
    )
    first, second = merger.merge(ANA, 1), merger.merge(ANA, 2)
    assert "Once." in first.text
    assert "Once." in first.html
    assert "Twice." not in first.html
    assert "Twice." in second.text
    assert "Twice." in second.html
    assert "Once." not in second.html
    assert names([first.variant.guards, second.variant.guards]) == ["variant a", "variant b"]


def test_the_letter_can_be_written_into_links():
    merger = make_merger("[Sign](https://example.org/?v={{ variant }})\n", front="")
    assert "https://example.org/?v=b" in merger.merge(ANA, 2).text


def test_a_campaign_without_a_test_is_variant_a():
    macro = {
        "templates/components/which.mjml": "{% macro which() %}<mj-text>{{ variant }}!</mj-text>{% endmacro %}",
        "templates/components/which.txt": "{% macro which() %}{{ variant }}!{% endmacro %}",
    }
    assert "a!" in make_merger("{{ which() }}\n", front="", files=macro).merge(ANA, 1).text


# ---------------------------------------------------------------- from file to outbox


def test_a_test_of_texts_sends_each_to_its_share_and_the_winner_to_the_rest(mailer, root):
    code, said = mailer("send", "text", "--yes")
    assert code == 0, said
    assert "2 variants to" in said
    texts = [mail.get_body(("plain",)).get_content() for mail in mails(root, "text")]
    twice = sum("Call twice." in text for text in texts)
    assert 100 <= twice < len(texts) < 600
    assert "variant a" in mailer("winner", "text")[1]
    code, said = mailer("winner", "text", "b")
    assert code == 0, said
    assert "Variant b it is, for" in said
    assert mailer("resume", "text", "--yes")[0] == 0
    texts = [mail.get_body(("plain",)).get_content() for mail in mails(root, "text")]
    assert len(texts) == 600
    assert sum("Call twice." in text for text in texts) > 350
    assert "variant b (the winner)" in mailer("report", "text")[1]


def test_a_test_of_senders_mails_from_each(mailer, root):
    code, said = mailer("send", "personal", "--yes")
    assert code == 0, said
    assert "from bo" in said
    sent = mails(root, "personal")
    senders = Counter((mail["From"], mail["Reply-To"]) for mail in sent)
    assert set(senders) == {
        ("Ana Silva <ana@example.org>", None),
        ("Bo Lund <news@example.org>", "bo@example.org"),
    }
    assert min(senders.values()) >= 100
    for mail in sent:
        by_mail = "leave-ana@example.org" in mail["List-Unsubscribe"]
        assert by_mail == mail["From"].startswith("Ana")


def test_an_edited_sender_does_not_change_a_test_under_way(mailer, root):
    mailer("send", "personal", "--yes")
    (root / "mailer.toml").write_text(SETTINGS + SENDERS.replace("Bo Lund", "Bo Bergman"))
    mailer("winner", "personal", "b")
    assert mailer("resume", "personal", "--yes")[0] == 0
    assert {mail["From"].partition(" <")[0] for mail in mails(root, "personal")} == {
        "Ana Silva",
        "Bo Lund",
    }


def test_an_unknown_sender_has_its_line(mailer, root):
    path = root / "campaigns" / "personal.md"
    path.write_text(path.read_text().replace("- bo", "- bob"))
    code, said = mailer("check", "personal")
    assert code == 2
    assert 'campaigns/personal.md:7: there is no sender "bob"' in said


def test_one_variant_can_be_looked_at(mailer, root):
    assert mailer("build", "text", "--subject", "b")[0] == 0
    assert "Call twice." in (root / "build" / "text.txt").read_text()
    assert mailer("build", "personal", "--subject", "2")[0] == 0
    assert "From: Bo Lund" in (root / "build" / "personal.eml").read_text()
    code, said = mailer("build", "text", "--subject", "c")
    assert code == 2
    assert "there is no variant c" in said
    assert "from a to b" in said


@pytest.mark.parametrize("where", ["members", "nobody-yet"])
def test_a_variant_that_nobody_is_drawn_for_is_checked_all_the_same(mailer, root, where):
    text = TEXT.replace("Call once.", "[once]()").replace("Call twice.", "[twice]()")
    text = text.replace(
        "list: members", f"list: {where}\naudience: recipient.first_name == 'Persona'"
    )
    (root / "campaigns" / "text.md").write_text(text)
    code, said = mailer("check", "text")
    assert code == 1, said
    assert '"once"' in said or "“once”" in said
    assert '"twice"' in said or "“twice”" in said


def test_too_small_a_test_is_refused(mailer, root):
    path = root / "campaigns" / "text.md"
    path.write_text(TEXT.replace("50 %", "10 %"))
    code, said = mailer("send", "text", "--yes")
    assert code == 2
    assert "the test is too small: one of the variants would go to" in said
    assert 'below "test:", or a single variant' in said
