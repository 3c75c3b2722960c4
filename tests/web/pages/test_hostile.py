"""Whatever is asked of whatever route: never a failure of ours, never a change without a right to it."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.web.pages.public_forms import repair
from tests.web.conftest import path

FIRST = [
    "u",
    "p",
    "v",
    "c",
    "f",
    "j",
    "m",
    "l",
    "o",
    "undo",
    "join",
    "unsubscribe",
    "healthz",
    "style.css",
    "",
    "x",
]
TEXT = st.text(max_size=60)
SEGMENT = TEXT.filter(lambda text: text not in {".", ".."})
FORM = st.dictionaries(
    st.sampled_from(
        [
            "email",
            "scope",
            "choice",
            "zip",
            "first_name",
            "reason",
            "words",
            "list-members",
            "List-Unsubscribe",
        ]
    )
    | TEXT,
    st.sampled_from(["One-Click", "everything", "keep", "send", "97212", "yes"]) | TEXT,
    max_size=6,
)
KINDS = st.sampled_from(
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "text/plain",
        "",
    ]
)


REQUESTS = st.builds(
    SimpleNamespace,
    method=st.sampled_from(["GET", "POST", "HEAD", "PUT", "OPTIONS"]),
    first=st.sampled_from(FIRST),
    rest=st.lists(SEGMENT, max_size=3),
    form=FORM,
    kind=KINDS,
    body=st.binary(max_size=200),
)


def quoted(text):
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_no_request_fails_or_changes_anything_without_a_right(site):
    before = site.state()

    @settings(max_examples=250)
    @given(REQUESTS)
    def ask(request):
        # with the host, for the client takes a path such as "//" for a host of its own
        url = f"{site.client.base_url}/" + "/".join([request.first, *map(quoted, request.rest)])
        headers = {"content-type": request.kind}
        answer = site.client.request(request.method, url, content=request.body, headers=headers)
        assert answer.status_code < 500
        # a form with an address asks for a mail: of those, other tests know
        if request.method != "POST" or request.first not in {"unsubscribe", "join"}:
            form = {name: value.encode("utf-8", "replace") for name, value in request.form.items()}
            answer = site.client.request(request.method, url, data=form)
            assert answer.status_code < 500

    ask()
    assert site.state() == before


def test_no_altered_token_is_believed(site):
    links = site.links()
    token = links.unsubscribe.rpartition("/")[2]
    other = site.links(2).unsubscribe.rpartition("/")[2]
    altered = {
        *(token[:i] + chr(b) + token[i + 1 :] for i in range(len(token)) for b in range(33, 127)),
        *(token[:i] for i in range(len(token))),
        *(token[i:] for i in range(1, len(token))),
        token[:21] + other[21:],
        other[:21] + token[21:],
        token[:22] + other[22:],
        links.update.rpartition("/")[2],
        links.view.rpartition("/")[2],
        token.upper(),
    } - {token}
    believed = {t for t in altered if site.keys.read("unsubscribe", repair(t))}
    assert believed <= {token}
    before = site.state()
    for bad in itertools.islice(sorted(altered), 0, None, 37):
        answer = site.post("/u/" + quoted(bad))
        assert answer.status_code == 404
    assert site.state() == before


def test_tokens_of_the_pages_own_mails_are_good_for_one_purpose(site):
    site.post("/unsubscribe", {"email": "person0@example.org"})
    token = site.link_to("person0@example.org").rpartition("/")[2]
    before = site.state()
    for first in "upjmo":
        assert site.post(f"/{first}/{token}").status_code == 404
    assert site.post(f"/undo/{token}").status_code == 404
    assert site.state() == before


def test_a_path_with_a_real_token_and_a_wrong_method_changes_nothing(site):
    before = site.state()
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = site.client.request(method, path(site.links().unsubscribe))
        assert answer.status_code == 405
    assert site.state() == before
