"""Pictures are published before a send, once, and looked at where recipients will fetch them."""

from __future__ import annotations

import functools
import threading
from datetime import timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
from moto import mock_aws

from mailer.http_probe import HttpProbe, NoAnswer, Response
from mailer.transports import registry
from tests.support.pictures import SMALL
from tools.projects.project import NOW, SETTINGS, VOTE, enrol, make_project, open_store

BUCKET = '\n[images]\nbucket = "pictures"\nprefix = "news/"\nregion = "us-east-1"\nbase_url = "{url}/news"\n'


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def root(tmp_path):
    root = make_project(tmp_path / "project", people=2)
    (root / "campaigns" / "images").mkdir()
    (root / "campaigns" / "images" / "rally.png").write_bytes(SMALL)
    text = VOTE.replace("Dear", "![The rally](images/rally.png)\n\nDear")
    (root / "campaigns" / "rally.md").write_text(text)
    return root


@pytest.fixture
def server(root, tmp_path):
    """Answers with what lies in published/, as `mailer serve` and a bucket do."""
    site = tmp_path / "site"
    site.mkdir()
    (root / "published").mkdir()
    for name in ("i", "news"):
        (site / name).symlink_to(root / "published")
    handler = functools.partial(Quiet, directory=site)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture
def bucket(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "fake")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "fake")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="pictures")
        yield client


def at(root, url, more=""):
    (root / "mailer.toml").write_text(SETTINGS.replace("https://mail.example.org", url) + more)


def test_without_a_bucket_a_push_makes_and_checks(mailer, root, server):
    at(root, server)
    code, said = mailer("images", "push")
    assert code == 0, said
    (picture,) = (root / "published").iterdir()
    assert f"{server}/i/{picture.name}  64 x 48" in said


def test_a_picture_that_does_not_answer_is_told(mailer, root):
    at(root, "http://127.0.0.1:9")
    code, said = mailer("images", "push", "rally")
    assert code == 1
    assert "recipients would not see a picture: http://127.0.0.1:9/i/rally-" in said
    assert "`mailer serve` runs there" in said


def test_a_bucket_gets_each_picture_once(mailer, root, server, bucket):
    at(root, server, BUCKET.format(url=server))
    assert "uploaded" in mailer("images", "push")[1]
    (item,) = bucket.list_objects_v2(Bucket="pictures")["Contents"]
    assert item["Key"].startswith("news/rally-")
    head = bucket.head_object(Bucket="pictures", Key=item["Key"])
    assert head["ContentType"] == "image/jpeg"
    assert head["CacheControl"] == "public, max-age=31536000, immutable"
    assert "uploaded" not in mailer("images", "push")[1]
    assert (
        bucket.head_object(Bucket="pictures", Key=item["Key"])["LastModified"]
        == head["LastModified"]
    )


def test_a_bucket_that_is_not_there_is_one_line(mailer, root, server, bucket):
    at(root, server, BUCKET.format(url=server).replace('"pictures"', '"gone"'))
    code, said = mailer("images", "push")
    assert code == 2
    assert "cannot be put into the bucket gone" in said
    del bucket


@pytest.fixture
def asked(monkeypatch):
    """The addresses that were asked for; none answers."""
    urls = []

    def request(_, method, url, deadline):
        del method, deadline
        urls.append(url)
        return NoAnswer("nothing answers there")

    monkeypatch.setattr(HttpProbe, "request", request)
    return urls


def test_a_rehearsal_publishes_nothing_and_asks_nobody(mailer, asked):
    code, said = mailer("send", "rally", "--yes", "--accept-warnings")
    assert code == 0, said
    assert asked == []


def test_a_send_through_amazon_waits_for_its_pictures(mailer, root, asked, monkeypatch):
    opened = registry.open_transport
    # the name is Amazon's, the mail goes to files
    monkeypatch.setattr(
        registry,
        "open_transport",
        lambda project, _, *others, **more: opened(project, registry.OUTBOX, *others, **more),
    )
    code, said = mailer("send", "rally", "--yes", "--accept-warnings", "--transport", "ses")
    assert code == 1, said
    assert f"recipients would not see a picture: {asked[0]}: nothing answers there" in said
    store = open_store(root)
    assert store.sends.all("rally") == []
    store.close()


def test_the_worker_asks_again_before_a_scheduled_send_starts(mailer, root, replace, monkeypatch):
    answers = [Response(200), NoAnswer("nothing answers there")]
    monkeypatch.setattr(HttpProbe, "request", lambda *_: answers.pop(0))
    opened = registry.open_transport
    monkeypatch.setattr(
        registry,
        "open_transport",
        lambda project, _, *others, **more: opened(project, registry.OUTBOX, *others, **more),
    )
    replace("now", lambda: NOW)
    order = ("send", "rally", "--yes", "--accept-warnings", "--transport", "ses")
    code, printed = mailer(*order, "--at", f"{NOW + timedelta(hours=1):%Y-%m-%d %H:%M} UTC")
    assert code == 0, printed
    replace("now", lambda: NOW + timedelta(hours=2))
    code, printed = mailer("worker", "--once")
    assert "recipients would not see a picture" in printed
    assert answers == []
    assert list((root / "outbox" / "rally").glob("*.eml")) == []
    assert "paused" in mailer("status", "rally")[1]


def test_with_no_pictures_there_is_nothing_to_push(mailer, root):
    (root / "campaigns" / "rally.md").unlink()
    assert mailer("images", "push") == (0, "No campaign names a picture in campaigns/images/.\n")


def test_a_build_shows_the_picture_before_it_is_published(mailer, root):
    store = open_store(root)
    enrol(store, [5])
    store.close()
    assert mailer("build", "rally")[0] == 0
    html = (root / "build" / "rally.html").read_text("utf-8")
    assert 'src="data:image/jpeg;base64,' in html
    assert b"data:image" not in (root / "build" / "rally.eml").read_bytes()
