"""The network: pictures to maps, proposals, and what the heads say of RoIs. It knows neither targets nor losses."""

import re
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from tryon.config import GARMENT_KINDS, LANDMARK_CLASS, MaskRCNNConfig
from tryon.models.layers.boxes import expand
from tryon.models.layers.precision import computing_in
from tryon.models.layers.roi_align import CornerRoIAlign, RoIAlign
from tryon.models.mask_rcnn import backbones, heads
from tryon.models.mask_rcnn.anchors import pyramid_anchors
from tryon.models.mask_rcnn.conventions import FINE_STRIDE, STRIDES, conventions_of, picture_range_of
from tryon.models.mask_rcnn.decoding import objectness_scores, propose
from tryon.models.mask_rcnn.landmarks import POOL_PX, landmark_head, landmark_regions, points_of

BOX_POOL_PX = 7
BOX_LEVELS = 4  # heads read P2 to P5

# Which layers learn, by name, as in the 2017 implementation.
LAYER_CHOICES = {
    "heads": r"mrcnn_.*|rpn_.*|fpn_.*",
    "3+": r"res[345].*|bn[345].*|mrcnn_.*|rpn_.*|fpn_.*",
    "4+": r"res[45].*|bn[45].*|mrcnn_.*|rpn_.*|fpn_.*",
    "5+": r"res5.*|bn5.*|mrcnn_.*|rpn_.*|fpn_.*",
    "all": r".*",
}


class MaskRCNN(keras.Model):  # type: ignore[misc]
    """Mask R-CNN's network: trunk, proposal head, box head and mask head, each callable by itself.

    Args:
        config: architecture; of the training fields only `weights` and `precision` are read.
    """

    def __init__(self, config: MaskRCNNConfig) -> None:
        super().__init__(name="mask_rcnn")
        self.config = config
        self.conventions = conventions_of(config)
        self.classes = 1 + len(config.class_names)  # the background is class 0
        self.mask_side = config.mask_pool_px * 2**config.mask_upsamplings
        self._fine = config.mask_features == "fine"
        # With few pictures a step, statistics that come with given weights are better than a step's own.
        frozen = config.weights != "none"
        norm: dict[str, Any] = {"normalisation": picture_range_of(config.backbone).normalisation, "frozen": frozen}
        hidden, channels = config.head_channels, config.fpn_channels
        self._fine_channels = config.mask_channels // 2 if self._fine else 0
        with computing_in(config.precision):
            self.trunk = self._build_trunk(frozen)
            self.rpn = heads.proposal_head(channels, config.rpn_channels, len(config.anchor_ratios))
            self.box_head = heads.box_head(BOX_POOL_PX, channels, hidden, self.classes, **norm)
            self.mask_head = heads.mask_head(
                config.mask_pool_px, channels, config.mask_channels, self.classes,
                convolutions=config.mask_convolutions, upsamplings=config.mask_upsamplings,
                fine_channels=self._fine_channels, **norm,
            )  # fmt: skip
            self.landmark_head: keras.Model | None = None
            if config.landmarks:
                self.landmark_head = landmark_head(channels, config.landmark_channels, points_of(config))
                self.landmark_class = 1 + config.class_names.index(LANDMARK_CLASS)
            self.kind_head: keras.Model | None = None
            if config.other_garments:
                self.kind_head = heads.kind_head(self._fine_channels, len(GARMENT_KINDS))
        self.box_align = self._align(BOX_POOL_PX, STRIDES[:BOX_LEVELS], "box_align")
        self.mask_align = self._align(config.mask_pool_px, STRIDES[:BOX_LEVELS], "mask_align")
        self.fine_align = self._align(2 * config.mask_pool_px, (FINE_STRIDE,), "fine_align")
        self.landmark_align = self._align(POOL_PX, STRIDES[:1], "landmark_align")
        self.anchors_px = pyramid_anchors(
            config.image_size_px,
            config.rpn_levels,
            config.anchor_scales,
            config.anchor_ratios,
            self.conventions.anchor_offset,
        )
        # The same anchors as proposals start from them: in the unit of the conventions.
        self.anchors = np.asarray(self.conventions.from_pixels(self.anchors_px, config.image_size_px), np.float32)
        self.built = True

    def _align(self, size: int, strides: tuple[int, ...], name: str) -> RoIAlign:
        if self.conventions.corner_samples:
            return CornerRoIAlign(size, strides, self.config.image_size_px, name=name)
        return RoIAlign(size, strides, name=name)

    def _build_trunk(self, frozen: bool) -> keras.Model:
        """Pictures (B, S, S, 3) uint8 to P2 to P6 and, with fine mask features, the map of stride 2."""
        config, side = self.config, self.config.image_size_px
        image = keras.Input((side, side, 3), name="input_image")
        picture_range = picture_range_of(config.backbone)
        offset = list(picture_range.offset)
        x = layers.Rescaling(picture_range.scale / 255.0, offset=offset, name="normalise")(image)
        light = config.backbone == "light"
        maps = backbones.light(x) if light else backbones.resnet(x, config.backbone, frozen)
        pyramid = heads.feature_pyramid(maps[1:], config.fpn_channels)
        outputs = list(pyramid)
        if self._fine:
            outputs.append(heads.fine_map(maps[0], pyramid[0], self._fine_channels))
        return keras.Model(image, outputs, name="trunk")

    def features(self, images: Any, training: bool = False) -> tuple[list[Any], list[Any]]:
        """Maps P2 to P6, and the maps that the mask head reads, of pictures (B, S, S, 3) uint8."""
        maps = self.trunk(ops.cast(images, "float32"), training=training)
        return maps[:5], [*maps[:BOX_LEVELS], *maps[5:]]

    def objectness(self, pyramid: list[Any]) -> tuple[Any, Any]:
        """Logits (B, A, 2) and deltas (B, A, 4) for all anchors."""
        said = [self.rpn(pyramid[level - 2]) for level in self.config.rpn_levels]
        return _whole(ops.concatenate([logits for logits, _ in said], axis=1)), _whole(
            ops.concatenate([deltas for _, deltas in said], axis=1)
        )

    def propose(self, objectness_logits: Any, deltas: Any, training: bool = False) -> tuple[Any, Any]:
        """Proposals (B, P, 4), best first, and which of them are real (B, P), from what `objectness` gives."""
        scores = objectness_scores(objectness_logits, self.conventions)
        config, side = self.config, self.config.image_size_px
        count = config.train_proposals if training else config.proposals
        return propose(scores, deltas, self.anchors, count=count, side=side, conventions=self.conventions)

    def classify(self, rois: Any, pyramid: list[Any], training: bool = False) -> tuple[Any, Any]:
        """Class logits (B, R, K) and deltas by class (B, R, K, 4) for RoIs (B, R, 4)."""
        pooled = self.box_align(rois, pyramid[:BOX_LEVELS])
        flat = ops.reshape(pooled, (-1, *pooled.shape[2:]))
        logits, deltas = self.box_head(flat, training=training)
        R, K = rois.shape[1], self.classes
        return _whole(ops.reshape(logits, (-1, R, K))), _whole(ops.reshape(deltas, (-1, R, K, 4)))

    def mask_regions(self, rois: Any) -> Any:
        """Boxes (B, R, 4) that the masks of RoIs cover: with a margin, so that a box that is too small cuts
        nothing off."""
        return expand(rois, self.config.mask_margin)

    def landmark_regions(self, rois: Any) -> Any:
        """Boxes (B, R, 4) that the landmarks of RoIs are sought in."""
        return landmark_regions(rois, self.config.face)

    def mask(self, rois: Any, maps: list[Any], training: bool = False) -> Any:
        """Mask logits (B, R, M, M, K) of the regions of RoIs (B, R, 4)."""
        pooled = self._pool_regions(rois, maps)
        logits = self.mask_head(pooled if self._fine else pooled[0], training=training)
        return _whole(ops.reshape(logits, (-1, rois.shape[1], self.mask_side, self.mask_side, self.classes)))

    def landmarks(self, rois: Any, maps: list[Any], training: bool = False) -> tuple[Any, Any]:
        """Heat logits (B, R, H, H, L) and visibility logits (B, R, L, 3) of the regions of RoIs (B, R, 4), where the
        network has a landmark head."""
        assert self.landmark_head is not None, "config.landmarks"
        R, pooled = rois.shape[1], self.landmark_align(self.landmark_regions(rois), maps[:1])
        said = self.landmark_head(ops.reshape(pooled, (-1, *pooled.shape[2:])), training=training)
        heat, visibility = (_whole(ops.reshape(logits, (-1, R, *logits.shape[1:]))) for logits in said)
        return heat, visibility

    def mask_and_landmarks(self, rois: Any, maps: list[Any]) -> dict[str, Any]:
        """`mask_logits` of `mask` and, with a landmark head, `heat_logits` and `visibility_logits` of `landmarks`."""
        said = {"mask_logits": self.mask(rois, maps)}
        if self.landmark_head is not None:
            said["heat_logits"], said["visibility_logits"] = self.landmarks(rois, maps)
        return said

    def _pool_regions(self, rois: Any, maps: list[Any]) -> list[Any]:
        """Features of the regions of RoIs, one below the other (B * R, pool, pool, C), and the fine ones."""
        regions = self.mask_regions(rois)
        pooled = [self.mask_align(regions, maps[:BOX_LEVELS])]
        if self._fine:
            pooled.append(self.fine_align(regions, maps[BOX_LEVELS:]))
        return [ops.reshape(cells, (-1, *cells.shape[2:])) for cells in pooled]

    def garment_kinds(self, mask_maps: list[Any]) -> Any:
        """Logits (B, S/2, S/2, kinds) of what each cell of the fine map shows, from a network that tells other garments
        apart."""
        assert self.kind_head is not None, "config.other_garments"
        return _whole(self.kind_head(mask_maps[-1]))

    def named_layers(self) -> list[keras.layers.Layer]:
        """All layers that hold weights, in the order of the 2017 implementation's parts, then ours."""
        parts = (self.trunk, self.rpn, self.mask_head, self.box_head, self.landmark_head, self.kind_head)
        return [layer for part in parts if part is not None for layer in part.layers if layer.weights]

    def choose_layers(self, choice: str) -> None:
        """Let only the layers of a choice (`heads`, `3+`, `4+`, `5+`, `all`) learn."""
        for layer in self.named_layers():
            layer.trainable = re.fullmatch(LAYER_CHOICES[choice], layer.name) is not None

    def fill(self, make_weight: Callable[[str, int, tuple[int, ...]], NDArray[np.float32]]) -> None:
        """Give every weight the value of a function of its layer's name, its index in that layer, and its shape."""
        for layer in self.named_layers():
            shapes = [tuple(weight.shape) for weight in layer.weights]
            layer.set_weights([make_weight(layer.name, index, shape) for index, shape in enumerate(shapes)])

    def weights_by_layer(self) -> dict[str, list[NDArray[np.float32]]]:
        """Copies of all weights by layer name."""
        return {layer.name: [np.asarray(value) for value in layer.get_weights()] for layer in self.named_layers()}


def _whole(values: Any) -> Any:
    """float32, whatever the layers computed with: losses and decoding need it."""
    return ops.cast(values, "float32")


def build_mask_rcnn(config: MaskRCNNConfig, seed: int = 0) -> MaskRCNN:
    """A network with fresh weights that depend on nothing but the configuration and the seed."""
    network = MaskRCNN(config)
    draws = np.random.default_rng([seed, 0x6D61736B])
    for layer in network.named_layers():
        _draw_weights(layer, draws)
    return network


# Standard deviations of the layers that predict, small so that training starts from "I do not know" (Lin et
# al. 2017 b).
_PREDICTORS = {
    "rpn_class_raw": 0.01, "rpn_bbox_pred": 0.01, "mrcnn_class_logits": 0.01, "mrcnn_bbox_fc": 0.001,
    "mrcnn_landmark": 0.01, "mrcnn_landmark_visibility": 0.01,
    "mrcnn_kind": 0.01,
}  # fmt: skip


def _draw_weights(layer: keras.layers.Layer, draws: np.random.Generator) -> None:
    """He-normal kernels drawn by NumPy, equal on every backend; everything else keeps its constant start."""
    values = layer.get_weights()
    for index, weight in enumerate(layer.weights):
        if weight.name != "kernel":
            continue
        shape = tuple(weight.shape)
        inputs = shape[3] if isinstance(layer, layers.Conv2DTranspose) else int(np.prod(shape[:-1]))
        std = _PREDICTORS.get(layer.name) or float(np.sqrt(2.0 / inputs))
        values[index] = (draws.standard_normal(shape) * std).astype(np.float32)
    layer.set_weights(values)
