"""Backbones: picture in, maps C1 (stride 2) to C5 (stride 32) out.

Layer names are those of the 2017 implementation, for the light backbone too, so that `layers: 4+` means the
same stages.
Reference: He et al., Deep residual learning (2016); stride in the first 1 x 1 convolution of a stage, as there.
"""

from typing import Any

from keras import layers

from tryon.models.layers.convolutions import BatchNorm, ScaledConv2D
from tryon.models.layers.tiled_convolution import TiledConv2D

RESNET_BLOCKS = {"resnet50": (3, 4, 6, 3), "resnet101": (3, 4, 23, 3)}
RESNET_FILTERS = (64, 128, 256, 512)
POOLED_STEM = "pool1"  # what the 2017 implementation calls C1
LIGHT_BLOCKS = (1, 2, 2, 2)
LIGHT_FILTERS = (32, 64, 96, 128)
LIGHT_STEM = 16


def last_blocks(name: str) -> list[str]:
    """Names of the layers that end stages 2 to 5 of a ResNet: the maps C2 to C5."""
    return [f"res{stage}{chr(ord('a') + blocks - 1)}_out" for stage, blocks in enumerate(RESNET_BLOCKS[name], start=2)]


def resnet(image: Any, name: str, frozen_statistics: bool) -> list[Any]:
    """Maps C1 to C5 of ResNet-50 or ResNet-101 for a normalised picture (B, S, S, 3).

    C1 is taken before the pooling (stride 2); the 2017 implementation's C1 is the pooled map (`POOLED_STEM`).
    """

    def norm(suffix: str) -> BatchNorm:
        return BatchNorm(name="bn" + suffix, frozen=frozen_statistics, momentum=0.99 if frozen_statistics else 0.9)

    def block(x: Any, filters: int, where: str, stride: int, project: bool) -> Any:
        y = layers.Conv2D(filters, 1, strides=stride, name=f"res{where}_branch2a")(x)
        y = layers.Activation("relu")(norm(where + "_branch2a")(y))
        y = TiledConv2D(filters, name=f"res{where}_branch2b")(y)
        y = layers.Activation("relu")(norm(where + "_branch2b")(y))
        y = layers.Conv2D(4 * filters, 1, name=f"res{where}_branch2c")(y)
        shortcut = layers.Conv2D(4 * filters, 1, strides=stride, name=f"res{where}_branch1")(x) if project else x
        y = norm(where + "_branch2c")(y)
        shortcut = norm(where + "_branch1")(shortcut) if project else shortcut
        return layers.Activation("relu", name=f"res{where}_out")(layers.Add()([y, shortcut]))

    x = layers.Conv2D(64, 7, strides=2, name="conv1")(layers.ZeroPadding2D(3)(image))
    x = layers.Activation("relu")(norm("_conv1")(x))
    maps = [x]
    x = layers.MaxPooling2D(3, strides=2, padding="same", name=POOLED_STEM)(x)
    for stage, (blocks, filters) in enumerate(zip(RESNET_BLOCKS[name], RESNET_FILTERS, strict=True), start=2):
        for index in range(blocks):
            stride = 2 if index == 0 and stage > 2 else 1
            x = block(x, filters, f"{stage}{chr(ord('a') + index)}", stride, project=index == 0)
        maps.append(x)
    return maps


def light(image: Any) -> list[Any]:
    """Maps C1 to C5 of a small residual network for a CPU: two 3 x 3 convolutions a block, no batch statistics."""

    def block(x: Any, filters: int, where: str, stride: int) -> Any:
        y = ScaledConv2D(filters, 3, strides=stride, padding="same", name=f"res{where}_branch2a")(x)
        y = layers.Activation("relu")(y)
        y = ScaledConv2D(filters, 3, padding="same", gain=0.2, name=f"res{where}_branch2b")(y)
        if stride > 1 or x.shape[-1] != filters:
            x = layers.AveragePooling2D(stride, padding="same")(x) if stride > 1 else x
            x = ScaledConv2D(filters, 1, name=f"res{where}_branch1")(x)
        return layers.Activation("relu", name=f"res{where}_out")(layers.Add()([x, y]))

    x = layers.Activation("relu")(ScaledConv2D(LIGHT_STEM, 3, strides=2, padding="same", name="conv1")(image))
    # A second convolution at stride 2: what is drawn there has to know more than the direction of an edge.
    x = layers.Activation("relu")(ScaledConv2D(LIGHT_STEM, 3, padding="same", name="conv1_2")(x))
    maps = [x]
    for stage, (blocks, filters) in enumerate(zip(LIGHT_BLOCKS, LIGHT_FILTERS, strict=True), start=2):
        for index in range(blocks):
            x = block(x, filters, f"{stage}{chr(ord('a') + index)}", stride=2 if index == 0 else 1)
        maps.append(x)
    return maps
