"""The whole inference on squares: maps, proposals, heads, detections, and masks for those that are real."""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tryon.models.mask_rcnn.decoding import detect, own_masks, refine
from tryon.models.mask_rcnn.landmarks import decode_landmarks
from tryon.models.mask_rcnn.network import MaskRCNN


class Detector:
    """Square pictures with their windows to detections with their masks, in half-open pixels of the square.

    Detections are padded to a fixed number so that one graph finds those of every picture. Masks are most of the work
    and most places are padding: they are drawn by a second graph, for as many places as the fullest picture needs.

    Args:
        network: with trained weights.
    """

    def __init__(self, network: MaskRCNN) -> None:
        self._network = network
        self._finder = _compiled(_Finder(network))
        self._drawers: dict[int, keras.Model] = {}  # by number of places: shapes within a graph are fixed

    def detect(
        self, images: NDArray[np.uint8], windows: NDArray[np.float32], min_score: float = 0.0
    ) -> list[dict[str, NDArray[Any]]]:
        """For each picture its detections, best first: `boxes` (N, 4), `scores` (N,), `class_ids` (N,), `masks`
        (N, M, M) and `mask_boxes` (N, 4), the part of the square that each mask covers; with a landmark head
        `landmarks` (N, L, 4): x and y in pixel indices, the probability that the point is within the picture, and that
        it is seen.

        Args:
            images: (B, S, S, 3).
            windows: (B, 4), the part of each square that shows the picture.
            min_score: less probable detections are left out.
        """
        found = self._finder.predict_on_batch({"images": images, "windows": windows})
        real = (found["class_ids"] > 0) & (found["scores"] >= min_score)
        numbers = real.sum(axis=1)  # sorted by score: the real ones come first
        places = min(self._network.config.detections, _power_of_two(int(numbers.max())))
        if places not in self._drawers:
            self._drawers[places] = _compiled(_Drawer(self._network))
        chosen = {name: found[name][:, :places] for name in ("boxes", "scores", "class_ids")}
        drawn = {**chosen, **self._drawers[places].predict_on_batch({**chosen, "maps": found["maps"]})}
        return [{name: values[row, :number] for name, values in drawn.items()} for row, number in enumerate(numbers)]


class _Finder(keras.Model):  # type: ignore[misc]
    """`images` (B, S, S, 3) uint8 and `windows` (B, 4) to padded `boxes` (B, D, 4) in the unit of the network's
    conventions, `scores` and `class_ids` (B, D), and the `maps` that masks are drawn from."""

    def __init__(self, network: MaskRCNN) -> None:
        super().__init__(name="mask_rcnn_finder")
        self.network = network

    def call(self, inputs: dict[str, Any]) -> dict[str, Any]:
        said = find(self.network, inputs["images"], inputs["windows"])
        return {name: said[name] for name in ("boxes", "scores", "class_ids")} | {"maps": said["mask_maps"]}


class _Drawer(keras.Model):  # type: ignore[misc]
    """`boxes` (B, N, 4), `class_ids` (B, N) and `maps` to what `Detector.detect` says of each beside its score."""

    def __init__(self, network: MaskRCNN) -> None:
        super().__init__(name="mask_rcnn_drawer")
        self.network = network

    def call(self, inputs: dict[str, Any]) -> dict[str, Any]:
        network, boxes, class_ids = self.network, inputs["boxes"], inputs["class_ids"]
        side, to_pixels = network.config.image_size_px, network.conventions.to_pixels
        said = network.mask_and_landmarks(boxes, inputs["maps"])
        drawn = {
            "boxes": to_pixels(boxes, side),
            "masks": own_masks(said["mask_logits"], class_ids),
            "mask_boxes": to_pixels(network.mask_regions(boxes), side),
        }
        if "heat_logits" in said:
            is_top = class_ids == network.landmark_class
            regions = to_pixels(network.landmark_regions(boxes), side)
            drawn["landmarks"] = decode_landmarks(said["heat_logits"], said["visibility_logits"], regions, is_top)
        return drawn


def run_stages(network: MaskRCNN, images: Any, windows: Any) -> dict[str, Any]:
    """What every stage says: all of `find`, and what `mask_and_landmarks` gives for all places, `mask_logits`
    (B, D, M, M, K) among it."""
    said = find(network, images, windows)
    return {**said, **network.mask_and_landmarks(said["boxes"], said["mask_maps"])}


def find(network: MaskRCNN, images: Any, windows: Any) -> dict[str, Any]:
    """What every stage but the masks says, boxes in the unit of the network's conventions.

    Args:
        network: with its conventions.
        images: (B, S, S, 3) uint8.
        windows: (B, 4) half-open pixels of the square, to which the conventions of the reference cut detections.

    Returns:
        `pyramid`: five maps; `mask_maps`: those that masks are drawn from; `objectness_logits` (B, A, 2),
        `anchor_deltas` (B, A, 4); `rois` (B, P, 4), `rois_real` (B, P); `class_logits` (B, P, K), `box_deltas`
        (B, P, K, 4); `boxes` (B, D, 4), `scores` (B, D), `class_ids` (B, D).
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
        "mask_maps": mask_maps,
        "objectness_logits": objectness,
        "anchor_deltas": anchor_deltas,
        "rois": rois,
        "rois_real": real,
        "class_logits": class_logits,
        "box_deltas": box_deltas,
        **found,
    }


def _compiled(graph: keras.Model) -> keras.Model:
    graph.compile(jit_compile=keras.backend.backend() == "jax")
    return graph


def _power_of_two(number: int) -> int:
    """The least power of two that is not below a number: few sizes, so that few graphs are traced."""
    return 1 << max(0, number - 1).bit_length()
