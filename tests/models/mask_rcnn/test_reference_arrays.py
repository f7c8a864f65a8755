"""The 2017 implementation's functions on arrays, figure for figure: boxes, resizing, masks, meta, AP, anchors."""

import hashlib
from random import Random
from typing import Any

import numpy as np
import pytest

from tests.models.mask_rcnn.reference_cases import Goldens, goldens
from tryon.errors import DataError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def golden() -> Goldens:
    return goldens("functions")


def test_normalised_boxes_and_back(golden: Goldens) -> None:
    from tryon.models.mask_rcnn.reference.boxes import denormalise, normalise

    shape = golden["norm_boxes/in/shape"]
    assert np.allclose(normalise(golden["norm_boxes/in/boxes"], *shape), golden["norm_boxes/out/boxes"], atol=1e-7)
    back = denormalise(golden["denorm_boxes/in/boxes"], *golden["denorm_boxes/in/shape"])
    assert np.array_equal(back, golden["denorm_boxes/out/boxes"])


def test_the_networks_unit_is_that_of_normalised_boxes(golden: Goldens) -> None:
    from tryon.models.mask_rcnn.conventions import OURS, REFERENCE
    from tryon.models.mask_rcnn.reference.boxes import normalise, swap_axes

    boxes = golden["norm_boxes/in/boxes"].astype(np.float32)
    fractions = REFERENCE.from_pixels(swap_axes(boxes), 256)
    assert np.allclose(swap_axes(fractions), normalise(boxes, 256, 256), atol=1e-6)
    assert np.allclose(swap_axes(REFERENCE.to_pixels(fractions, 256)), boxes, atol=1e-4)
    assert OURS.from_pixels(boxes, 256) is boxes and OURS.to_pixels(boxes, 256) is boxes


def test_padding_is_cut_off(golden: Goldens) -> None:
    from tryon.models.mask_rcnn.reference.boxes import without_padding

    assert np.array_equal(without_padding(golden["trim_zeros/in/x"]), golden["trim_zeros/out/x"])


def test_sizes_of_the_maps(golden: Goldens) -> None:
    from tryon.models.mask_rcnn.anchors import map_size
    from tryon.models.mask_rcnn.conventions import STRIDES

    height, width = golden["compute_backbone_shapes/in/image_shape"][:2]
    sizes = [map_size(height, width, stride) for stride in STRIDES]
    assert np.array_equal(sizes, golden["compute_backbone_shapes/out/shapes"])


def test_iou_of_boxes(golden: Goldens) -> None:
    from tryon.geometry.boxes import iou_matrix

    ious = iou_matrix(golden["compute_overlaps/in/boxes1"], golden["compute_overlaps/in/boxes2"])
    assert np.allclose(ious, golden["compute_overlaps/out/iou"], atol=1e-5)


def test_square_anchors_to_the_last_bit(golden: Goldens) -> None:
    from tryon.models.mask_rcnn.anchors import level_anchors
    from tryon.models.mask_rcnn.reference.boxes import swap_axes

    key = "generate_pyramid_anchors"
    levels = zip(
        golden[f"{key}/in/feature_shapes"], golden[f"{key}/in/strides"], golden[f"{key}/in/scales"], strict=True
    )
    anchors = [level_anchors(tuple(cells), stride, scale, [0.5, 1, 2], 0.0) for cells, stride, scale in levels]
    ours = np.concatenate(anchors)
    assert np.allclose(swap_axes(ours)[::16], golden[f"{key}/out/anchors_px"], rtol=1e-6)
    digest = hashlib.sha256(np.ascontiguousarray(swap_axes(ours)).tobytes()).hexdigest()
    assert digest == str(golden[f"{key}/out/sha256_float64"])


def test_anchors_of_rectangular_maps_at_every_second_cell(golden: Goldens) -> None:
    from tryon.models.mask_rcnn.anchors import level_anchors
    from tryon.models.mask_rcnn.reference.boxes import swap_axes

    key = "generate_pyramid_anchors_rect"
    levels = zip(
        golden[f"{key}/in/feature_shapes"], golden[f"{key}/in/strides"], golden[f"{key}/in/scales"], strict=True
    )
    ours = [level_anchors(tuple(cells), stride, scale, [0.5, 1, 2], 0.0, every=2) for cells, stride, scale in levels]
    assert np.allclose(swap_axes(np.concatenate(ours)), golden[f"{key}/out/anchors_px"], rtol=1e-12)


SQUARES = ("square_up", "square_down", "square_pad_only", "square_min_scale", "square_800_1024_of_default")
RESIZED = (*SQUARES, "pad64", "none", "crop")


@pytest.mark.parametrize("case", RESIZED)
def test_resizing_in_every_mode(golden: Goldens, case: str) -> None:
    from tryon.models.mask_rcnn.reference.pictures import resize_masks, resize_picture

    def of(key: str) -> Any:
        return golden[f"resize_image_{case}/{key}"]

    class GivenPlace(Random):
        """Draws the place that the golden's crop has."""

        places = iter(of("out/crop")[:2])

        def randint(self, a: int, b: int) -> int:
            return int(next(self.places))

    limits = {
        "min_dim": int(of("in/min_dim")),
        "max_dim": int(of("in/max_dim")),
        "min_scale": float(of("in/min_scale")),
    }
    resized = resize_picture(golden["picture_90x130/image"], str(of("in/mode")), random=GivenPlace(0), **limits)  # type: ignore[arg-type]
    assert (*resized.image.shape[:2], 3) == tuple(of("out/mask_shape")) and resized.image.dtype == np.uint8
    difference = np.abs(resized.image[::3, ::3].astype(int) - of("out/image"))
    assert difference.max() <= 1 and difference.mean() <= 0.05
    assert list(resized.window) == of("out/window").tolist()
    assert resized.scale == pytest.approx(float(of("out/scale")))
    assert np.array_equal(resized.padding, of("out/padding"))
    assert list(resized.crop or ()) == of("out/crop").tolist()
    masks = golden.bits("picture_90x130/masks_bits", golden["picture_90x130/masks_shape"])
    expected = golden.bits(f"resize_image_{case}/out/mask_bits", of("out/mask_shape"))
    assert np.array_equal(resize_masks(masks, resized), expected)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"mode": "square"}, "needed: 1 or more"),
        ({"mode": "pad64", "min_dim": 100}, "multiple of 64"),
        ({"mode": "crop", "min_dim": 30}, "no random numbers"),
    ],
)
def test_sizes_that_cannot_be_are_refused(arguments: dict[str, Any], said: str) -> None:
    from tryon.models.mask_rcnn.reference.pictures import resize_picture

    with pytest.raises(DataError, match=said):
        resize_picture(np.zeros((40, 50, 3), np.uint8), **arguments)


def test_a_crop_reaches_every_place_and_no_other() -> None:
    from tryon.models.mask_rcnn.reference.pictures import resize_picture

    image = np.arange(6 * 5 * 3, dtype=np.uint8).reshape(6, 5, 3)
    crops = [resize_picture(image, "crop", min_dim=5, random=Random(seed)).crop for seed in range(20)]
    assert {crop[:2] for crop in crops if crop} == {(0, 0), (1, 0)}


def test_molded_pictures_and_back(golden: Goldens) -> None:
    from tryon.models.mask_rcnn.reference.pictures import mold_picture, unmold_picture

    assert np.allclose(mold_picture(golden["mold_image/in/image"]), golden["mold_image/out/molded"], atol=1e-4)
    assert np.array_equal(unmold_picture(golden["unmold_image/in/molded"]), golden["unmold_image/out/image"])


def test_boxes_round_masks(golden: Goldens) -> None:
    from tryon.models.mask_rcnn.reference.boxes import boxes_of_masks

    masks = golden.bits("picture_90x130/masks_bits", golden["picture_90x130/masks_shape"])
    with_empty = np.concatenate([masks, np.zeros((90, 130, 1), bool)], axis=2)
    assert np.array_equal(boxes_of_masks(with_empty), golden["extract_bboxes/out/bbox"])


def test_mini_masks_and_back(golden: Goldens) -> None:
    from tryon.models.mask_rcnn.reference.masks import expand_masks, minimise_masks

    masks = golden.bits("picture_90x130/masks_bits", golden["picture_90x130/masks_shape"])
    mini = minimise_masks(golden["minimize_mask/in/bbox"], masks)
    assert np.array_equal(mini, golden.bits("minimize_mask/out/bits", golden["minimize_mask/out/shape"]))
    back = expand_masks(golden["expand_mask/in/bbox"], mini, 90, 130)
    assert np.array_equal(back, golden.bits("expand_mask/out/bits", golden["expand_mask/out/shape"]))


def test_a_mini_mask_of_nothing_is_refused() -> None:
    from tryon.models.mask_rcnn.reference.masks import minimise_masks

    with pytest.raises(DataError, match="box 0 of a mini-mask has no area"):
        minimise_masks(np.zeros((1, 4), int), np.zeros((9, 9, 1), bool))


@pytest.mark.parametrize("case", range(4))
def test_masks_back_in_the_picture(golden: Goldens, case: int) -> None:
    from tryon.models.mask_rcnn.reference.masks import unmold_mask

    key = f"unmold_mask_{case}"
    height, width = (int(side) for side in golden[f"{key}/in/image_shape"][:2])
    mask = unmold_mask(golden[f"{key}/in/mask"], golden[f"{key}/in/bbox"], height, width)
    assert np.array_equal(mask, golden.bits(f"{key}/out/bits", (height, width)))
    assert mask.sum() == golden[f"{key}/out/area"]


def test_the_meta_vector_and_back(golden: Goldens) -> None:
    from tryon.models.mask_rcnn.reference.meta import PictureMeta

    key = "compose_image_meta/in"
    parts = {name: golden[f"{key}/{name}"].tolist() for name in ("original", "image", "window", "scale", "active")}
    meta = PictureMeta(
        image_id=int(golden[f"{key}/image_id"]),
        original_shape=tuple(parts["original"]),
        shape=tuple(parts["image"]),
        window=tuple(parts["window"]),
        scale=parts["scale"],
        active=tuple(parts["active"]),
    )
    assert np.allclose(meta.to_vector(), golden["compose_image_meta/out/meta"])
    assert PictureMeta.from_vector(meta.to_vector()) == meta
    parsed = PictureMeta.from_vector(golden["parse_image_meta/in/meta"][0])
    assert parsed.window == tuple(golden["parse_image_meta/out/window"][0])
    assert parsed.active == tuple(golden["parse_image_meta/out/active_class_ids"][0])


def instances(golden: Goldens) -> Any:
    from tryon.models.mask_rcnn.reference.scoring import Instances

    shape = golden["ap_inputs/in/pred_masks_shape"]
    truth = Instances(golden["ap_inputs/in/gt_ids"], golden.bits("ap_inputs/in/gt_masks_bits", (*shape[:2], 3)))
    masks = golden.bits("ap_inputs/in/pred_masks_bits", shape)
    return truth, Instances(golden["ap_inputs/in/pred_ids"], masks, golden["ap_inputs/in/pred_scores"])


@pytest.mark.parametrize("case", [50, 75, 90])
def test_average_precision(golden: Goldens, case: int) -> None:
    from tryon.models.mask_rcnn.reference.scoring import average_precision, match_instances

    truth, found = instances(golden)
    scored = average_precision(truth, found, case / 100)
    assert scored.ap == pytest.approx(float(golden[f"compute_ap_{case}/out/ap"]), abs=1e-5)
    assert np.allclose(scored.precisions, golden[f"compute_ap_{case}/out/precisions"], atol=1e-5)
    assert np.allclose(scored.recalls, golden[f"compute_ap_{case}/out/recalls"], atol=1e-5)
    of_truth, of_found, overlaps = match_instances(truth, found, case / 100)
    assert np.array_equal(of_truth, golden[f"compute_ap_{case}/out/gt_match"])
    assert np.array_equal(of_found, golden[f"compute_ap_{case}/out/pred_match"])
    assert np.allclose(overlaps, golden[f"compute_ap_{case}/out/overlaps"], atol=1e-5)


def test_average_precision_over_ious_and_without_a_match(golden: Goldens) -> None:
    from tryon.models.mask_rcnn.reference.scoring import Instances, average_precision, average_precision_range

    truth, found = instances(golden)
    assert average_precision_range(truth, found) == pytest.approx(float(golden["compute_ap_range/out/ap"]), abs=1e-5)
    nothing = Instances(found.class_ids[:0], found.masks[..., :0], found.scores[:0])
    scored = average_precision(truth, nothing)
    assert scored.ap == golden["compute_ap_no_prediction/out/ap"] == 0
    assert scored.recalls.tolist() == golden["compute_ap_no_prediction/out/recalls"].tolist()
    wrong = average_precision(truth, Instances(found.class_ids + 7, found.masks, found.scores))
    assert wrong.ap == golden["compute_ap_wrong_class/out/ap"] == 0
    assert np.allclose(wrong.precisions, golden["compute_ap_wrong_class/out/precisions"])


def test_recall_of_boxes_and_iou_of_masks(golden: Goldens) -> None:
    from tryon.models.mask_rcnn.reference.scoring import box_recall, mask_ious

    recall, good = box_recall(
        golden["ap_inputs/in/pred_boxes"], golden["ap_inputs/in/gt_boxes"], float(golden["compute_recall/in/iou"])
    )
    assert recall == golden["compute_recall/out/recall"]
    assert np.array_equal(good, golden["compute_recall/out/positive_ids"])
    truth, found = instances(golden)
    assert np.allclose(mask_ious(found.masks, truth.masks), golden["compute_overlaps_masks/out/iou"], atol=1e-5)
