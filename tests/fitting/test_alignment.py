"""Where the garment shows what the worn shirt should: known frames are found again, in every way a shirt can lie."""

from typing import Any

import cv2
import numpy as np
import pytest

from tryon.fitting import posing
from tryon.fitting.alignment import align
from tryon.fitting.frames import Frame, RoundFrame
from tryon.fitting.posing import LEFT_SLEEVE, TORSO, Pose, Source, find_pose
from tryon.fitting.settling import FACE_NAMES
from tryon.geometry.landmarks import FLIP_ORDER, SHORT_SLEEVE_TOP

SIZE = 300


def frame(scale: float = 3.0, degrees: float = 0.0, origin: tuple[float, float] = (150, 60)) -> Frame:
    angle = np.deg2rad(degrees)
    return Frame(np.array(origin, float), scale * np.array([np.cos(angle), np.sin(angle)]))


def shirt(of: Frame, source: Source = "worn") -> tuple[np.ndarray, np.ndarray]:
    """Mask and landmarks (25, 3) of a shirt with every landmark at its place, its sleeves hanging at 45 degrees."""
    cm = {}
    for name, (x, y, _, _) in posing._PLACES[source].items():
        both = {name: 1} if name in SHORT_SLEEVE_TOP else {f"{name}_left": -1, f"{name}_right": 1}
        cm |= {each: (sign * x, y) for each, sign in both.items()}
    for sign, side in ((-1, "left"), (1, "right")):
        (sx, sy), (ax, ay) = cm[f"shoulder_{side}"], cm[f"armpit_{side}"]
        step = 9.0
        cm[f"cuff_outer_{side}"], cm[f"cuff_inner_{side}"] = (
            (sx + sign * step, sy + step),
            (ax + sign * step, ay + step),
        )
        cm[f"sleeve_outer_{side}"] = (sx + sign * step / 2, sy + step / 2)
        cm[f"sleeve_inner_{side}"] = (ax + sign * step / 2, ay + step / 2)
    order = ("shoulder", "sleeve_outer", "cuff_outer", "cuff_inner", "sleeve_inner", "armpit", "side_lower", "hem")
    around = ["neck_left", *(f"{n}_left" for n in order), *(f"{n}_right" for n in reversed(order)), "neck_right"]
    points = {name: np.array(of.to_picture(*(np.float32(value) for value in place))) for name, place in cm.items()}
    mask = np.zeros((SIZE, SIZE), np.uint8)
    cv2.fillPoly(mask, [np.rint([points[name] for name in around]).astype(np.int32)], 1)
    landmarks = np.zeros((25, 3), np.float32)
    for index, name in enumerate(SHORT_SLEEVE_TOP):
        if name in points:
            landmarks[index] = (*points[name], 1)
    return mask.astype(bool), landmarks


def face(of: Frame, turned: float = 0.0) -> np.ndarray:
    """The wearer's face (5, 3) at its place, the nose so many centimetres beside the middle."""
    rows = []
    for name in FACE_NAMES:
        kind, _, side = name.partition("_")
        x, y, _, _ = posing._PLACES["worn"][kind]
        x = turned if kind == "nose" else -x if side == "left" else x
        rows.append((*of.to_picture(np.float32(x), np.float32(y)), 1.0))
    return np.array(rows, np.float32)


def flat(of: Frame) -> Frame:
    """A frame that is not bent round the body."""
    return Frame(of.origin, of.across)


def difference_cm(one: Frame, other: Frame) -> float:
    """The largest distance between two frames over the torso, both taken for flat, in centimetres."""
    one, other = flat(one), flat(other)
    x, y = (part.astype(np.float32) for part in np.meshgrid(np.arange(-16, 17, 4), np.arange(0, 56, 5)))
    (ax, ay), (bx, by) = one.to_picture(x, y), other.to_picture(x, y)
    return float(np.hypot(ax - bx, ay - by).max()) / one.scale


def test_a_frame_brings_points_there_and_back() -> None:
    tilted = frame(2.5, 20)
    x, y = np.array([3, -7], np.float32), np.array([10, 40], np.float32)
    there = tilted.to_picture(x, y)
    assert np.allclose(tilted.to_cloth(*there), (x, y), atol=1e-4)
    assert np.isclose(tilted.scale, 2.5) and np.isclose(tilted.along @ tilted.across, 0)
    assert np.allclose(tilted.to_picture(np.float32(0), np.float32(2)), tilted.origin + 2 * tilted.along, atol=1e-4)


@pytest.mark.parametrize("source", ["worn", "lying"])
@pytest.mark.parametrize(("scale", "degrees"), [(3.0, 0.0), (2.0, 6.0), (3.5, -8.0)])
def test_the_frame_of_a_shirt_is_found_again(source: Source, scale: float, degrees: float) -> None:
    true = frame(scale, degrees)
    pose = find_pose(*shirt(true, source), source)
    assert pose.method == "landmarks" and set(pose.frames) == {1, 2, 3}
    assert difference_cm(pose.frames[TORSO], true) < 0.8


def test_one_wrong_landmark_moves_little_and_the_hem_counts_less_than_the_neck() -> None:
    mask, landmarks = shirt(frame())
    moved = {}
    for name in ("neck_left", "hem_left"):
        wrong = landmarks.copy()
        wrong[SHORT_SLEEVE_TOP.index(name), 1] += 9  # 3 cm
        moved[name] = find_pose(mask, wrong, "worn").frames[TORSO]
    origin = find_pose(mask, landmarks, "worn").frames[TORSO]
    shift = {name: abs(float(each.to_cloth(*origin.origin.astype(np.float32))[1])) for name, each in moved.items()}
    assert shift["hem_left"] < shift["neck_left"] < 1.5


def test_the_face_tells_how_large_a_shirt_is_that_is_longer_than_most() -> None:
    """Its sides and hem lie a tenth lower than on other shirts: without the face it is taken for a larger one."""
    mask, landmarks = shirt(frame())
    for name in ("armpit", "side_upper", "side_lower", "hem"):
        for side in ("left", "right"):
            row = SHORT_SLEEVE_TOP.index(f"{name}_{side}")
            landmarks[row, 1] = 60 + (landmarks[row, 1] - 60) * 1.1
    without, told = (find_pose(mask, landmarks, "worn", given).frames[TORSO] for given in (None, face(frame())))
    assert without.scale > 3.05 and abs(told.scale - 3) < 0.9 * (without.scale - 3)
    doubtful = face(frame()) * np.array([1, 1, 0.4], np.float32)
    assert find_pose(mask, landmarks, "worn", doubtful).frames[TORSO].scale == without.scale


def test_a_face_alone_is_no_shirt_and_one_at_the_rim_is_not_trusted() -> None:
    mask, landmarks = shirt(frame())
    assert find_pose(mask, None, "worn", face(frame())).method == "box"
    without = find_pose(mask, landmarks, "worn").frames[TORSO]
    at_rim = face(frame())
    at_rim[:, 1] = 0.02 * SIZE
    assert np.array_equal(find_pose(mask, landmarks, "worn", at_rim).frames[TORSO].across, without.across)


def test_landmarks_of_the_sides_that_cross_bend_nothing() -> None:
    mask, landmarks = shirt(frame())
    for name in ("armpit", "side_upper", "side_lower", "hem"):
        left, right = (SHORT_SLEEVE_TOP.index(f"{name}_{side}") for side in ("left", "right"))
        landmarks[left, 0] = landmarks[right, 0] = 150
    assert not isinstance(find_pose(mask, landmarks, "worn").frames[TORSO], RoundFrame)


def test_a_mirrored_body_is_round_the_other_way_and_a_wild_collar_turns_it_only_so_far() -> None:
    mask, landmarks = shirt(frame(origin=((SIZE - 1) / 2, 60.0)))
    row = SHORT_SLEEVE_TOP.index("neck_front_middle")
    landmarks[row] = ((SIZE - 1) / 2 + 6, 72, 1)
    body = find_pose(mask, landmarks, "worn").frames[TORSO]
    other = find_pose(mask[:, ::-1], mirrored_landmarks(landmarks), "worn").frames[TORSO]
    x, y = (part.astype(np.float32) for part in np.meshgrid(np.arange(95, 206, 5), np.arange(110, 211, 20)))
    assert np.allclose(body.to_cloth(x, y)[0], -other.to_cloth(SIZE - 1 - x, y)[0], atol=1e-3)
    landmarks[row, 0] = SIZE - 1
    wild = find_pose(mask, landmarks, "worn").frames[TORSO]
    assert isinstance(wild, RoundFrame) and wild.turn < 0.7 * (wild.sides[0, 2] - wild.sides[0, 1]) / 2


def mirrored_landmarks(landmarks: np.ndarray) -> np.ndarray:
    """Those of the mirrored picture, absent ones too."""
    mirrored = landmarks[FLIP_ORDER].copy()
    mirrored[:, 0] = SIZE - 1 - mirrored[:, 0]
    return mirrored


def test_cloth_goes_round_the_body_and_comes_back() -> None:
    mask, landmarks = shirt(frame())
    body = find_pose(mask, landmarks, "worn", face(frame())).frames[TORSO]
    assert isinstance(body, RoundFrame)
    x, y = (part.astype(np.float32) for part in np.meshgrid(np.arange(100, 201, 5), np.arange(110, 211, 20)))
    along, down = body.to_cloth(x, y)
    assert np.allclose(body.to_picture(along, down), (x, y), atol=0.05)
    steps = np.diff(along[2])
    assert steps[0] > 1.15 * steps[10] and steps[-1] > 1.15 * steps[10], "more cloth towards the sides"
    assert np.abs(along[:, 10]).max() < 0.3, "seen from the front its middle is the body's"
    assert not isinstance(find_pose(*shirt(frame(), "lying"), "lying").frames[TORSO], RoundFrame)


@pytest.mark.parametrize("turned", [-3.0, 3.0])
def test_the_front_turns_with_collar_and_face(turned: float) -> None:
    mask, landmarks = shirt(frame())
    row = SHORT_SLEEVE_TOP.index("neck_front_middle")
    landmarks[row] = (*frame().to_picture(np.float32(turned), np.float32(4)), 1)
    by_collar = find_pose(mask, landmarks, "worn").frames[TORSO]
    by_both = find_pose(mask, landmarks, "worn", face(frame(), turned)).frames[TORSO]
    assert isinstance(by_collar, RoundFrame) and isinstance(by_both, RoundFrame)
    assert 0.7 < by_collar.turn / turned < 1.2 < by_both.turn / turned < 2.2


def test_a_body_whose_sides_are_not_seen_stays_flat() -> None:
    mask, landmarks = shirt(frame())
    for index, name in enumerate(SHORT_SLEEVE_TOP):
        if name.endswith("_right") and not name.startswith(("neck", "shoulder")):
            landmarks[index, 2] = 0
    pose = find_pose(mask, landmarks, "worn")
    assert pose.method == "landmarks" and not isinstance(pose.frames[TORSO], RoundFrame)


def test_without_trusted_landmarks_the_box_is_used_and_said_so() -> None:
    mask, landmarks = shirt(frame())
    doubtful = landmarks * np.array([1, 1, 0.4], np.float32)
    for given in (None, doubtful):
        pose = find_pose(mask, given, "worn")
        assert pose.method == "box" and list(pose.frames) == [TORSO]
        assert difference_cm(pose.frames[TORSO], frame()) < 3
        assert np.array_equal(pose.pieces > 0, mask)
    few = landmarks.copy()
    few[3:, 2] = 0
    assert find_pose(mask, few, "worn").method == "box"


def test_a_shirt_cut_off_by_the_picture_is_no_shorter_for_it() -> None:
    mask, landmarks = shirt(frame())
    cut_at = 170
    landmarks[landmarks[:, 1] >= cut_at, 2] = 0
    pose = find_pose(mask[:cut_at], landmarks, "worn")
    assert difference_cm(pose.frames[TORSO], frame()) < 1.5


def test_pieces_are_the_sleeves_beside_the_torso() -> None:
    mask, landmarks = shirt(frame())
    pose = find_pose(mask, landmarks, "worn")
    cuff = landmarks[SHORT_SLEEVE_TOP.index("sleeve_outer_left"), :2].astype(int)
    assert pose.pieces[cuff[1] + 3, cuff[0] + 3] == LEFT_SLEEVE
    assert pose.pieces[150, 150] == TORSO
    assert np.array_equal(pose.pieces > 0, mask)


def test_equal_shirts_show_the_same_place_and_a_larger_one_a_scaled_one() -> None:
    here, there = frame(2.0, 0, (120, 50)), frame(3.0, 5, (150, 60))
    worn, lying = find_pose(*shirt(here), "worn"), find_pose(*shirt(there), "worn")
    same = align(worn, worn)
    rows, columns = np.nonzero(same.known)
    assert same.known.sum() > 0.97 * (worn.pieces > 0).sum() and same.scale == pytest.approx(1)
    assert np.allclose(same.x[rows, columns], columns, atol=1e-2) and np.allclose(
        same.y[rows, columns], rows, atol=1e-2
    )
    other = align(worn, lying)
    torso = other.known & (worn.pieces == TORSO)
    rows, columns = np.nonzero(torso)
    wanted = there.to_picture(*here.to_cloth(columns.astype(np.float32), rows.astype(np.float32)))
    assert np.abs(other.x[torso] - wanted[0]).max() < 3 and np.abs(other.y[torso] - wanted[1]).max() < 3
    assert other.scale == pytest.approx(1.5, rel=0.02) and other.method == "landmarks"


def test_what_the_garment_does_not_show_comes_from_a_whole_repeat_beside() -> None:
    worn = find_pose(*shirt(frame()), "worn")
    half: Any = worn.pieces.copy()
    half[140:] = 0  # the garment's lower part is not seen
    cropped = Pose(worn.frames, half, "landmarks")
    assert not align(worn, cropped).known[150:].any()
    repeated = align(worn, cropped, np.array([[0.0, 30.0]]))
    rows, columns = np.nonzero(repeated.known)
    shift = rows - repeated.y[rows, columns]
    assert repeated.known[150, 150] and repeated.y[150, 150] == pytest.approx(120, abs=0.1)
    torso = worn.pieces[rows, columns] == TORSO
    assert np.abs(shift[torso] / 30 - np.rint(shift[torso] / 30)).max() < 1e-2


def test_of_two_ways_to_repeat_the_shortest_sum_is_taken() -> None:
    worn = find_pose(*shirt(frame()), "worn")
    half: Any = worn.pieces.copy()
    half[140:] = 0
    repeated = align(worn, Pose(worn.frames, half, "landmarks"), np.array([[8.0, 12.0], [-8.0, 12.0]]))
    x, y = (float(each[146, 150]) for each in (repeated.x, repeated.y))
    assert repeated.known[146, 150] and y == pytest.approx(134, abs=0.1) and abs(x - 150) == pytest.approx(8, abs=0.1)
    assert repeated.y[160, 150] == pytest.approx(136, abs=0.1) and repeated.x[160, 150] == pytest.approx(150, abs=0.1)


def test_a_box_in_one_of_the_pictures_makes_it_a_box() -> None:
    mask, landmarks = shirt(frame())
    assert align(find_pose(mask, landmarks, "worn"), find_pose(mask, None, "lying")).method == "box"


def test_a_box_does_not_turn_with_an_arm_at_one_side_of_the_body() -> None:
    mask, _ = shirt(frame())
    mask[120:210, 200:230] = True  # an arm in the mask
    found = find_pose(mask, None, "worn").frames[TORSO]
    assert found.across[1] == 0
