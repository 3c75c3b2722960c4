"""One spelling for each mailbox, and nothing that SES would refuse."""

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.lists.address import BadAddressError, normalize


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("ana@example.org", "ana@example.org"),
        ("  ANA.Silva@EXAMPLE.org ", "ana.silva@example.org"),
        ("O'Neil+News@Example.org", "o'neil+news@example.org"),
        ("lee@bücher.example.org", "lee@xn--bcher-kva.example.org"),
        ("lee@XN--BCHER-KVA.example.org", "lee@xn--bcher-kva.example.org"),
        ("v" * 64 + "@example.org", "v" * 64 + "@example.org"),
    ],
)
def test_keeps_one_spelling(written, kept):
    assert normalize(written) == kept


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "there is no e-mail address"),
        ("no-at-sign.example.org", "An email address must have an @-sign"),
        ("jo@exam ple.org", "The part after the @-sign contains invalid characters: SPACE"),
        ("josé@example.org", "SES delivers only to an ASCII local part"),
        ("zoe@EXAMPLE.org.", "An email address cannot end with a period"),
        ("v" * 65 + "@example.org", "The email address is too long before the @-sign"),
        ("a@" + "b." * 126 + "org", "The email address is too long"),
        ("v" * 64 + "@" + ("a" * 60 + ".") * 3 + "example.org", "The email address is too long"),
        ("v" * 64 + "@" + "ü." * 24 + "org", "The email address is too long"),
        ("ana@example.org, bo@example.org", "The part after the @-sign contains invalid"),
        ("Ana <ana@example.org>", "A display name and angle brackets"),
        ("ana@localhost", "The part after the @-sign is not valid"),
        ("ana@\udce9.org", "The email address contains unsafe characters"),
    ],
)
def test_says_why_mail_cannot_go_there(written, why):
    with pytest.raises(BadAddressError) as caught:
        normalize(written)
    assert str(caught.value).startswith(why)


LOCALS = st.text("aZ09.+-_'é @", max_size=66) | st.text(max_size=8)
DOMAINS = st.sampled_from(["example.org", "EXAMPLE.com", "bücher.example.net", "localhost", "a.b"])


@given(LOCALS, DOMAINS | st.text(max_size=8) | st.text("ab.-", max_size=260))
@example("a", "b" * 63 + "." + "c" * 63 + "." + "d" * 63 + "." + "e" * 60 + ".org")
def test_the_short_cut_says_what_the_whole_validation_says(local, domain):
    written = f"{local}@{domain}".strip()
    try:
        valid = validate_email(written, check_deliverability=False, strict=True).ascii_email
    except EmailNotValidError:
        valid = None
    try:
        assert normalize(written) == (valid and valid.lower())
    except BadAddressError:
        assert valid is None


@given(LOCALS, DOMAINS)
def test_a_kept_address_is_kept_as_it_is(local, domain):
    try:
        kept = normalize(f"{local}@{domain}")
    except BadAddressError:
        return
    assert normalize(kept) == kept
    assert kept.isascii()
