"""Moving pictures of pages: frames, order, time, and the same bytes."""

import io

import numpy as np
import pytest
from PIL import Image

from tryon.errors import DataError
from tryon.images.animation import FRAME_MS, LAST_FRAME_MS, encode_gif

COLOURS = [(200, 30, 30), (30, 160, 60), (40, 80, 170)]
PAGES = [np.full((40, 80, 3), colour, np.uint8) for colour in COLOURS]


def frames_of(content: bytes) -> list[Image.Image]:
    with Image.open(io.BytesIO(content)) as image:
        return [_frame(image, index) for index in range(image.n_frames)]


def _frame(image: Image.Image, index: int) -> Image.Image:
    image.seek(index)
    frame = image.convert("RGB")
    frame.info["duration"] = image.info["duration"]
    return frame


def test_every_page_is_a_frame_in_its_order_and_the_last_one_stays_longer():
    pages = [np.concatenate(np.roll(PAGES, shift, axis=0)) for shift in range(3)]
    frames = frames_of(encode_gif(pages, ["epoch 1", "epoch 2", "epoch 3"]))
    assert [frame.info["duration"] for frame in frames] == [FRAME_MS, FRAME_MS, LAST_FRAME_MS]
    for page, frame in zip(pages, frames, strict=True):
        shown = np.asarray(frame)
        assert shown.shape == (page.shape[0] + 24, page.shape[1], 3)
        assert np.abs(shown[: page.shape[0]].astype(int) - page).max() <= 8
        assert shown[page.shape[0] :].min() < 120, "a caption is written below"


def test_captions_differ_and_the_bytes_do_not():
    first, second = (encode_gif(PAGES[:1], [caption]) for caption in ("epoch 1", "epoch 2"))
    assert first != second
    assert first == encode_gif(PAGES[:1], ["epoch 1"])


@pytest.mark.parametrize("pages", [[], [PAGES[0], PAGES[0][:20]]])
def test_no_pages_or_pages_of_two_sizes_are_refused(pages):
    with pytest.raises(DataError, match="cannot be animated"):
        encode_gif(pages, ["a"] * len(pages))
