"""Detections with masks for the real ones only: the same as one graph over all places, and none for padding."""

from typing import Any

import numpy as np
import pytest

from tests.models.mask_rcnn.mask_rcnn_cases import tiny

pytestmark = pytest.mark.slow
SIDE = 64


@pytest.fixture(scope="module")
def network() -> Any:
    from tryon.models.mask_rcnn import build_mask_rcnn

    return build_mask_rcnn(tiny(detections=6, landmarks=True), 3)


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, SIDE, SIDE, 3), dtype=np.uint8)


WINDOWS = np.tile(np.array([0, 0, SIDE, SIDE], np.float32), (3, 1))


def whole_graph(network: Any, pictures: np.ndarray) -> dict[str, np.ndarray]:
    from tryon.models.mask_rcnn.decoding import own_masks
    from tryon.models.mask_rcnn.detector import run_stages

    said = run_stages(network, pictures, WINDOWS)
    masks = own_masks(said["mask_logits"], said["class_ids"])
    return {name: np.asarray(said[name]) for name in ("boxes", "scores", "class_ids")} | {"masks": np.asarray(masks)}


def test_the_real_detections_are_those_of_all_places(network: Any, pictures: np.ndarray) -> None:
    from tryon.models.mask_rcnn.detector import Detector

    whole = whole_graph(network, pictures)
    assert (whole["class_ids"] > 0).any(), "the case needs a detection"
    for row, found in enumerate(Detector(network).detect(pictures, WINDOWS)):
        number = int((whole["class_ids"][row] > 0).sum())
        assert {len(values) for values in found.values()} == {number}
        for name in ("boxes", "scores", "class_ids", "masks"):
            assert np.allclose(found[name], whole[name][row, :number], atol=1e-4), name
        assert found["landmarks"].shape == (number, 25, 4)


def test_less_probable_detections_are_left_out(network: Any, pictures: np.ndarray) -> None:
    from tryon.models.mask_rcnn.detector import Detector

    detector = Detector(network)
    scores = np.concatenate([found["scores"] for found in detector.detect(pictures, WINDOWS)])
    limit = float(np.median(scores))
    kept = np.concatenate([found["scores"] for found in detector.detect(pictures, WINDOWS, limit)])
    assert sorted(kept) == sorted(scores[scores >= limit])
    for found in detector.detect(pictures, WINDOWS, 1.1):
        assert found["boxes"].shape == (0, 4) and found["masks"].shape[0] == 0


@pytest.mark.parametrize("number, size", [(0, 1), (1, 1), (2, 2), (3, 4), (4, 4), (5, 8), (100, 128)])
def test_places_are_powers_of_two(number: int, size: int) -> None:
    from tryon.models.mask_rcnn.detector import _power_of_two

    assert _power_of_two(number) == size
