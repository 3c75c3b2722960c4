"""A picture from a telephone, from the file that staff save to the mail that recipients see."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mailer import config
from mailer.campaigns import snapshot
from mailer.campaigns.snapshot import Snapshot
from mailer.errors import CampaignError
from mailer.images.picture import Picture, place, show_locally, size_mjml
from mailer.images.resizing import MOST_BYTES, PictureError, resize
from mailer.links import Keys
from mailer.mail.merge import Merger
from tests.support.campaigns import ANA
from tests.support.pictures import SMALL, photo
from tools.projects.project import SETTINGS

ROTATED = 6
"""EXIF orientation: turned by 90 degrees, as a telephone held upright saves it."""


def from_telephone():
    exif = Image.Exif()
    exif[0x0112] = ROTATED
    exif[0x010F] = "Telephone"
    exif.get_ifd(0x8825)[1] = "N"  # where it was taken
    return photo(exif=exif, quality=95)


@pytest.fixture(scope="module")
def telephone():
    return from_telephone()


@pytest.fixture
def root(tmp_path, telephone):
    (tmp_path / "mailer.toml").write_text(SETTINGS)
    (tmp_path / "campaigns" / "images").mkdir(parents=True)
    (tmp_path / "campaigns" / "images" / "rally.jpg").write_bytes(telephone)
    return tmp_path


def load(root, body):
    (root / "campaigns" / "sample.md").write_text(f"---\nsubject: News\n---\n{body}\n")
    return snapshot.load(config.load(root), "sample")


def html(found):
    return (
        Merger(found, fields=frozenset(), keys=Keys(["a key for tests"]), send_id=1).merge(ANA).html
    )


# ---------------------------------------------------------------- the file


def test_a_telephones_picture_is_upright_small_light_and_tells_no_place(telephone):
    resized = resize(telephone)
    picture = Image.open(io.BytesIO(resized.data))
    assert (resized.width, resized.height) == picture.size == (1040, 1387)
    assert len(resized.data) <= MOST_BYTES
    assert not picture.getexif()
    assert b"Telephone" not in resized.data


def test_a_see_through_picture_stays_so_and_any_other_becomes_jpeg():
    stream = io.BytesIO()
    Image.new("RGBA", (300, 200), (200, 30, 30, 90)).save(stream, "PNG")
    assert resize(stream.getvalue()).suffix == ".png"
    assert resize(photo(300, 200, kind="PNG")).suffix == ".jpg"
    assert resize(photo(300, 200, kind="WEBP")).suffix == ".jpg"
    assert resize(photo(300, 200, mode="CMYK")).suffix == ".jpg"


def test_a_moving_picture_moves_on():
    stream = io.BytesIO()
    frames = [Image.new("RGB", (40, 30), color) for color in ("red", "blue")]
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:])
    assert resize(stream.getvalue()).data == stream.getvalue()


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\xff\xd8\xff", b"<svg></svg>", b"not one"])
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(PictureError):
        resize(data)


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_picture_is_a_picture_or_refused(data):
    source = bytearray(SMALL)
    for _ in range(data.draw(st.integers(1, 8))):
        source[data.draw(st.integers(0, len(source) - 1))] = data.draw(st.integers(0, 255))
    resized = resized_or_refused(bytes(source[: data.draw(st.integers(0, len(source)))]))
    assert resized is None or is_whole(resized)


def resized_or_refused(source):
    try:
        return resize(source)
    except PictureError:
        return None


def is_whole(resized):
    picture = Image.open(io.BytesIO(resized.data))
    picture.load()
    return picture.size == (resized.width, resized.height) and len(resized.data) <= MOST_BYTES


# ---------------------------------------------------------------- in a campaign


@pytest.mark.parametrize(
    "body",
    ['{{ image("images/rally.jpg", alt="The rally") }}', "![The rally](images/rally.jpg)"],
)
def test_a_picture_has_its_public_address_and_size_however_it_is_written(root, body):
    found = load(root, body)
    (picture,) = found.pictures.values()
    assert picture.url.startswith("https://mail.example.org/i/rally-")
    assert (root / "published" / picture.name).is_file()
    (tag,) = [tag for tag in html(found).split("<img")[1:] if picture.url in tag]
    tag = tag.partition(">")[0]
    assert 'width="520" height="694"' in tag
    assert 'alt="The rally"' in tag
    assert "height:auto" in tag
    assert "images/rally.jpg" not in html(found)


def test_screens_of_either_density_have_a_file_of_their_own(root):
    loaded = load(root, "![The rally](images/rally.jpg)")
    (picture,) = loaded.pictures.values()
    large, small = (root / "published" / name for name, _ in picture.files)
    sizes = [Image.open(io.BytesIO(path.read_bytes())).size for path in (large, small)]
    assert sizes == [(1040, 1387), (520, 693)]
    assert small.stat().st_size < large.stat().st_size <= MOST_BYTES
    address = "https://mail.example.org/i/"
    assert (
        f'src="{address}{large.name}" srcset="{address}{small.name} 1x, {address}{large.name} 2x"'
        in html(loaded)
    )
    assert "srcset" not in show_locally(html(loaded), loaded.pictures, root / "published")


def test_a_picture_whose_small_file_is_gone_is_made_again(root):
    (picture,) = load(root, "![The rally](images/rally.jpg)").pictures.values()
    (root / "published" / picture.small).unlink()
    assert load(root, "![The rally](images/rally.jpg)").pictures["images/rally.jpg"] == picture
    assert (root / "published" / picture.small).is_file()


def test_a_wide_moving_picture_has_one_file(root):
    stream = io.BytesIO()
    frames = [Image.new("RGB", (800, 30), color) for color in ("red", "blue")]
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:])
    (root / "campaigns" / "images" / "wave.gif").write_bytes(stream.getvalue())
    loaded = load(root, "![A wave](images/wave.gif)")
    assert loaded.pictures["images/wave.gif"].small == ""
    assert "srcset" not in html(loaded)


def test_a_send_from_before_pictures_had_two_files_shows_its_one(root):
    loaded = load(root, "![The rally](images/rally.jpg)")
    old = Picture(
        "rally-0-1040x780.jpg", "https://mail.example.org/i/rally-0-1040x780.jpg", 1040, 780
    )
    assert 'src="https://mail.example.org/i/rally-0-1040x780.jpg" width="520"' in place(
        '<img src="images/rally.jpg">', {"images/rally.jpg": old}
    )
    assert Snapshot.from_bytes(loaded.to_bytes()).pictures == loaded.pictures


def test_another_picture_has_another_name_and_the_same_one_the_same(root):
    body = "![The rally](images/rally.jpg)"
    (first,) = load(root, body).pictures.values()
    assert load(root, body).pictures["images/rally.jpg"] == first
    (root / "campaigns" / "images" / "rally.jpg").write_bytes(SMALL)
    assert load(root, body).pictures["images/rally.jpg"].url != first.url


def test_a_send_keeps_its_pictures(root):
    found = load(root, "![The rally](images/rally.jpg)")
    kept = Snapshot.from_bytes(found.to_bytes())
    assert kept.pictures == found.pictures
    assert kept.digest == found.digest
    assert html(kept) == html(found)


def test_a_small_picture_is_not_blown_up(root):
    (root / "campaigns" / "images" / "dot.png").write_bytes(photo(64, 48, kind="PNG"))
    assert 'width="64" height="48"' in html(load(root, '{{ image("images/dot.png", alt="Dot") }}'))


def test_before_it_is_published_the_picture_itself_is_shown(root):
    found = load(root, "![The rally](images/rally.jpg)")
    shown = show_locally(html(found), found.pictures, root / "published")
    assert 'src="data:image/jpeg;base64,' in shown
    assert "mail.example.org/i/" not in shown


@pytest.mark.parametrize(
    ("body", "message", "hint"),
    [
        ("![A rally](images/ralley.jpg)", "no picture campaigns/images/ralley.jpg", "rally.jpg"),
        ("Text.\n\n![](images/rally.jpg)", "this image has no description", "between the brackets"),
        ("![x](images/../../mailer.png)", "no picture", "images/rally.jpg"),
        ("![A note](images/note.jpg)", "is not a picture", "Save it anew"),
    ],
)
def test_a_mistake_is_told_on_its_line(root, body, message, hint):
    (root / "campaigns" / "images" / "note.jpg").write_text("A note.")
    (root / "mailer.png").write_bytes(SMALL)
    with pytest.raises(CampaignError, match=message) as error:
        load(root, body)
    assert hint in error.value.hint
    assert error.value.place.path == "campaigns/sample.md"
    assert error.value.place.line == 4 + body.count("\n")


def test_a_picture_on_a_web_site_is_left_alone(root):
    body = '{{ image("https://www.example.org/images/rally.jpg", alt="The rally") }}'
    found = load(root, body)
    assert found.pictures == {}
    assert "https://www.example.org/images/rally.jpg" in html(found)


PICTURE = Picture("a.jpg", "https://mail.example.org/i/a.jpg", 300, 150)


@pytest.mark.parametrize(
    "tag", ["<img alt='a > b' src='images/a.jpg'/>", '<img src="images/a.jpg">']
)
def test_a_tag_is_found_however_it_is_written(tag):
    placed = place(tag, {"images/a.jpg": PICTURE})
    assert 'src="https://mail.example.org/i/a.jpg"' in placed
    assert 'width="300" height="150"' in placed


def test_a_width_that_was_asked_for_counts():
    tag = '<mj-image width="200px" src="images/a.jpg" />'
    assert size_mjml(tag, {"images/a.jpg": PICTURE}) == tag
    assert 'width="200" height="100"' in place(
        '<img width="200" height="auto" src="images/a.jpg">', {"images/a.jpg": PICTURE}
    )
