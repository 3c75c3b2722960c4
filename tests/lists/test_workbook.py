"""Workbooks as spreadsheets save them."""

import io
import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from openpyxl.styles import Font

from mailer.errors import ImportFileError, UsageError
from mailer.lists.importing import AcceptedRow, SubscriberFile
from mailer.lists.table import open_table

DATA = Path(__file__).parent


def workbook(*sheets, merged=""):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        if merged:
            sheet.merge_cells(merged)
    stream = io.BytesIO()
    book.save(stream)
    return stream


MOMENT = datetime.fromisoformat("2024-03-01 14:30")
HEADER = ["Email", "First name", "Zip", "Joined", "Unsubscribed", "Gift"]
PEOPLE = [
    HEADER,
    ["ana@example.org", "Ana", "02139", date(2024, 3, 1), False, 25.0],
    ["bo@example.org", "Bo", 2139, MOMENT, True, 25.5],
    [None, None, None, None, None, None],
]


def people(stream, **options):
    rows = SubscriberFile(stream, "list.xlsx", **options).rows()
    return [row.row for row in rows if isinstance(row, AcceptedRow)]


def test_numbers_dates_and_leading_zeros_are_kept():
    ana, bo = people(workbook(("People", PEOPLE)))
    assert (ana.zip, ana.joined, dict(ana.fields)) == ("02139", "2024-03-01", {"gift": "25"})
    assert (bo.zip, bo.joined, dict(bo.fields)) == ("02139", "2024-03-01", {"gift": "25.5"})
    assert (ana.standing, bo.standing.status) == (None, "unsubscribed")


@pytest.mark.parametrize("name", ["people.xls", "people.ods"])
def test_other_formats_give_the_same_people(name):
    with (DATA / name).open("rb") as stream:
        ana, bo = people(stream)
    assert (ana.first_name, ana.zip, ana.joined) == ("Zoë", "02139", "2024-03-01")
    assert (bo.email, bo.zip) == ("bo@example.org", "02139")


def test_rows_are_counted_as_the_spreadsheet_shows_them():
    table = open_table(workbook(("People", [["Our members"], [], *PEOPLE])), "list.xlsx")
    assert table.header == HEADER
    assert table.header_line == 3
    assert [(r.row, r.line) for r in table.records()][:2] == [(1, 4), (2, 5)]


def test_a_sheet_without_addresses_is_no_list():
    stream = workbook(("About", [["Exported for the office"]]), ("People", PEOPLE))
    assert len(people(stream)) == 2


def test_several_lists_in_one_workbook_are_asked_about():
    stream = workbook(("North", PEOPLE), ("South", PEOPLE))
    with pytest.raises(ImportFileError, match='several sheets: "North", "South"') as caught:
        people(stream)
    assert '--sheet "North"' in caught.value.hint
    assert len(people(stream, sheet="South")) == 2
    with pytest.raises(UsageError, match='no sheet "Sud"'):
        people(stream, sheet="Sud")


@pytest.mark.parametrize("data", [b"PK\x03\x04rest", b"\xd0\xcf\x11\xe0rest"])
def test_a_damaged_workbook_is_refused(data):
    with pytest.raises(ImportFileError, match="cannot be read as a workbook") as caught:
        people(io.BytesIO(data))
    assert caught.value.hint


def test_an_empty_workbook_is_refused():
    with pytest.raises(ImportFileError, match="is empty"):
        people(workbook(("Nothing", [])))


def test_a_moment_is_told_from_a_day():
    stream = workbook(("People", [["Email", "Seen"], ["a@example.org", MOMENT]]))
    assert people(stream)[0].fields == {"seen": "2024-03-01 14:30:00"}


@pytest.mark.parametrize("sheet", ["", "Unsubscribed"])
def test_a_sheet_called_after_people_who_left_is_asked_about(sheet):
    leavers = ("Unsubscribed", [["Email"], ["bo@example.org"]])
    stream = workbook(leavers) if not sheet else workbook(("Members", PEOPLE), leavers)
    with pytest.raises(ImportFileError, match="as if its people were unsubscribed"):
        people(stream, sheet=sheet)


def test_a_title_in_a_workbook_is_heeded():
    stream = workbook(("Sheet1", [["People who opted out"], ["Email"], ["bo@example.org"]]))
    with pytest.raises(ImportFileError, match="as if its people were unsubscribed"):
        people(stream)


def test_a_table_away_from_the_corner_has_its_own_row_numbers():
    rows = [[], [], [None, None, "Email", "Name"], [None, None, "ana@example.org", "Ana"]]
    table = open_table(workbook(("People", rows)), "list.xlsx")
    assert (table.header_line, [record.line for record in table.records()]) == (3, [4])


def test_a_merged_cell_counts_for_each_of_its_rows():
    rows = [
        ["Email", "Unsubscribed"],
        ["ana@example.org", "no"],
        ["bo@example.org", "yes"],
        ["cy@example.org", None],
    ]
    standings = [row.standing for row in people(workbook(("People", rows), merged="B3:B4"))]
    assert [standing and standing.status for standing in standings] == [
        None,
        "unsubscribed",
        "unsubscribed",
    ]


@pytest.mark.parametrize("column", [0, 2])
def test_a_formula_that_was_never_worked_out_is_refused(column):
    rows = [["Email", "Name", "Unsubscribed"], ["ana@example.org", "Ana", "no"]]
    rows[1][column] = '=IF(1=1,"yes","no")'
    with pytest.raises(
        ImportFileError, match=f"formula in cell {'ABC'[column]}2 is not in"
    ) as caught:
        people(workbook(("People", rows)))
    assert "save it" in caught.value.hint


def test_formulas_whose_values_are_in_the_file_are_read():
    stream = workbook(("People", [["Email", "Name"], ["ana@example.org", '=""']]))
    archive = zipfile.ZipFile(stream)
    worked_out = io.BytesIO()
    with zipfile.ZipFile(worked_out, "w") as copy:
        for name in archive.namelist():
            xml = archive.read(name).replace(b'<c r="B2">', b'<c r="B2" t="str">')
            copy.writestr(name, xml)
    (ana,) = people(worked_out)
    assert ana.email == "ana@example.org"


def styled(change, *, people=PEOPLE[:3]):
    book = openpyxl.Workbook()
    sheet = book.create_sheet("People & friends")
    sheet.append(["Members of spring"])
    for row in people:
        sheet.append(row)
    change(sheet)
    stream = io.BytesIO()
    book.save(stream)
    return stream


def hide(*rows):
    def change(sheet):
        for row in rows:
            sheet.row_dimensions[row].hidden = True

    return change


def strike(*cells):
    def change(sheet):
        for cell in cells:
            sheet[cell].font = Font(strike=True)

    return change


@pytest.mark.parametrize(
    ("change", "message", "line"),
    [
        (hide(4), "1 row of people is hidden", 4),
        (hide(3, 4), "2 rows of people are hidden", 3),
        (strike("A4"), "1 row of people is struck through", 4),
        (strike("B3", "C3", "A4"), "2 rows of people are struck through", 3),
    ],
)
def test_rows_that_a_person_would_not_count_are_asked_about(change, message, line):
    with pytest.raises(ImportFileError, match=message) as error:
        people(styled(change))
    assert str(error.value.place) == f"list.xlsx:{line}"


def test_titles_and_blank_rows_may_be_hidden_or_struck_through():
    def change(sheet):
        hide(1, 2, 9, 10)(sheet)
        strike("A1", "A2", "A9")(sheet)
        sheet["B3"].font = Font(bold=True)

    assert [row.email for row in people(styled(change))] == ["ana@example.org", "bo@example.org"]


@pytest.mark.parametrize("visibility", ["filter", "collapse"])
def test_hidden_rows_of_an_ods_are_asked_about(visibility):
    def edit(xml):
        rows = xml.split(b"<table:table-row")
        rows[3] = b' table:visibility="%s"%s' % (visibility.encode(), rows[3])
        return b"<table:table-row".join(rows)

    with pytest.raises(ImportFileError, match="hidden") as error:
        people(edited(DATA / "people.ods", "content.xml", edit))
    assert str(error.value.place) == "list.xlsx:3"


def edited(path, part, edit):
    stream = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(stream, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, edit(content) if name == part else content)
    return stream
