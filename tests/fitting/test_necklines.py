"""Collars: a round band comes to a V neck, by the worn edge and the lying band; landmarks may be wrong."""

import cv2
import numpy as np
import pytest

from tests.fitting.test_alignment import frame, shirt
from tryon.fitting.alignment import align
from tryon.fitting.frames import Frame
from tryon.fitting.garment_cloth import place_cloth
from tryon.fitting.necklines import NecklineFrame, with_collar
from tryon.fitting.posing import COLLAR, LEFT_SLEEVE, TORSO, Source, find_pose
from tryon.fitting.segments import Segment
from tryon.geometry.landmarks import SHORT_SLEEVE_TOP
from tryon.images.patterns import measure_look

NECK = ("neck_left", "neck_front_left", "neck_front_middle", "neck_front_right", "neck_right")
ROUND = ((-8.0, -3.4), (-6.0, 2.2), (0.0, 4.5), (6.0, 2.2), (8.0, -3.4))
V = ((-8.0, -3.4), (-4.0, 2.3), (0.0, 8.0), (4.0, 2.3), (8.0, -3.4))
NAVY, WHITE, GREY, GROUND = (
    np.array(colour, np.uint8) for colour in ((30, 40, 90), (230, 230, 225), (120,) * 3, (90, 140, 90))
)
BAND_CM = 1.8


def collared(of: Frame, neck: tuple[tuple[float, float], ...], source: Source, cloth: np.ndarray = WHITE) -> Segment:
    """A shirt with a navy band along its neckline; of a lying one the inside of the back is seen."""
    mask, landmarks = shirt(of, source)
    line = np.stack(of.to_picture(*np.array(neck, np.float32).T), axis=1)
    for name, point in zip(NECK, line, strict=True):
        landmarks[SHORT_SLEEVE_TOP.index(name)] = (*point, 1)
    opening = np.zeros(mask.shape, np.uint8)
    top = np.array([[line[-1, 0], 0], [line[0, 0], 0]])
    cv2.fillPoly(opening, [np.rint(np.vstack([line, top])).astype(np.int32)], 1)
    band = np.zeros(mask.shape, np.uint8)
    cv2.polylines(band, [np.rint(line).astype(np.int32)], False, 1, round(2 * BAND_CM * of.scale))
    if source == "worn":
        mask = mask & (opening == 0)
    picture = np.where(mask[..., None], cloth, GROUND)
    picture[mask & (band > 0)] = NAVY
    picture[mask & (opening > 0)] = GREY
    look = measure_look(picture, mask)
    return Segment(mask, 0.99, look, np.zeros((32, 3), np.float32), picture, landmarks, None)


def collar_of(one: Segment, source: Source) -> NecklineFrame:
    found = with_collar(find_pose(one.mask, one.landmarks, source), one, source).frames[COLLAR]
    assert isinstance(found, NecklineFrame)
    return found


def test_a_round_collar_comes_to_a_v_neck() -> None:
    """The band is navy all along the V, and the chest below it has no second one."""
    worn, garment = collared(frame(), V, "worn"), collared(frame(2.5, 4), ROUND, "lying")
    placed = place_cloth(worn, garment)
    x, y = (values.astype(np.float32) for values in np.mgrid[-12:13, -2:25])
    u, v = (np.rint(values).astype(int) for values in frame().to_picture(x, y))
    dark = (placed.colours.mean(axis=-1) < 0.4)[v, u] & placed.known[v, u]
    distance = (y - np.interp(x, *np.array(V).T)) * np.cos(np.arctan2(5.7, 4.0))  # from the sides of the V
    on_band, on_chest = (distance > 0.4) & (distance < 1.3) & (np.abs(x) < 7), (distance > 3) & (np.abs(x) < 12)
    assert dark[on_band].mean() > 0.9
    assert dark[on_chest].mean() < 0.02


@pytest.mark.parametrize("source", ["worn", "lying"])
def test_wrong_landmarks_are_set_right_by_the_picture(source: Source) -> None:
    """A worn neckline is where the mask begins, a lying one above the band that is seen."""
    true = collared(frame(), ROUND, source)
    moved = true.landmarks.copy()
    moved[[SHORT_SLEEVE_TOP.index(name) for name in NECK[1:4]], 1] += (1.0, 3.5, 1.0)
    wrong = Segment(true.mask, true.score, true.look, true.palette, true.picture, moved, None)
    line = np.stack(frame().to_picture(*np.array(ROUND, np.float32).T), axis=1)
    middle = collar_of(wrong, source).line[32]
    assert abs(middle[1] - line[2, 1]) < 2.0


def test_the_inside_of_the_back_is_no_cloth_and_the_rest_stays() -> None:
    garment = collared(frame(), ROUND, "lying")
    pose = find_pose(garment.mask, garment.landmarks, "lying")
    pieces = with_collar(pose, garment, "lying").pieces
    inside = (garment.picture == GREY).all(axis=-1)
    assert (pieces[inside] == 0).mean() > 0.9
    assert set(np.unique(pieces[(pose.pieces == TORSO) & (pieces != TORSO)])) == {0, COLLAR}
    assert ((pieces == LEFT_SLEEVE) == (pose.pieces == LEFT_SLEEVE)).all()


@pytest.mark.parametrize("change", ["unknown", "crossed"])
def test_without_a_neckline_the_collar_is_part_of_the_torso(change: str) -> None:
    garment = collared(frame(), ROUND, "lying")
    landmarks = garment.landmarks.copy()
    left, right = (SHORT_SLEEVE_TOP.index(name) for name in (NECK[1], NECK[3]))
    if change == "unknown":
        landmarks[left, 2] = 0
    else:
        landmarks[[left, right]] = landmarks[[right, left]]
    other = Segment(garment.mask, garment.score, garment.look, garment.palette, garment.picture, landmarks, None)
    pose = with_collar(find_pose(other.mask, other.landmarks, "lying"), other, "lying")
    assert COLLAR not in pose.frames and not (pose.pieces == COLLAR).any()
    worn = collared(frame(), ROUND, "worn")
    wearing = with_collar(find_pose(worn.mask, worn.landmarks, "worn"), worn, "worn")
    found = align(wearing, pose)
    band = wearing.pieces == COLLAR
    assert band.any() and found.known[band].mean() > 0.5, "it is laid on as torso"
