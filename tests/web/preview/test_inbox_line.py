from __future__ import annotations

import pytest

from mailer.web.preview.inbox_line import first_words, inbox_lines


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<title>No</title><body>Yes", "Yes"),
        ("<head><style>p {}</style></head><body><p>One</p><p>two</p>", "One two"),
        (
            "<body><div style='display:none'>Hidden\u200c \u200c\u00ad</div><h1>Seen</h1>",
            "Hidden Seen",
        ),
        ("<body>a<b>b</b>c<br>d<!-- no --><!--[if mso]>no<![endif]-->", "abc d"),
        ("<body><table><tr><td>1</td><td>2</td></tr></table>", "1 2"),
        ("<body>Tom &amp; Ana&nbsp;said", "Tom & Ana said"),
        ("<body><style>no</style><script>no</script>yes</body>", "yes"),
        ("<body></body>", ""),
    ],
)
def test_the_first_words_are_those_that_an_inbox_takes(html, words):
    assert first_words(html) == words


def test_a_large_mail_is_read_no_further_than_needed():
    assert len(first_words("<body>" + "word " * 200_000)) == 200


def test_lines_are_cut_where_an_inbox_has_no_more_room():
    phone, desktop = inbox_lines("s" * 41, "<body>" + "p" * 71)
    assert (phone.subject, phone.preheader) == ("s" * 39 + "…", "p" * 39 + "…")
    assert (desktop.subject, desktop.preheader) == ("s" * 41, "p" * 69 + "…")
    assert inbox_lines("s" * 40, "<body>" + "p" * 40)[0].subject == "s" * 40
