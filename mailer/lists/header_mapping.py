"""Which column of an office's export holds what: headings recognized, the rest kept as fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from mailer.errors import ImportFileError, Place, suggest
from mailer.lists.csv_file import clean, undefuse
from mailer.lists.leaving_columns import Signal, signal_of
from mailer.lists.profiles import FIELD, profile_of
from mailer.lists.subscriber import COLUMNS
from mailer.lists.translation import target_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mailer.lists.profiles import Profile

TARGETS = (
    *(*COLUMNS, "full_name", "country", "tags", "member_since"),
    *(signal for signal in Signal if signal not in {Signal.REASON, Signal.DOUBTFUL}),
)
"""What a column can be mapped to."""

EXPORTED = (
    *("membership", "membership_by", "membership_note"),
    *("suppressed_since", "suppression_note", "known_since", "consent_source"),
)
"""What `lists export` writes besides, and an import takes back."""

_MARKS_OF_AN_EXPORT = {"list_status", "suppressed_since", "suppression_note"}
_EXPORT = frozenset([*COLUMNS, "tags", "member_since", Signal.STATUS, *EXPORTED])

MEANINGS = {
    "email": "e-mail address",
    "first_name": "first name",
    "last_name": "last name",
    "zip": "ZIP code",
    "city": "city",
    "state": "state",
    "county": "county",
    "timezone": "time zone",
    "full_name": "full name, split into first and last where that is certain",
    "country": "country",
    "tags": "tags",
    "member_since": "member since",
    "list_status": "may they be mailed (words)",
    "opt_in": "may they be mailed: a no has left",
    "opt_out": "unsubscribed: a yes or a date has left",
    "bounced": "address bounces: a yes or a date is not mailed",
    "complained": "complained of spam: a yes or a date is not mailed",
    "do_not_mail": "must not be mailed: a yes or a date is not mailed",
    "reason": "why they left",
    "doubtful": "not certain",
}

REJECTS = ("row", "line", "reason", "why")
"""How a file of rejects begins. Corrected, it can be imported as it is."""

# Compared without case, spaces and punctuation: "E-Mail Address" is emailaddress.
_HEADINGS = {
    "email": "email emailaddress email1 emailid emailaddr primaryemail primaryemailaddress"
    " subscriberemail contactemail useremail emailaddress1 correo correoelectronico courriel"
    " adresseemail adressemail adressecourriel emailadresse indirizzoemail direcciondecorreo",
    "first_name": "firstname first fname givenname forename nombre",
    "last_name": "lastname last lname surname familyname apellido apellidos",
    "zip": "zip zipcode zip5 zipcode5 zippostal zippostalcode zipcodepostalcode postal postalcode"
    " postcode primaryzip mailingzip mailingzipcode mailingpostalcode mailingzippostalcode homezip",
    "city": "city town citytown primarycity mailingcity homecity",
    "state": "state region stateregion stateprovince province stateabbreviation stateabbrev"
    " statecode primarystate mailingstate mailingstateprovince homestate",
    "county": "county countyname",
    "timezone": "timezone tz",
    "full_name": "fullname name contactname displayname nombrecompleto",
    "country": "country countryname countrycode countryregion nation primarycountry mailingcountry"
    " homecountry primarycountrycode pais land address1country",
    "tags": "tags tag labels label taglist usertags categories",
    "member_since": "membersince joined datejoined joindate joinedon joinedat dateadded addedon"
    " signupdate signedup datesignedup subscribedon subscribedat subscribedate optintime optindate"
    " created createdon createdat datecreated",
}
_SIGNALS = frozenset(Signal)
_FIRST_ONE = frozenset({"full_name", "country", "tags"})
"""Targets for which the first of several columns is taken."""
_KEPT_TOO = frozenset({"member_since", "full_name", "zip", "state", "county", "timezone"})
"""Their values are kept as fields where they cannot be read, or stand for something abroad."""
_TARGET_OF = {heading: target for target, all_ in _HEADINGS.items() for heading in all_.split()}


class Column(NamedTuple):
    heading: str
    target: str
    """One of `TARGETS`, `Signal` or `EXPORTED`, or "" for a further field."""
    field: str
    """The key in `fields`, "" for none. A value that cannot be read is kept there."""
    mapped: bool = False
    """Whether it is `--map` that says so."""

    @property
    def meaning(self) -> str:
        """What the column was taken for, in words for staff."""
        if self.target:
            return MEANINGS.get(self.target, self.target.replace("_", " "))
        return f"kept as recipient.fields.{self.field}" if self.field else "left out"


class Header(NamedTuple):
    columns: list[Column]
    system: str
    """The system whose export this is, "" when it is not recognized."""
    ignored: frozenset[int]
    """Indexes of columns whose values say nothing about leaving, as `--ignore` or the system says."""


def recognize(
    path: str,
    line: int,
    header: Sequence[str],
    mapping: Sequence[str],
    ignored: Sequence[str] = (),
) -> Header:
    """What each column of a header is.

    Args:
        path: of the file, for messages.
        line: of the header.
        header: the headings.
        mapping: `COLUMN=FIELD`, each as the user typed it.
        ignored: headings of columns that say nothing about who may be mailed.

    Raises:
        ImportFileError: no e-mail column, two columns for one thing, or a mapping of what is not
            there.
    """
    place = Place(path, line)
    headings = [undefuse(clean(cell)) for cell in header]
    keys = _distinct([_key(heading) or f"column_{i}" for i, heading in enumerate(headings, 1)])
    known_headings = dict(zip(keys, headings, strict=True))
    mapped = _mapped(mapping, known_headings, place)
    quiet = frozenset(
        keys.index(_find_key(heading, known_headings, place, "--ignore")) for heading in ignored
    )
    if set(keys) >= _MARKS_OF_AN_EXPORT:
        return _exported(headings, keys)
    profile = profile_of(keys)
    left_out = len(REJECTS) if tuple(keys[: len(REJECTS)]) == REJECTS else 0
    targets = _targets(headings, keys, mapped, profile)
    columns = []
    for i, (heading, key, target) in enumerate(zip(headings, keys, targets, strict=True)):
        if i < left_out:
            columns.append(Column(heading, "", ""))
        else:
            meant = "" if i in quiet and target in _SIGNALS else target
            columns.append(Column(heading, meant, _field(key, meant), key in mapped))
    _refuse_ambiguity(columns, place)
    if profile is None:
        return Header(columns, "", quiet)
    known = {i for i, key in enumerate(keys) if profile.targets.get(key) == FIELD}
    return Header(columns, profile.name, quiet | known)


def is_address_heading(text: str) -> bool:
    """Whether a cell is the heading of a column of addresses."""
    return _ranked(text, _key(text), {}, None)[1] == "email"


def _exported(headings: Sequence[str], keys: Sequence[str]) -> Header:
    """The header of a file that `lists export` wrote: its columns are what they are called."""
    columns = [
        Column(heading, key, "") if key in _EXPORT else Column(heading, "", key)
        for heading, key in zip(headings, keys, strict=True)
    ]
    return Header(columns, "mailer", frozenset(range(len(keys))))


def _targets(
    headings: Sequence[str], keys: Sequence[str], mapped: Mapping[str, str], profile: Profile | None
) -> list[str]:
    """Find the target of each column.

    What `--map` says wins over a known system's heading, that over a column of the very name, and
    that over one that means it.
    """
    ranked = [
        _ranked(heading, key, mapped, profile) for heading, key in zip(headings, keys, strict=True)
    ]
    best: dict[str, int] = {}
    for rank, target in ranked:
        best[target] = min(rank, best.get(target, rank))
    targets = [
        target if target in _SIGNALS or rank == best[target] else "" for rank, target in ranked
    ]
    for i, target in enumerate(targets):
        if target in _FIRST_ONE and target in targets[:i]:
            targets[i] = ""
    if {"first_name", "last_name"} & set(targets):
        targets = _with_other_name(keys, targets)
    return targets


def _with_other_name(keys: Sequence[str], targets: Sequence[str]) -> list[str]:
    """Targets where a "Name" beside a first name is the last name, or the other way around.

    In English it holds both, and is not needed.
    """
    has_first, has_last = "first_name" in targets, "last_name" in targets
    english = any(key in {"first_name", "firstname", "first"} for key in keys)
    other = "" if english or has_first == has_last else "last_name" if has_first else "first_name"
    return [other if target == "full_name" else target for target in targets]


def _ranked(
    heading: str, key: str, mapped: Mapping[str, str], profile: Profile | None
) -> tuple[int, str]:
    if key in mapped:
        return 0, mapped[key]
    if profile and key in profile.targets:
        return 1, profile.targets[key]
    if key in TARGETS:
        return 2, key
    if target := _TARGET_OF.get(key.replace("_", "")) or target_of(heading):
        return 3, target
    if signal := signal_of(heading):
        return 4, signal
    # such as "ZIP Code (5 digits)" or "What is your ZIP code?"
    is_zip = re.search(r"(^|_)(zip|zipcode|postcode|postal_code)(_|$)", key)
    return (
        (5, "zip") if is_zip and not re.search(r"plus|_4$|work|business|billing", key) else (6, "")
    )


def _distinct(keys: list[str]) -> list[str]:
    """Keys of their own for equal headings: `notes`, `notes_2`."""
    result: list[str] = []
    for key in keys:
        number, name = 1, key
        while name in result or (number > 1 and name in keys):
            number += 1
            name = f"{key}_{number}"
        result.append(name)
    return result


def _key(heading: str) -> str:
    return re.sub(r"\W+", "_", heading.lower()).strip("_")


def field_name(name: str) -> str:
    """The key in `fields` for a name as a person types it."""
    return _field(_key(name), "")


def _field(key: str, target: str) -> str:
    """Where a value is kept among the further fields, "" where it is not.

    A field is never named like one of the subscriber's own: `lists export` writes both.
    """
    if target == "country":
        return "country"
    if target in _KEPT_TOO:
        return f"other_{key}" if key in TARGETS or key in EXPORTED else key
    if target:
        return ""
    return f"other_{key}" if key in TARGETS or key in EXPORTED else key


def _find_key(heading: str, known_headings: Mapping[str, str], place: Place, option: str) -> str:
    """The key of a heading as the user typed it."""
    key = _key(heading)
    if key not in known_headings:
        raise ImportFileError(
            f'{option} "{heading}" names a column that the file does not have',
            place=place,
            hint=suggest(heading, filter(None, known_headings.values())),
        )
    return key


def _mapped(
    mapping: Sequence[str], known_headings: Mapping[str, str], place: Place
) -> dict[str, str]:
    targets: dict[str, str] = {}
    for pair in mapping:
        heading, sign, target = (part.strip() for part in pair.rpartition("="))
        key = _key(heading)
        if not sign or not heading:
            problem, hint = "is not COLUMN=FIELD", 'For example: --map "Correo=email"'
        elif target not in TARGETS:
            problem, hint = f'names no field "{target}"', suggest(target, TARGETS)
        elif key not in known_headings:
            problem = f'names a column "{heading}" that the file does not have'
            hint = suggest(heading, filter(None, known_headings.values()))
        elif key in targets or (target in targets.values() and target not in _SIGNALS):
            problem, hint = "maps what is mapped already", "Leave one of the two out."
        else:
            targets[key] = target
            continue
        raise ImportFileError(f'--map "{pair}" {problem}', place=place, hint=hint)
    return targets


def _refuse_ambiguity(columns: list[Column], place: Place) -> None:
    for target in (*COLUMNS, "member_since"):
        headings = [column.heading for column in columns if column.target == target]
        if len(headings) > 1:
            raise ImportFileError(
                f'"{headings[0]}" and "{headings[1]}" both look like the column for {target}',
                place=place,
                hint=f'Say which one it is: --map "{headings[0]}={target}"',
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
