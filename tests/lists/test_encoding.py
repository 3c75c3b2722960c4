"""Code pages recognized or refused, never wrong letters."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import ImportFileError
from mailer.lists.encoding import encoding_of

SPANISH = ["José", "Núñez", "María", "Ibáñez", "Peña"]
FRENCH = ["Zoë", "Montréal", "François", "Lefèvre", "Noël"]
GERMAN = ["Müller", "Jörg", "Weiß", "Bärbel"]


def file_of(names, encoding):
    rows = "".join(f"a@example.org,{name}\n" for name in names)
    return io.BytesIO(f"Email,Name\n{rows}".encode(encoding))


REFUSED = "refused"


def read(stream):
    """The text in the encoding that is recognized; REFUSED when the user is asked for it."""
    try:
        return stream.getvalue().decode(encoding_of(stream, "list.csv"))
    except ImportFileError as err:
        return REFUSED if "--encoding" in err.hint else str(err)


@pytest.mark.parametrize("names", [SPANISH, FRENCH, GERMAN, SPANISH + FRENCH + GERMAN])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "mac_roman", "cp437", "cp850"])
def test_names_are_read_right_or_the_file_is_refused(names, encoding):
    stream = file_of(names, encoding)
    text = stream.getvalue().decode(encoding)
    assert read(stream) in ({text} if encoding in {"utf-8", "cp1252"} else {text, REFUSED})


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        (["Иван", "Москва"], "cp866"),
        (["Иван", "Москва"], "cp1251"),
        (["Dvořák", "Novotná", "Łódź"], "cp1250"),
        (["Αθήνα"], "cp1253"),
    ],
)
def test_other_alphabets_are_never_read_as_western_letters(names, encoding):
    stream = file_of(names, encoding)
    assert read(stream) in {stream.getvalue().decode(encoding), REFUSED}


@given(st.lists(st.sampled_from(SPANISH + FRENCH + GERMAN), min_size=1))
def test_what_windows_writes_is_read_as_windows_wrote_it(names):
    assert encoding_of(file_of(names, "cp1252"), "list.csv") == "cp1252"


@given(st.lists(st.sampled_from(SPANISH + FRENCH + GERMAN), min_size=1))
def test_what_a_mac_writes_is_never_read_as_wrong_letters(names):
    stream = file_of(names, "mac_roman")
    assert read(stream) in {stream.getvalue().decode("mac_roman"), REFUSED}


def test_the_user_can_say_which_it_is():
    stream = file_of(["Zoë"], "mac_roman")
    assert encoding_of(stream, "list.csv", "macroman") == "mac-roman"
    with pytest.raises(ImportFileError, match="cannot be read as UTF-8"):
        encoding_of(stream, "list.csv", "utf-8")


@pytest.mark.parametrize(
    ("headings", "person", "encodings"),
    [
        (
            "Почта;Имя;Статус",
            "uta@example.org;Анна;подписан",
            ["koi8_r", "iso8859_5", "mac_cyrillic"],
        ),
        ("メールアドレス,氏名", "uta@example.org,田中 花子", ["shift_jis", "euc_jp", "iso2022_jp"]),
        ("邮箱,姓名", "uta@example.org,王芳", ["gb18030"]),
        ("電子郵件,姓名", "uta@example.org,王芳", ["big5"]),
        ("이메일,이름", "uta@example.org,김철수", ["cp949"]),
        ("البريد الإلكتروني,الاسم", "uta@example.org,ليلى", ["cp1256", "iso8859_6"]),
        ("אימייל,שם", "uta@example.org,דוד", ["cp1255"]),
        ("Prénom;Nom;E-mail", "José;Nuñez;uta@example.org", ["cp1252"]),
    ],
)
def test_headings_tell_the_encoding(headings, person, encodings):
    for encoding in encodings:
        stream = io.BytesIO(f"{headings}\n{person}\n".encode(encoding))
        assert read(stream) == f"{headings}\n{person}\n"


@pytest.mark.parametrize("encoding", ["shift_jis", "euc_jp", "gb18030", "big5"])
def test_other_scripts_without_known_headings_are_refused_with_their_encodings(encoding):
    stream = io.BytesIO("Email,Name\na@example.org,田中花子\n".encode(encoding))
    assert read(stream) == REFUSED
