"""Networks that mean what those of the 2017 implementation mean."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from tryon.config import MaskRCNNConfig

LEVELS = [2, 3, 4, 5, 6]


def reference_config(
    backbone: Literal["resnet50", "resnet101"] = "resnet101",
    *,
    class_names: Sequence[str],
    image_size_px: int = 1024,
    image_min_px: int = 800,
    anchor_scales: Sequence[float] = (32, 64, 128, 256, 512),
    anchor_ratios: Sequence[float] = (0.5, 1, 2),
    proposals: int = 1000,
    train_proposals: int = 2000,
    detections: int = 100,
    min_confidence: float = 0.7,
    weights: str = "none",
) -> MaskRCNNConfig:
    """Architecture, conventions and recipe of the 2017 implementation, with its default values.

    Args:
        backbone: it has these two.
        class_names: without the background.
        image_size_px: side of the square (its `IMAGE_MAX_DIM`, a multiple of 64 there).
        image_min_px: the shorter side is enlarged to it where the square allows (its `IMAGE_MIN_DIM`); 0: as far as
            the square allows.
        anchor_scales: one for each of P2 to P6.
        anchor_ratios: width by height.
        proposals: kept for the heads (`POST_NMS_ROIS_INFERENCE`).
        train_proposals: the same in training (`POST_NMS_ROIS_TRAINING`).
        detections: at most (`DETECTION_MAX_INSTANCES`).
        min_confidence: of a detection.
        weights: as in `params.yaml`; batch statistics are frozen for any but `none`.
    """
    return MaskRCNNConfig(
        backbone=backbone,
        conventions="reference",
        class_names=list(class_names),
        image_size_px=image_size_px,
        image_min_px=min(image_min_px, image_size_px),
        fpn_channels=256,
        rpn_channels=512,
        rpn_levels=LEVELS,
        anchor_scales=list(anchor_scales),
        anchor_ratios=list(anchor_ratios),
        rpn_anchors=256,
        proposals=proposals,
        train_proposals=train_proposals,
        rois_per_image=200,
        head_channels=1024,
        mask_features="pyramid",
        mask_channels=256,
        mask_convolutions=4,
        mask_pool_px=14,
        mask_upsamplings=1,
        mask_margin=0.0,
        landmarks=False,
        landmark_channels=64,
        face=False,
        other_garments=False,
        box_passes=1,
        max_instances=100,
        detections=detections,
        min_confidence=min_confidence,
        second_look=False,
        second_look_margin=0.0,
        refinement="none",
        weights=weights,
        weights_sha256="",
        weights_exclude=[],
        layers="heads",
        repetition=0,
        epochs=30,
        batch_size=2,
        optimizer="sgd",
        learning_rate=0.001,
        warm_up_epochs=0,
        weight_decay=0.0001,
        flip=False,
        max_shift=0.0,
        max_scale=0.0,
        max_rotation_degrees=0.0,
        recolour=0.0,
        colour_jitter=0.0,
        close_ups=0.0,
        surroundings=0.0,
        blanks=0.0,
        early_stop_epochs=0,
        keep_weights="last",
        precision="float32",
        devices=1,
    )


def with_reference_conventions(config: MaskRCNNConfig) -> MaskRCNNConfig:
    """The configuration as weights of the 2017 implementation need it: loading them selects this.

    Sizes stay as they are. Boxes, anchors and samples become the reference's, and what it does not have is left out:
    fine mask features, a margin round masks, landmarks and faces, kinds of other garments, further box passes, the
    second look, masks brought to the picture's edges.
    """
    return replace(
        config,
        conventions="reference",
        mask_features="pyramid",
        mask_margin=0.0,
        landmarks=False,
        face=False,
        other_garments=False,
        box_passes=1,
        second_look=False,
        refinement="none",
    )
