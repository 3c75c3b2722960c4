"""Marks of deliveries in flight: they prove what they say, and a copy or another boot proves nothing."""

from __future__ import annotations

import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import TransportError
from mailer.transports.in_flight import InFlightMarks, Progress, boot_id


@pytest.fixture
def path(tmp_path):
    return tmp_path / "mailer.db-in-flight"


def marks(path, boot="this boot"):
    return InFlightMarks(path, boot=boot)


def test_another_process_reads_how_far_each_delivery_came(path):
    ours = marks(path)
    ours.claim([7, 8, 9, 4_000_000])
    ours.set([8, 9], Progress.LEFT)
    ours.set([9], Progress.ACCEPTED)
    theirs = marks(path)
    assert [theirs.get(n) for n in (7, 8, 9, 4_000_000)] == [
        Progress.CLAIMED, Progress.LEFT, Progress.ACCEPTED, Progress.CLAIMED,
    ]  # fmt: skip


def test_what_was_never_marked_proves_nothing(path):
    assert marks(path).get(1) is Progress.UNKNOWN
    marks(path).claim([5])
    assert marks(path).get(4) is Progress.UNKNOWN
    assert marks(path).get(10_000_000) is Progress.UNKNOWN


def test_marks_of_an_earlier_boot_prove_nothing_and_are_begun_anew(path):
    marks(path, "first boot").claim([1, 2])
    second = marks(path, "second boot")
    assert second.get(1) is Progress.UNKNOWN
    second.claim([2])
    assert [marks(path, "second boot").get(n) for n in (1, 2)] == [
        Progress.UNKNOWN, Progress.CLAIMED,
    ]  # fmt: skip


def test_marks_in_a_copy_prove_nothing(path, tmp_path):
    marks(path).claim([1])
    copy = tmp_path / "copy"
    shutil.copy(path, copy)
    assert marks(copy).get(1) is Progress.UNKNOWN
    assert marks(path).get(1) is Progress.CLAIMED


def test_a_machine_that_does_not_name_its_boot_proves_nothing(path):
    ours = marks(path, "")
    ours.claim([1])
    ours.set([1], Progress.ACCEPTED)
    assert ours.get(1) is Progress.UNKNOWN
    assert not path.exists()


@pytest.mark.parametrize("content", [b"", b"mailer1", bytes(10_000)])
def test_a_damaged_file_proves_nothing(path, content):
    path.write_bytes(content)
    assert marks(path).get(1) is Progress.UNKNOWN


def test_the_file_is_for_this_user_alone(path):
    marks(path).claim([1])
    assert path.stat().st_mode & 0o077 == 0
    assert list(path.parent.iterdir()) == [path]


def test_marks_that_cannot_be_made_stop_what_was_claimed(tmp_path):
    with pytest.raises(TransportError, match="cannot be written"):
        marks(tmp_path / "none" / "file").claim([1])


def test_this_machine_names_its_boot():
    assert boot_id()
    assert boot_id() == boot_id()


@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(1, 3_000), min_size=1, max_size=20, unique=True),
            st.sampled_from([*Progress][2:]),
        ),
        max_size=10,
    )
)
def test_the_last_mark_of_each_delivery_is_read(tmp_path_factory, changes):
    path = tmp_path_factory.mktemp("marks") / "file"
    ours, expected = marks(path), {}
    for ids, progress in changes:
        ours.claim(ids)
        ours.set(ids, progress)
        expected |= dict.fromkeys(ids, progress)
    theirs = marks(path)
    assert {n: theirs.get(n) for n in expected} == expected


IN_ONE_PLACE = (1_000_000_007, 1_000_000_007 + (1 << 22))


def test_of_two_deliveries_in_one_place_the_later_is_proven_and_the_other_is_not(path):
    first, second = IN_ONE_PLACE
    ours = marks(path)
    ours.claim([first])
    ours.set([first], Progress.ACCEPTED)
    ours.claim([second])
    assert [ours.get(first), ours.get(second)] == [Progress.UNKNOWN, Progress.CLAIMED]


def test_the_file_stays_small_whatever_the_ids(path):
    ours = marks(path)
    last_place = (217_000_000 << 22) - 1
    ours.claim([last_place, last_place + 1])
    ours.set([last_place, last_place + 1], Progress.LEFT)
    assert ours.get(last_place) is ours.get(last_place + 1) is Progress.LEFT
    assert path.stat().st_size < 2**26
    assert path.stat().st_blocks * 512 < 2**22
