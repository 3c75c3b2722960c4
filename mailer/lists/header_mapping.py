"""Which column of an office's export holds what: headings recognised, the rest kept as fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from mailer.errors import ImportFileError, Place, suggest
from mailer.lists.csv_file import clean, undefuse
from mailer.lists.subscriber import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TARGETS = (*COLUMNS, "tags", "member_since", "list_status")
"""What a column can be mapped to; `list_status` is what `lists export` writes."""

REJECTS = ("row", "line", "reason", "why")
"""How a file of rejects begins. Corrected, it can be imported as it is."""

# Compared without case, spaces and punctuation: "E-Mail Address" is emailaddress.
_HEADINGS = {
    "email": "email emailaddress email1 emailid emailaddr primaryemail primaryemailaddress"
    " subscriberemail contactemail useremail correo correoelectronico",
    "first_name": "firstname first fname givenname forename nombre",
    "last_name": "lastname last lname surname familyname apellido apellidos",
    "zip": "zip zipcode zip5 zipcode5 zippostal zippostalcode zipcodepostalcode postal postalcode"
    " postcode primaryzip mailingzip mailingzipcode mailingpostalcode mailingzippostalcode homezip",
    "city": "city town citytown primarycity mailingcity homecity",
    "state": "state region stateregion stateprovince province stateabbreviation stateabbrev"
    " statecode primarystate mailingstate mailingstateprovince homestate",
    "county": "county countyname",
    "timezone": "timezone tz",
    "tags": "tags tag labels label",
    "member_since": "membersince joined datejoined joindate joinedon joinedat dateadded addedon"
    " signupdate signedup datesignedup subscribedon subscribedat subscribedate optintime optindate"
    " created createdon createdat datecreated",
    "list_status": "liststatus subscriptionstatus emailstatus subscriberstatus status",
}
_TARGET_OF = {heading: target for target, all_ in _HEADINGS.items() for heading in all_.split()}


class Column(NamedTuple):
    heading: str
    target: str
    """One of `TARGETS`, or "" for a further field."""
    field: str
    """The key in `fields`, "" for none. A date or status that cannot be read is kept there."""


def recognize(path: str, line: int, header: Sequence[str], mapping: Sequence[str]) -> list[Column]:
    """What each column of a header is.

    Args:
        path: of the file, for messages.
        line: of the header.
        header: the headings.
        mapping: `COLUMN=FIELD`, each as the user typed it.

    Raises:
        ImportFileError: no e-mail column, a heading that stands there twice, two columns for one
            thing, or a mapping of what is not there.
    """
    place = Place(path, line)
    headings = [undefuse(clean(cell)) for cell in header]
    keys = [_key(heading) or f"column_{i}" for i, heading in enumerate(headings, 1)]
    _refuse_twins(headings, keys, place)
    mapped = _mapped(mapping, dict(zip(keys, headings, strict=True)), place)
    rejects = tuple(keys[: len(REJECTS)]) == REJECTS
    columns = []
    for i, (heading, key) in enumerate(zip(headings, keys, strict=True)):
        target = mapped.get(key) or _recognized(key, keys)
        if target in mapped.values() and key not in mapped:
            target = ""
        left_out = rejects and i < len(REJECTS)
        columns.append(Column(heading, target, "" if left_out else _field(key, target)))
    _refuse_ambiguity(columns, place)
    return columns


def _recognized(key: str, keys: Sequence[str]) -> str:
    """The target a heading stands for. A column of the very name wins over those that mean it."""
    if key in TARGETS:
        return key
    target = _TARGET_OF.get(key.replace("_", ""), "")
    return "" if target in keys else target


def _key(heading: str) -> str:
    return re.sub(r"\W+", "_", heading.lower()).strip("_")


def _field(key: str, target: str) -> str:
    """Where a value is kept among the further fields, "" where it is not.

    A field is never named like one of the subscriber's own: `lists export` writes both.
    """
    if target and target not in {"member_since", "list_status"}:
        return ""
    if key == "list_status":
        return ""
    return f"other_{key}" if key in TARGETS else key


def _refuse_twins(headings: list[str], keys: list[str], place: Place) -> None:
    for i, key in enumerate(keys):
        if key in keys[:i]:
            raise ImportFileError(
                f'the heading "{headings[i]}" stands over columns {keys.index(key) + 1} and {i + 1}',
                place=place,
                hint="Rename one of them, or delete its column.",
            )


def _mapped(mapping: Sequence[str], known: Mapping[str, str], place: Place) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in mapping:
        heading, sign, target = (part.strip() for part in pair.rpartition("="))
        key = _key(heading)
        if not sign or not heading:
            problem, hint = "is not COLUMN=FIELD", 'For example: --map "Correo=email"'
        elif target not in TARGETS:
            problem, hint = f'names no field "{target}"', suggest(target, TARGETS)
        elif key not in known:
            problem = f'names a column "{heading}" that the file does not have'
            hint = suggest(heading, filter(None, known.values()))
        elif key in found or target in found.values():
            problem, hint = "maps what is mapped already", "Leave one of the two out."
        else:
            found[key] = target
            continue
        raise ImportFileError(f'--map "{pair}" {problem}', place=place, hint=hint)
    return found


def _refuse_ambiguity(columns: list[Column], place: Place) -> None:
    for target in TARGETS:
        found = [column.heading for column in columns if column.target == target]
        if len(found) > 1:
            raise ImportFileError(
                f'"{found[0]}" and "{found[1]}" both look like the column for {target}',
                place=place,
                hint=f'Say which one it is: --map "{found[0]}={target}"',
            )
    if not any(column.target == "email" for column in columns):
        raise ImportFileError(
            "no column holds e-mail addresses", place=place, hint=_no_email(columns)
        )


def _no_email(columns: list[Column]) -> str:
    headings = [column.heading for column in columns if column.heading]
    if any("@" in heading for heading in headings):
        return "The first line must name the columns, such as: Email, First Name, Last Name, Zip"
    return f'The columns are: {", ".join(headings)}. If one of them is it, add --map "COLUMN=email"'
