"""keys rotate, and what lives longer than a links' key: the marks of people who were erased."""

import shutil
import stat

import pytest

from mailer.address_keys import address_hashes
from mailer.links import load_keys
from mailer.store import connect
from tools.projects.project import NOW, address, make_project


@pytest.fixture
def root(tmp_path):
    return make_project(tmp_path / "project", 3)


def links_keys(root):
    return load_keys(None, root / "lists" / "secret.key")


def retire_the_oldest(root):
    """As the docs say: delete the last line."""
    file = root / "lists" / "secret.key"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))


def import_again(mailer, root, *options):
    (root / "again.csv").write_text(f"Email\n{address(0)}\n{address(1)}\n")
    command = (
        "lists",
        "import",
        str(root / "again.csv"),
        "--list",
        "members",
        "--source",
        "a form",
    )
    code, said = mailer(*options, *command, "--json")
    assert code == 0, said
    return said


def test_links_of_before_and_after_a_rotation_work_until_the_old_key_is_retired(mailer, root):
    before = links_keys(root).token("unsubscribe", 1, 1)
    code, said = mailer("keys", "rotate")
    assert code == 0
    assert "Restart mailer serve" in said
    rotated = links_keys(root)
    after = rotated.token("unsubscribe", 1, 1)
    assert after != before
    assert rotated.read("unsubscribe", before) == rotated.read("unsubscribe", after) == (1, 1)
    assert stat.S_IMODE((root / "lists" / "secret.key").stat().st_mode) == 0o600
    retire_the_oldest(root)
    assert links_keys(root).read("unsubscribe", before) is None
    assert links_keys(root).read("unsubscribe", after) == (1, 1)


def test_keys_of_the_environment_are_not_rotated(mailer, root, monkeypatch):
    file = root / "lists" / "secret.key"
    before = file.read_text()
    monkeypatch.setenv("MAILER_SECRET_KEYS", "a key that only these tests know")
    code, said = mailer("keys", "rotate")
    assert code == 2
    assert "Put a new key and a comma before" in said
    assert file.read_text() == before


def test_retiring_a_links_key_brings_no_erased_person_back(mailer, root):
    assert mailer("subscriber", "erase", address(0), "--yes")[0] == 0
    for _ in range(2):
        mailer("keys", "rotate")
        retire_the_oldest(root)
        assert '"erased": 1' in import_again(mailer, root)


def test_marks_of_earlier_versions_outlive_the_links_key_that_made_them(mailer, root):
    (root / "lists" / "addresses.key").unlink()
    earlier = connect(root / "lists" / "mailer.db", address_hashes(links_keys(root).secrets))
    earlier.subscribers.erase(address(0), now=NOW)
    earlier.close()
    mailer("keys", "rotate")
    retire_the_oldest(root)
    assert '"erased": 1' in import_again(mailer, root)


def move(mailer, root, target):
    """To another machine: everything but lists/, which comes from the backup."""
    assert mailer("backup", str(target.parent / "backup"))[0] == 0
    shutil.copytree(root, target, ignore=shutil.ignore_patterns("lists"))
    restore = ("restore", str(target.parent / "backup"), "--yes")
    assert mailer("--project", str(target), *restore)[0] == 0


@pytest.mark.parametrize("of_an_earlier_version", [False, True])
def test_links_and_marks_survive_a_move_to_another_machine(
    mailer, root, tmp_path, of_an_earlier_version
):
    token = links_keys(root).token("unsubscribe", 1, 1)
    if of_an_earlier_version:
        (root / "lists" / "addresses.key").write_text("\n".join(links_keys(root).secrets))
    mailer("subscriber", "erase", address(0), "--yes")
    target = tmp_path / "target"
    move(mailer, root, target)
    assert links_keys(target).read("unsubscribe", token) == (1, 1)
    assert '"erased": 1' in import_again(mailer, root, "--project", str(target))


def test_a_backup_of_an_earlier_version_has_marks_under_its_links_key(mailer, root, tmp_path):
    earlier = connect(root / "lists" / "mailer.db", address_hashes(links_keys(root).secrets))
    earlier.subscribers.erase(address(0), now=NOW)
    earlier.close()
    mailer("backup", str(tmp_path / "backup"))
    (tmp_path / "backup" / "addresses.key").unlink()
    target = tmp_path / "target"
    shutil.copytree(root, target, ignore=shutil.ignore_patterns("lists"))
    command = ("--project", str(target), "restore", str(tmp_path / "backup"), "--yes")
    assert mailer(*command)[0] == 0
    assert '"erased": 1' in import_again(mailer, root, "--project", str(target))


def test_restoring_brings_no_retired_key_back_but_its_marks(mailer, root, tmp_path):
    token = links_keys(root).token("unsubscribe", 1, 1)
    mailer("subscriber", "erase", address(0), "--yes")
    mailer("backup", str(tmp_path / "backup"))
    mailer("keys", "rotate")
    retire_the_oldest(root)
    (root / "lists" / "addresses.key").write_text("another that recognizes nobody 7391")
    assert mailer("restore", str(tmp_path / "backup"), "--yes")[0] == 0
    assert links_keys(root).read("unsubscribe", token) is None
    assert '"erased": 1' in import_again(mailer, root)
