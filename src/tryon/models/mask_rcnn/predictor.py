"""Pictures of any size in, shirts with masks at the picture's own size out."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tryon.images import refinement
from tryon.models.mask_rcnn.detector import Detector
from tryon.models.mask_rcnn.framing import Frame, frame
from tryon.models.mask_rcnn.landmarks import LANDMARKS
from tryon.models.mask_rcnn.network import MaskRCNN
from tryon.models.mask_rcnn.pasting import paste
from tryon.models.mask_rcnn.second_look import FACE_RISE, same_instance, window_round
from tryon.models.mask_rcnn.storage import load_network

BATCH = 8  # pictures in one call: bounds the memory
MASK_THRESHOLD = 0.5


@dataclass(frozen=True)
class Detections:
    """What was found in one picture, most confident first.

    Args:
        boxes: (N, 4) in the picture, cut to it.
        scores: (N,) confidences.
        class_ids: (N,), from 1 on in the order of `class_names`.
        mask_probs: (N, H, W) float32 at the picture's own size.
        points: (N, L, 4) of short sleeve tops, the landmarks and then, if the network finds it, the wearer's face: x, y
            as pixel indices, and the probabilities that the point is within the picture, and that it is seen; None from
            a network without a landmark head.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    class_ids: NDArray[np.int32]
    mask_probs: NDArray[np.float32]
    points: NDArray[np.float32] | None = None

    @property
    def landmarks(self) -> NDArray[np.float32] | None:
        """(N, 25, 3): x, y and the probability that the landmark is within the picture."""
        return None if self.points is None else self.points[:, :LANDMARKS, :3]

    @property
    def visible(self) -> NDArray[np.float32] | None:
        """(N, 25) probabilities that the landmarks are seen, not covered."""
        return None if self.points is None else self.points[:, :LANDMARKS, 3]

    @property
    def face(self) -> NDArray[np.float32] | None:
        """(N, 5, 3) of the wearer's nose, eyes and ears, as `landmarks`; None where the network does not look for
        them."""
        if self.points is None or self.points.shape[1] == LANDMARKS:
            return None
        return self.points[:, LANDMARKS:, :3]

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
        self._detector = Detector(network)

    def predict(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Detections in RGB pictures (H, W, 3) uint8 of any sizes."""
        found: list[Detections] = []
        for start in range(0, len(images), BATCH):
            batch = images[start : start + BATCH]
            first = self._first_look(batch)
            looked = self._second_look(batch, first) if self.config.second_look else first
            found += self._refined(batch, looked)
        return found

    def glance(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """What the first look finds in such pictures: the scores of `predict` in a third of its time, coarse masks."""
        return [
            found for start in range(0, len(images), BATCH) for found in self._first_look(images[start : start + BATCH])
        ]

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
        frames = [frame(image, self.config) for image in images]
        squares, windows = [framed.square for framed in frames], [framed.window for framed in frames]
        said = self._say(squares, windows, max(self.min_confidence, 1e-6))
        return [self._in_picture(out, framed) for out, framed in zip(said, frames, strict=True)]

    def _second_look(self, images: Sequence[NDArray[np.uint8]], found: list[Detections]) -> list[Detections]:
        """The detections with boxes and masks from a closer view of each, straight and mirrored; doubtful ones stay."""
        side, margin = self.config.image_size_px, self.config.second_look_margin
        rise = FACE_RISE if self.config.face else 0.0
        places = [
            (picture, index, window_round(detections.boxes[index], margin, side, rise))
            for picture, detections in enumerate(found)
            for index in np.flatnonzero(detections.scores >= self.config.min_confidence)
        ]
        straight = [window.cut(images[picture], self._ground) for picture, _, window in places]
        views = [view for square in straight for view in (square, square[:, ::-1])]
        said = self._say(views, [np.array([0, 0, side, side], np.float32)] * len(views))
        for (picture, index, window), *outs in zip(places, said[::2], said[1::2], strict=True):
            first = found[picture].boxes[index].copy()
            seen = [
                same_instance(out, window, first, mirrored) for out, mirrored in zip(outs, (False, True), strict=True)
            ]
            lasting = [view for view in seen if view is not None]
            if lasting:
                height, width = images[picture].shape[:2]
                box = np.mean([view.box for view in lasting], axis=0)
                found[picture].boxes[index] = np.clip(box, 0, np.array([width, height, width, height]))
                pasted = [paste(view.mask, view.region, height, width) for view in lasting]
                found[picture].mask_probs[index] = np.mean(pasted, axis=0)
                points = found[picture].points
                if points is not None:
                    points[index] = np.mean([view.landmarks for view in lasting if view.landmarks is not None], axis=0)
        return found

    def _say(
        self, squares: list[NDArray[np.uint8]], windows: list[NDArray[np.float32]], min_score: float = 0.0
    ) -> list[dict[str, Any]]:
        """What the network says of each square (S, S, 3), in batches of two sizes only, so that few
        graphs are traced."""
        said = []
        for start in range(0, len(squares), BATCH):
            chunk, cut = squares[start : start + BATCH], windows[start : start + BATCH]
            padding = BATCH - len(chunk) if len(chunk) > 1 else 0
            images, places = np.stack([*chunk, *chunk[:1] * padding]), np.stack([*cut, *cut[:1] * padding])
            said += self._detector.detect(images, places, min_score)[: len(chunk)]
        return said

    def _in_picture(self, out: dict[str, NDArray[Any]], framed: Frame) -> Detections:
        boxes, mask_probs, real = framed.to_picture(out)
        points = out["landmarks"][real] if "landmarks" in out else None
        if points is not None:
            points[..., :2] = framed.points_to_picture(points[..., :2])
        return Detections(
            boxes=boxes,
            scores=out["scores"][real].astype(np.float32),
            class_ids=out["class_ids"][real].astype(np.int32),
            mask_probs=mask_probs,
            points=points,
        )


def load_predictor(folder: Path, min_confidence: float | None = None) -> Predictor:
    """The trained model in a folder that `save_model` wrote, ready for use.

    Raises:
        ModelError: a file is missing, damaged or does not match its description.
    """
    return Predictor(load_network(folder), min_confidence)
