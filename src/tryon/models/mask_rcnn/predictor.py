"""Pictures of any size in, shirts with masks at the picture's own size out."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tryon.images import refinement
from tryon.images.resizing import Placement, letterbox
from tryon.models.mask_rcnn.decoding import detect, own_masks, propose, refine
from tryon.models.mask_rcnn.network import MaskRCNN
from tryon.models.mask_rcnn.pasting import paste
from tryon.models.mask_rcnn.second_look import same_instance, window_round
from tryon.models.mask_rcnn.storage import load_network

BATCH = 8  # pictures in one call: bounds the memory
MASK_THRESHOLD = 0.5


@dataclass(frozen=True)
class Detections:
    """What was found in one picture, most confident first.

    Args:
        boxes: (N, 4) in the picture, cut to it.
        scores: (N,) confidences.
        class_ids: (N,), 1 for a short sleeve top.
        mask_probs: (N, H, W) float32 at the picture's own size.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    class_ids: NDArray[np.int32]
    mask_probs: NDArray[np.float32]

    @property
    def masks(self) -> NDArray[np.bool_]:
        """(N, H, W): the pixels that more likely than not belong to the instance."""
        return self.mask_probs > MASK_THRESHOLD

    def __len__(self) -> int:
        return len(self.scores)


class Predictor:
    """A network ready for use.

    Args:
        network: with trained weights.
        min_confidence: detections below it are left out; None: the configuration's.

    `refinement` is the configuration's and may be set to compare methods (`tryon.images.refinement`).
    """

    def __init__(self, network: MaskRCNN, min_confidence: float | None = None) -> None:
        self.config = network.config
        self.min_confidence = network.config.min_confidence if min_confidence is None else min_confidence
        self.refinement = network.config.refinement
        self._ground = network.conventions.ground
        self._model = _Detector(network)
        self._model.compile(jit_compile=keras.backend.backend() == "jax")

    def predict(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Detections in RGB pictures (H, W, 3) uint8 of any sizes."""
        found: list[Detections] = []
        for start in range(0, len(images), BATCH):
            batch = images[start : start + BATCH]
            first = self._first_look(batch)
            looked = self._second_look(batch, first) if self.config.second_look else first
            found += self._refined(batch, looked)
        return found

    def _refined(self, images: Sequence[NDArray[np.uint8]], found: list[Detections]) -> list[Detections]:
        """The detections with the masks of the confident ones brought to the pictures' edges."""

        def settle(place: tuple[int, int]) -> None:
            picture, index = place
            probs = found[picture].mask_probs
            probs[index] = refinement.refine(images[picture], probs[index], self.refinement)

        places = [
            (picture, int(index))
            for picture, detections in enumerate(found)
            for index in np.flatnonzero(detections.scores >= self.config.min_confidence)
        ]
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            list(pool.map(settle, places))
        return found

    def _first_look(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        side = self.config.image_size_px
        squares, placements = zip(*(letterbox(image, side, self._ground) for image in images), strict=True)
        said = self._say(list(squares))
        return [self._in_picture(out, placement) for out, placement in zip(said, placements, strict=True)]

    def _second_look(self, images: Sequence[NDArray[np.uint8]], found: list[Detections]) -> list[Detections]:
        """The detections with boxes and masks from a closer view of each, straight and mirrored; doubtful ones stay."""
        side, margin = self.config.image_size_px, self.config.second_look_margin
        places = [
            (picture, index, window_round(detections.boxes[index], margin, side))
            for picture, detections in enumerate(found)
            for index in np.flatnonzero(detections.scores >= self.config.min_confidence)
        ]
        straight = [window.cut(images[picture], self._ground) for picture, _, window in places]
        said = self._say([view for square in straight for view in (square, square[:, ::-1])])
        for (picture, index, window), *outs in zip(places, said[::2], said[1::2], strict=True):
            first = found[picture].boxes[index].copy()
            seen = [
                same_instance(out, window, first, mirrored) for out, mirrored in zip(outs, (False, True), strict=True)
            ]
            views = [view for view in seen if view is not None]
            if views:
                height, width = images[picture].shape[:2]
                box = np.mean([box for box, _, _ in views], axis=0)
                found[picture].boxes[index] = np.clip(box, 0, np.array([width, height, width, height]))
                pasted = [paste(mask, region, height, width) for _, mask, region in views]
                found[picture].mask_probs[index] = np.mean(pasted, axis=0)
        return found

    def _say(self, squares: list[NDArray[np.uint8]]) -> list[dict[str, NDArray[Any]]]:
        """What the network says of each square (S, S, 3), in batches of two sizes only, so that it is traced
        at most twice."""
        said = []
        for start in range(0, len(squares), BATCH):
            chunk = squares[start : start + BATCH]
            padding = [chunk[0]] * (BATCH - len(chunk) if len(chunk) > 1 else 0)
            out = self._model.predict_on_batch(np.stack([*chunk, *padding]))
            said += [{name: values[index] for name, values in out.items()} for index in range(len(chunk))]
        return said

    def _in_picture(self, out: dict[str, NDArray[Any]], placement: Placement) -> Detections:
        keep = (out["class_ids"] > 0) & (out["scores"] >= max(self.min_confidence, 1e-6))
        height, width = placement.height, placement.width
        boxes = placement.boxes_from_square(out["boxes"][keep])
        regions = placement.boxes_from_square(out["mask_boxes"][keep])
        masks = [paste(mask, box, height, width) for mask, box in zip(out["masks"][keep], regions, strict=True)]
        return Detections(
            boxes=np.clip(boxes, 0, np.array([width, height, width, height], np.float32)),
            scores=out["scores"][keep].astype(np.float32),
            class_ids=out["class_ids"][keep].astype(np.int32),
            mask_probs=np.stack(masks) if masks else np.zeros((0, height, width), np.float32),
        )


def load_predictor(folder: Path, min_confidence: float | None = None) -> Predictor:
    """The trained model in a folder that `save_model` wrote, ready for use.

    Raises:
        ModelError: a file is missing, damaged or does not match its description.
    """
    return Predictor(load_network(folder), min_confidence)


class _Detector(keras.Model):  # type: ignore[misc]
    """Square pictures (B, S, S, 3) uint8 to padded detections with their masks (B, D, M, M)."""

    def __init__(self, network: MaskRCNN) -> None:
        super().__init__(name="mask_rcnn_detector")
        self.network = network

    def call(self, images: Any) -> dict[str, Any]:
        network, config = self.network, self.network.config
        pyramid, mask_maps = network.features(images)
        logits, deltas = network.objectness(pyramid)
        side = config.image_size_px
        rois, real = propose(logits, deltas, network.anchors, count=config.proposals, side=side)
        class_logits, box_deltas = network.classify(rois, pyramid)
        found = detect(rois, real, class_logits, box_deltas, count=config.detections, side=side)
        for _ in range(config.box_passes - 1):
            _, box_deltas = network.classify(found["boxes"], pyramid)
            found["boxes"] = refine(found["boxes"], found["class_ids"], box_deltas, side)
        found["masks"] = own_masks(network.mask(found["boxes"], mask_maps), found["class_ids"])
        found["mask_boxes"] = network.mask_regions(found["boxes"])
        return found
