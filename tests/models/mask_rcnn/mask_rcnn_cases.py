"""A Mask R-CNN small enough for tests, and pictures with one coloured ellipse each."""

from dataclasses import replace
from typing import Any

import numpy as np

from tryon.config import MaskRCNNConfig

TINY = MaskRCNNConfig(
    backbone="light",
    conventions="ours",
    class_names=["short sleeve top"],
    image_size_px=64,
    image_min_px=0,
    fpn_channels=16,
    rpn_channels=16,
    rpn_levels=[3, 4],
    anchor_scales=[20, 32],
    anchor_ratios=[0.7, 1.0, 1.4],
    rpn_anchors=16,
    proposals=8,
    train_proposals=12,
    rois_per_image=6,
    head_channels=32,
    mask_features="fine",
    mask_channels=16,
    mask_convolutions=1,
    mask_pool_px=14,
    mask_upsamplings=1,
    mask_margin=0.1,
    landmarks=False,
    landmark_channels=8,
    face=False,
    other_garments=False,
    box_passes=2,
    max_instances=2,
    detections=3,
    min_confidence=0.5,
    second_look=True,
    second_look_margin=0.3,
    refinement="none",
    weights="none",
    weights_sha256="",
    weights_exclude=[],
    layers="all",
    repetition=0,
    epochs=2,
    batch_size=2,
    optimizer="adamw",
    learning_rate=0.004,
    warm_up_epochs=1,
    weight_decay=0.01,
    flip=True,
    max_shift=0.1,
    max_scale=0.1,
    max_rotation_degrees=0.0,
    recolour=0.0,
    colour_jitter=0.1,
    close_ups=0.3,
    surroundings=0.2,
    blanks=0.1,
    early_stop_epochs=0,
    keep_weights="last",
    precision="float32",
    devices=1,
)


def tiny(**changes: Any) -> MaskRCNNConfig:
    return replace(TINY, **changes)


def ellipse_pictures(count: int, side: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pictures (N, S, S, 3) uint8 of a red ellipse on noise, masks (N, S, S) bool, boxes (N, 4)."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] + 0.5
    pictures = random.integers(90, 160, (count, side, side, 3)).astype(np.uint8)
    masks = np.zeros((count, side, side), bool)
    boxes = np.zeros((count, 4), np.float32)
    for index in range(count):
        centre_x, centre_y = random.uniform(0.4, 0.6, 2) * side
        half_w, half_h = random.uniform(0.2, 0.33, 2) * side
        masks[index] = ((x - centre_x) / half_w) ** 2 + ((y - centre_y) / half_h) ** 2 <= 1
        pictures[index][masks[index]] = (210, 40, 50)
        rows, columns = np.flatnonzero(masks[index].any(1)), np.flatnonzero(masks[index].any(0))
        boxes[index] = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    return pictures, masks, boxes


def rim_landmarks(box: np.ndarray) -> np.ndarray:
    """Landmarks (25, 3) round the ellipse in a box (4,), left and right as on a shirt; every fifth one is hidden."""
    down = np.linspace(0.6, 2.9, 9)
    angles = np.array([0, 0.4, 0.2, 0, -0.2, -0.4, *down, np.pi, *-down[::-1]])
    x = (box[0] + box[2]) / 2 - np.sin(angles) * (box[2] - box[0]) / 2 - 0.5
    y = (box[1] + box[3]) / 2 - np.cos(angles) * (box[3] - box[1]) / 2 - 0.5
    return np.stack([x, y, np.where(np.arange(25) % 5 == 4, 1, 2)], axis=1)


def ellipse_batch(config: MaskRCNNConfig, count: int, anchors: int, seed: int = 0) -> dict[str, np.ndarray]:
    """A training batch of ellipses, one object and padding in each."""
    pictures, masks, boxes = ellipse_pictures(count, config.image_size_px, seed)
    G, S = config.max_instances, config.image_size_px
    random = np.random.default_rng(seed)
    batch = {
        "images": pictures,
        "boxes": np.zeros((count, G, 4), np.float32),
        "class_ids": np.zeros((count, G), np.int32),
        "masks": np.zeros((count, G, S, S), np.uint8),
        "landmarks": np.zeros((count, G, 30 if config.face else 25, 3), np.float32),
        "anchor_noise": random.random((count, anchors), dtype=np.float32),
        "roi_noise": random.random((count, config.train_proposals + G), dtype=np.float32),
    }
    batch["boxes"][:, 0], batch["class_ids"][:, 0], batch["masks"][:, 0] = boxes, 1, masks * np.uint8(255)
    batch["landmarks"][:, 0, :25] = [rim_landmarks(box) for box in boxes]
    batch["landmarks"][:, 0, 25:] = [[(box[0], max(box[1] - 2, 0), 2)] for box in boxes]
    return batch
