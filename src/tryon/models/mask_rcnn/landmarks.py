"""The landmark head: where the 25 points of a short sleeve top lie within a region, and which of them are seen.

With `face` it finds the wearer's nose, eyes and ears besides, as five more points: a head is of much the same size on
everybody, so that it tells how large the shirt is, which the shirt itself does not.

A heat map over the region for each point, and logits of absent, hidden and visible. Network, targets, losses and
decoding are functions of their own; a place is counted in cells of the heat map, 0 at the centre of the first cell, and
a point in pixel indices of the network's square, as the annotations are.

Shapes: `H` side of a heat map, `L` landmarks; the others as in the package.
Reference: He et al., Mask R-CNN (2017), section 5.
"""

import math
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from tryon.config import MaskRCNNConfig
from tryon.geometry.landmarks import ABSENT, FACE, HIDDEN, SHORT_SLEEVE_TOP, UNKNOWN, VISIBLE
from tryon.models.mask_rcnn.losses import cross_entropy, mean
from tryon.models.mask_rcnn.targets import RoITargets

LANDMARKS = len(SHORT_SLEEVE_TOP)
VISIBILITIES = 3  # absent, hidden, visible
# A region's side in cells: of a shirt that fills the square, a cell of the finest map each.
POOL_PX = 28
# How far a region reaches beyond its box, as a fraction of it: a hem or cuff may lie there where the box is wrong, and
# above the neck the face, whose eyes are a fifth of a shirt's height above it.
MARGIN, FACE_ABOVE = 0.15, 0.4
# Cells round a map's highest one whose mean is the place: the target itself covers two by two.
NEAR_CELLS = 1


def points_of(config: MaskRCNNConfig) -> int:
    """How many points the landmark head of a configuration finds."""
    return LANDMARKS + (len(FACE) if config.face else 0)


def landmark_head(channels: int, hidden: int, points: int) -> keras.Model:
    """Pooled regions (N, H, H, C) to heat logits (N, H, H, L) and visibility logits (N, L, 3), H being `POOL_PX`.

    Places are told by convolutions alone: a layer that sees the whole region would tell them by what part of it they
    mostly are, and draw the points of a large shirt and of a small one towards the same places.
    """
    pooled = keras.Input((POOL_PX, POOL_PX, channels))
    whole = layers.Flatten()(layers.AveragePooling2D(POOL_PX // 4)(pooled))
    whole = layers.Dense(2 * hidden, activation="relu", name="mrcnn_landmark_whole")(whole)
    x = pooled
    for number in (1, 2):
        x = layers.Conv2D(hidden, 3, padding="same", activation="relu", name=f"mrcnn_landmark_conv{number}")(x)
    heat = layers.Conv2D(points, 1, use_bias=False, name="mrcnn_landmark")(x)
    visibility = layers.Dense(points * VISIBILITIES, name="mrcnn_landmark_visibility")(whole)
    # Coarse cells suffice: the target is divided among cells, so that their mean shows places within a cell.
    return keras.Model(pooled, [heat, layers.Reshape((points, VISIBILITIES))(visibility)], name="landmark_head")


def landmark_regions(rois: Any, face: bool) -> Any:
    """Boxes (B, R, 4) that the landmarks of RoIs are sought in."""
    above = np.array([MARGIN, FACE_ABOVE if face else MARGIN], np.float32)
    sides = rois[..., 2:] - rois[..., :2]
    return ops.concatenate([rois[..., :2] - sides * above, rois[..., 2:] + sides * np.float32(MARGIN)], axis=-1)


@dataclass(frozen=True)
class LandmarkTargets:
    """What the head should say of regions, and the weights of its losses."""

    places: Any  # (B, Q, L, 2)
    located: Any  # (B, Q, L): 1 for a point within its region
    visibility: Any  # (B, Q, L)
    known: Any  # (B, Q, L): 1 where the visibility counts


def own_landmarks(gt_landmarks: Any, targets: RoITargets) -> Any:
    """Landmarks (B, Q, L, 3) of the object of each RoI that may be positive, out of (B, G, L, 3); unknown where it is
    not."""
    G, L = gt_landmarks.shape[1:3]
    flat = ops.take_along_axis(ops.reshape(gt_landmarks, (-1, G, 3 * L)), targets.owners[..., None], axis=1)
    own = ops.reshape(flat, (-1, targets.owners.shape[1], L, 3))
    return ops.where(targets.positive[..., None, None] > 0, own, float(UNKNOWN))


def landmark_targets(landmarks: Any, regions: Any, side: int) -> LandmarkTargets:
    """Where landmarks (B, Q, L, 3) lie in heat maps of `side` cells over regions (B, Q, 4).

    A point outside of its region counts nowhere, nor do the landmarks of a shirt without any, nor an unknown face:
    nobody placed them.
    """
    points, visibility = landmarks[..., :2], landmarks[..., 2]
    sizes = ops.maximum(regions[..., 2:] - regions[..., :2], 1e-3)
    places = (points + 0.5 - regions[..., None, :2]) / sizes[..., None, :] * side - 0.5
    within = ops.all(ops.logical_and(places >= -0.5, places < side - 0.5), axis=-1)
    present = visibility > ABSENT
    placed = ops.any(present[..., :LANDMARKS], axis=-1, keepdims=True)
    stated = ops.logical_and(visibility >= ABSENT, ops.logical_or(placed, ops.arange(landmarks.shape[2]) >= LANDMARKS))
    located = ops.logical_and(present, within)
    known = ops.logical_and(stated, ops.logical_or(within, ops.logical_not(present)))
    return LandmarkTargets(
        places=ops.clip(places, 0.0, side - 1.0),
        located=ops.cast(located, "float32"),
        visibility=ops.maximum(visibility, float(ABSENT)),
        known=ops.cast(known, "float32"),
    )


def landmark_loss(targets: LandmarkTargets, heat_logits: Any) -> Any:
    """Mean cross-entropy of the heat maps (B, Q, H, H, L) over the points that count; 1 for maps that know nothing.

    The target is divided among the four cells round the place, so that its mean is the place itself.
    """
    H = heat_logits.shape[2]
    cells = ops.arange(H, dtype="float32")
    shares = ops.maximum(0.0, 1.0 - ops.abs(targets.places[..., None] - cells))  # (B, Q, L, 2, H)
    by_row = ops.einsum("bqyxl,bqlx->bqly", heat_logits, shares[..., 0, :])
    chosen = ops.sum(by_row * shares[..., 1, :], axis=-1)
    return mean(ops.logsumexp(heat_logits, axis=(2, 3)) - chosen, targets.located) / math.log(H * H)


def visibility_loss(targets: LandmarkTargets, visibility_logits: Any) -> Any:
    """Mean cross-entropy of the visibilities (B, Q, L, 3) over the points that count."""
    return mean(cross_entropy(targets.visibility, visibility_logits), targets.known)


def decode_landmarks(heat_logits: Any, visibility_logits: Any, regions: Any, is_top: Any) -> Any:
    """Landmarks (B, D, L, 4): x, y, the probability that the point is within the picture, and that it is seen.

    Args:
        heat_logits: (B, D, H, H, L).
        visibility_logits: (B, D, L, 3).
        regions: (B, D, 4) in pixels.
        is_top: (B, D) bool; nothing else has these landmarks, and its probabilities are 0.
    """
    probs = ops.softmax(visibility_logits, axis=-1) * ops.cast(is_top, "float32")[..., None, None]
    seen = ops.stack([probs[..., HIDDEN] + probs[..., VISIBLE], probs[..., VISIBLE]], axis=-1)
    return ops.concatenate([locate(heat_logits, regions), seen], axis=-1)


def locate(heat_logits: Any, regions: Any) -> Any:
    """Points (B, D, L, 2) that heat maps (B, D, H, H, L) of regions (B, D, 4) show, finer than a cell: the mean place
    near the highest cell."""
    H = heat_logits.shape[2]
    flat = ops.reshape(heat_logits, (-1, H * H, heat_logits.shape[-1]))
    peak = ops.argmax(flat, axis=1)  # (N, L)
    probs = ops.reshape(ops.softmax(flat, axis=1), (-1, H, H, flat.shape[-1]))
    cells = ops.arange(H)
    near_rows, near_columns = (
        ops.cast(ops.abs(cells - centre[..., None]) <= NEAR_CELLS, probs.dtype) for centre in (peak // H, peak % H)
    )
    columns = ops.einsum("nyxl,nly->nlx", probs, near_rows) * near_columns
    rows = ops.einsum("nyxl,nlx->nly", probs, near_columns) * near_rows
    mass = ops.sum(rows, axis=-1)
    steps = ops.cast(cells, probs.dtype)
    places = ops.stack([ops.sum(columns * steps, axis=-1) / mass, ops.sum(rows * steps, axis=-1) / mass], axis=-1)
    places = ops.reshape(places, (-1, heat_logits.shape[1], places.shape[1], 2))
    sizes = (regions[..., 2:] - regions[..., :2])[..., None, :]
    return (places + 0.5) / H * sizes + regions[..., None, :2] - 0.5
