"""Settings of the wrong kind, and addresses that could not work: each is said in words, at its line."""

import pytest

from mailer.config import load
from mailer.errors import ConfigError

SETTINGS = """[brand]
name = "Juniper Street Action"
website = "https://www.example.org"
address = "PO Box 118, Portland, OR 97207"
legal = "A fictional organization."

[sender]
name = "Juniper Street Action"
email = "news@example.org"

[site]
base_url = "https://mail.example.org"
"""


def settings(tmp_path, text):
    (tmp_path / "mailer.toml").write_text(text, encoding="utf-8")
    return load(tmp_path).settings


def with_base(tmp_path, url):
    text = SETTINGS.replace("https://mail.example.org", url)
    return settings(tmp_path, text).content.site.base_url


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ("https://mail.example.org/", "https://mail.example.org"),
        ("https://example.org/mail/", "https://example.org/mail"),
        (" HTTPS://Mail.Example.ORG ", "https://mail.example.org"),
        ("https://münchen.example/ä", "https://xn--mnchen-3ya.example/%C3%A4"),
        ("https://example.org/%C3%A4", "https://example.org/%C3%A4"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("https://[2001:db8::1]:8080/x", "https://[2001:db8::1]:8080/x"),
    ],
)
def test_the_site_has_one_spelling_that_every_header_can_hold(tmp_path, written, used):
    assert with_base(tmp_path, written) == used


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("mail.example.org", "begins with https://"),
        ("https://", "begins with https://"),
        ("https://mail.example.org?x=1", 'no "\\?" and no "#"'),
        ("https://mail.example.org/#x", 'no "\\?" and no "#"'),
        ("https://ana:secret@example.org", "no user name"),
        ("https://mail example.org", "no blank"),
        ("https://example.org:99999", "port"),
        ("https://example.org:port", "port"),
        ("https://example..org", "name of a site"),
    ],
)
def test_a_site_that_no_link_could_lead_to_is_refused_at_its_line(tmp_path, written, message):
    with pytest.raises(ConfigError, match=f"^mailer.toml:12: .*{message}"):
        with_base(tmp_path, written)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"A fictional organization."', "5", '"brand.legal" must be text in quotation marks'),
        ("[sender]", "[[sender]]", '"sender" must be a section of its own: \\[sender\\]'),
        ("[site]", '[senders]\nana = "a@b.org"\n[site]', '"senders.ana" must be a section'),
        ("[site]", '[send]\nrate = "fast"\n[site]', '"send.rate" must be a number'),
        ("[site]", "[sender2]\n[site]", 'unknown key "sender2"'),
    ],
)
def test_a_value_of_another_kind_is_said_in_words(tmp_path, old, new, message):
    with pytest.raises(ConfigError, match=f"^mailer.toml:\\d+: {message}"):
        settings(tmp_path, SETTINGS.replace(old, new))


def test_a_short_color_is_the_long_one(tmp_path):
    text = SETTINGS + '[brand.colors]\nprimary = "#1Fc"\n'
    assert settings(tmp_path, text).content.brand.colors.primary == "#11FFcc"
