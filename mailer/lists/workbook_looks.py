"""What a person sees in a workbook (.xlsx, .ods) and its values do not tell: hidden and struck-through rows.

ECMA-376 (Office Open XML), part 1, 18.3.1.73 (`row`), 18.8.22 (`font`); OpenDocument 1.3, part 3, 19.749
(`table:visibility`).
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_HIDDEN_ROW = re.compile(
    rb'<row\b(?=[^>]*\bhidden="(?:1|true)")[^>]*\br="([0-9]+)"[^>]*(?<!/)>(.*?)</row>', re.DOTALL
)
_STYLED_CELL = re.compile(
    rb'<c\b(?=[^>]*\br="[A-Z]+([0-9]+)")[^>]*\bs="([0-9]+)"[^>]*(?<!/)>(?!</c>|<v ?/>|<v></v>)'
)
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"


class Looks(NamedTuple):
    """Rows of a sheet that have content, by their numbers in the spreadsheet, in order."""

    hidden: list[int]
    struck: list[int]


def looks_of(stream: BinaryIO, sheet: str) -> Looks:
    """The rows that are hidden or struck through; none of an .xls, nor of a file that lacks what tells them."""
    with suppress(zipfile.BadZipFile, KeyError, StopIteration), zipfile.ZipFile(stream) as archive:
        if "content.xml" in archive.namelist():
            return Looks(list(_hidden_in_ods(archive, sheet)), [])
        xml = archive.read(_part_of(archive, sheet))
        return Looks(_hidden(xml), _struck(xml, _struck_styles(archive)))
    return Looks([], [])


def _hidden(xml: bytes) -> list[int]:
    rows = _HIDDEN_ROW.findall(xml)
    return [int(number) for number, content in rows if b"<v>" in content or b"<is>" in content]


def _struck(xml: bytes, styles: set[bytes]) -> list[int]:
    if not styles:
        return []
    return sorted({int(row) for row, style in _STYLED_CELL.findall(xml) if style in styles})


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str:
    """The name of a sheet's file."""
    sheets = _parse(archive, "xl/workbook.xml").iter("{*}sheet")
    attributes = next(dict(s.attrib) for s in sheets if s.get("name") == sheet)
    relation = next(value for name, value in attributes.items() if name.endswith("}id"))
    targets = {r.get("Id"): r.get("Target") for r in _parse(archive, "xl/_rels/workbook.xml.rels")}
    return posixpath.join("/xl", targets[relation]).lstrip("/")


def _struck_styles(archive: zipfile.ZipFile) -> set[bytes]:
    """The numbers of the cell styles whose font is struck through."""
    styles = _parse(archive, "xl/styles.xml")
    struck = {
        str(i)
        for i, font in enumerate(styles.findall("{*}fonts/{*}font"))
        for strike in font.findall("{*}strike")
        if strike.get("val", "1") in ("1", "true")
    }
    formats = styles.findall("{*}cellXfs/{*}xf")
    return {b"%d" % i for i, style in enumerate(formats) if style.get("fontId") in struck}


def _hidden_in_ods(archive: zipfile.ZipFile, sheet: str) -> Iterator[int]:
    tables = _parse(archive, "content.xml").iter(f"{_TABLE}table")
    table = next(t for t in tables if t.get(f"{_TABLE}name") == sheet)
    number = 1
    for row in table.iter(f"{_TABLE}table-row"):
        if row.get(f"{_TABLE}visibility", "visible") != "visible" and "".join(row.itertext()):
            yield number
        number += int(row.get(f"{_TABLE}number-rows-repeated", 1))


def _parse(archive: zipfile.ZipFile, name: str) -> etree._Element:
    with archive.open(name) as part:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
        return etree.parse(part, parser).getroot()
