"""The whole inference on one picture with everything in between, in the 2017 implementation's forms and names."""

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from tryon.errors import ModelError
from tryon.models.mask_rcnn.backbones import POOLED_STEM, last_blocks
from tryon.models.mask_rcnn.detector import run_stages
from tryon.models.mask_rcnn.framing import Frame, frame
from tryon.models.mask_rcnn.network import MaskRCNN
from tryon.models.mask_rcnn.reference.boxes import swap_axes
from tryon.models.mask_rcnn.reference.masks import MASK_THRESHOLD

Arrays = dict[str, NDArray[Any]]


def inspect_picture(network: MaskRCNN, image: NDArray[np.uint8]) -> Arrays:
    """What a network with the reference's conventions makes of a picture (H, W, 3), step by step: see `inspect_frame`.

    Raises:
        ModelError: the network has our conventions.
    """
    return inspect_frame(network, frame(image, network.config))


def inspect_frame(network: MaskRCNN, framed: Frame) -> Arrays:
    """What a network makes of a picture that is in its square already, as `ReferenceFrame` says.

    Returns:
        `square` (S, S, 3) and `window` (4,); `anchors` (A, 4); maps `C1` to `C5`, `P2` to `P6` (1, h, w, channels);
        `rpn_class_logits`, `rpn_class` (1, A, 2), `rpn_bbox` (1, A, 4), `rpn_rois` (1, P, 4); `mrcnn_class_logits`,
        `mrcnn_class` (1, P, K), `mrcnn_bbox` (1, P, K, 4); `detections` (1, D, 6) with class and score, of at least
        the configuration's confidence; `mrcnn_mask` (1, D, M, M, K); and at the picture's size `rois` (N, 4) of whole
        pixels, `class_ids`, `scores` (N,), `masks` (H, W, N). Boxes are `y1, x1, y2, x2`, normalised but for `window`
        and `rois`.

    Raises:
        ModelError: the network has our conventions.
    """
    _need_reference(network)
    squares = framed.square[None]
    said = run_stages(network, squares, framed.window[None])
    return {
        "square": framed.square,
        "window": swap_axes(framed.window).astype(np.int64),
        "anchors": swap_axes(network.anchors),
        **_backbone_maps(network, squares),
        **{f"P{level}": np.asarray(cells) for level, cells in enumerate(said["pyramid"], start=2)},
        "rpn_class_logits": np.asarray(said["objectness_logits"]),
        "rpn_class": np.asarray(ops.softmax(said["objectness_logits"])),
        "rpn_bbox": np.asarray(said["anchor_deltas"]),
        "rpn_rois": swap_axes(np.asarray(said["rois"])),
        "mrcnn_class_logits": np.asarray(said["class_logits"]),
        "mrcnn_class": np.asarray(ops.softmax(said["class_logits"])),
        "mrcnn_bbox": np.asarray(said["box_deltas"]),
        **_detections(network, framed, said),
    }


def heads_on(network: MaskRCNN, image: NDArray[np.uint8], rois: NDArray[Any], boxes: NDArray[Any]) -> Arrays:
    """What the heads say of given places: `mrcnn_class_logits`, `mrcnn_class` (R, K) and `mrcnn_bbox` (R, K, 4) of
    `rois` (R, 4), `mrcnn_mask` (D, M, M, K) of `boxes` (D, 4); both normalised `y1, x1, y2, x2`.

    Raises:
        ModelError: the network has our conventions.
    """
    _need_reference(network)
    pyramid, mask_maps = network.features(frame(image, network.config).square[None])
    logits, deltas = network.classify(_given(rois), pyramid)
    masks = network.mask(_given(boxes), mask_maps)
    return {
        "mrcnn_class_logits": np.asarray(logits)[0],
        "mrcnn_class": np.asarray(ops.softmax(logits))[0],
        "mrcnn_bbox": np.asarray(deltas)[0],
        "mrcnn_mask": np.asarray(ops.sigmoid(masks))[0],
    }


def _given(boxes: NDArray[Any]) -> NDArray[np.float32]:
    return swap_axes(np.asarray(boxes, np.float32))[None]


def _backbone_maps(network: MaskRCNN, squares: NDArray[np.uint8]) -> Arrays:
    names = [POOLED_STEM, *last_blocks(network.config.backbone)]
    outputs = [network.trunk.get_layer(name).output for name in names]
    maps = keras.Model(network.trunk.input, outputs)(squares.astype(np.float32))
    return {f"C{stage}": np.asarray(cells) for stage, cells in enumerate(maps, start=1)}


def _detections(network: MaskRCNN, framed: Frame, said: dict[str, Any]) -> Arrays:
    """What is found in the square, with everything uncertain left out, and the same at the picture's size."""
    boxes, scores, class_ids = (np.asarray(said[name])[0] for name in ("boxes", "scores", "class_ids"))
    certain = (class_ids > 0) & (scores >= network.config.min_confidence)
    rows = np.concatenate([swap_axes(boxes), class_ids[:, None], scores[:, None]], axis=1)
    mask_probs = np.asarray(ops.sigmoid(said["mask_logits"]))
    own = np.take_along_axis(mask_probs[0], class_ids[:, None, None, None].astype(np.int64), axis=3)[..., 0]
    pixels = network.conventions.to_pixels(boxes, network.config.image_size_px)[certain]
    rois, probs, real = framed.to_picture({"boxes": pixels, "mask_boxes": pixels, "masks": own[certain]})
    return {
        "detections": np.where(certain[:, None], rows, 0.0).astype(np.float32)[None],
        "mrcnn_mask": mask_probs,
        "rois": swap_axes(rois).astype(np.int32),
        "class_ids": class_ids[certain][real].astype(np.int32),
        "scores": scores[certain][real],
        "masks": np.moveaxis(probs >= MASK_THRESHOLD, 0, -1),
    }


def _need_reference(network: MaskRCNN) -> None:
    if network.config.conventions != "reference":
        raise ModelError(
            "the network does not have the reference's conventions",
            received=network.config.conventions,
            needed="reference",
            remedy="build it from `reference_config`",
        )
