"""What is reviewed, in which order, and how it is shown."""

import hashlib
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.reviewing.made_collections import DRAWN, key, ledger_row, shirt, write_collection
from tryon.cleaning.collections import CLEANING_COLUMNS
from tryon.errors import DataError, DecodeError
from tryon.formats.ledger import write_ledger
from tryon.images.files import write_jpeg, write_png
from tryon.reviewing import previews as previewing
from tryon.reviewing.ordering import order_pictures
from tryon.reviewing.pictures import _CLEANING_COLUMNS, PASSED, Collection, Picture, read_collection
from tryon.reviewing.previews import Previews


def test_a_collection_is_keyed_by_its_ledger(tmp_path: Path) -> None:
    collection = read_collection(write_collection(tmp_path, 3, doubts=[0.1, 0.9, 0.5], refused=[1]))
    by_key = {picture.sha256: picture for picture in collection.pictures}
    assert collection.ours and set(by_key) == {key(0), key(1), key(2)}, "the refused candidate is not shown"
    assert [by_key[key(number)].cleaning for number in range(3)] == [PASSED, "blurred: 12, at least 40", PASSED]
    assert [by_key[key(number)].doubt for number in range(3)] == [0.1, 0.9, 0.5]
    picture = by_key[key(1)]
    assert picture.path == tmp_path / ledger_row(1).file
    assert hashlib.sha256(picture.path.read_bytes()).hexdigest() != picture.sha256
    assert picture.details["licence"] == "CC BY 4.0" and picture.details["size"] == "96 x 96"


def test_cleaning_writes_the_columns_that_are_read() -> None:
    assert set(_CLEANING_COLUMNS) <= set(CLEANING_COLUMNS)


def test_a_collection_that_was_not_cleaned(tmp_path: Path) -> None:
    pictures = read_collection(write_collection(tmp_path, 2)).pictures
    assert [(picture.cleaning, picture.doubt) for picture in pictures] == [("", None)] * 2


def test_any_folder_is_keyed_by_its_files_and_shows_each_content_once(tmp_path: Path) -> None:
    for name in ("b.png", "deep/c.PNG", "a.jpg.txt", ".hidden.png"):
        write_png(tmp_path / name, shirt(0))
    write_png(tmp_path / "한국어.png", shirt(1))
    collection = read_collection(tmp_path)
    assert not collection.ours
    assert [picture.name for picture in collection.pictures] == ["b.png", "한국어.png"]
    assert collection.pictures[0].sha256 == hashlib.sha256((tmp_path / "b.png").read_bytes()).hexdigest()


@pytest.mark.parametrize("prepare", ["nothing", "no folder", "no pictures"])
def test_a_folder_without_pictures_is_refused(tmp_path: Path, prepare: str) -> None:
    folder = tmp_path / "missing" if prepare == "no folder" else tmp_path
    if prepare == "no pictures":
        (tmp_path / "notes.txt").touch()
    with pytest.raises(DataError, match="remedy"):
        read_collection(folder)


@pytest.mark.parametrize(
    "change", [{"file": "../secret.jpg"}, {"file": "/etc/secret.jpg"}, {"file": ""}, {"file": "."}, {"sha256": ""}]
)
def test_a_ledger_that_leads_out_of_its_folder_is_refused(tmp_path: Path, change: dict[str, str]) -> None:
    write_ledger(tmp_path / "ledger.csv", [ledger_row(0), replace(ledger_row(1), **change)])
    with pytest.raises(DataError, match="row 3, names no picture of its folder"):
        read_collection(tmp_path)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    folder = write_collection(tmp_path / "collected", 1)
    picture = folder / ledger_row(0).file
    picture.rename(tmp_path / "elsewhere.jpg")
    picture.symlink_to(tmp_path / "elsewhere.jpg")
    with pytest.raises(DataError, match="names no picture of its folder"):
        read_collection(folder)


NONSENSE = ["1,blurred,0.5", "0,,0.5", "x,,0.5", "1,,1.5", "1,,-0.1", "1,,", "1,,nan"]


@pytest.mark.parametrize("cells", NONSENSE)
def test_cleaning_that_makes_no_sense_is_refused(tmp_path: Path, cells: str) -> None:
    write_collection(tmp_path, 1)
    (tmp_path / "cleaning.csv").write_text(f"file,sha256,kept,reason,doubt\nx,{key(0)},{cells}\n")
    with pytest.raises(DataError, match=r"cleaning\.csv, row 2"):
        read_collection(tmp_path)


def pictures(*doubts: float | None) -> list[Picture]:
    return [Picture(key(n), Path(f"{n}"), f"{n}", doubt=doubt) for n, doubt in enumerate(doubts)]


def names(ordered: tuple[Picture, ...]) -> str:
    return "".join(picture.name for picture in ordered)


def test_the_doubtful_come_first() -> None:
    order = order_pictures(pictures(0.2, None, 0.9, 0.2), {key(1): 0.0})
    assert (names(order.pictures), order.words) == (
        "2031",
        "by cleaning's doubt, most doubtful first; 1 without one come last",
    )
    assert order.doubts == {key(0): 0.2, key(2): 0.9, key(3): 0.2}


def test_without_cleaning_the_models_score_orders() -> None:
    order = order_pictures(pictures(None, None, None), {key(2): 0.4, key(1): 0.0})
    assert (names(order.pictures), order.doubts) == ("120", {key(2): 0.6, key(1): 1.0})
    assert order.words == "by the model's score, least certain first; 1 without one come last"


@pytest.mark.parametrize("scores", [None, {}])
def test_without_either_the_name_orders(scores: dict[str, float] | None) -> None:
    order = order_pictures(pictures(None, None)[::-1], scores)
    assert (names(order.pictures), order.doubts, order.words) == ("01", {}, "by name")


def size_of(content: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(content)) as image:
        assert image.format == "JPEG" and not image.getexif()
        return image.size


def test_previews_have_their_sizes_and_are_made_once(tmp_path: Path) -> None:
    write_jpeg(tmp_path / "a.jpg", np.zeros((900, 1800, 3), np.uint8))
    picture = Picture(key(0), tmp_path / "a.jpg", "a.jpg")
    previews = Previews(Collection(tmp_path, (picture,), ours=True))
    assert size_of(previews.get(picture, "small")) == (320, 160)
    (tmp_path / "a.jpg").unlink()
    assert size_of(previews.get(picture, "large")) == (1280, 640)


def test_previews_in_memory_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collection = read_collection(write_collection(tmp_path, DRAWN))
    monkeypatch.setattr(previewing, "_CACHE_BYTES", 12_000)
    previews = Previews(collection)
    for picture in collection.pictures:
        previews.get(picture, "small")
        assert sum(map(len, previews._kept.values())) <= 12_000
    assert (collection.pictures[-1].sha256, "small") in previews._kept
    assert (collection.pictures[0].sha256, "small") not in previews._kept


def test_our_own_pictures_need_no_child_and_a_strangers_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_png(tmp_path / "a.png", shirt(0)[:40, :20])  # smaller than an upload may be, and shown all the same
    picture = Picture(key(0), tmp_path / "a.png", "a.png")
    stranger = Previews(Collection(tmp_path, (picture,), ours=False))
    monkeypatch.setattr(previewing, "read_image", lambda path: pytest.fail("decoded without a guard"))
    assert size_of(stranger.get(picture, "small")) == (20, 40)
    monkeypatch.undo()
    monkeypatch.setattr(previewing, "read_untrusted", lambda *_: pytest.fail("a child for nothing"))
    ours = Previews(Collection(tmp_path, (picture,), ours=True))
    assert ours.get(picture, "small") == stranger.get(picture, "small")


@pytest.mark.parametrize("ours", [True, False])
def test_what_is_no_picture_is_said(tmp_path: Path, ours: bool) -> None:
    (tmp_path / "a.png").write_bytes(b"<svg onload=alert(1)>")
    picture = Picture(key(0), tmp_path / "a.png", "a.png")
    previews = Previews(Collection(tmp_path, (picture,), ours))
    with pytest.raises(DecodeError):
        previews.get(picture, "small")
    (tmp_path / "a.png").unlink()
    with pytest.raises(DataError):
        previews.get(picture, "small")
