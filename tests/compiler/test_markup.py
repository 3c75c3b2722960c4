"""Markup found by one expression: the same as a parser finds, wherever it is regular."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.compiler import escaping, markup

PIECES = st.sampled_from([
    "<p>", "</p>", "<br />", "<!doctype html>", '<a href="x>y">', "<a href='x\"y'>", "<b title=it's>",
    "<style>", "</style>", "<title>a</title>", "<title>", "<textarea>", "<style>a > b</style>", "<script>x</script>", "<!-- a -->", "<!---->", "<!-->",
    "<!--[if mso]><p>", "<![endif]-->", "<!--[if !mso]><!-->", "<!--<![endif]-->", "<![if x]>", "-- >", "--!>",
    "<", ">", "&lt;", '"', "'", "a < b", "zqs0001qz", '<a href="https://e.org/?q=zqs0002qz">',
    '<td title="zqs0003qz" class>', "<mj-text css-class=x>", "<P ID=a>", "\n", "<?xml ?>", '<a\nb="c">', "<a/b>",
])  # fmt: skip


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = []

    def handle_starttag(self, tag, _):
        self.tags.append(("", tag))

    def handle_startendtag(self, tag, _):
        self.tags.append(("/", tag))

    def handle_endtag(self, tag):
        self.tags.append(("end", tag))


@given(st.lists(PIECES, max_size=8).map("".join))
def test_the_tags_are_those_that_a_parser_finds(source):
    matches = markup.regular(source)
    if matches is None:
        return
    reader = Reader()
    reader.feed(source)
    reader.close()
    tags = [tag for tag in reader.tags if tag[1] not in {"style", "script", "title"}]
    assert tags == [
        ("end" if match["end"] else match["empty"], match["name"].lower())
        for match in matches
        if match["name"]
    ]


@given(st.lists(PIECES, max_size=8).map("".join))
def test_a_value_is_escaped_for_the_context_that_a_parser_sees(source):
    try:
        expected = escaping._read(source)
    except escaping.UnsafePlaceError:
        with pytest.raises(escaping.UnsafePlaceError):
            escaping._parsed(source)
    else:
        assert escaping._parsed(source) == expected


def test_what_is_written_for_mail_programs_is_regular():
    source = """<!doctype html>
<html><head><style media="screen">a > b{color:red}</style><!--[if mso | IE]><table width='6'><![endif]-->
</head><body class="x"><img alt="" src='y' /><p>a &amp; b</p></body></html>"""
    assert markup.regular(source) is not None
