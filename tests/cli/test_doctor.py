"""`mailer doctor` as typed: its table, its JSON, its exit code."""

from __future__ import annotations

import json
import os
import shutil
import sys

import pytest

from mailer import cli
from mailer.doctor.probes import network
from mailer.http_probe import NoAnswer, Response
from tests.support.dns_records import RECORDS
from tests.support.doctor import SES_SETTINGS
from tools.fake_ses import FakeSes
from tools.projects.project import SETTINGS, make_project, start


@pytest.fixture(autouse=True)
def machine(monkeypatch, tmp_path):
    """A machine without AWS settings but a key, in a network where all is well."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "MAILER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "fake")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "fake")
    monkeypatch.setattr(network, "lookup", lambda _, *question: RECORDS.get(question, ()))
    monkeypatch.setattr(network, "click_once", lambda _: Response(200))


@pytest.fixture
def folder(tmp_path):
    """A sound project that sends through Amazon."""
    folder = make_project(tmp_path / "project", 3)
    (folder / "mailer.toml").write_text(SES_SETTINGS)
    return folder


@pytest.fixture
def amazon(monkeypatch):
    with FakeSes() as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", fake.endpoint)
        yield fake


@pytest.fixture
def doctor(folder, monkeypatch, capsys):
    """`mailer doctor …` → (exit code, what it printed, what it complained of)."""

    def run(*options):
        monkeypatch.setattr(sys, "argv", ["mailer", "--project", str(folder), "doctor", *options])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code, *capsys.readouterr()

    return run


@pytest.mark.usefixtures("amazon")
def test_all_is_well(doctor):
    code, printed, complaint = doctor()
    assert (code, complaint) == (0, "")
    assert printed.endswith("Ready to send.\n")
    areas = [line.strip() for line in printed.splitlines() if line[:2].strip()]
    assert areas == ["Project", "Site", "Amazon SES", "DNS", "Ready to send."]
    assert "→" not in printed


def test_warnings_alone_do_not_stop_anybody(amazon, doctor):
    amazon.change(setup="mail-from-failed")
    code, printed, _ = doctor()
    assert code == 0
    assert printed.endswith("Ready to send, with 1 warning.\n")
    assert "→ See docs/amazon-ses.md, MAIL FROM." in printed


def test_errors_are_counted_and_explained(amazon, doctor):
    amazon.change(setup="shutdown")
    code, printed, complaint = doctor()
    assert (code, complaint) == (1, "not ready to send: 2 errors\n")
    assert "→ Answer Amazon's mail in the Support Center" in printed


def test_json(amazon, doctor):
    amazon.change(setup="sandbox", mail_from="")
    code, printed, complaint = doctor("--json")
    assert (code, complaint) == (1, "not ready to send: 1 error\n")
    report = json.loads(printed)
    assert (report["ready"], report["errors"], report["warnings"]) == (False, 1, 1)
    (error,) = [finding for finding in report["findings"] if finding["level"] == "error"]
    assert (error["area"], error["name"]) == ("Amazon SES", "production access")
    assert error["found"]
    assert error["todo"]


@pytest.mark.usefixtures("amazon")
def test_json_when_all_is_well(doctor):
    code, printed, _ = doctor("--json")
    report = json.loads(printed)
    assert (code, report["ready"], report["errors"]) == (0, True, 0)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[brand\n", "mailer.toml:1"),
        (SETTINGS + 'colour = "red"\n', "mailer.toml:12"),
        (None, "there is no mailer.toml"),
    ],
)
def test_broken_settings_are_a_finding_too(folder, doctor, text, place):
    if text is None:
        shutil.rmtree(folder)
        folder.mkdir()
    else:
        (folder / "mailer.toml").write_text(text)
    code, printed, complaint = doctor("--json")
    (found,) = json.loads(printed)["findings"]
    assert (code, found["name"], found["level"]) == (1, "mailer.toml", "error")
    assert found["found"].startswith(place)
    assert complaint == "not ready to send: 1 error\n"


def test_nothing_is_changed(folder, amazon, doctor):
    def content():
        return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    before = content()
    doctor()
    assert content() == before
    shutil.rmtree(folder / "lists")
    doctor()
    assert not (folder / "lists").exists()
    assert not amazon.accepted


def test_without_any_network(doctor, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", "http://127.0.0.1:1")
    monkeypatch.setattr(network, "lookup", lambda *_: NoAnswer("no name server answered"))
    monkeypatch.setattr(network, "click_once", lambda _: NoAnswer("nothing answers there"))
    code, printed, complaint = doctor()
    assert (code, complaint) == (1, "not ready to send: 3 errors\n")
    assert "no name server answered" in printed
    assert "nothing answers there" in printed


def test_as_a_program_with_the_outbox_and_a_site_that_is_down(tmp_path):
    folder = make_project(tmp_path, 1)
    (folder / "mailer.toml").write_text(SETTINGS.replace("mail.example.org", "127.0.0.1:1", 1))
    process = start(folder, "doctor")
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "nothing answers there" in printed
    assert printed.count("not used") == 2
    assert "not ready to send: 1 error" in printed
    assert "Traceback" not in printed
