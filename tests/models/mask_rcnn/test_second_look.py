"""The second look: windows, their way back into the photo, and mirrored views that agree with straight ones."""

from typing import Any

import numpy as np
import pytest

from tests.models.mask_rcnn.mask_rcnn_cases import tiny
from tryon.geometry.landmarks import SHORT_SLEEVE_TOP, flip

pytestmark = pytest.mark.slow
SIDE = 64


def perfect(square: np.ndarray) -> dict[str, np.ndarray]:
    """What a perfect network would say of a red rectangle: its box, and a mask that fills it."""
    red = square[..., 0].astype(int) - square[..., 1] > 100
    boxes = np.zeros((int(red.any()), 4), np.float32)
    if red.any():
        rows, columns = np.flatnonzero(red.any(1)), np.flatnonzero(red.any(0))
        boxes[0] = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    masks = np.zeros((len(boxes), 8, 8), np.float32)
    masks[:] = np.linspace(1, 0.6, 8)[None, :]  # fades to the right, so that mirroring shows
    return {"boxes": boxes, "class_ids": np.ones(len(boxes), int), "masks": masks, "mask_boxes": boxes}


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
    assert np.allclose(seen.box, box, atol=1.0) and np.array_equal(seen.box, seen.region)
    assert (seen.mask[0, 0] > seen.mask[0, -1]) != mirrored
    assert seen.landmarks is None


def with_landmarks(square: np.ndarray) -> dict[str, np.ndarray]:
    """What a perfect network with a landmark head would say: the left shoulder and the two ends of the hem at the
    box's corners."""
    out = perfect(square)
    out["landmarks"] = np.zeros((len(out["boxes"]), 25, 4), np.float32)
    if not len(out["boxes"]):
        return out
    x1, y1, x2, y2 = out["boxes"][0]
    out["landmarks"][0, :, 2:] = (1.0, 0.25)
    for place, x, y in (("shoulder_left", x1, y1), ("hem_left", x1, y2 - 1), ("hem_right", x2 - 1, y2 - 1)):
        out["landmarks"][0, SHORT_SLEEVE_TOP.index(place)] = (x, y, 0.9, 0.75)
    return out


@pytest.mark.parametrize("mirrored", [False, True])
def test_landmarks_that_are_seen_land_where_they_are(mirrored: bool) -> None:
    from tryon.models.mask_rcnn.second_look import same_instance, window_round

    photo, box = photo_with_rectangle()
    window = window_round(box, 0.3, SIDE)
    view = window.cut(photo, 100)
    seen = same_instance(with_landmarks(view[:, ::-1] if mirrored else view), window, box, mirrored)
    assert seen is not None and seen.landmarks is not None and seen.landmarks.shape == (25, 4)
    # Seen mirrored, the point on the left is the right shoulder of the straight photo.
    shoulder, corner = ("shoulder_right", (109, 30)) if mirrored else ("shoulder_left", (70, 30))
    for name, place in ((shoulder, corner), ("hem_left", (70, 59)), ("hem_right", (109, 59))):
        landmark = seen.landmarks[SHORT_SLEEVE_TOP.index(name)]
        assert np.allclose(landmark[:2], place, atol=1.0) and np.allclose(landmark[2:], (0.9, 0.75))


def test_an_instance_that_is_not_seen_again_is_none() -> None:
    from tryon.models.mask_rcnn.second_look import same_instance, window_round

    photo, box = photo_with_rectangle()
    window = window_round(box, 0.3, SIDE)
    assert same_instance(perfect(np.zeros((SIDE, SIDE, 3), np.uint8)), window, box, False) is None
    other = np.array([0, 0, 20, 20], np.float32)
    assert same_instance(perfect(window.cut(photo, 100)), window, other, False) is None


def with_score(said: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {**said, "scores": np.full(len(said["boxes"]), 0.9, np.float32)}


def predictor_that_sees(monkeypatch: pytest.MonkeyPatch, see: Any = perfect, **changes: Any) -> Any:
    from tryon.models.mask_rcnn import Predictor, build_mask_rcnn

    predictor = Predictor(build_mask_rcnn(tiny(**changes), 1))

    def detect(images: np.ndarray, windows: np.ndarray, min_score: float = 0.0) -> list[dict[str, np.ndarray]]:
        assert min_score <= 0.9
        return [with_score(see(image)) for image in images]

    monkeypatch.setattr(predictor._detector, "detect", detect)
    return predictor


def test_both_views_are_averaged_at_the_photos_size(monkeypatch: pytest.MonkeyPatch) -> None:
    photo, box = photo_with_rectangle()
    (found,) = predictor_that_sees(monkeypatch).predict([photo])
    assert len(found) == 1 and np.allclose(found.boxes[0], box, atol=1.0) and found.scores[0] == pytest.approx(0.9)
    inside = found.mask_probs[0, 40:50, 80:100]
    assert np.allclose(inside, 0.8, atol=0.03)  # the fading of the mirrored view cancels that of the straight one


def test_landmarks_of_both_views_are_averaged(monkeypatch: pytest.MonkeyPatch) -> None:
    photo, _ = photo_with_rectangle()
    (found,) = predictor_that_sees(monkeypatch, with_landmarks, landmarks=True).predict([photo])
    assert found.landmarks.shape == (1, 25, 3) and found.visible.shape == (1, 25)
    hem = [SHORT_SLEEVE_TOP.index(name) for name in ("hem_left", "hem_right")]
    assert np.allclose(found.landmarks[0, hem], [(70, 59, 0.9), (109, 59, 0.9)], atol=1.0)
    assert np.allclose(found.visible[0, hem], 0.75)
    # Each view names another shoulder, so that each is seen by one view in two.
    shoulder = SHORT_SLEEVE_TOP.index("shoulder_left")
    assert found.visible[0, shoulder] == pytest.approx(0.5) and found.landmarks[0, shoulder, 2] == pytest.approx(0.95)


@pytest.mark.parametrize("second_look", [False, True])
def test_a_mirrored_photo_has_mirrored_landmarks(monkeypatch: pytest.MonkeyPatch, second_look: bool) -> None:
    """The ends of the hem exchange their places, whatever the network says of left and right."""
    photo, _ = photo_with_rectangle()
    predictor = predictor_that_sees(monkeypatch, with_landmarks, landmarks=True, second_look=second_look)
    straight, mirrored = predictor.predict([photo, np.ascontiguousarray(photo[:, ::-1])])
    hem = [SHORT_SLEEVE_TOP.index(name) for name in ("hem_left", "hem_right")]
    back = flip(mirrored.landmarks[0], photo.shape[1])
    assert np.allclose(back[hem], straight.landmarks[0, hem], atol=1.0)


def test_without_a_landmark_head_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    photo, _ = photo_with_rectangle()
    (found,) = predictor_that_sees(monkeypatch).predict([photo])
    assert found.landmarks is None and found.visible is None


def test_the_whole_predictor_gives_landmarks_of_its_own() -> None:
    """An untrained network, all of it: shapes, ranges, and nothing where nothing is found."""
    from tryon.models.mask_rcnn import Predictor, build_mask_rcnn

    photos = [photo_with_rectangle()[0], np.zeros((40, 40, 3), np.uint8)]
    predictor = Predictor(build_mask_rcnn(tiny(landmarks=True, min_confidence=0.1), 1), min_confidence=0.1)
    for found in predictor.predict(photos):
        assert found.landmarks.shape == (len(found), 25, 3) and found.visible.shape == (len(found), 25)
        assert np.isfinite(found.landmarks).all() and found.landmarks.dtype == np.float32
        assert ((found.landmarks[..., 2] >= 0) & (found.landmarks[..., 2] <= 1 + 1e-6)).all()
        assert (found.visible <= found.landmarks[..., 2] + 1e-6).all()


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


def test_a_glance_has_the_scores_of_both_looks_and_takes_one(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []

    def see(square: np.ndarray) -> dict[str, np.ndarray]:
        shown.append(square)
        return perfect(square)

    photos = [photo_with_rectangle()[0]] * 9
    predictor = predictor_that_sees(monkeypatch, see)
    glanced = predictor.glance(photos)
    seen_at_a_glance = len(shown)
    looked = predictor.predict(photos)
    assert [found.scores.tolist() for found in glanced] == [found.scores.tolist() for found in looked]
    assert len(glanced) == 9 and seen_at_a_glance < (len(shown) - seen_at_a_glance) / 2
    assert predictor.glance([]) == []


def test_a_window_rises_to_the_face_and_keeps_its_side() -> None:
    from tryon.models.mask_rcnn.second_look import window_round

    box = np.array([40, 60, 90, 140], np.float32)
    level, risen = (window_round(box, 0.25, 64, rise) for rise in (0.0, 0.1))
    assert level.side == risen.side == 120 and level.left == risen.left and level.top - risen.top == 12
    narrow = window_round(box, 0.0, 64, 0.1)
    assert narrow.side == 100 and narrow.top + narrow.side >= 140, "the hem is in it, however small the margin"


def test_a_mirrored_views_face_has_its_own_left_again() -> None:
    from tryon.models.mask_rcnn.second_look import same_instance, window_round

    photo, box = photo_with_rectangle()
    window = window_round(box, 0.25, SIDE)
    out = perfect(window.cut(photo, 0)[:, ::-1])
    out["landmarks"] = np.zeros((1, 30, 4), np.float32)
    out["landmarks"][0, 25:, 0] = [
        30,
        20,
        40,
        10,
        50,
    ]  # nose, left eye, right eye, left ear, right ear as seen mirrored
    seen = same_instance(out, window, box, mirrored=True)
    assert seen is not None and seen.landmarks is not None
    columns = (seen.landmarks[25:, 0] - window.left + 0.5) * SIDE / window.side - 0.5
    assert np.allclose(columns, [33, 23, 43, 13, 53], atol=0.1)


def test_faces_come_behind_the_landmarks_and_only_where_they_are_looked_for() -> None:
    from tryon.models.mask_rcnn import build_mask_rcnn
    from tryon.models.mask_rcnn.predictor import Detections, Predictor

    network = build_mask_rcnn(tiny(landmarks=True, face=True, min_confidence=0.1), 1)
    pictures = [np.random.default_rng(1).integers(0, 255, (80, 60, 3)).astype(np.uint8)]
    for found in Predictor(network, min_confidence=0.0).predict(pictures):
        assert found.points.shape == (len(found), 30, 4) and found.face.shape == (len(found), 5, 3)
        assert found.landmarks.shape == (len(found), 25, 3) and found.visible.shape == (len(found), 25)
        assert np.array_equal(found.face, found.points[:, 25:, :3])
    plain = Detections(*(np.zeros(0) for _ in range(3)), mask_probs=np.zeros((0, 2, 2)), points=np.zeros((0, 25, 4)))
    assert plain.face is None and plain.landmarks.shape == (0, 25, 3)
