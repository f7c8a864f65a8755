"""The five losses, each a scalar; a batch without a positive gives 0, never NaN.

Reference: He et al., Mask R-CNN (2017), section 3; smooth L1 with its bend at 1: Girshick, Fast R-CNN (2015),
equation 3.
"""

from collections.abc import Mapping
from typing import Any

from keras import ops

from tryon.config import MaskRCNNConfig
from tryon.models.mask_rcnn.targets import IGNORE, POSITIVE

COMPONENTS = ("rpn_class", "rpn_bbox", "mrcnn_class", "mrcnn_bbox", "mrcnn_mask")
LANDMARK_COMPONENTS = ("mrcnn_landmark", "mrcnn_visibility")
KIND_COMPONENT = "garment_kind"
# Twice the landmarks' loss brought their AP from 0.79 to 0.84 (with more close-ups in training) and cost masks nothing;
# the components of the paper have its weight, 1.
_WEIGHTS = {"mrcnn_landmark": 2.0}


def components_of(config: MaskRCNNConfig) -> tuple[str, ...]:
    """The names of the losses that a configuration's training has."""
    landmarks = LANDMARK_COMPONENTS if config.landmarks else ()
    return COMPONENTS + landmarks + ((KIND_COMPONENT,) if config.other_garments else ())


def total(components: Mapping[str, Any]) -> Any:
    """What training makes small: the sum of the components by their weights."""
    return sum(_WEIGHTS.get(name, 1.0) * value for name, value in components.items())


def rpn_class_loss(labels: Any, objectness_logits: Any) -> Any:
    """Mean cross-entropy over the sampled anchors: labels (B, A), logits (B, A, 2)."""
    weights = ops.cast(labels != IGNORE, "float32")
    return mean(cross_entropy(ops.maximum(labels, 0), objectness_logits), weights)


def rpn_bbox_loss(labels: Any, gt_deltas: Any, pred_deltas: Any) -> Any:
    """Mean smooth L1 over the positive anchors' deltas: labels (B, A), deltas (B, A, 4)."""
    return mean(ops.mean(smooth_l1(gt_deltas - pred_deltas), axis=-1), ops.cast(labels == POSITIVE, "float32"))


def class_loss(class_ids: Any, weights: Any, class_logits: Any) -> Any:
    """Mean cross-entropy over the RoIs that count: class_ids and weights (B, R), logits (B, R, K)."""
    return mean(cross_entropy(class_ids, class_logits), weights)


def active_weights(active: Any, class_logits: Any) -> Any:
    """Weights (B, R) for `class_loss` where data sets with different classes are mixed: RoIs that are taken for a class
    which their data set does not have are left out.

    Args:
        active: (K,) 1 for the classes of the batch's data set.
        class_logits: (B, R, K).
    """
    return ops.take(ops.cast(active, "float32"), ops.argmax(class_logits, axis=-1))


def bbox_loss(class_ids: Any, gt_deltas: Any, pred_deltas: Any) -> Any:
    """Mean smooth L1 of the true class's deltas over the positive RoIs: (B, R), (B, R, 4), (B, R, K, 4)."""
    own = ops.take_along_axis(pred_deltas, ops.cast(class_ids, "int32")[..., None, None], axis=2)[..., 0, :]
    return mean(ops.mean(smooth_l1(gt_deltas - own), axis=-1), ops.cast(class_ids > 0, "float32"))


def mask_loss(class_ids: Any, gt_masks: Any, mask_logits: Any) -> Any:
    """Mean binary cross-entropy of the true class's mask over the positive RoIs: (B, Q), (B, Q, M, M), (B, Q,
    M, M, K)."""
    own = of_class(mask_logits, class_ids)
    entropy = ops.maximum(own, 0.0) - own * gt_masks + ops.log1p(ops.exp(-ops.abs(own)))
    return mean(ops.mean(entropy, axis=(2, 3)), ops.cast(class_ids > 0, "float32"))


def kind_loss(kinds: Any, kind_logits: Any) -> Any:
    """Mean cross-entropy of what each cell shows: kinds (B, S, S), logits (B, S/2, S/2, K)."""
    return ops.mean(cross_entropy(kinds[:, ::2, ::2], kind_logits))


def of_class(values: Any, class_ids: Any) -> Any:
    """Values (B, Q, M, M) of each instance's class out of (B, Q, M, M, K); a product, whose gradient needs no
    scattering."""
    chosen = ops.one_hot(class_ids, values.shape[-1], dtype=values.dtype)
    return ops.sum(values * chosen[:, :, None, None, :], axis=-1)


def smooth_l1(difference: Any) -> Any:
    """0.5 x^2 for |x| < 1, |x| - 0.5 beyond."""
    size = ops.abs(difference)
    return ops.where(size < 1.0, 0.5 * ops.square(size), size - 0.5)


def cross_entropy(class_ids: Any, logits: Any) -> Any:
    """Cross-entropy (...) of logits (..., K)."""
    chosen = ops.take_along_axis(logits, ops.cast(class_ids, "int32")[..., None], axis=-1)[..., 0]
    return ops.logsumexp(logits, axis=-1) - chosen


def mean(values: Any, weights: Any) -> Any:
    """Mean of the values whose weight is 1; 0 if there is none."""
    # `where` keeps a padded row's value, whatever it is, out of the sum.
    total = ops.sum(ops.where(weights > 0, values * weights, 0.0))
    return total / ops.maximum(ops.sum(weights), 1.0)
