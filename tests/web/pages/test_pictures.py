"""Published pictures answer for a year, on any page; nothing else of the project does."""

from __future__ import annotations

import pytest

NAME = "rally-0123456789abcdef-1040x780.jpg"


@pytest.fixture
def published(root):
    folder = root / "published"
    folder.mkdir()
    (folder / NAME).write_bytes(b"\xff\xd8\xffpicture")
    (folder / "secret.key").write_text("a secret")
    (folder / "link.jpg").symlink_to(root / "mailer.toml")
    return folder


@pytest.mark.usefixtures("published")
def test_a_picture_answers_and_may_be_kept_and_shown_anywhere(site):
    answer = site.get(f"/i/{NAME}")
    assert (answer.status_code, answer.content) == (200, b"\xff\xd8\xffpicture")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert site.client.head(f"/i/{NAME}").status_code == 200


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(
    "name",
    [
        "gone.jpg",
        "secret.key",
        "link.jpg",
        "..%2fmailer.toml",
        "%2e%2e/mailer.toml",
        "",
        "A.jpg",
        "x%0a.jpg",
    ],
)
def test_nothing_else_answers(site, name):
    assert site.get(f"/i/{name}").status_code == 404
