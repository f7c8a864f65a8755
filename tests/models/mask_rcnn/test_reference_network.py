"""The whole inference of the 2017 implementation, with weights that anyone can make: every map, head and detection."""

from typing import Any

import numpy as np
import pytest

from tests.models.mask_rcnn.reference_cases import FIXTURES, Goldens, golden_weight, goldens, relative_error
from tryon.errors import ModelError
from tryon.images.files import read_image

pytestmark = pytest.mark.slow

FEATURES = ("C2", "C3", "C4", "C5", "P2", "P3", "P4", "P5", "P6")
STAGES = ("bn_conv1", "res2a_out", "res3a_out", "res4c_out", "res5b_out")
TRUNK = (*STAGES, "fpn_c5p5", "fpn_p4add", "fpn_p3add", "fpn_p2add")
BOX_HEAD = ("mrcnn_class_bn1", "mrcnn_class_bn2")
MASK_HEAD = ("mrcnn_mask_bn1", "mrcnn_mask_bn4", "mrcnn_mask_deconv")
HEADS = ("mrcnn_class_logits", "mrcnn_class", "mrcnn_bbox")


@pytest.fixture(scope="module")
def golden() -> Goldens:
    return goldens("infer_r50_256_synth")


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return read_image(FIXTURES / "picture_synth_256.png")


@pytest.fixture(scope="module")
def network() -> Any:
    from tryon.models.mask_rcnn.network import MaskRCNN
    from tryon.models.mask_rcnn.reference.building import reference_config

    config = reference_config(
        "resnet50",
        class_names=["thing"],
        image_size_px=256,
        anchor_scales=(16, 32, 64, 128, 256),
        image_min_px=256,
        proposals=100,
        detections=10,
        min_confidence=0.0,
    )
    network = MaskRCNN(config)
    network.fill(golden_weight)
    return network


@pytest.fixture(scope="module")
def found(network: Any, picture: np.ndarray) -> dict[str, np.ndarray]:
    from tryon.models.mask_rcnn.reference.inspection import inspect_picture

    return inspect_picture(network, picture)


def allowed(golden: Goldens, name: str) -> float:
    """A thousandth, or ten times what a thousandth of a grey level moves."""
    return max(1e-3, 10 * float(golden[f"noise/{name}"]))


def traced(golden: Goldens, name: str, ours: np.ndarray) -> float:
    """The error at the places of a trace, by the largest value there."""
    assert ours.size == np.prod(golden[f"trace/{name}/shape"])
    return relative_error(ours.reshape(-1)[golden[f"trace/{name}/index"]], golden[f"trace/{name}/value"])


def test_the_square_and_the_anchors(golden: Goldens, found: dict[str, np.ndarray], picture: np.ndarray) -> None:
    assert np.array_equal(found["square"], picture) and found["window"].tolist() == golden["window"][0].tolist()
    assert np.allclose(found["anchors"][::16], golden["anchors"], atol=1e-6)


def test_the_layers_of_the_trunk(golden: Goldens, network: Any, found: dict[str, np.ndarray]) -> None:
    """In their order, so that the first wrong one is named."""
    import keras

    outputs = [network.trunk.get_layer(name).output for name in TRUNK]
    maps = keras.Model(network.trunk.input, outputs)(found["square"][None].astype(np.float32))
    errors = {name: traced(golden, name, np.asarray(cells)) for name, cells in zip(TRUNK, maps, strict=True)}
    errors["C1"] = traced(golden, "C1", found["C1"])
    assert {name: error for name, error in errors.items() if error > 1e-3} == {}


@pytest.mark.parametrize("name", FEATURES)
def test_feature_maps(golden: Goldens, found: dict[str, np.ndarray], name: str) -> None:
    step = int(golden[f"{name}/step"])
    kept = found[name][:, ::step, ::step][:, ::2, ::2, ::8]
    assert relative_error(kept, golden[f"{name}/cells"]) < 1e-3
    assert relative_error(found[name].mean(axis=(0, 1, 2)), golden[f"{name}/mean"]) < 1e-3
    assert relative_error(found[name].std(axis=(0, 1, 2)), golden[f"{name}/std"]) < 1e-3


@pytest.mark.parametrize(("name", "every"), [("rpn_class_logits", 8), ("rpn_class", 16), ("rpn_bbox", 16)])
def test_what_the_proposal_network_says(golden: Goldens, found: dict[str, np.ndarray], name: str, every: int) -> None:
    assert relative_error(found[name][:, ::every], golden[name]) < 1e-3
    assert traced(golden, name, found[name]) < 1e-3


def test_proposals_and_what_the_heads_say_of_them(golden: Goldens, found: dict[str, np.ndarray]) -> None:
    """Each of theirs is one of ours, and has the same outputs."""
    distance = np.abs(found["rpn_rois"][0][:, None] - golden["rpn_rois"][0][None]).max(axis=2)
    ours = distance.argmin(axis=0)
    assert distance.min(axis=0).max() < 1e-3 and len(set(ours.tolist())) == 100
    for name in HEADS:
        assert relative_error(found[name][:, ours], golden[name]) < 1e-3, name


def test_detections_one_to_one(golden: Goldens, found: dict[str, np.ndarray]) -> None:
    theirs, ours = golden["detections"][0], found["detections"][0]
    assert np.abs(ours[:, :4] - theirs[:, :4]).max() < 1e-3
    assert np.array_equal(ours[:, 4], theirs[:, 4]) and np.abs(ours[:, 5] - theirs[:, 5]).max() < 1e-3
    assert relative_error(found["mrcnn_mask"][:, :, ::4, ::4], golden["mrcnn_mask"]) < allowed(golden, "mrcnn_mask")


def test_boxes_and_masks_at_the_pictures_size(golden: Goldens, found: dict[str, np.ndarray]) -> None:
    assert np.abs(found["rois"] - golden["final/rois"]).max() <= 1  # of 256 pixels, where a half was rounded
    assert np.array_equal(found["class_ids"], golden["final/class_ids"])
    theirs = golden.bits("final/masks_bits", golden["final/masks_shape"])
    shared, either = (found["masks"] & theirs).sum(axis=(0, 1)), (found["masks"] | theirs).sum(axis=(0, 1))
    assert np.all(shared >= 0.99 * either)


def test_the_heads_on_given_places(golden: Goldens, network: Any, picture: np.ndarray) -> None:
    from tryon.models.mask_rcnn.reference.inspection import heads_on

    given = golden["given/detections"]
    said = heads_on(network, picture, golden["given/rois"], given[:, :4])
    for name in HEADS:
        assert relative_error(said[name], golden[f"given/{name}"]) < 1e-3, name
    own = np.stack([mask[..., int(row[4])] for mask, row in zip(said["mrcnn_mask"], given, strict=True)])
    assert relative_error(own[:, ::2, ::2], golden["given/mrcnn_mask_of_class"]) < 1e-3


def test_the_layers_of_the_heads(golden: Goldens, network: Any, found: dict[str, np.ndarray]) -> None:
    import keras

    pyramid = [found[f"P{level}"] for level in (2, 3, 4, 5)]
    rois, boxes = (
        swapped[None].astype(np.float32)
        for swapped in (golden["rpn_rois"][0][:, [1, 0, 3, 2]], golden["detections"][0][:, [1, 0, 3, 2]])
    )
    errors = {}
    for head, align, places, key, names in (
        (network.box_head, network.box_align, rois, "roi_align_classifier", BOX_HEAD),
        (network.mask_head, network.mask_align, boxes, "roi_align_mask", MASK_HEAD),
    ):
        pooled = np.asarray(align(places, pyramid))
        errors[key] = traced(golden, key, pooled)
        inner = keras.Model(head.input, [head.get_layer(name).output for name in names])(pooled[0])
        errors |= {name: traced(golden, name, np.asarray(said)) for name, said in zip(names, inner, strict=True)}
    assert {name: error for name, error in errors.items() if error > 1e-3} == {}


def test_the_predictor_finds_the_same(golden: Goldens, network: Any, picture: np.ndarray) -> None:
    from tryon.models.mask_rcnn import Predictor

    (said,) = Predictor(network).predict([picture])
    assert np.abs(said.boxes[:, [1, 0, 3, 2]] - golden["final/rois"]).max() <= 1
    assert np.abs(said.scores - golden["final/scores"]).max() < 1e-3
    areas = said.masks.sum(axis=(1, 2))
    assert np.all(np.abs(areas - golden["final/mask_area"]) <= 0.01 * golden["final/mask_area"])


def test_a_letterboxed_picture(network: Any, picture: np.ndarray) -> None:
    """A wide picture lies in the middle of the square; what is found lies within it, at its own size."""
    from tryon.models.mask_rcnn.framing import ReferenceFrame
    from tryon.models.mask_rcnn.reference.inspection import inspect_frame, inspect_picture

    wide = picture[40:200]
    found = inspect_picture(network, wide)
    again = inspect_frame(network, ReferenceFrame(found["square"], (48, 0, 208, 256), 160, 256))
    assert all(np.array_equal(value, again[name]) for name, value in found.items())
    assert found["window"].tolist() == [48, 0, 208, 256]
    assert np.array_equal(found["square"][48:208], wide) and not found["square"][:48].any()
    low, high = found["window"][[0, 2]] - [0, 1]
    ys = found["detections"][0][:, [0, 2]] * 255
    assert ys.min() >= low - 1e-3 and ys.max() <= high + 1e-3
    assert found["masks"].shape == (160, 256, len(found["rois"])) and len(found["rois"]) > 0
    assert np.all(found["rois"] >= 0) and np.all(found["rois"] <= [160, 256, 160, 256])
    # Whole pixels of the picture are those of the square, moved.
    moved = np.around(found["detections"][0][: len(found["rois"]), :4] * 255 + [0, 0, 1, 1]) - [48, 0, 48, 0]
    assert np.abs(found["rois"] - moved).max() <= 1


def test_networks_with_our_conventions_are_not_inspected(picture: np.ndarray) -> None:
    from tests.models.mask_rcnn.mask_rcnn_cases import tiny
    from tryon.models.mask_rcnn import build_mask_rcnn
    from tryon.models.mask_rcnn.reference.inspection import inspect_picture

    with pytest.raises(ModelError, match=r"received: ours\n  needed: reference"):
        inspect_picture(build_mask_rcnn(tiny(), 1), picture)
