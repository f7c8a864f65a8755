"""Masks: read from annotations, found in the background, drawn."""

import io
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.formats.annotation_strategies import top
from tests.reviewing.made_collections import key
from tryon.errors import DataError, ModelError
from tryon.formats.deepfashion2 import parse_annotation
from tryon.formats.via import write_via
from tryon.formats.via_garments import to_via
from tryon.images.files import write_png
from tryon.reviewing.annotated import VIA_NAME, AnnotatedMasks
from tryon.reviewing.drawing import OVERLAY_PX, draw_overlay, shrink
from tryon.reviewing.finding import BackgroundFinder, MaskFinder, Shirts
from tryon.reviewing.overlays import Overlays
from tryon.reviewing.pictures import Picture
from tryon.reviewing.running import load_mask_rcnn

SIDE = 60
SMALL, LARGE = [[5, 5, 14, 5, 14, 14, 5, 14]], [[20, 20, 49, 20, 49, 49, 20, 49], [40, 40, 54, 40, 54, 54, 40, 54]]
ANNOTATION = {"source": "shop", "pair_id": 1, "item1": top(segmentation=SMALL), "item2": top(segmentation=LARGE)}
WAIT_S = 10


def add_picture(folder: Path, number: int = 0) -> Picture:
    path = folder / "images" / f"{number}.png"
    write_png(path, np.full((SIDE, SIDE, 3), number, np.uint8))
    return Picture(key(number), path, path.name)


def slow_mask(polygons: list[list[int]]) -> NDArray[np.bool_]:
    """The union of the squares of `polygons`, their borders included."""
    mask = np.zeros((SIDE, SIDE), bool)
    for x1, y1, _, _, x2, y2, _, _ in polygons:
        mask[y1 : y2 + 1, x1 : x2 + 1] = True
    return mask


def annotate(picture: Picture, how: str) -> None:
    if how == "deepfashion2":
        path = picture.path.parent.parent / "annos" / f"{picture.path.stem}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(ANNOTATION))
    else:
        size = picture.path.stat().st_size
        write_via(picture.path.parent / VIA_NAME, to_via([(picture.path.name, size, parse_annotation(ANNOTATION, ""))]))


@pytest.mark.parametrize("how", ["deepfashion2", "via"])
def test_annotated_masks_are_unions_with_the_largest_first(tmp_path: Path, how: str) -> None:
    picture, other = add_picture(tmp_path), add_picture(tmp_path, 1)
    annotate(picture, how)
    annotated = AnnotatedMasks()
    masks = annotated.masks(picture)
    assert masks is not None
    assert [mask.tolist() for mask in masks] == [slow_mask(LARGE).tolist(), slow_mask(SMALL).tolist()]
    assert annotated.masks(other) is None


def test_a_damaged_annotation_is_said_and_not_hidden_by_the_model(tmp_path: Path) -> None:
    picture = add_picture(tmp_path)
    (tmp_path / "annos").mkdir()
    (tmp_path / "annos/0.json").write_text("{")
    answer = Overlays(None).prepare([picture])[picture.sha256]
    assert answer["state"] == "none" and "0.json" in answer["words"]


def rgba(content: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(content)) as image:
        return np.array(image.convert("RGBA"))


def test_an_overlay_tints_the_mask_outlines_it_and_leaves_the_rest_clear() -> None:
    mask = slow_mask([[20, 20, 49, 20, 49, 49, 20, 49]])
    drawn = rgba(draw_overlay([mask]))
    assert (drawn[mask][:, 3] > 0).all()
    assert 0 < drawn[35, 35, 3] < 128, "the cloth stays visible"
    assert (drawn[20, 20:50, 3] == 255).all() and (drawn[20:50, 49, 3] == 255).all()
    far = np.ones_like(mask)
    far[17:53, 17:53] = False
    assert (drawn[far] == 0).all()


def test_the_main_shirt_has_its_own_colour_and_lies_above() -> None:
    main, other = slow_mask([[10, 10, 39, 10, 39, 39, 10, 39]]), slow_mask([[5, 5, 54, 5, 54, 54, 5, 54]])
    drawn = rgba(draw_overlay([main, other]))
    assert drawn[25, 25, :3].tolist() == rgba(draw_overlay([main]))[25, 25, :3].tolist()
    assert drawn[50, 50, :3].tolist() != drawn[25, 25, :3].tolist()


@pytest.mark.parametrize("mask", [np.zeros((3, 4), bool), np.ones((1, 1), bool), np.ones((2000, 3), bool)])
def test_overlays_of_odd_masks(mask: NDArray[np.bool_]) -> None:
    drawn = rgba(draw_overlay([shrink(mask)]))
    assert max(drawn.shape[:2]) <= OVERLAY_PX
    assert (drawn[..., 3] > 0).any() == mask.any()


def find_by_number(image: NDArray[np.uint8]) -> Shirts:
    """A model that finds as many shirts as the grey value says, the last of them the surest."""
    count = int(image[0, 0, 0])
    masks = np.zeros((count, SIDE, SIDE), bool)
    for index in range(count):
        masks[index, index * 10 : index * 10 + 10] = True
    return Shirts(np.linspace(0.5, 0.9, count) if count else np.zeros(0), masks)


def find_by_shade(image: NDArray[np.uint8]) -> Shirts:
    """A model that finds what differs from the picture's corner."""
    mask = np.abs(image.astype(int) - image[0, 0]).sum(axis=-1) > 90
    return Shirts(np.array([0.8]), mask[None])


Starter = Callable[..., BackgroundFinder]


@pytest.fixture
def start() -> Iterator[Starter]:
    """Starts finders, and closes them."""
    started: list[BackgroundFinder] = []

    def begin(load: Callable[[], MaskFinder], pictures: tuple[Picture, ...] = ()) -> BackgroundFinder:
        from tryon.images.files import read_image

        started.append(BackgroundFinder(load, lambda picture: read_image(picture.path), pictures))
        return started[-1]

    yield begin
    for finder in started:
        finder.close()


def wait_for(condition: Callable[[], object]) -> None:
    ticks = threading.Event()
    for _ in range(WAIT_S * 100):
        if condition():
            return
        ticks.wait(0.01)
    raise AssertionError("it did not happen in time")


def test_the_model_looks_at_everything_when_it_is_to_order(tmp_path: Path, start: Starter) -> None:
    pictures = tuple(add_picture(tmp_path, number) for number in range(3))
    finder = start(lambda: find_by_number, pictures)
    wait_for(lambda: len(finder.scores()) == 3)
    assert finder.scores() == {key(0): 0.0, key(1): 0.5, key(2): 0.9}
    found = finder.found(key(2))
    assert found is not None
    assert [np.flatnonzero(mask[:, 0])[0] for mask in found.masks] == [10, 0], "the main shirt first"


def test_wishes_come_before_the_rest(tmp_path: Path, start: Starter) -> None:
    pictures = tuple(add_picture(tmp_path, number) for number in range(5))
    seen: list[int] = []
    first, go_on = threading.Event(), threading.Event()

    def find(image: NDArray[np.uint8]) -> Shirts:
        seen.append(int(image[0, 0, 0]))
        first.set()
        go_on.wait(WAIT_S)
        return find_by_number(image)

    finder = start(lambda: find, pictures)
    first.wait(WAIT_S)
    finder.wish([pictures[3], pictures[0]])
    finder.wish([pictures[4], pictures[2]])  # the person has moved on
    go_on.set()
    wait_for(lambda: len(finder.scores()) == 5)
    assert seen == [0, 4, 2, 1, 3]


def test_masks_are_found_only_when_wished_where_cleaning_orders(tmp_path: Path, start: Starter) -> None:
    pictures = [add_picture(tmp_path, number) for number in range(3)]
    overlays = Overlays(finder := start(lambda: find_by_number))
    assert {answer["state"] for answer in overlays.prepare(pictures[:2]).values()} == {"waiting"}
    wait_for(lambda: len(finder.scores()) == 2)
    answers = overlays.prepare(pictures[:2])
    assert dict(answers[key(0)]) == {"state": "none", "words": "the model found no shirt"}
    assert dict(answers[key(1)]) == {"state": "ready", "words": "1 shirt, score 0.50"}
    assert rgba(overlays.png(pictures[1])).shape == (SIDE, SIDE, 4)
    with pytest.raises(DataError, match="no mask"):
        overlays.png(pictures[2])
    assert finder.found(key(2)) is None


def test_an_annotation_goes_before_the_model(tmp_path: Path, start: Starter) -> None:
    picture = add_picture(tmp_path, 3)
    annotate(picture, "deepfashion2")
    overlays = Overlays(start(lambda: find_by_number))
    assert overlays.prepare([picture])[picture.sha256]["words"] == "2 shirts, annotated"


def test_a_picture_that_cannot_be_decoded_does_not_stop_the_model(tmp_path: Path, start: Starter) -> None:
    pictures = (add_picture(tmp_path, 0), add_picture(tmp_path, 1))
    pictures[0].path.write_bytes(b"no picture")
    overlays = Overlays(finder := start(lambda: find_by_number, pictures))
    wait_for(lambda: finder.scores() == {key(1): 0.5})
    assert "could not look" in overlays.prepare(pictures)[key(0)]["words"]


def test_a_model_that_cannot_be_loaded_is_said(tmp_path: Path, start: Starter) -> None:
    def load() -> MaskFinder:
        raise ModelError("the weights are damaged")

    overlays = Overlays(finder := start(load))
    wait_for(lambda: finder.failure)
    answer = overlays.prepare([add_picture(tmp_path)])[key(0)]
    assert answer["state"] == "none" and "the weights are damaged" in answer["words"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_model_that_breaks_is_said_too(tmp_path: Path, start: Starter) -> None:
    def find(image: NDArray[np.uint8]) -> Shirts:
        raise ZeroDivisionError

    finder = start(lambda: find, (add_picture(tmp_path),))
    wait_for(lambda: finder.failure)
    assert "unexpectedly" in finder.failure


def test_closing_ends_the_thread_at_once(tmp_path: Path, start: Starter) -> None:
    finder = start(lambda: find_by_number)
    finder.close()
    assert not finder._thread.is_alive()


@pytest.mark.slow
def test_what_mask_rcnn_detects_is_what_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tryon.models import mask_rcnn

    probs = np.stack([np.full((SIDE, SIDE), 0.4, np.float32), np.full((SIDE, SIDE), 0.6, np.float32)])
    detections = mask_rcnn.Detections(np.zeros((2, 4), np.float32), np.array([0.9, 0.8]), np.ones(2, np.int32), probs)

    class OneAnswer:
        def predict(self, images: list[NDArray[np.uint8]]) -> list[mask_rcnn.Detections]:
            return [detections for _ in images]

    monkeypatch.setattr(mask_rcnn, "load_predictor", {tmp_path: OneAnswer()}.__getitem__)
    found = load_mask_rcnn(tmp_path)(np.zeros((SIDE, SIDE, 3), np.uint8))
    assert found.scores.tolist() == [0.9, 0.8]
    assert [bool(mask.all()) for mask in found.masks] == [False, True] and found.masks.dtype == bool
