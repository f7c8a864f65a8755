"""The second look: windows, their way back into the photo, and mirrored views that agree with straight ones."""

from typing import Any

import numpy as np
import pytest

from tests.models.mask_rcnn.mask_rcnn_cases import tiny

pytestmark = pytest.mark.slow
SIDE = 64


def perfect(square: np.ndarray) -> dict[str, np.ndarray]:
    """What a perfect network would say of a red rectangle: its box, and a mask that fills it."""
    red = square[..., 0].astype(int) - square[..., 1] > 100
    boxes = np.zeros((2, 4), np.float32)
    if red.any():
        rows, columns = np.flatnonzero(red.any(1)), np.flatnonzero(red.any(0))
        boxes[0] = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    masks = np.zeros((2, 8, 8), np.float32)
    masks[0] = np.linspace(1, 0.6, 8)[None, :]  # fades to the right, so that mirroring shows
    return {"boxes": boxes, "class_ids": np.array([int(red.any()), 0]), "masks": masks, "mask_boxes": boxes}


def photo_with_rectangle() -> tuple[np.ndarray, np.ndarray]:
    photo = np.full((90, 120, 3), 100, np.uint8)
    photo[30:60, 70:110] = (220, 20, 20)
    return photo, np.array([70, 30, 110, 60], np.float32)


def test_the_window_is_square_round_the_box_and_may_leave_the_photo() -> None:
    from tryon.models.mask_rcnn.second_look import window_round

    photo, box = photo_with_rectangle()
    window = window_round(box, 0.25, SIDE)
    assert (window.left, window.top, window.side) == (60, 15, 60)
    view = window.cut(photo, 0)
    assert view.shape == (SIDE, SIDE, 3) and view[32, 32].tolist() == [220, 20, 20]
    beyond = window_round(np.array([100, 0, 130, 30], np.float32), 0.5, SIDE).cut(photo, 7)
    assert beyond[0, 0].tolist() == [7, 7, 7] and beyond[-1, 0].tolist() != [7, 7, 7]


@pytest.mark.parametrize("mirrored", [False, True])
def test_what_is_seen_lands_where_it_is(mirrored: bool) -> None:
    from tryon.models.mask_rcnn.second_look import same_instance, window_round

    photo, box = photo_with_rectangle()
    window = window_round(box, 0.3, SIDE)
    view = window.cut(photo, 100)
    seen = same_instance(perfect(view[:, ::-1] if mirrored else view), window, box, mirrored)
    assert seen is not None
    found, mask, region = seen
    assert np.allclose(found, box, atol=1.0) and np.array_equal(found, region)
    assert (mask[0, 0] > mask[0, -1]) != mirrored


def test_an_instance_that_is_not_seen_again_is_none() -> None:
    from tryon.models.mask_rcnn.second_look import same_instance, window_round

    photo, box = photo_with_rectangle()
    window = window_round(box, 0.3, SIDE)
    assert same_instance(perfect(np.zeros((SIDE, SIDE, 3), np.uint8)), window, box, False) is None
    other = np.array([0, 0, 20, 20], np.float32)
    assert same_instance(perfect(window.cut(photo, 100)), window, other, False) is None


def predictor_that_sees(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Any:
    from tryon.models.mask_rcnn import Predictor, build_mask_rcnn

    predictor = Predictor(build_mask_rcnn(tiny(**changes), 1))

    def say(squares: list[np.ndarray], windows: list[np.ndarray]) -> list[dict[str, np.ndarray]]:
        return [{**perfect(square), "scores": np.array([0.9, 0.0], np.float32)} for square in squares]

    monkeypatch.setattr(predictor, "_say", say)
    return predictor


def test_both_views_are_averaged_at_the_photos_size(monkeypatch: pytest.MonkeyPatch) -> None:
    photo, box = photo_with_rectangle()
    (found,) = predictor_that_sees(monkeypatch).predict([photo])
    assert len(found) == 1 and np.allclose(found.boxes[0], box, atol=1.0) and found.scores[0] == pytest.approx(0.9)
    inside = found.mask_probs[0, 40:50, 80:100]
    assert np.allclose(inside, 0.8, atol=0.03)  # the fading of the mirrored view cancels that of the straight one


def test_doubtful_detections_keep_their_first_look(monkeypatch: pytest.MonkeyPatch) -> None:
    photo, _ = photo_with_rectangle()
    predictor = predictor_that_sees(monkeypatch, min_confidence=0.95)
    predictor.min_confidence = 0.1
    (found,) = predictor.predict([photo])
    assert len(found) == 1 and found.mask_probs[0, 45, 72] > found.mask_probs[0, 45, 107] + 0.2


def test_one_look_is_enough_where_it_is_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    photo, _ = photo_with_rectangle()
    (found,) = predictor_that_sees(monkeypatch, second_look=False).predict([photo])
    assert found.mask_probs[0, 45, 72] > found.mask_probs[0, 45, 107] + 0.2
