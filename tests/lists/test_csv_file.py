"""CSV as it comes from spreadsheets: every encoding and delimiter, and quotation marks gone wrong."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import ImportFileError
from mailer.lists.csv_file import CsvFile, clean, defuse, undefuse

HEADER = "Email,Name"


def sheet(data):
    if isinstance(data, str):
        data = data.encode()
    return CsvFile(io.BytesIO(data), "list.csv")


def cells(data):
    return [record.cells for record in sheet(data).records()]


def refusal(data):
    with pytest.raises(ImportFileError) as caught:
        cells(data)
    assert caught.value.hint
    return str(caught.value)


# ---------------------------------------------------------------- encodings


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_reads_every_encoding_and_delimiter_offices_use(encoding, delimiter):
    text = f"Email{delimiter}Name\r\nana@example.org{delimiter}Zoë Œuvre “Zed” €\r\n"
    found = sheet(text.encode(encoding))
    assert found.header == ["Email", "Name"]
    assert [r.cells for r in found.records()] == [["ana@example.org", "Zoë Œuvre “Zed” €"]]


def test_reads_big_endian_utf16_with_its_mark():
    data = b"\xfe\xff" + f"{HEADER}\nana@example.org,Zoë\n".encode("utf-16-be")
    assert cells(data) == [["ana@example.org", "Zoë"]]


def test_an_accent_on_the_last_line_decides_the_encoding_of_the_whole_file():
    rows = "ana@example.org,Ana\n" * 100_000
    data = f"{HEADER}\n{rows}".encode() + b"zoe@example.org,Zo\xeb\n"
    assert cells(data)[-1] == ["zoe@example.org", "Zoë"]


def test_damaged_utf8_is_refused_with_its_line_instead_of_garbling_every_name():
    data = (
        f"{HEADER}\na@example.org,Zoë\nb@example.org,Noël\n".encode() + b"c@example.org,Ren\xc3\n"
    )
    assert refusal(data) == "list.csv:4: a character cannot be read as UTF-8"


def test_a_byte_that_windows_does_not_have_is_refused_with_its_line():
    data = HEADER.encode() + b"\nzoe@example.org,Zo\xeb\nana@example.org,A\x81\n"
    assert refusal(data) == "list.csv:3: a character cannot be read as UTF-8 or Windows-1252"


def test_half_a_utf16_character_is_refused_with_its_line():
    data = f"{HEADER}\nana@example.org,Ana\n".encode("utf-16") + b"x"
    assert refusal(data) == "list.csv:3: a character cannot be read as UTF-16"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "list.csv: is empty"),
        (b"\r\n  \r\n", "list.csv: is empty"),
        (b"\xef\xbb\xbf", "list.csv: is empty"),
        (b"\xff\xfe", "list.csv: is empty"),
        (b"%PDF-1.7", "list.csv: is a PDF, not CSV"),
        (bytes(range(32)) * 20, "list.csv: is not a text file"),
        (b"Email," + b"x" * 2_000_000, "list.csv:1: the line is over a million characters"),
    ],
)
def test_refuses_what_is_no_list(data, message):
    assert refusal(data).startswith(message)


# ---------------------------------------------------------------- rows


def test_counts_rows_and_lines_apart():
    data = f'\n{HEADER}\n"a@example.org","On\nLine"\n\nb@example.org,Bo\n'
    assert [(r.row, r.line) for r in sheet(data).records()] == [(1, 3), (2, 5), (3, 6)]


def test_reads_a_heading_that_goes_over_two_lines():
    found = sheet('Email,"First\nName",Zip\na@example.org,Ana,97212\n')
    assert found.header == ["Email", "First\nName", "Zip"]
    assert [(r.line, r.cells) for r in found.records()] == [(3, ["a@example.org", "Ana", "97212"])]


def test_reads_quoted_cells_after_a_space():
    assert cells(f'{HEADER}\n"a@example.org", "Silva, Ana"\n') == [["a@example.org", "Silva, Ana"]]


def test_reads_line_ends_of_every_kind():
    data = f"{HEADER}\ra@example.org,A\rb@example.org,B"
    assert cells(data) == [["a@example.org", "A"], ["b@example.org", "B"]]


@pytest.mark.parametrize(
    "rows",
    [
        'a@example.org,A\nb@example.org,"B\nc@example.org,C\n',
        'a@example.org,A\nb@example.org,"B\nc@example.org,"C"\n',
        'a@example.org,A\nb@example.org,"B\nc@example.org,C\nd@example.org,5"\n',
        'a@example.org,A\nb@example.org,"B',
    ],
    ids=["to the end", "into the next quoted cell", "to another stray one", "in the last line"],
)
def test_a_quotation_mark_never_closed_is_refused_with_the_line_it_opens_on(rows):
    message = "list.csv:3: a quotation mark that opens in this row is never closed"
    assert refusal(f"{HEADER}\n{rows}") == message


def test_a_quotation_mark_never_closed_in_the_headings_is_refused():
    assert refusal('"Email,Name\na@example.org,A\n').startswith("list.csv:1: a quotation mark")


@pytest.mark.parametrize("note", ["ask bo@example.org", "ask bo@example.org, please", "tea, milk"])
def test_a_note_of_several_lines_is_no_lost_row(note):
    assert cells(f'{HEADER}\na@example.org,"Ana\n{note}"\n') == [["a@example.org", f"Ana\n{note}"]]


def test_a_row_that_cannot_be_split_is_set_aside_and_the_next_one_read():
    records = list(sheet(f'{HEADER}\na@example.org,"A" B\nb@example.org,B\n').records())
    assert [r.problem for r in records] == ["there is text after a closing quotation mark", ""]
    assert records[0].cells == ['a@example.org,"A" B']
    assert records[1].cells == ["b@example.org", "B"]


def test_a_value_of_hundreds_of_pages_is_set_aside():
    records = list(sheet(f"{HEADER}\na@example.org,{'x' * 200_000}\nb@example.org,B\n").records())
    assert [r.problem for r in records] == ["a value is longer than 131,072 characters", ""]


TEXT = st.text(st.characters(codec="utf-8", min_codepoint=32) | st.sampled_from('\r\n\t",;'))


@given(
    st.lists(st.lists(TEXT, min_size=2, max_size=2), max_size=5),
    st.sampled_from([",", ";", "\t"]),
)
def test_reads_back_what_a_csv_writer_wrote(rows, delimiter):
    rows = [[f"x{cell}" if cell[:1] == " " else cell for cell in row] for row in rows]
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([["Email", "Name"], *rows])
    text = stream.getvalue()
    if "@" not in text:  # an address in a lost row is what tells a stray quotation mark
        assert cells(text) == rows


# ---------------------------------------------------------------- cells


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("  Ana \t Silva\r\n", "Ana Silva"),
        ("Rob\r\nBcc: victim@example.net", "Rob Bcc: victim@example.net"),
        ("Wes\0ley", "Wesley"),
        ("A\x1bB\x7fC\x9bD", "ABCD"),
        ("Zo\u00a0e", "Zo e"),
        ("\ufeffAna\u200b", "Ana"),
        ("Ana\u202egpj.exe", "Anagpj.exe"),
        ("\u06cc\u200c\u0647", "\u06cc\u200c\u0647"),
        ("", ""),
    ],
)
def test_cleans_values(cell, value):
    assert clean(cell) == value


@given(st.text())
def test_a_clean_value_is_one_line_without_control_characters(cell):
    value = clean(cell)
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in value)
    assert len(value.splitlines()) <= 1
    assert value == value.strip()
    assert clean(value) == value


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1+1", "'=1", " =1", "''=1"]
)
def test_defuses_formulas(cell):
    assert defuse(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["Ana", "O'Neil", "'tis", "1-2", ""])
def test_leaves_other_cells_alone(cell):
    assert defuse(cell) == cell
    assert undefuse(cell) == cell


def test_undoes_what_another_program_defused():
    assert undefuse("' =1") == "=1"


@given(st.text() | st.text("'=+-@ a"))
def test_undoing_gives_back_what_was_defused(text):
    value = clean(text)
    assert undefuse(defuse(value)) == value
