"""Feature pyramid and heads as functional graphs, with the layer names of the 2017 implementation."""

from typing import Any

import keras
from keras import layers

from tryon.models.layers.convolutions import BatchNorm, ScaledConv2D, WholeWindowConv2D
from tryon.models.layers.tiled_convolution import TiledConv2D


def feature_pyramid(maps: list[Any], channels: int) -> list[Any]:
    """Maps P2 to P6 with `channels` each, from C2 to C5.

    Reference: Lin et al., Feature pyramid networks (2017); P6 is every second cell of P5.
    """
    top = layers.Conv2D(channels, 1, name="fpn_c5p5")(maps[-1])
    merged = {5: top}
    for level in (4, 3, 2):
        lateral = layers.Conv2D(channels, 1, name=f"fpn_c{level}p{level}")(maps[level - 2])
        top = layers.Add(name=f"fpn_p{level}add")(
            [layers.UpSampling2D(2, name=f"fpn_p{level + 1}upsampled")(top), lateral]
        )
        merged[level] = top
    smooth = {level: TiledConv2D(channels, name=f"fpn_p{level}")(merged[level]) for level in (5, 2, 3, 4)}
    p6 = layers.MaxPooling2D(1, strides=2, padding="same", name="fpn_p6")(smooth[5])
    return [smooth[2], smooth[3], smooth[4], smooth[5], p6]


def fine_map(c1: Any, p2: Any, channels: int) -> Any:
    """A map of stride 2 for the mask head: what P2 knows, with C1's sharp edges."""
    top = layers.UpSampling2D(2, interpolation="bilinear")(layers.Conv2D(channels, 1, name="mrcnn_fine_p2")(p2))
    edges = layers.Conv2D(channels, 1, name="mrcnn_fine_c1")(c1)
    x = layers.Activation("relu")(layers.Add()([top, edges]))
    return layers.Activation("relu")(layers.Conv2D(channels, 3, padding="same", name="mrcnn_fine_conv")(x))


def proposal_head(channels: int, hidden: int, anchors_per_cell: int) -> keras.Model:
    """Map (B, H, W, C) to objectness logits (B, H*W*anchors, 2: background, object) and deltas (B, H*W*anchors, 4)."""
    features = keras.Input((None, None, channels))
    shared = TiledConv2D(hidden, activation="relu", name="rpn_conv_shared")(features)
    logits = layers.Conv2D(2 * anchors_per_cell, 1, name="rpn_class_raw")(shared)
    deltas = layers.Conv2D(4 * anchors_per_cell, 1, name="rpn_bbox_pred")(shared)
    return keras.Model(features, [layers.Reshape((-1, 2))(logits), layers.Reshape((-1, 4))(deltas)], name="rpn")


def box_head(pool: int, channels: int, hidden: int, classes: int, *, normalisation: str, frozen: bool) -> keras.Model:
    """Pooled RoIs (N, pool, pool, C) to class logits (N, K) and deltas by class (N, K, 4)."""
    pooled = keras.Input((pool, pool, channels))
    x = WholeWindowConv2D(hidden, pool, name="mrcnn_class_conv1")(pooled)
    x = layers.Activation("relu")(_norm("mrcnn_class_bn1", normalisation, frozen)(x))
    x = WholeWindowConv2D(hidden, 1, name="mrcnn_class_conv2")(layers.Reshape((1, 1, hidden))(x))
    x = layers.Activation("relu")(_norm("mrcnn_class_bn2", normalisation, frozen)(x))
    logits = layers.Dense(classes, name="mrcnn_class_logits")(x)
    deltas = layers.Dense(4 * classes, name="mrcnn_bbox_fc")(x)
    return keras.Model(pooled, [logits, layers.Reshape((classes, 4))(deltas)], name="box_head")


def mask_head(
    pool: int,
    channels: int,
    hidden: int,
    classes: int,
    *,
    convolutions: int,
    upsamplings: int,
    fine_channels: int,
    normalisation: str,
    frozen: bool,
) -> keras.Model:
    """Pooled RoIs (N, pool, pool, C) to mask logits by class (N, M, M, K) with M = pool * 2 ** upsamplings.

    With `fine_channels` it takes a second input (N, 2 * pool, 2 * pool, fine_channels) that joins after the first
    transposed convolution: the whole region is understood at low resolution, its border drawn at high resolution.

    Reference: He et al., Mask R-CNN (2017), figure 4; for the fine features Zhang et al., RefineMask (2021), section 3.
    """
    x = pooled = keras.Input((pool, pool, channels))
    fine = keras.Input((2 * pool, 2 * pool, fine_channels)) if fine_channels else None

    def convolution(x: Any, filters: int, name: str) -> Any:
        if normalisation == "weights":
            return layers.Activation("relu")(ScaledConv2D(filters, 3, padding="same", name=f"mrcnn_mask_{name}")(x))
        x = TiledConv2D(filters, name=f"mrcnn_mask_{name}")(x)
        return layers.Activation("relu")(_norm(f"mrcnn_mask_{name.replace('conv', 'bn')}", normalisation, frozen)(x))

    for index in range(1, convolutions + 1):
        x = convolution(x, hidden, f"conv{index}")
    for index in range(1, upsamplings + 1):
        name = "mrcnn_mask_deconv" + ("" if index == 1 else str(index))
        filters = fine_channels or hidden
        x = layers.Conv2DTranspose(filters, 2, strides=2, activation="relu", name=name)(x)
        if fine is not None and index == 1:
            x = convolution(layers.Concatenate()([x, fine]), fine_channels, "fine_conv1")
            x = convolution(x, fine_channels, "fine_conv2")
    logits = layers.Conv2D(classes, 1, name="mrcnn_mask")(x)
    return keras.Model(pooled if fine is None else [pooled, fine], logits, name="mask_head")


def kind_head(channels: int, kinds: int) -> keras.Model:
    """The fine map (B, H, W, C) to logits (B, H, W, kinds) of what each cell shows: so plain that the map itself has to
    know it, which the mask head reads."""
    fine = keras.Input((None, None, channels))
    return keras.Model(fine, layers.Conv2D(kinds, 1, name="mrcnn_kind")(fine), name="kind_head")


def _norm(name: str, normalisation: str, frozen: bool) -> Any:
    if normalisation == "weights":
        return layers.LayerNormalization(name=name.replace("_bn", "_norm"))
    return BatchNorm(name=name, frozen=frozen, momentum=0.99 if frozen else 0.9)
