"""The whole inference on squares as one graph: maps, proposals, heads, detections, masks."""

from typing import Any

import keras

from tryon.models.mask_rcnn.decoding import detect, own_masks, refine
from tryon.models.mask_rcnn.landmarks import decode_landmarks
from tryon.models.mask_rcnn.network import MaskRCNN


class Detector(keras.Model):  # type: ignore[misc]
    """Square pictures with their windows to padded detections with their masks, in half-open pixels of the square.

    Its input holds `images` (B, S, S, 3) uint8 and `windows` (B, 4), the part of each square that shows the picture.
    Its output holds `boxes` (B, D, 4), `scores` (B, D), `class_ids` (B, D), `masks` (B, D, M, M) and `mask_boxes`
    (B, D, 4), the part of the square that each mask covers; with a landmark head `landmarks` (B, D, L, 4): x
    and y in pixel indices, the probability that the point is within the picture, and that it is seen.
    """

    def __init__(self, network: MaskRCNN) -> None:
        super().__init__(name="mask_rcnn_detector")
        self.network = network

    def call(self, inputs: dict[str, Any]) -> dict[str, Any]:
        said = run_stages(self.network, inputs["images"], inputs["windows"])
        side, to_pixels = self.network.config.image_size_px, self.network.conventions.to_pixels
        regions = to_pixels(self.network.mask_regions(said["boxes"]), side)
        found = {
            "boxes": to_pixels(said["boxes"], side),
            "scores": said["scores"],
            "class_ids": said["class_ids"],
            "masks": own_masks(said["mask_logits"], said["class_ids"]),
            "mask_boxes": regions,
        }
        if "heat_logits" in said:
            is_top = said["class_ids"] == self.network.landmark_class
            found["landmarks"] = decode_landmarks(said["heat_logits"], said["visibility_logits"], regions, is_top)
        return found


def run_stages(network: MaskRCNN, images: Any, windows: Any) -> dict[str, Any]:
    """What every stage says, boxes in the unit of the network's conventions.

    Args:
        network: with its conventions.
        images: (B, S, S, 3) uint8.
        windows: (B, 4) half-open pixels of the square, to which the conventions of the reference cut detections.

    Returns:
        `pyramid`: five maps; `objectness_logits` (B, A, 2), `anchor_deltas` (B, A, 4); `rois` (B, P, 4), `rois_real`
        (B, P); `class_logits` (B, P, K), `box_deltas` (B, P, K, 4); `boxes` (B, D, 4), `scores` (B, D), `class_ids`
        (B, D); `mask_logits` (B, D, M, M, K) and what else `mask_and_landmarks` gives.
    """
    config = network.config
    pyramid, mask_maps = network.features(images)
    objectness, anchor_deltas = network.objectness(pyramid)
    rois, real = network.propose(objectness, anchor_deltas)
    class_logits, box_deltas = network.classify(rois, pyramid)
    places: dict[str, Any] = {
        "windows": network.conventions.from_pixels(windows, config.image_size_px),
        "conventions": network.conventions,
    }
    found = detect(rois, real, class_logits, box_deltas, count=config.detections, **places)
    for _ in range(config.box_passes - 1):
        _, again = network.classify(found["boxes"], pyramid)
        found["boxes"] = refine(found["boxes"], found["class_ids"], again, **places)
    return {
        "pyramid": pyramid,
        "objectness_logits": objectness,
        "anchor_deltas": anchor_deltas,
        "rois": rois,
        "rois_real": real,
        "class_logits": class_logits,
        "box_deltas": box_deltas,
        **found,
        **network.mask_and_landmarks(found["boxes"], mask_maps),
    }
