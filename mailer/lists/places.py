"""States, countries and time zones as files write them."""

from __future__ import annotations

import re
from functools import lru_cache

from mailer.lists.translation import without_accents
from mailer.timezones import find_zone

_STATES = {
    "AL": "alabama ala", "AK": "alaska", "AZ": "arizona ariz", "AR": "arkansas ark",
    "CA": "california calif cal", "CO": "colorado colo", "CT": "connecticut conn",
    "DE": "delaware del", "DC": "district_of_columbia washington_dc d_c", "FL": "florida fla",
    "GA": "georgia", "HI": "hawaii hawai'i", "ID": "idaho", "IL": "illinois ill",
    "IN": "indiana ind", "IA": "iowa", "KS": "kansas kan kans", "KY": "kentucky", "LA": "louisiana",
    "ME": "maine", "MD": "maryland", "MA": "massachusetts mass", "MI": "michigan mich",
    "MN": "minnesota minn", "MS": "mississippi miss", "MO": "missouri", "MT": "montana mont",
    "NE": "nebraska neb nebr", "NV": "nevada nev", "NH": "new_hampshire n_h",
    "NJ": "new_jersey n_j", "NM": "new_mexico n_m n_mex", "NY": "new_york n_y new_york_state",
    "NC": "north_carolina n_c", "ND": "north_dakota n_d n_dak", "OH": "ohio",
    "OK": "oklahoma okla", "OR": "oregon ore", "PA": "pennsylvania penn penna",
    "RI": "rhode_island r_i", "SC": "south_carolina s_c", "SD": "south_dakota s_d s_dak",
    "TN": "tennessee tenn", "TX": "texas tex", "UT": "utah", "VT": "vermont",
    "VA": "virginia", "WA": "washington wash washington_state", "WV": "west_virginia w_va w_v",
    "WI": "wisconsin wis wisc", "WY": "wyoming wyo", "PR": "puerto_rico p_r", "GU": "guam",
    "VI": "virgin_islands us_virgin_islands u_s_virgin_islands", "AS": "american_samoa",
    "MP": "northern_mariana_islands", "AA": "armed_forces_americas",
    "AE": "armed_forces_europe armed_forces_middle_east armed_forces_africa armed_forces_canada",
    "AP": "armed_forces_pacific",
    "FM": "federated_states_of_micronesia", "MH": "marshall_islands", "PW": "palau",
}  # fmt: skip
_ABBREVIATION_OF = {
    name.replace("_", " "): code
    for code, names in _STATES.items()
    for name in (code.lower(), *names.split())
}
_FULL_NAMES = {names.split()[0].replace("_", " ") for names in _STATES.values()} - {"georgia"}
_US = re.compile(
    r"u ?s ?(a|of a)?|(the )?united states( of america)?|america|estados unidos( de america)?|ee ?uu"
    r"|etats unis|vereinigte staaten( von amerika)?|840|pr|pri|puerto rico|gu|gum|guam|vi|vir|as|asm|mp|mnp"
    r"|us( of)? a(merica)?|(usa|us) united states( of america)?|united states( of america)? (the|usa|us)"
    r"|stati uniti( d'america)?|verenigde staten( van amerika)?|estados unidos da america"
    r"|stany zjednoczone|\u0441\u0448\u0430|\u7f8e\u56fd|\u7f8e\u570b|\u30a2\u30e1\u30ea\u30ab(\u5408\u8846\u56fd)?|abd"
    r"|american samoa|(u ?s )?virgin islands|northern mariana islands|us minor outlying islands"
)
_NO_COUNTRY = re.compile(
    r"unknown|none|other|not (set|given|specified|provided)|please select|select.*|na|tbd"
)


@lru_cache(maxsize=1_000)
def state(text: str) -> str:
    """The two letters of a US state, written out, abbreviated or as in US-OR; else the text itself."""
    plain = _plain(text)
    code = _ABBREVIATION_OF.get(plain) or _ABBREVIATION_OF.get(plain.removeprefix("us "))
    return code or (text.upper() if len(text) == 2 else text)  # noqa: PLR2004 - an abbreviation


@lru_cache(maxsize=1_000)
def is_abroad(country: str) -> bool:
    """Whether a country is not the United States or a territory of theirs; blank is not abroad.

    A state's name under that heading is not abroad either, but that of Georgia.
    """
    plain = _plain(country)
    if not plain or _US.fullmatch(plain) or _NO_COUNTRY.fullmatch(plain):
        return False
    return plain not in _FULL_NAMES


@lru_cache(maxsize=1_000)
def zone(text: str) -> str:
    """A time zone by its name in the tz database, "" for what no program can use."""
    return text if find_zone(text) else ""


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w']+", " ", without_accents(text.lower())).split())
