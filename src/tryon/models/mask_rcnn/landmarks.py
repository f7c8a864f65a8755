"""The landmark head: where the 25 points of a short sleeve top lie within a region, and which of them are seen.

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
from keras import layers, ops

from tryon.geometry.landmarks import ABSENT, HIDDEN, SHORT_SLEEVE_TOP, VISIBLE
from tryon.models.mask_rcnn.losses import cross_entropy, mean
from tryon.models.mask_rcnn.targets import RoITargets

LANDMARKS = len(SHORT_SLEEVE_TOP)
VISIBILITIES = 3  # absent, hidden, visible
# Cells round a map's highest one whose mean is the place: the target itself covers two by two.
NEAR_CELLS = 1


def landmark_head(pool: int, channels: int, hidden: int) -> keras.Model:
    """Pooled regions (N, pool, pool, C) to heat logits (N, pool, pool, L) and visibility logits (N, L, 3).

    The whole region, seen coarsely, says roughly where each point lies; a convolution says it sharply.
    """
    pooled = keras.Input((pool, pool, channels))
    half = -(-pool // 2)
    whole = layers.Flatten()(layers.AveragePooling2D(4, padding="same")(pooled))
    whole = layers.Dense(2 * hidden, activation="relu", name="mrcnn_landmark_whole")(whole)
    rough = layers.Dense(half * half * LANDMARKS, name="mrcnn_landmark_rough")(whole)
    rough = ops.image.resize(layers.Reshape((half, half, LANDMARKS))(rough), (pool, pool), interpolation="bilinear")
    x = layers.Conv2D(hidden, 3, padding="same", activation="relu", name="mrcnn_landmark_conv")(pooled)
    heat = layers.Add()([layers.Conv2D(LANDMARKS, 1, use_bias=False, name="mrcnn_landmark")(x), rough])
    visibility = layers.Dense(LANDMARKS * VISIBILITIES, name="mrcnn_landmark_visibility")(whole)
    # Coarse cells suffice: the target is divided among cells, so that their mean shows places within a cell.
    return keras.Model(pooled, [heat, layers.Reshape((LANDMARKS, VISIBILITIES))(visibility)], name="landmark_head")


@dataclass(frozen=True)
class LandmarkTargets:
    """What the head should say of regions, and the weights of its losses."""

    places: Any  # (B, Q, L, 2)
    located: Any  # (B, Q, L): 1 for a point within its region
    visibility: Any  # (B, Q, L)
    known: Any  # (B, Q, L): 1 where the visibility counts


def own_landmarks(gt_landmarks: Any, targets: RoITargets) -> Any:
    """Landmarks (B, Q, L, 3) of the object of each RoI that may be positive, out of (B, G, L, 3); absent where it is
    not."""
    G, L = gt_landmarks.shape[1:3]
    flat = ops.take_along_axis(ops.reshape(gt_landmarks, (-1, G, 3 * L)), targets.owners[..., None], axis=1)
    return ops.reshape(flat * targets.positive[..., None], (-1, targets.owners.shape[1], L, 3))


def landmark_targets(landmarks: Any, regions: Any, side: int) -> LandmarkTargets:
    """Where landmarks (B, Q, L, 3) lie in heat maps of `side` cells over regions (B, Q, 4).

    A point outside of its region counts nowhere, nor does an object without any landmark: nobody placed them.
    """
    points, visibility = landmarks[..., :2], landmarks[..., 2]
    sizes = ops.maximum(regions[..., 2:] - regions[..., :2], 1e-3)
    places = (points + 0.5 - regions[..., None, :2]) / sizes[..., None, :] * side - 0.5
    within = ops.all(ops.logical_and(places >= -0.5, places < side - 0.5), axis=-1)
    present = visibility != ABSENT
    annotated = ops.any(present, axis=-1, keepdims=True)
    located = ops.logical_and(present, within)
    known = ops.logical_and(annotated, ops.logical_or(within, ops.logical_not(present)))
    return LandmarkTargets(
        places=ops.clip(places, 0.0, side - 1.0),
        located=ops.cast(located, "float32"),
        visibility=visibility,
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
