"""Generators and critics of the PyTorch implementation under our names: keys, shapes, and whole checkpoints.

Kernels lie there as (out, in, height, width), those of transposed convolutions as (in, out, height, width); ours as
(height, width, in, out) and (height, width, out, in). One exchange of axes serves both.
"""

import hashlib
import re
from pathlib import Path
from typing import Any

import keras
from numpy.typing import NDArray

from tryon.datasets.domains import load_domain
from tryon.errors import ModelError
from tryon.images.colour import to_u8
from tryon.images.patterns import mean_look, measure_look
from tryon.models.cyclegan.networks import Architecture, build_generator
from tryon.models.cyclegan.reference.checkpoint import Checkpoint
from tryon.models.cyclegan.storage import TO_PATTERN, TO_PLAIN, save_pattern_generator
from tryon.outputs import new_folder

KERNEL_AXES = (2, 3, 1, 0)
_STATISTICS = re.compile(r".*\.(running_mean|running_var|num_batches_tracked)")  # left by PyTorch before 0.4
_DEFAULT_CRITIC_FILTERS = 64  # a model folder holds no critic; this is the reference's


def generator_keys(blocks: int, *, dropout: bool = False) -> list[str]:
    """Names of a generator's weights in the order of our `weights`."""
    second = 6 if dropout else 5
    body = [f"model.{10 + block}.conv_block.{place}" for block in range(blocks) for place in (1, second)]
    last = 10 + blocks
    layers = ["model.1", "model.4", "model.7", *body, *(f"model.{last + place}" for place in (0, 3, 7))]
    return [f"{layer}.{part}" for layer in layers for part in ("weight", "bias")]


def critic_keys() -> list[str]:
    """Names of a critic's weights in the order of our `weights`."""
    return [f"model.{layer}.{part}" for layer in (0, 2, 5, 8, 11) for part in ("weight", "bias")]


def reference_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The reference's shape of a weight of this shape of ours."""
    return tuple(shape[KERNEL_AXES.index(axis)] for axis in range(4)) if len(shape) == 4 else shape


def to_our_axes(values: NDArray[Any]) -> NDArray[Any]:
    """A weight of the reference as ours: kernels (2, 3, 1, 0), biases as they are."""
    return values.transpose(KERNEL_AXES) if values.ndim == 4 else values


def read_generator(path: Path, size_px: int, name: str) -> tuple[keras.Model, Architecture]:
    """A generator with the weights of a checkpoint, `*_net_G_A.pth`, and its architecture.

    Args:
        size_px: side of the pictures that it shall take; it is not part of a checkpoint.
        name: of the model.

    Raises:
        ModelError: the file is no checkpoint of a ResNet generator with instance norm; nothing in it was executed.
    """
    checkpoint = Checkpoint(path)
    found = {key for key in checkpoint.tensors if not _STATISTICS.fullmatch(key)}
    blocks = len({key.split(".")[1] for key in found if re.fullmatch(r"model\.\d+\.conv_block\..*", key)})
    dropout = any(".conv_block.6." in key for key in found)
    keys = generator_keys(blocks, dropout=dropout)
    if blocks == 0 or found != set(keys):
        odd = sorted(found.symmetric_difference(keys))[:4]
        raise ModelError(
            f"{path} holds no ResNet generator with instance norm",
            received=f"{blocks} residual blocks; unexpected or missing: {', '.join(odd)}",
            needed=f"{keys[0]} to {keys[-1]}",
            remedy="train with --netG resnet_9blocks or resnet_6blocks and --norm instance",
        )
    first = checkpoint.tensors["model.1.weight"].shape
    if first[1:] != (3, 7, 7) or not 1 <= first[0] <= 1024:
        raise ModelError(f"{path}: shape of the first layer", received=first, needed="(1 to 1024, 3, 7, 7)")
    architecture = Architecture(size_px, first[0], blocks, _DEFAULT_CRITIC_FILTERS)
    generator = build_generator(architecture, name)
    shapes = [tuple(weight.shape) for weight in generator.weights]
    values = [checkpoint.read(key, reference_shape(shape)) for key, shape in zip(keys, shapes, strict=True)]
    generator.set_weights([to_our_axes(value) for value in values])
    return generator, architecture


def adopt_generators(to_pattern: Path, to_plain: Path, garments: Path, folder: Path, size_px: int) -> Architecture:
    """Write a model folder out of two checkpoints of the reference; `load_pattern_generator` reads it.

    Args:
        to_pattern: the generator from plain to the pattern (`G_A` where domain A was plain).
        to_plain: the one back.
        garments: folder of RGBA cut-outs of the pattern; their typical look is what a garment is recognised by.
        folder: to write, whole or not at all; its name is the pattern's.

    Raises:
        DataError: there are no cut-outs.
        ModelError: a checkpoint cannot be used, or the two are of different architectures.
    """
    domain = load_domain(garments)
    look = mean_look(
        [measure_look(to_u8(image), mask > 0.5) for image, mask in zip(domain.pictures, domain.masks, strict=True)]
    )
    there, architecture = read_generator(to_pattern, size_px, TO_PATTERN)
    back, other = read_generator(to_plain, size_px, TO_PLAIN)
    if architecture != other:
        raise ModelError(
            f"{to_pattern} and {to_plain} are generators of different architectures",
            received=f"{_described(architecture)}; {_described(other)}",
            needed="the two directions of one training",
            remedy="take G_A and G_B of the same epoch",
        )
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (to_pattern, to_plain)}
    facts = {"pattern": folder.name, "generator_parameters": int(there.count_params()), "adopted_from": digests}
    with new_folder(folder) as building:
        save_pattern_generator(building, {TO_PATTERN: there, TO_PLAIN: back}, architecture, look, facts)
    return architecture


def _described(architecture: Architecture) -> str:
    return f"{architecture.generator_blocks} blocks of {architecture.generator_filters} filters"
