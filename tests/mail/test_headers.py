"""Settings and names of lists in headers: ASCII, folded, and never a header of their own."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from email.header import Header

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer import config
from mailer.config import Content
from mailer.errors import ConfigError
from mailer.mail import headers
from mailer.mail.message import Envelope, encode
from tests.support.campaigns import ANA, CONTENT, make_merger

MERGED = make_merger("Hello.").merge(ANA)
TEXT = st.text() | st.text('Aé名 \r\n\t,;:<>@"()=?\x00\u2028\ud800', max_size=200)
ONE_LINE = st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"])
CONTROLS = "\r\n\0\x0b\x85\u2028"


def message(sender: dict[str, str], list_name: str = "members", brand: str = "") -> bytes:
    content = Content.model_validate(CONTENT | {"sender": sender})
    if brand:
        content = content.model_copy(
            update={"brand": content.brand.model_copy(update={"name": brand})}
        )
    envelope = Envelope.of(content, list_name=list_name)
    return encode(MERGED, envelope, message_id="x", date=datetime(2026, 5, 4, tzinfo=UTC))


def parsed(data: bytes) -> email.message.EmailMessage:
    return email.message_from_bytes(data, policy=email.policy.default)  # type: ignore[return-value]


def shown(text: str) -> str:
    return " ".join(headers.clean(text).split())


@given(TEXT)
@example("=?utf-8?q?x?=")
@example("Ü" * 300)
@example("A, B <c@example.org>\r\nBcc: d@example.org")
def test_any_name_makes_one_from_that_says_it(name):
    value = headers.mailbox(name, "news@example.org")
    lines = headers.fold("From", value)
    assert value.isascii()
    assert not set(CONTROLS) & set(value)
    mail = parsed(lines.encode() + b"\r\n")
    assert mail.keys() == ["From"]
    (address,) = mail["From"].addresses
    assert address.addr_spec == "news@example.org"
    assert "".join(address.display_name.split()) == "".join(shown(name).split())


@given(st.text(ONE_LINE, min_size=1, max_size=300), st.sampled_from(["Subject", "X" * 30]))
@example("é" * 200, "Subject")
@example("aé " * 60, "Subject")
def test_encoded_words_are_those_of_the_standard_library(text, name):
    first = 78 - len(f"{name}: ")
    words = headers.encoded_words(text, first=first, further=77)
    assert "\r\n ".join(words) == Header(text, "utf-8", header_name=name).encode(linesep="\r\n")


@given(TEXT, TEXT)
@example("Bürger für Köln", "Mitglieder Köln")
@example("A", "a" * 400)
def test_any_list_has_an_id_that_programs_can_read(phrase, list_name):
    value = headers.list_id(phrase, list_name, "mail.example.org")
    assert value.isascii()
    assert not set(CONTROLS) & set(value)
    known_by = value.rpartition("<")[2]
    assert known_by.endswith(".mail.example.org>")
    assert len(known_by) <= 255
    assert not set(known_by) & set(' "(),:;@[\\]')


def test_lists_whose_names_are_not_ascii_have_ids_of_their_own():
    names = ["Köln", "Kiln", "members", "Mitglieder Köln", "名单", "名簿"]
    ids = {headers.list_id("", name, "example.org") for name in names}
    assert len(ids) == len(names)
    assert headers.list_id("", "Köln", "bücher.example") == "<xn--kln-sna.xn--bcher-kva.example>"


@pytest.mark.parametrize("length", range(1, 200, 7))
@pytest.mark.parametrize("letter", ["é", "名", "x", "x "])
def test_no_line_of_a_header_is_too_long(length, letter):
    name = (letter * length).strip()
    data = message({"name": name, "email": "news@example.org"})
    head = data.partition(b"\r\n\r\n")[0]
    unbreakable = max(map(len, name.split(" "))) + 20 if name.isascii() else 0
    longest = max(len(line) for line in head.split(b"\r\n") if b"https://" not in line)
    assert longest <= max(78, unbreakable)
    # the parser of the standard library leaves blanks between the pieces of a name
    assert parsed(data)["From"].addresses[0].display_name.replace(" ", "") == name.replace(" ", "")


def test_a_senders_domain_may_have_other_letters():
    sender = {
        "name": "Bücherfreunde",
        "email": "news@bücher.example",
        "reply_to": "hallo@bücher.example",
        "unsubscribe_email": "weg@bücher.example",
    }
    mail = parsed(message(sender))
    assert mail["From"].addresses[0].addr_spec == "news@xn--bcher-kva.example"
    assert mail["Reply-To"].addresses[0].addr_spec == "hallo@xn--bcher-kva.example"
    assert mail["Message-ID"] == "<x@xn--bcher-kva.example>"
    assert "<mailto:weg@xn--bcher-kva.example?subject=" in mail["List-Unsubscribe"]


def test_a_list_id_says_whose_list_it_is():
    sender = {"name": "News", "email": "news@example.org"}
    assert parsed(message(sender))["List-Id"] == (
        "Juniper Street Action members <members.mail.example.org>"
    )
    other = parsed(message(sender, "Köln", brand="Bürger, e. V."))["List-Id"]
    assert "".join(other.split()) == "Bürger,e.V.Köln<xn--kln-sna.mail.example.org>"


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("name", "News\\nBcc: x@example.org", "one line"),
        ("name", "News\\u2028", "one line"),
        ("email", "näws@example.org", "letters from a to z"),
        ("email", "news@-ü-.example", "domain that can exist"),
        ("reply_to", "ä@example.org", "letters from a to z"),
    ],
)
def test_settings_that_no_header_can_hold_are_errors(key, value, problem):
    from tools.projects.project import SETTINGS  # noqa: PLC0415 - of one test

    old = {"name": 'name = "Juniper Street Action"\nemail', "email": 'email = "news@example.org"'}
    line = f'{key} = "{value}"'
    text = SETTINGS
    if key == "name":
        text = SETTINGS.replace(old[key], f"{line}\nemail")
    else:
        text = SETTINGS.replace(old["email"], line if key == "email" else f"{old['email']}\n{line}")
    with pytest.raises(ConfigError, match=problem):
        config.parse(text)
