"""Pictures as data addresses: readable again, no larger than asked, within a budget."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tryon.errors import DataError
from tryon.reporting import pictures
from tryon.reporting.pictures import Embedded


def decoded(item: Embedded) -> np.ndarray:
    head, _, content = item.address.partition(",")
    assert head == "data:image/webp;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))).convert("RGB"))


def gradient(height: int, width: int) -> np.ndarray:
    return np.linspace(0, 255, height * width * 3).reshape(height, width, 3).astype(np.uint8)


def test_an_embedded_picture_is_the_picture() -> None:
    image = gradient(40, 60)
    item = pictures.embed_image(image, "a gradient", max_width=100, caption="c")
    assert (item.width, item.height, item.alt, item.caption) == (60, 40, "a gradient", "c")
    assert np.abs(decoded(item).astype(int) - image).mean() < 6
    assert item.byte_count == len(item.address)


def test_a_wide_picture_is_made_smaller_and_keeps_its_shape() -> None:
    item = pictures.embed_image(gradient(300, 600), "", max_width=100)
    assert (item.width, item.height) == (100, 50)
    assert decoded(item).shape == (50, 100, 3)


def test_the_same_picture_gives_the_same_address() -> None:
    assert pictures.embed_image(gradient(20, 20), "", max_width=20) == pictures.embed_image(
        gradient(20, 20), "", max_width=20
    )


def test_a_missing_file_is_an_expected_failure(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nothing\.png"):
        pictures.embed_file(tmp_path / "nothing.png", "", max_width=10)


def test_a_budget_keeps_the_first_pictures_and_makes_no_more_than_needed() -> None:
    made = []

    def make() -> Iterator[Embedded]:
        for number in range(10):
            made.append(number)
            yield Embedded("x" * 100, 1, 1, str(number))

    shown = pictures.fit_budget(make(), 10, 350)
    assert [item.alt for item in shown.pictures] == ["0", "1", "2"]
    assert shown.left_out == 7
    assert made == [0, 1, 2, 3]


def test_a_strip_puts_pictures_side_by_side_and_leaves_empty_cells() -> None:
    red = np.full((50, 100, 3), (255, 0, 0), np.uint8)
    sheet = pictures.strip([red, None, red], cell_px=20, gap_px=4)
    assert sheet.shape == (20, 68, 3)
    assert (sheet[10, 10] == (255, 0, 0)).all()
    assert (sheet[1, 10] == pictures.GROUND).all()  # a wide picture leaves room above
    assert (sheet[:, 22:46] == pictures.GROUND).all()
    assert (sheet[10, 60] == (255, 0, 0)).all()


@pytest.mark.parametrize(("count", "kept"), [(5, 5), (12, 12), (100, 12)])
def test_thinning_keeps_first_and_last(count: int, kept: int) -> None:
    paths = [Path(f"epoch_{number:03d}.png") for number in range(count)]
    thinned = pictures.thin_out(paths, 12)
    assert len(thinned) == kept
    assert (thinned[0], thinned[-1]) == (paths[0], paths[-1])
    assert thinned == sorted(thinned)
