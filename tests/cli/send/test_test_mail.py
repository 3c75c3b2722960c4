"""Test mail to a colleague, for a variant or a subscriber."""

import pytest


@pytest.fixture
def personal(root):
    path = root / "campaigns" / "vote.md"
    head, _, _ = path.read_text().rpartition("---\n")
    body = "Dear {{ recipient.email }}. {% if recipient.email == 'person3@example.org' %}Third.{% endif %}"
    path.write_text(f"{head}---\n{body}\n")


def mails_in(folder):
    return {path.name: path.read_text() for path in folder.glob("*.eml")}


@pytest.mark.usefixtures("personal")
def test_a_test_mail_can_show_what_a_subscriber_gets(mailer, root):
    code, said = mailer("test", "vote", "kim@example.org", "--for", "person3@example.org")
    assert code == 0, said
    (mail,) = mails_in(root / "outbox" / "vote" / "tests").values()
    assert "Third." in mail
    assert "To: kim@example.org" in mail


@pytest.mark.usefixtures("personal")
def test_there_is_a_test_mail_for_each_variant(mailer, root):
    code, said = mailer("test", "vote", "kim@example.org", "--all-variants")
    assert code == 0, said
    folder = root / "outbox" / "vote" / "tests"
    texts = ["".join(mails_in(folder / f"variant-{number}").values()) for number in (1, 2)]
    assert ["Third." in text for text in texts] == [False, True]


@pytest.mark.usefixtures("personal")
def test_one_variant_can_be_chosen_and_one_that_is_not_there_is_said(mailer, root):
    assert mailer("test", "vote", "kim@example.org", "--variant", "2")[0] == 0
    assert [path.name for path in (root / "outbox" / "vote" / "tests").iterdir()] == ["variant-2"]
    code, said = mailer("test", "vote", "kim@example.org", "--variant", "3")
    assert code == 2
    assert "there is no variant 3" in said
    code, said = mailer("test", "vote", "kim@example.org", "--variant", "1", "--all-variants")
    assert code == 2
    assert "exclude each other" in said
