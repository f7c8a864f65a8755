"""The benchmark of the cloth's place: the renderer's own cloth has no error, moved cloth has the one it was given."""

from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import cloth_places
from tests.fitting.stand_ins import BLUE, CONFIG, FlatGenerator
from tryon.fitting import Fitter
from tryon.fitting.posing import LEFT_SLEEVE, RIGHT_SLEEVE, TORSO, Source
from tryon.images.files import decode_own, encode_jpeg
from tryon.rendering.annotation import annotate_garment, annotate_photo, visible_mask
from tryon.rendering.dataset import draw_photo, stream
from tryon.rendering.looks import sample_look
from tryon.rendering.photo import wear
from tryon.rendering.shop import render_garment, sample_layout

SEED, SIZE = 11, 128


class KnowsTheTruth:
    """Finds the true outline of each known picture, its landmarks a good deal off."""

    def __init__(self, known: dict[bytes, tuple[np.ndarray, np.ndarray]]) -> None:
        self.known = known

    def predict(self, images: list[np.ndarray]) -> list[SimpleNamespace]:
        return [self._one(*self.known[image.tobytes()]) for image in images]

    def _one(self, mask: np.ndarray, landmarks: np.ndarray) -> SimpleNamespace:
        off = np.array([[[0, 4, 0]]]) + landmarks[None]
        return SimpleNamespace(
            scores=np.array([0.9]),
            mask_probs=mask[None].astype(np.float32),
            landmarks=off.astype(np.float32),
            face=None,
        )


def present(landmarks: np.ndarray) -> np.ndarray:
    return np.column_stack([landmarks[:, :2], landmarks[:, 2] > 0])


@pytest.fixture(scope="module")
def fitter() -> Fitter:
    """Draws flat stripes, and knows the first photo and the first garment of the benchmark."""
    drawn, look, _ = draw_photo(SEED, "test", 0, SIZE)
    photo = decode_own(encode_jpeg(wear(drawn, look).image), "photo")
    rng = stream(SEED, 1, 2, 9, 0)
    striped, layout = sample_look(rng, "striped"), sample_layout(rng, SIZE)
    garment = render_garment(layout, striped)
    picture = decode_own(encode_jpeg(garment.image), "garment")
    worn = visible_mask(drawn.alpha), present(annotate_photo(drawn).items["item1"].landmarks)
    lying = visible_mask(garment.alpha), present(annotate_garment(garment, layout.frame).items["item1"].landmarks)
    predictor = KnowsTheTruth({photo.tobytes(): worn, picture.tobytes(): lying})
    return Fitter(predictor, {"striped": FlatGenerator(BLUE, striped=True)}, CONFIG, 0.06)


def test_exact_cloth_has_no_error_and_moved_cloth_the_error_it_was_given(fitter: Fitter) -> None:
    worn, _ = cloth_places.worn(fitter, SEED, 0, SIZE)
    assert worn is not None
    exact, pieces = cloth_places.v_errors(worn.cloth, cloth_places.pose_of(worn, "worn", "exact"))
    assert np.abs(exact[pieces > 0]).max() < 1e-4 and (pieces == TORSO).sum() > 500
    moved, _ = cloth_places.v_errors(worn.cloth, worn.cloth.within(worn.found.mask).moved(1.0, 0.02).pose())
    given = 1.0 + 0.02 * (worn.cloth.v - 25)
    assert np.allclose(moved[pieces > 0], given[pieces > 0], atol=1e-3)


def test_the_frames_of_a_lying_garment_follow_its_cloth(fitter: Fitter) -> None:
    garment, _ = cloth_places.lying(fitter, SEED, 0, SIZE)
    assert garment is not None
    difference, pieces = cloth_places.v_errors(garment.cloth, cloth_places.pose_of(garment, "lying", "exact"))
    for of in (pieces == TORSO, pieces > TORSO):
        assert of.sum() > 100 and np.sqrt(np.square(difference[of]).mean()) < 1.0


@pytest.mark.parametrize(("source", "within_cm"), [("worn", 2.0), ("lying", 1.5)])
def test_true_landmarks_tell_sleeves_from_the_torso_and_where_their_stripes_are(
    fitter: Fitter, source: Source, within_cm: float
) -> None:
    shirt, _ = (
        cloth_places.worn(fitter, SEED, 0, SIZE) if source == "worn" else cloth_places.lying(fitter, SEED, 0, SIZE)
    )
    assert shirt is not None
    pose = cloth_places.pose_of(shirt, source, "true landmarks")
    for sleeve in (LEFT_SLEEVE, RIGHT_SLEEVE):
        true, told = shirt.cloth.pieces == sleeve, pose.pieces == sleeve
        assert (true & told).sum() > 0.8 * (true | told).sum()
        difference, _ = cloth_places.v_errors(shirt.cloth, pose)
        assert np.sqrt(np.square(difference[true & told]).mean()) < within_cm


def test_landmarks_off_move_the_cloth_and_exact_cloth_is_nearest_to_the_answer(fitter: Fitter) -> None:
    worn, drawn = cloth_places.worn(fitter, SEED, 0, SIZE)
    garment, look = cloth_places.lying(fitter, SEED, 0, SIZE)
    assert worn is not None and garment is not None
    poses = (cloth_places.pose_of(worn, "worn", how) for how in ("found", "true landmarks"))
    low, right = (cloth_places.v_errors(worn.cloth, pose)[0][worn.found.mask].mean() for pose in poses)
    assert low < right - 0.5, "with landmarks four pixels too low a pixel is taken for cloth farther up"
    answer = cloth_places.exact_answer(worn.found.picture, drawn, look)
    rows = cloth_places.fitted_rows(fitter, [(worn, garment, answer)])
    distance = {row[:2]: float(row[3]) for row in rows}
    exact = distance.pop(("exact", "exact"))
    assert len(rows) == 12 and exact < min(distance["recoloured by luminance", "-"], distance["found", "found"]) - 3
