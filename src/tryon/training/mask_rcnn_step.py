"""The training model: network and losses as one Keras model, so that `train_on_batch` works on every backend."""

from typing import Any

import keras
from keras import ops

from tryon.models.mask_rcnn import losses
from tryon.models.mask_rcnn.landmarks import landmark_loss, landmark_targets, own_landmarks, visibility_loss
from tryon.models.mask_rcnn.network import MaskRCNN
from tryon.models.mask_rcnn.targets import anchor_targets, roi_targets


class MaskRCNNLosses(keras.Model):  # type: ignore[misc]
    """Batches of pictures and annotations to the five losses, and two of landmarks where they are learnt; its
    gradient is that of their sum.

    A batch holds `images` (B, S, S, 3) uint8, `boxes` (B, G, 4), `class_ids` (B, G), `masks` (B, G, S, S)
    uint8 coverage, `landmarks` (B, G, L, 3), `anchor_noise` (B, A) and `roi_noise` (B, P + G), P the proposals of
    training, at validation too: its losses are compared with those of training.
    """

    def __init__(self, network: MaskRCNN) -> None:
        super().__init__(name="mask_rcnn_losses")
        self.network = network

    def call(self, batch: dict[str, Any], training: bool = False) -> dict[str, Any]:
        network, config = self.network, self.network.config
        pyramid, mask_maps = network.features(batch["images"], training=training)
        objectness, anchor_deltas = network.objectness(pyramid)
        labels, gt_anchor_deltas = anchor_targets(
            ops.convert_to_tensor(network.anchors_px),
            batch["boxes"],
            batch["class_ids"],
            batch["anchor_noise"],
            config.rpn_anchors,
        )
        proposals, real = network.propose(
            ops.stop_gradient(objectness), ops.stop_gradient(anchor_deltas), training=True
        )
        targets = roi_targets(
            proposals,
            real,
            {**batch, "boxes": network.conventions.from_pixels(batch["boxes"], config.image_size_px)},
            batch["roi_noise"],
            rois=config.rois_per_image,
            conventions=network.conventions,
            mask_side=network.mask_side,
            mask_margin=config.mask_margin,
        )
        positives = targets.positive.shape[1]
        class_logits, deltas = network.classify(targets.rois, pyramid, training=training)
        rois = targets.rois[:, :positives]
        mask_logits = network.mask(rois, mask_maps, training=training)
        components = {
            "rpn_class": losses.rpn_class_loss(labels, objectness),
            "rpn_bbox": losses.rpn_bbox_loss(labels, gt_anchor_deltas, anchor_deltas),
            "mrcnn_class": losses.class_loss(targets.class_ids, targets.weights, class_logits),
            "mrcnn_bbox": losses.bbox_loss(targets.class_ids, targets.deltas, deltas),
            "mrcnn_mask": losses.mask_loss(targets.class_ids[:, :positives], targets.masks, mask_logits),
        }
        if network.landmark_head is not None:
            heat, visibility = network.landmarks(rois, mask_maps, training=training)
            regions = network.conventions.to_pixels(network.landmark_regions(rois), config.image_size_px)
            sought = landmark_targets(own_landmarks(batch["landmarks"], targets), regions, heat.shape[2])
            components["mrcnn_landmark"] = landmark_loss(sought, heat)
            components["mrcnn_visibility"] = visibility_loss(sought, visibility)
        if network.kind_head is not None:
            components[losses.KIND_COMPONENT] = losses.kind_loss(batch["kinds"], network.garment_kinds(mask_maps))
        return components

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The sum of the components by their weights."""
        return losses.total(y_pred)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """The components of this very batch, not running means."""
        return dict(y_pred)
