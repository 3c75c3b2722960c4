"""What is wrong for some of those who get a mail, found by merging every one of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.checks import suspicious_values
from mailer.checks.audience_stats import CLIP, NEAR, AudienceStats
from mailer.checks.rules import audience
from mailer.mail.merge import Merger
from tests.support.campaigns import ANA, BO, KEYS, UMA, make_sources
from tests.support.rendered_mails import CASES

FIELDS = frozenset({"chapter", "gifts", "page"})
PAGE = "https://www.example.org/north"
ZIPS = "zip,mayor\n97212,Nia Brook\n"


def person(**known):
    fields = {name: known.pop(name) for name in FIELDS & set(known)}
    return replace(ANA, fields={**ANA.fields, "page": PAGE, **fields}, **known)


def census_of(people, body, **options):
    words = make_sources(body, **options)
    merger = Merger(words, fields=FIELDS, keys=KEYS, send_id=7)
    census = AudienceStats(words)
    merged = []
    for subscriber in people:
        merged.append(merger.merge(subscriber))
        census.count(subscriber, merged[-1])
    return census, list(merger.asked()), merged


def find(people, body, **options):
    census, guards, _ = census_of(people, body, **options)
    return [*audience.findings(census, guards), *audience.unseen(census, guards)]


def codes(people, body, **options):
    return {finding.code for finding in find(people, body, **options)}


def one(people, body, **options):
    (found,) = find(people, body, **options)
    return found


# ---------------------------------------------------------------- blanks


NAMELESS = person(first_name="")


@pytest.mark.parametrize(
    "body",
    [
        "Dear {{ recipient.first_name }},",
        "Dear {{ recipient.first_name | title }},",
        "Dear {{ recipient.first_name | default(recipient.fields.chapter) | trim }},",
        "Dear {{ recipient.first_name ~ recipient.fields.chapter }},",
        "[Sign](https://www.example.org/{{ recipient.first_name }}?zip={{ recipient.zip }})",
        "[Sign](https://www.example.org/?n={{ recipient.first_name }}) {{ recipient.first_name }}",
    ],
)
def test_a_value_that_comes_out_blank_is_found(body):
    assert codes([person(), person(first_name="", chapter="")], body) == {audience.BLANK_VALUE}


@pytest.mark.parametrize(
    "body",
    [
        'Dear {{ recipient.first_name | default("friend") }},',
        "Dear {{ recipient.first_name | default('') }},",
        "Dear {{ recipient.first_name | d }},",
        "Dear{{ (' ' ~ recipient.first_name) * (recipient.first_name != '') }},",
        "{% if recipient.first_name %}Dear {{ recipient.first_name }},{% endif %} hello",
        "[Sign](https://www.example.org/?name={{ recipient.first_name }}&x=1)",
        "Hello {{ recipient.last_name }}",
    ],
)
def test_a_blank_that_is_meant_or_does_not_show_is_left_alone(body):
    assert codes([person(), NAMELESS], body) == set()


def test_it_is_said_where_for_how_many_and_for_whom():
    people = [person(), *(replace(NAMELESS, id=n, email=f"p{n}@example.org") for n in range(5))]
    found = one(people, "Hello\n\nDear {{ recipient.first_name }},")
    assert found.recipients == 5
    assert str(found.place) == "campaigns/sample.md:6"
    assert found.message == (
        "{{ recipient.first_name }} comes out blank for people such as p0@example.org, "
        "p1@example.org and p2@example.org"
    )
    assert one([NAMELESS], "Dear {{ recipient.first_name }},").message.endswith(
        "blank for ana@example.org"
    )


def test_the_same_expression_in_two_variants_is_one_finding():
    body = "{% if recipient.state == 'OR' %}A{% endif %} Dear {{ recipient.first_name }},"
    people = [NAMELESS, replace(NAMELESS, state="WA")]
    assert one(people, body).recipients == 2


@pytest.mark.parametrize(
    ("body", "blank"),
    [
        ("{{ 'The council of ' ~ recipient.city }}", ["{{ recipient.city }}"]),
        ("{{ 'Chapter ' + recipient.fields.chapter }}", ["{{ recipient.fields.chapter }}"]),
        (
            "{{ ['the mayor', 'the council of ' ~ recipient.city] | join('; ') }}",
            ["{{ recipient.city }}"],
        ),
        ("{{ 'Of ' ~ recipient.city }} {{ recipient.city }}", ["{{ recipient.city }}"]),
        ("{{ 'Of ' ~ (recipient.city | default('your city')) }}", []),
        ("{{ (' of ' ~ recipient.city) * (recipient.city != '') }}", []),
        ("{{ 'Mayor ' ~ recipient.lookups.cities.mayor }}", ['look-up "cities"']),
        ("{{ 'recipient.lookups.cities.nothing ' ~ recipient.last_name }}", []),
    ],
)
def test_a_blank_part_of_a_longer_text_is_found_once(body, blank):
    found = find([ANA, person(city="", chapter="")], body)
    assert [f.recipients for f in found] == [1] * len(blank)
    assert all(part in f.message for part, f in zip(blank, found, strict=True))


# ---------------------------------------------------------------- links


@pytest.mark.parametrize(
    ("body", "blank", "fine"),
    [
        ("[Go]({{ recipient.fields.page }})", "", PAGE),
        ("[Go]({{ recipient.fields.page }})", "www.example.org/north", PAGE),
        ("[Go]({{ recipient.fields.page }})", "javascript:alert(1)", "tel:+12025550101"),
        ("[Go]({{ recipient.fields.page | default('') }})", "", PAGE),
        ("[Call](tel:{{ recipient.fields.page }})", "", "202-555-0101"),
        ("[Write](mailto:{{ recipient.fields.page }})", " ", "ida@example.org"),
        ("[Go]({{ recipient.fields.page }}) {{ recipient.fields.page }}", "north", PAGE),
    ],
)
def test_a_link_that_leads_nowhere_for_some_is_an_error(body, blank, fine):
    found = one([person(page=fine), person(page=blank)], body)
    assert (found.code, found.severity, found.recipients) == (audience.BLANK_LINK, "error", 1)
    assert find([person(page=fine)], body) == []


# ---------------------------------------------------------------- look-ups

LOOP = "{% for s in recipient.lookups.senators %}\n- {{ s.name }}\n{% endfor %}\n"


@pytest.mark.parametrize(
    "body",
    [
        "Ask {{ recipient.lookups.cities.mayor }}.",
        "Ask {{ recipient.lookups.cities.mayor | upper }} of {{ recipient.lookups.cities.city }}.",
        f"Call them:\n\n{LOOP}",
    ],
)
def test_whoever_has_no_row_is_counted_once(body):
    found = one([ANA, BO, replace(BO, id=9)], f"{{{{ recipient.email }}}} {body}")
    assert (found.code, found.recipients) == (audience.NO_ROW, 2)
    assert "bo@example.org" in found.message
    assert find([ANA], body) == []


@pytest.mark.parametrize(
    "body",
    [
        "Ask {{ recipient.lookups.cities.mayor | default('your mayor') }}.",
        "{% if recipient.lookups.cities %}Ask {{ recipient.lookups.cities.mayor }}.{% endif %} Hi",
        f"{{% if recipient.lookups.senators %}}\n{LOOP}{{% else %}}\nLook them up.\n{{% endif %}}",
        LOOP.replace("{% endfor", "{% else %}\n- Look them up.\n{% endfor"),
    ],
)
def test_a_row_that_was_asked_for_is_not_missed(body):
    assert find([ANA, BO], body) == []


def test_a_blank_cell_of_a_row_is_a_blank_value():
    files = {"lists/lookups/cities.csv": "city,state,mayor\nPortland,OR,\n"}
    found = one([ANA], "Ask {{ recipient.lookups.cities.mayor }}.", files=files)
    assert found.code == audience.BLANK_VALUE


# ---------------------------------------------------------------- branches

BRANCH = "{% if recipient.state == 'Oregon' %}\nRain.\n{% else %}\nSun.\n{% endif %}\n"


def test_a_branch_that_nobody_sees_is_found_at_its_line():
    found = one([ANA, UMA], f"Hello\n\n{BRANCH}")
    assert (found.code, str(found.place)) == (audience.UNSEEN, "campaigns/sample.md:6")
    assert "(recipient.state == 'Oregon')" in found.message


@pytest.mark.parametrize(
    "body",
    [
        BRANCH.replace("Oregon", "WA"),
        "{% if recipient.state == 'OR' %}A{% elif recipient.state == 'WA' %}B{% else %}C{% endif %}",
        "{% if recipient.zip %}A{% else %}nobody sees this, and that is as well{% endif %}",
        "{% for s in recipient.lookups.senators %}{{ s.name }}{% endfor %}",
    ],
)
def test_a_branch_that_somebody_sees_is_not(body):
    assert find([ANA, UMA], body) == []


def test_a_loop_that_nobody_has_a_row_for_is_no_slip_in_a_question():
    body = LOOP.replace("{% endfor", "{% else %}\n- Look them up.\n{% endfor")
    assert find([BO], body) == []


def test_what_templates_ask_is_not_the_campaigns_slip():
    macro = "{% macro rain() %}{% if recipient.state == 'XX' %}!{% endif %}<mj-text>x</mj-text>{% endmacro %}"
    files = {
        "templates/components.mjml": macro,
        "templates/components.txt": macro.replace("<mj-text>x</mj-text>", "x"),
    }
    assert find([ANA], "{{ rain() }}", files=files) == []


# ---------------------------------------------------------------- names and ZIP codes


@pytest.mark.parametrize(
    ("name", "oddity"),
    [
        ("ana@example.org", "holds an e-mail address"),
        ("www.example.org", "holds a web address"),
        ("Example.com", "holds a web address"),
        ("Ana2", "holds a digit"),
        ("Test", "is no name but a filler, such as “test”"),
        ("n/a", "is no name but a filler, such as “test”"),
        ("ANA", "is all in capitals"),
        ("ana", "is written without a capital"),
        ("de la cruz", "is written without a capital"),
        ("", ""),
        ("Ana", ""),
        ("AJ", ""),
        ("T.J.", ""),
        ("McDonald", ""),
        ("O'Brien", ""),
        ("Smith 3rd", ""),
        ("Jean-François", ""),
        ("محمود", ""),
        ("明", ""),
    ],
)
def test_a_name_is_odd_or_it_is_not(name, oddity):
    assert suspicious_values.of_name_as_written(name) == oddity


DAMAGED = "has letters that were damaged on the way, as in “JosÃ©”"


@pytest.mark.parametrize(
    ("name", "oddity"),
    [
        ("JosÃ©", DAMAGED),
        ("NÃºÃ±ez", DAMAGED),
        ("Mar?a", DAMAGED),
        ("Mu??oz", DAMAGED),
        ("Jos\ufffd", DAMAGED),
        ("\\N", DAMAGED),
        ("Ana\x00", DAMAGED),
        ("José", ""),
        ("Núñez", ""),
        ("Ñandú", ""),
        ("Zoë", ""),
        ("Øyvind", ""),
        ("Ana?!", DAMAGED),
        ("محمود", ""),
        ("Łukasz", ""),
        ("D'Arcy O\u2019Brien-Smith Jr.", ""),
        ("*|FNAME|*", "holds a merge field or markup"),
        ("{first_name}", "holds a merge field or markup"),
        ("Tom &amp; Ann", "holds a merge field or markup"),
        ("Tom & Ann", ""),
    ],
)
def test_a_damaged_name_is_odd(name, oddity):
    assert suspicious_values.of_name(name) == oddity


@given(st.text(st.characters(min_codepoint=0xC0, max_codepoint=0x24F), min_size=1, max_size=9))
def test_a_name_read_in_the_wrong_encoding_is_damaged(name):
    damaged = name.encode().decode("cp1252", "replace")
    assert suspicious_values.of_name(damaged) == DAMAGED


def test_the_names_of_a_bug_report_are_odd():
    rows = (CASES / "V1-damaged-names.csv").read_text(encoding="utf-8").splitlines()[1:]
    people = [person(first_name=row.split(",")[1]) for row in rows]
    (found,) = find(people, "Hello {{ recipient.first_name }}")
    assert (found.code, found.recipients) == (audience.ODD_NAME, 3)


@given(st.text())
def test_any_name_and_any_code_can_be_judged(text):
    assert isinstance(suspicious_values.of_name_as_written(text), str)
    assert isinstance(suspicious_values.of_zip(text), str)


def test_an_odd_name_is_found_where_it_is_used():
    people = [person(), person(first_name="ANA"), person(first_name="BEA")]
    found = one(people, "Hello\n\n{{ recipient.first_name | default('you') }}")
    assert (found.code, found.recipients) == (audience.ODD_NAME, 2)
    assert str(found.place) == "campaigns/sample.md:6"
    assert find(people, "Hello {{ recipient.last_name }}") == []


def test_a_filter_puts_capitals_right_but_no_address():
    body = "{{ recipient.first_name | title }}"
    assert find([person(first_name="ANA")], body) == []
    assert codes([person(first_name="ana@example.org")], body) == {audience.ODD_NAME}
    twice = body + " {{ recipient.first_name }}"
    assert codes([person(first_name="ANA")], twice) == {audience.ODD_NAME}


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ("{{ recipient.zip }}", True),
        ("{% if recipient.zip != '97212' %}A{% else %}B{% endif %}", True),
        ("{{ recipient.lookups.mayors.mayor | default('x') }}", True),
        ("{{ recipient.city }}", False),
    ],
)
def test_a_code_that_does_not_exist_is_found_where_codes_are_used(body, seen):
    words = make_sources(body, files={"lists/lookups/mayors.csv": ZIPS})
    lookup = {"file": "lists/lookups/mayors.csv", "key": ("zip",)}
    content = words.content.model_dump()
    content["lookups"]["mayors"] = lookup
    words = replace(words, content=type(words.content).model_validate(content))
    census = AudienceStats(words)
    merger = Merger(words, fields=FIELDS, keys=KEYS, send_id=7)
    for code in ("97212", "00000", ""):
        census.count(person(zip=code), merger.merge(person(zip=code)))
    found = [f for f in audience.findings(census, []) if f.code == audience.UNKNOWN_ZIP]
    assert [f.recipients for f in found] == [1] * seen


# ---------------------------------------------------------------- size

EVERYWHERE = """{{ recipient.first_name }} <b title="{{ recipient.first_name }}">*{{ recipient.city }}*</b>
[a](https://www.example.org/{{ recipient.city }}?c={{ recipient.first_name }}) {{ recipient.email }}
[b]({{ recipient.fields.page }}) [c](tel:{{ recipient.zip }}) [d](mailto:{{ recipient.email }})
[e]({{ links.unsubscribe }}) {{ links.view }} <!--[if mso]>{{ recipient.first_name }}<![endif]-->
{% if recipient.state == "OR" %}Oregon, {{ recipient.last_name | upper }}
[f](https://www.example.org/?u={{ links.view }}&v={{ links.forward }}){% endif %}
"""
WORDS = make_sources(EVERYWHERE)
MERGER = Merger(WORDS, fields=FIELDS, keys=KEYS, send_id=7)
hostile = st.text(max_size=12) | st.sampled_from(
    ["", " ", "<b>", "\"&'", "é", "🌧" * 3, "a b", "https://example.org/?a=1&b='2'", "%00", "x\x00y"]
)


@given(
    st.lists(
        st.builds(
            person,
            first_name=hostile,
            last_name=hostile,
            city=hostile,
            zip=hostile,
            page=hostile,
            email=st.sampled_from(["a@example.org", "o'b&c@example.org", "ä@example.org"]),
            state=st.sampled_from(["OR", "WA"]),
            id=st.integers(1, 10**9),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_the_largest_mail_is_known_to_the_byte_without_making_it(people):
    census, merged = AudienceStats(WORDS), [MERGER.merge(subscriber) for subscriber in people]
    for subscriber, mail in zip(people, merged, strict=True):
        census.count(subscriber, mail)
    for group in census.groups.values():
        sizes = [
            (len(mail.html.encode()), mail.email)
            for mail in merged
            if mail.variant is group.merged.variant
        ]
        assert group.recipients == len(sizes)
        assert group.largest == max(sizes)[0]
        assert (group.largest, group.largest_for) in sizes
    assert census.recipients == len(people)


def padded(size):
    """Somebody whose mail has exactly so many bytes of HTML, and that mail."""
    body = "{{ recipient.first_name }}"
    census, _, _ = census_of([person(first_name="A")], body)
    (group,) = census.groups.values()
    return person(first_name="A" + "a" * (size - group.largest)), body


@pytest.mark.parametrize(
    ("size", "code"),
    [(NEAR, None), (NEAR + 1, audience.NEARLY_CLIPPED), (CLIP, audience.NEARLY_CLIPPED), (CLIP + 1, audience.CLIPPED)],
)  # fmt: skip
def test_gmails_limit_is_held_to_the_byte(size, code):
    who, body = padded(size)
    found = [f for f in find([ANA, who], body) if f.code.startswith("size-")]
    assert [f.code for f in found] == ([code] if code else [])
    assert [f.recipients for f in found] == ([1] if code else [])


def test_both_kinds_are_counted_and_the_largest_is_told():
    (first, body), (second, _) = padded(NEAR + 500), padded(CLIP + 500)
    second = replace(second, email="long@example.org")
    found = [f for f in find([ANA, first, first, second], body) if f.code.startswith("size-")]
    assert [(f.code, f.severity, f.recipients) for f in found] == [
        (audience.CLIPPED, "error", 1),
        (audience.NEARLY_CLIPPED, "warning", 2),
    ]
    assert all("102.5 kB of HTML, for long@example.org" in f.message for f in found)
