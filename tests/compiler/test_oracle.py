"""Merging is the same as compiling with the recipient's own values written into the campaign.

The oracle runs plain Jinja on the recipient's real values, writes each one as character references,
which Markdown takes for nothing but text, and compiles the result like any other campaign.
"""

from __future__ import annotations

import re
import unicodedata
from types import SimpleNamespace
from urllib.parse import quote

import jinja2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer.compiler.escaping import clean
from mailer.lists.subscriber import Subscriber
from tests.support.campaigns import CITIES, SENATORS, make_merger

HOSTILE = st.sampled_from(
    [
        "",
        " ",
        "Ana",
        "Élodie",
        "يارا",
        "欣",
        "<script>alert(1)</script>",
        '" onmouseover="alert(1)',
        "'><img src=x>",
        "{{ recipient.email }}",
        "{% if true %}",
        "Rob\r\nBcc: victim@example.net",
        "a\x00b",
        "*bold* _em_ [x](javascript:alert(1)) `c` # h",
        "[^note]",
        "javascript:alert(1)",
        "]]>",
        "--><b>",
        "&amp; &lt;",
        "\u202egnp.exe",
        "x" * 10_000,
        "%0d%0aBcc:x",
        "1. one",
        "=?utf-8?q?x?=",
    ]
)
VALUES = HOSTILE | st.text(max_size=30)

PEOPLE = st.builds(
    Subscriber,
    id=st.integers(1, 10**9),
    email=st.just("reader@example.org"),
    first_name=VALUES,
    last_name=VALUES,
    zip=st.sampled_from(["", "97212", "02139"]) | VALUES,
    city=st.sampled_from(["", "Portland", "Salem"]) | VALUES,
    state=st.sampled_from(["", "OR", "WA"]) | VALUES,
    fields=st.fixed_dictionaries({"chapter": VALUES, "gifts": st.sampled_from(["0", "3", "x"])}),
    tags=st.lists(st.sampled_from(["donor", "volunteer", "faith leader"]) | VALUES).map(tuple),
)

FIELDS = [
    "first_name",
    "last_name",
    "zip",
    "city",
    "state",
    "fields.chapter",
    "lookups.cities.mayor",
]
TEXTS = st.sampled_from([f"recipient.{name}" for name in FIELDS])
FILTERS = st.sampled_from(
    ["upper", "lower", "title", "trim", "capitalize", "default('friend')", "replace('a', 'b')",
     "truncate(5)", "length", "first", "reverse", "wordcount", "string"]
)  # fmt: skip
EXPRESSIONS = st.one_of(
    TEXTS,
    st.builds("{} | {}".format, TEXTS, FILTERS),
    st.builds("{} | default('you') | {}".format, TEXTS, FILTERS),
    st.builds("({} ~ ' and ' ~ {}) | upper".format, TEXTS, TEXTS),
    st.builds("{} ~ ' and ' ~ {} | upper".format, TEXTS, TEXTS),
    st.builds("{}[:3]".format, TEXTS),
    st.builds("{}.split('@')[0]".format, TEXTS),
    st.builds("{}.upper()".format, TEXTS),
    st.builds("'{{}} or {{}}'.format({}, {})".format, TEXTS, TEXTS),
    st.builds("'%s!' % {}".format, TEXTS),
    st.builds("{} if {} else 'nobody'".format, TEXTS, TEXTS),
    st.builds("{} or 'nobody'".format, TEXTS),
    st.builds("{{'OR': 'Oregon'}}.get({}, 'elsewhere')".format, TEXTS),
    st.just("recipient.tags | join(', ')"),
    st.just("recipient.tags | sort | list | length"),
    st.just("(recipient.fields.gifts | int + 1) * 2"),
    st.just("recipient.lookups.senators | map(attribute='name') | join(' & ')"),
    st.just("[recipient.first_name, recipient.last_name] | join('-')"),
)
CONDITIONS = st.one_of(
    TEXTS,
    st.builds("{} == 'OR'".format, TEXTS),
    st.builds("{} in ['OR', 'Ana', '']".format, TEXTS),
    st.builds("{} | length > 3".format, TEXTS),
    st.builds("not {}".format, TEXTS),
    # words, which order as text: numbers, dates and blanks do not (test_comparison.py)
    st.builds("('w' ~ {}) < ('w' ~ {})".format, TEXTS, TEXTS),
    st.sampled_from(
        [
            "'donor' in recipient.tags",
            "'donor' not in recipient.tags and recipient.first_name",
            "recipient.fields.gifts | int >= 3",
            "recipient.lookups.senators",
            "recipient.lookups.cities",
            "recipient.zip is defined",
            "recipient.tags",
        ]
    ),
)


def text(expression):
    return f"Word {{{{ ({expression}) | text }}}} word."


def link(expression):
    return f"See [a {{{{ ({expression}) | text }}}} b](https://example.org/p/{{{{ ({expression}) | part }}}}?q={{{{ ({expression}) | part }}}}) now."


PARAGRAPHS = st.one_of(
    st.builds(text, EXPRESSIONS),
    # "%" and format() join at once, so their "!" and " or " are the author's and stay in a URL
    st.builds(link, EXPRESSIONS.filter(lambda e: "%s" not in e and ".format" not in e)),
    st.builds(lambda e: f"- one {{{{ ({e}) | text }}}} x\n- two", EXPRESSIONS),
    st.builds(lambda e: f"> said **by {{{{ ({e}) | text }}}} x** then", EXPRESSIONS),
    st.builds(lambda e: f"{{% set v = {e} %}}\nSet {{{{ v | text }}}} x", EXPRESSIONS),
    st.builds(
        lambda e: f"{{% macro m(a) %}}Macro {{{{ a | text }}}} x{{% endmacro %}}\n{{{{ m({e}) }}}}",
        EXPRESSIONS,
    ),
    st.just(
        "{% for s in recipient.lookups.senators %}\n"
        "- {{ loop.index }}/{{ loop.length }} {{ s.name | text }} {{ s.phone | text }}\n"
        "{% endfor %}"
    ),
    st.just("{% for t in recipient.tags %}\n- tag {{ t | text }} x\n{% endfor %}"),
)
BODIES = st.recursive(
    PARAGRAPHS,
    lambda inner: st.builds(
        "{{% if {} %}}\n{}[^one]\n{{% else %}}\nOtherwise.[^two]\n\n{}\n{{% endif %}}".format,
        CONDITIONS,
        inner,
        inner,
    ),
    max_leaves=5,
)


def blank_default(value, replacement=""):
    return replacement if isinstance(value, jinja2.Undefined) or not str(value).strip() else value


def references(value):
    return re.sub(r"[!-/:-@\[-`{-~]", lambda m: f"&#{ord(m[0])};", clean(str(value)))


class Row(dict):
    """A look-up's row: false and blank where the recipient has none."""

    def __bool__(self):
        return any(self.values())


def without_lone_tags(body):
    """The campaign as a reader of its rules would write it: a line of tags alone is no line."""
    tag = r"\{%(?:[^%]|%(?!\}))*%\}"
    return re.sub(rf"(?m)^[ \t]*((?:{tag}[ \t]*)+)\n", lambda m: m[1].rstrip(), body)


def oracle_jinja(body, person):
    environment = jinja2.Environment()  # Jinja's own defaults, not the settings under test
    environment.filters |= {
        "default": blank_default,
        "text": references,
        "part": lambda value: quote(clean(str(value)), safe=""),
    }
    rows = [line.split(",") for line in SENATORS.splitlines()[1:]]
    senators = [{"name": n, "phone": p} for s, n, p in rows if s == person.state.strip()]
    mayors = {tuple(row[:2]): row[2] for row in (li.split(",") for li in CITIES.splitlines()[1:])}
    mayor = mayors.get((person.city.strip(), person.state.strip()))
    cities = Row(mayor=mayor or "")
    names = ("email", "first_name", "last_name", "zip", "city", "state", "fields", "tags")
    recipient = SimpleNamespace(
        **{name: getattr(person, name) for name in names},
        lookups=SimpleNamespace(senators=senators, cities=cities),
    )
    return environment.from_string(without_lone_tags(body)).render(recipient=recipient)


def same_words(text):
    """The text without its line breaks: at a wide letter, a line ends in the middle of a word."""
    text = re.sub(r"(\n>|\s)+", " ", text)
    wide = {
        i for i, letter in enumerate(text) if unicodedata.east_asian_width(letter) in {"F", "W"}
    }
    return "".join(
        letter for i, letter in enumerate(text) if letter != " " or not {i - 1, i + 1} & wide
    )


def difference(merged, written):
    """Where two documents part, short enough to read."""
    if merged == written:
        return ""
    pairs = enumerate(zip(merged + "\0", written + "\1", strict=False))
    common = next(i for i, (one, other) in pairs if one != other)
    return f"{merged[common - 30 : common + 60]!r} is not {written[common - 30 : common + 60]!r}"


NOTES = "\n\n[^one]: First source.\n[^two]: Second source.\n"
ALWAYS = "\n\nEnd.[^two]\n\nEnd.[^one]"


@settings(
    max_examples=120,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    st.lists(BODIES, min_size=1, max_size=4),
    st.lists(PEOPLE, min_size=1, max_size=4),
    st.sampled_from(["", "tags:\n  utm_source: news\n"]),
)
def test_merging_equals_compiling_with_the_values_written_in(bodies, people, front):
    body = "\n\n".join(bodies) + ALWAYS
    merger = make_merger(
        body.replace(" | text", "").replace(" | part", "") + NOTES,
        subject='Hi {{ recipient.first_name | default("you") }}',
        front=front,
    )
    for person in people:
        merged = merger.merge(person)
        written = make_merger(oracle_jinja(body, person) + NOTES, front=front).merge(person)
        assert not written.variant.slots
        assert not difference(body_of(merged.html), body_of(written.html))
        assert not difference(same_words(merged.text), same_words(written.text))
        assert merged.subject == "Hi " + clean(
            person.first_name if person.first_name.strip() else "you"
        )


def body_of(html):
    return html.partition("<body")[2].partition(">")[2].partition(">")[2]
