"""A trained pattern on disk: `model.json`, `weights.h5`, `look.json`. Reading executes nothing that a file contains."""

import hashlib
import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
from numpy.typing import NDArray

from tryon.errors import DataError, ModelError
from tryon.images.patterns import Look
from tryon.images.shading import in_grey
from tryon.models.cyclegan.garments import placed_in_turn
from tryon.models.cyclegan.guides import compose, from_network, guide_channels, to_network, with_guides
from tryon.models.cyclegan.networks import Architecture, build_generator
from tryon.outputs import write_bytes, write_json

FORMAT = "tryon-cyclegan-1"
TO_PATTERN, TO_PLAIN = "plain_to_pattern", "pattern_to_plain"
_RETRAIN = "train the pattern again: dvc repro train_cyclegan"
Floats = NDArray[np.float32]
_CHUNK = 16  # pictures in one call: bounds the memory at 256 px


@dataclass(frozen=True)
class PatternGenerator:
    """The generators of one trained pattern, and the look it was trained for.

    Args:
        config: the architecture; `config.size_px` is the side S that `redraw` takes.
        facts: what training recorded (`pattern`, `steps`, losses of the last epoch, ...).
        pattern_to_plain: None where the training knew no way back (`config.way_back`).
    """

    config: Architecture
    look: Look
    facts: dict[str, Any]
    plain_to_pattern: keras.Model
    pattern_to_plain: keras.Model | None

    def redraw(self, images: Floats, masks: Floats, garments: Floats | None = None) -> Floats:
        """The cut-outs in the pattern, (B, S, S, 3) float32 in [0, 1]; composited: neutral ground outside the mask.

        Args:
            images: (B, S, S, 3) float32 in [0, 1], cut-outs on the neutral ground.
            masks: (B, S, S) float32 in [0, 1].
            garments: (B, S, S, 3) float32 in [0, 1] in the place of the worn shirts; only where
                `config.needs_garment`.
        """
        if self.config.plain_in_grey and len(images):
            images = np.stack([in_grey(image, mask > 0.5) for image, mask in zip(images, masks, strict=True)])
        return self._translate(self.plain_to_pattern, images, masks, garments)

    def garments_for(self, masks: Floats, garments: Floats, garment_masks: Floats) -> Floats | None:
        """What `redraw` takes as garments beside worn masks (B, S, S): garments (N, S, S, 3) in turn, box to box; None
        where the generators read none."""
        return placed_in_turn(masks, garments, garment_masks) if self.config.needs_garment else None

    def restore(self, images: Floats, masks: Floats, garments: Floats | None = None) -> Floats:
        """The cut-outs brought from the pattern back to plain: the way back of the cycle, shapes as in `redraw`.

        Raises:
            ModelError: the pattern was trained in one direction only.
        """
        if self.pattern_to_plain is None:
            raise ModelError(
                "this pattern knows no way back to plain",
                received="one trained with cyclegan.objective: contrastive",
                needed="one trained with cyclegan.objective: cycle",
                remedy="ask `config.way_back` before, or train it so",
            )
        return self._translate(self.pattern_to_plain, images, masks, garments)

    def _translate(self, network: keras.Model, images: Floats, masks: Floats, garments: Floats | None) -> Floats:
        side = self.config.size_px
        assert images.shape[1:] == (side, side, 3) and masks.shape == images.shape[:3], (images.shape, masks.shape)
        parts = [slice(i, i + _CHUNK) for i in range(0, len(images), _CHUNK)]
        out = [
            translate(network, images[part], masks[part], self.config, None if garments is None else garments[part])
            for part in parts
        ]
        return np.concatenate(out) if out else np.zeros((0, side, side, 3), np.float32)


def translate(
    network: keras.Model, images: Floats, masks: Floats, architecture: Architecture, garments: Floats | None = None
) -> Floats:
    """What one generator makes of pictures and masks in [0, 1], composited where asked: (B, S, S, 3) in [0, 1]."""
    inputs = with_guides(to_network(images), guide_channels(masks, architecture, garments))
    redrawn = keras.ops.convert_to_numpy(network(inputs, training=False))
    return from_network(compose(redrawn, masks[..., None].astype(np.float32), architecture))


def save_pattern_generator(
    folder: Path, networks: dict[str, keras.Model], architecture: Architecture, look: Look, facts: dict[str, Any]
) -> None:
    """Write the generators, the architecture, the facts and the look; the same content gives the same bytes.

    Args:
        networks: the models `plain_to_pattern` and, where `architecture.way_back`, `pattern_to_plain`.
        facts: JSON values without times.
    """
    assert sorted(networks) == sorted(_stored(architecture)), "the networks are not those of the architecture"
    content = _weights_bytes(networks)
    write_bytes(folder / "weights.h5", content)
    write_json(folder / "look.json", look.to_dict())
    write_json(
        folder / "model.json",
        {
            "format": FORMAT,
            "architecture": asdict(architecture),
            "facts": facts,
            "weights_sha256": hashlib.sha256(content).hexdigest(),
        },
    )


def load_pattern_generator(folder: Path) -> PatternGenerator:
    """The trained pattern in a folder written by `save_pattern_generator`.

    Raises:
        ModelError: a file is missing, the weights are not those of `model.json`, of another shape or not finite.
    """
    folder = Path(folder)
    description = _read_json(folder / "model.json")
    architecture = _architecture(description, folder / "model.json")
    look = _look(folder / "look.json")
    content = _checked_weights(folder / "weights.h5", str(description.get("weights_sha256")))
    networks = {name: build_generator(architecture, name) for name in _stored(architecture)}
    _fill(networks, content, folder / "weights.h5")
    facts = description.get("facts", {})
    return PatternGenerator(architecture, look, facts, networks[TO_PATTERN], networks.get(TO_PLAIN))


def _stored(architecture: Architecture) -> tuple[str, ...]:
    return (TO_PATTERN, TO_PLAIN) if architecture.way_back else (TO_PATTERN,)


def _weights_bytes(networks: dict[str, keras.Model]) -> bytes:
    memory = io.BytesIO()
    with h5py.File(memory, "w", track_order=False) as file:
        for name in sorted(networks):
            for weight in networks[name].weights:
                file.create_dataset(f"{name}/{weight.path}", data=keras.ops.convert_to_numpy(weight))
    return memory.getvalue()


def _checked_weights(path: Path, expected_sha256: str) -> bytes:
    if not path.is_file():
        raise ModelError(f"{path} is missing", needed="the weights of a trained pattern", remedy=_RETRAIN)
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != expected_sha256:
        raise ModelError(
            f"{path} is not the file that model.json describes", received=found, needed=expected_sha256, remedy=_RETRAIN
        )
    return content


def _fill(networks: dict[str, keras.Model], content: bytes, path: Path) -> None:
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            for name, network in networks.items():
                for weight in network.weights:
                    weight.assign(_dataset(file, f"{name}/{weight.path}", tuple(weight.shape), path))
    except OSError as error:
        raise ModelError(f"{path} is not an HDF5 file", received=error, remedy=_RETRAIN) from error


def _dataset(file: h5py.File, key: str, shape: tuple[int, ...], path: Path) -> NDArray[np.float32]:
    values = file.get(key)
    if not isinstance(values, h5py.Dataset) or values.shape != shape:
        received = values.shape if isinstance(values, h5py.Dataset) else "nothing"
        raise ModelError(f"{path}: weight {key}", received=received, needed=f"shape {shape}", remedy=_RETRAIN)
    array = np.asarray(values, np.float32)
    if not np.isfinite(array).all():
        raise ModelError(f"{path}: weight {key} is not finite", remedy=_RETRAIN)
    return array


def _architecture(description: dict[str, Any], path: Path) -> Architecture:
    if description.get("format") != FORMAT:
        raise ModelError(f"{path}: format", received=description.get("format"), needed=FORMAT, remedy=_RETRAIN)
    try:
        return Architecture(**description["architecture"])
    except (KeyError, TypeError) as error:
        raise ModelError(
            f"{path}: architecture", received=error, needed="the fields of Architecture", remedy=_RETRAIN
        ) from error


def _look(path: Path) -> Look:
    content = _read_json(path)
    try:
        return Look.from_dict(content)
    except DataError as error:
        raise ModelError(f"{path} does not describe a look", received=error, remedy=_RETRAIN) from error


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ModelError(f"{path} is missing", needed="a trained pattern", remedy=_RETRAIN)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} is not JSON", received=error, remedy=_RETRAIN) from error
    if not isinstance(content, dict):
        raise ModelError(f"{path}: top level", received=type(content).__name__, needed="an object", remedy=_RETRAIN)
    return content
