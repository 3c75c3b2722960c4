"""An erased address is taken out of the files that mailer has written, and of no other."""

from mailer.lists.personal_files import erase_from_files

ANA = "ana@example.org"


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_mail_is_deleted_and_other_files_lose_the_lines_of_the_person(tmp_path):
    mail = write(tmp_path / "outbox" / "vote" / "1.eml", f"To: {ANA.upper()}\n\nDear Ana")
    other = write(tmp_path / "outbox" / "vote" / "2.eml", f"To: di{ANA}\n\nDear Diana")
    events = write(
        tmp_path / "outbox" / "vote" / ".events.jsonl", f'{{"a": "{ANA}"}}\n{{"b": 1}}\n'
    )
    junk = write(tmp_path / "lists" / "events-junk.jsonl", f'{{"b": 2}}\n{{"body": "{ANA}"}}\n')
    rejects = write(
        tmp_path / "lists" / "members.rejects.csv",
        f'row,why,email,note\n1,twice,{ANA},"two\nlines"\n2,bad,bo@,"two\nlines"\n',
    )
    done = erase_from_files(tmp_path, ANA)
    assert set(done.cleaned) == {mail, events, junk, rejects}
    assert done.left == ()
    assert not mail.exists()
    assert other.exists()
    assert events.read_text() == '{"b": 1}\n'
    assert junk.read_text() == '{"b": 2}\n'
    assert "two\nlines" in rejects.read_text(encoding="utf-8-sig")
    assert ANA not in rejects.read_text()


def test_files_of_staff_and_copies_of_the_database_are_named_and_left(tmp_path):
    members = write(tmp_path / "lists" / "members.csv", f"email\n{ANA}\n")
    copy = write(tmp_path / "lists" / "mailer.db.before-update", ANA)
    write(tmp_path / "lists" / "mailer.db", ANA)
    write(tmp_path / "lists" / "other.csv", "email\nbo@example.org\n")
    done = erase_from_files(tmp_path, ANA)
    assert set(done.left) == {members, copy}
    assert members.read_text() == f"email\n{ANA}\n"
