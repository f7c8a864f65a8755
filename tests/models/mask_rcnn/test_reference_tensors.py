"""The 2017 implementation's graph functions, figure for figure: deltas, NMS, proposals, RoIAlign, targets,
detections, losses."""

from typing import Any

import numpy as np
import pytest

from tests.models.mask_rcnn.reference_cases import Goldens, goldens, uniform

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def golden() -> Goldens:
    return goldens("functions")


def swapped(boxes: np.ndarray) -> np.ndarray:
    """Between `y1, x1, y2, x2` and `x1, y1, x2, y2`."""
    return boxes[..., [1, 0, 3, 2]].astype(np.float32)


def test_box_refinement_and_its_inverse(golden: Goldens) -> None:
    from tryon.models.layers.boxes import DELTA_STD, decode_deltas, encode_deltas

    boxes, targets = (swapped(golden[f"box_refinement/in/{name}"]) for name in ("box", "gt_box"))
    deltas = np.asarray(encode_deltas(boxes, targets)) * DELTA_STD
    assert np.allclose(deltas, golden["box_refinement/out/deltas"], rtol=1e-5, atol=1e-5)
    given = golden["apply_box_deltas/in/deltas"] / np.float32(DELTA_STD)
    moved = np.asarray(decode_deltas(given, swapped(golden["apply_box_deltas/in/boxes"]), 0.0, np.inf))
    assert np.allclose(swapped(moved), golden["apply_box_deltas/out/boxes"], rtol=1e-5, atol=1e-5)


def test_clipping_to_a_window(golden: Goldens) -> None:
    from tryon.models.layers.boxes import clip

    boxes = swapped(golden["clip_boxes_graph/in/boxes"])[None]
    cut = np.asarray(clip(boxes, swapped(golden["clip_boxes_graph/in/window"])[None]))
    assert np.allclose(swapped(cut[0]), golden["clip_boxes_graph/out/boxes"])


def test_suppression(golden: Goldens) -> None:
    from tryon.models.layers.suppression import non_max_suppression

    key = "non_max_suppression/in"
    order = np.argsort(golden[f"{key}/scores"])[::-1]
    boxes = swapped(golden[f"{key}/boxes"])[order][None]
    kept = np.asarray(non_max_suppression(boxes, np.ones((1, len(order)), bool), float(golden[f"{key}/threshold"])))[0]
    assert order[kept].tolist() == golden["non_max_suppression/out/keep"].tolist()


@pytest.mark.parametrize("case", ["50", "pad"])
def test_proposals(golden: Goldens, case: str) -> None:
    from tryon.models.mask_rcnn.anchors import pyramid_anchors
    from tryon.models.mask_rcnn.conventions import REFERENCE
    from tryon.models.mask_rcnn.decoding import propose

    anchors = pyramid_anchors(256, [2, 3, 4, 5, 6], [16, 32, 64, 128, 256], [0.5, 1, 2], 0.0)
    scores = uniform(int(golden[f"ProposalLayer_{case}/in/seed_scores"]), (2, len(anchors))).astype(np.float32)
    deltas = 4 * (uniform(int(golden[f"ProposalLayer_{case}/in/seed_deltas"]), (2, len(anchors), 4)) - 0.5)
    rois, real = propose(
        scores,
        deltas.astype(np.float32),
        REFERENCE.from_pixels(anchors, 256),
        count=int(golden[f"ProposalLayer_{case}/in/count"]),
        side=256,
        conventions=REFERENCE,
        nms_iou=float(golden[f"ProposalLayer_{case}/in/nms"]),
    )
    assert np.asarray(real).sum(axis=1).tolist() == golden[f"ProposalLayer_{case}/out/n_real"].tolist()
    assert np.allclose(swapped(np.asarray(rois)), golden[f"ProposalLayer_{case}/out/rois"], atol=1e-5)


@pytest.mark.parametrize("case", ["7", "14", "7_of_1024"])
def test_pyramid_roi_align(golden: Goldens, case: str) -> None:
    from tryon.models.layers.roi_align import CornerRoIAlign

    key = f"PyramidROIAlign_{case}"
    sides, seeds = golden[f"{key}/in/map_sides"], golden[f"{key}/in/map_seeds"]
    maps = [uniform(int(seed), (2, side, side, 4)).astype(np.float32) for seed, side in zip(seeds, sides, strict=True)]
    size, picture = int(case.split("_")[0]), int(golden[f"{key}/in/image_meta"][0, 4])
    pooled = np.asarray(CornerRoIAlign(size, (4, 8, 16, 32), picture)(swapped(golden[f"{key}/in/boxes"]), maps))
    kept = pooled[:, ::2, ::3, ::3] if size == 14 else pooled[:, :, ::2, ::2]
    assert np.allclose(kept, golden[f"{key}/out/pooled"], atol=1e-5)


@pytest.mark.parametrize("case", ["all", "sampled", "few", "crowd"])
def test_rpn_targets(golden: Goldens, case: str) -> None:
    from tryon.models.mask_rcnn.anchors import pyramid_anchors
    from tryon.models.mask_rcnn.reference.sampling import rpn_targets

    key = f"build_rpn_targets_{case}"
    anchors = swapped(pyramid_anchors(256, [2, 3, 4, 5, 6], [16, 32, 64, 128, 256], [0.5, 1, 2], 0.0))
    labels, deltas = rpn_targets(
        anchors,
        golden[f"{key}/in/gt_class_ids"],
        golden[f"{key}/in/gt_boxes"],
        int(golden[f"{key}/in/anchors_per_image"]),
        np.random.RandomState(max(0, int(golden[f"{key}/in/numpy_seed"]))),
    )
    assert np.array_equal(labels, golden[f"{key}/out/match"])
    assert (np.sum(labels == 1), np.sum(labels == -1)) == (
        golden[f"{key}/out/n_positive"],
        golden[f"{key}/out/n_negative"],
    )
    assert np.allclose(deltas, golden[f"{key}/out/bbox_of_positive"], rtol=1e-5, atol=1e-5)


def sampled_as(golden: Goldens, case: str, gt_classes: list[int]) -> tuple[Any, Any]:
    """Our targets with noise that chooses the golden's RoIs in their order, and the conventions' count of each kind."""
    from tryon.models.mask_rcnn.conventions import REFERENCE
    from tryon.models.mask_rcnn.targets import roi_targets

    key = f"detection_targets_{case}"
    proposals, chosen = golden[f"{key}/in/proposals"], golden[f"{key}/out/rois"]
    place = {row.tobytes(): index for index, row in reversed(list(enumerate(chosen)))}
    noise = np.array([1 - place[row.tobytes()] / 1000 if row.tobytes() in place else 0.1 for row in proposals])
    mini = bool(golden[f"{key}/in/use_mini_mask"])
    kind, shape = ("mini", (56, 56, 3)) if mini else ("full", (256, 256, 3))
    masks = golden.bits(f"{key}/in/{kind}_masks_bits", shape)
    gt = {
        "boxes": swapped(golden[f"{key}/in/gt_boxes"])[None],
        "class_ids": np.array([gt_classes], np.int32),
        "masks": np.moveaxis(masks, 2, 0)[None].astype(np.uint8) * 255,
    }
    real = np.any(proposals != 0, axis=1)[None]
    rois = int(golden[f"{key}/in/rois_per_image"])
    targets = roi_targets(
        swapped(proposals)[None], real, gt, noise[None].astype(np.float32),
        rois=rois, conventions=REFERENCE, mask_side=28, mini_masks=mini,
    )  # fmt: skip
    return targets, key


@pytest.mark.parametrize(
    ("case", "gt_classes"), [("200", [1, 1, 1]), ("30", [1, 1, 1]), ("fullmask", [1, 1, 1]), ("crowd", [1, -1, 1])]
)
def test_detection_targets(golden: Goldens, case: str, gt_classes: list[int]) -> None:
    targets, key = sampled_as(golden, case, gt_classes)
    rois = np.asarray(targets.rois)[0]
    real = np.any(rois != 0, axis=1)
    theirs = golden[f"{key}/out/rois"]
    count = int(np.any(theirs != 0, axis=1).sum())
    assert real.sum() == count
    assert np.array_equal(swapped(rois[real]), theirs[:count])
    assert np.array_equal(np.asarray(targets.class_ids)[0][real], golden[f"{key}/out/class_ids"][:count])
    positive = np.asarray(targets.class_ids)[0] > 0
    found = int(positive.sum())
    deltas, masks = np.asarray(targets.deltas)[0], np.asarray(targets.masks)[0]
    assert np.allclose(deltas[positive], golden[f"{key}/out/deltas"][:found], rtol=1e-5, atol=2e-5)
    expected = golden.bits(f"{key}/out/masks_bits", golden[f"{key}/out/masks_shape"])
    assert np.array_equal(masks[positive[: len(masks)]].astype(bool), expected[:found])
    assert np.all(np.asarray(targets.weights) == 1)


@pytest.mark.parametrize("case", ["conf0", "conf07", "none", "nms05"])
def test_detections_from_what_the_heads_say(golden: Goldens, case: str) -> None:
    from tryon.models.mask_rcnn.conventions import REFERENCE
    from tryon.models.mask_rcnn.decoding import detect

    key = f"refine_detections_{case}"
    rois = swapped(golden[f"{key}/in/rois"])[None]
    count = int(golden[f"{key}/in/max_instances"])
    found = detect(
        rois,
        np.ones((1, 80), bool),
        np.log(golden[f"{key}/in/probs"])[None],
        golden[f"{key}/in/deltas"][None],
        count=count,
        windows=swapped(golden[f"{key}/in/window"])[None],
        conventions=REFERENCE,
        nms_iou=float(golden[f"{key}/in/nms"]),
    )
    boxes, scores, ids = (np.asarray(found[name])[0] for name in ("boxes", "scores", "class_ids"))
    rows = np.concatenate([swapped(boxes), ids[:, None], scores[:, None]], axis=1)
    rows[scores < float(golden[f"{key}/in/min_confidence"])] = 0
    assert np.allclose(rows, golden[f"{key}/out/detections"], atol=1e-5)


@pytest.mark.parametrize("case", ["mixed", "inactive", "no_positive"])
def test_the_five_losses(golden: Goldens, case: str) -> None:
    from tryon.models.mask_rcnn import losses

    def of(name: str) -> np.ndarray:
        return golden[f"losses_{case}/in/{name}"]

    labels = np.select([of("rpn_match")[..., 0] == 1, of("rpn_match")[..., 0] == -1], [1, 0], -1).astype(np.int32)
    anchor_deltas = np.zeros((2, 64, 4), np.float32)
    for picture in range(2):  # theirs are packed, the positive anchors' first
        positive = labels[picture] == 1
        anchor_deltas[picture, positive] = of("rpn_bbox_target")[picture, : positive.sum()]
    ids = of("target_class_ids")
    probs = uniform(int(of("mask_pred_seed")), (2, 20, 28, 28, 3))
    gt_masks = (uniform(int(of("mask_target_seed")), (2, 20, 28, 28)) > 0.5).astype(np.float32)
    weights = losses.active_weights(of("active_class_ids")[0], of("class_logits"))
    ours = {
        "rpn_class_loss": losses.rpn_class_loss(labels, of("rpn_logits")),
        "rpn_bbox_loss": losses.rpn_bbox_loss(labels, anchor_deltas, of("rpn_bbox_pred")),
        "mrcnn_class_loss": losses.class_loss(ids, weights, of("class_logits")),
        "mrcnn_bbox_loss": losses.bbox_loss(ids, of("bbox_target"), of("bbox_pred")),
        "mrcnn_mask_loss": losses.mask_loss(ids, gt_masks, np.log(probs / (1 - probs)).astype(np.float32)),
    }
    for name, loss in ours.items():
        assert float(loss) == pytest.approx(float(golden[f"losses_{case}/out/{name}"]), rel=1e-5), name


def test_neutral_anchors_alone_lose_nothing_and_smooth_l1(golden: Goldens) -> None:
    from tryon.models.mask_rcnn.losses import rpn_class_loss, smooth_l1

    labels = np.where(golden["losses_all_neutral/in/rpn_match"][..., 0] == 0, -1, 1).astype(np.int32)
    assert float(rpn_class_loss(labels, np.ones((2, 64, 2), np.float32))) == 0
    loss = smooth_l1(golden["smooth_l1/in/true"] - golden["smooth_l1/in/pred"])
    assert np.allclose(loss, golden["smooth_l1/out/loss"], atol=1e-6)


def test_random_rois(golden: Goldens) -> None:
    from tryon.models.mask_rcnn.reference.sampling import random_rois

    key = "generate_random_rois"
    random = np.random.RandomState(int(golden[f"{key}/in/numpy_seed"]))
    boxes = golden["build_rpn_targets_all/in/gt_boxes"]
    assert np.array_equal(
        random_rois(256, 256, int(golden[f"{key}/in/count"]), boxes, random), golden[f"{key}/out/rois"]
    )


def test_targets_of_given_rois(golden: Goldens) -> None:
    from tryon.models.mask_rcnn.reference.boxes import denormalise
    from tryon.models.mask_rcnn.reference.sampling import head_targets

    key = "build_detection_targets"
    of = "detection_targets_200/in"
    rois, ids, deltas, masks = head_targets(
        denormalise(golden[f"{of}/proposals"][:380], 256, 256),
        golden[f"{of}/gt_class_ids"],
        denormalise(golden[f"{of}/gt_boxes"], 256, 256),
        golden.bits(f"{of}/mini_masks_bits", (56, 56, 3)),
        count=int(golden[f"{key}/in/rois_per_image"]),
        classes=2,
        picture=(256, 256),
        mask_side=28,
        random=np.random.RandomState(int(golden[f"{key}/in/numpy_seed"])),
    )
    assert np.array_equal(rois, golden[f"{key}/out/rois"]) and np.array_equal(ids, golden[f"{key}/out/class_ids"])
    assert np.allclose(deltas, golden[f"{key}/out/bboxes"], rtol=1e-5, atol=2e-5)
    # One pixel that is covered by exactly a half falls to either side by rounding, and moves a sum of 544 by 0.03.
    assert np.allclose(masks.sum(axis=(1, 2)), golden[f"{key}/out/masks_sum"], atol=0.05)
    assert np.allclose(masks[:8], golden[f"{key}/out/masks_f16_of_first8"], atol=1e-3)
