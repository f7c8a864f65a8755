"""A trained model on disk: `model.json` and `weights.h5`. Reading executes nothing that a file contains.

`weights.h5` has the layout of the 2017 implementation's files: a group for each layer, named in the attribute
`layer_names`, with its weights' names in `weight_names`. Equal weights give equal bytes.
"""

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from tryon.config import MaskRCNNConfig
from tryon.errors import ModelError
from tryon.models.mask_rcnn.network import MaskRCNN
from tryon.outputs import write_bytes, write_json

FORMAT = "tryon-mask-rcnn-1"
_RETRAIN = "train the model again: dvc repro train_mask_rcnn"

Weights = Mapping[str, Sequence[NDArray[np.float32]]]


def save_model(folder: Path, network: MaskRCNN, facts: Mapping[str, Any]) -> None:
    """Write `model.json` and `weights.h5`; the same content gives the same bytes.

    Args:
        facts: JSON values about the training, without times.
    """
    content = weights_to_bytes(network)
    write_bytes(Path(folder) / "weights.h5", content)
    description = {
        "format": FORMAT,
        "config": asdict(network.config),
        "parameters": int(sum(np.prod(weight.shape) for layer in network.named_layers() for weight in layer.weights)),
        "facts": dict(facts),
        "weights_sha256": hashlib.sha256(content).hexdigest(),
    }
    write_json(Path(folder) / "model.json", description)


def load_network(folder: Path) -> MaskRCNN:
    """The network in a folder that `save_model` wrote.

    Raises:
        ModelError: a file is missing, the weights are not those of `model.json`, of another shape or not finite.
    """
    folder = Path(folder)
    description = read_description(folder)
    config = _config(description, folder / "model.json")
    content = _read(folder / "weights.h5")
    found = hashlib.sha256(content).hexdigest()
    if found != description.get("weights_sha256"):
        raise ModelError(
            f"{folder / 'weights.h5'} is not the file that model.json describes",
            received=f"sha256 {found}",
            needed=f"sha256 {description.get('weights_sha256')}",
            remedy=_RETRAIN,
        )
    network = MaskRCNN(config)
    fill_weights(network, content, folder / "weights.h5")
    return network


def read_description(folder: Path) -> dict[str, Any]:
    """The content of `model.json`.

    Raises:
        ModelError: the file is missing, not JSON, or of another format.
    """
    path = Path(folder) / "model.json"
    try:
        content = json.loads(_read(path).decode("utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} is not JSON", received=error, remedy=_RETRAIN) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        received = content.get("format") if isinstance(content, dict) else type(content).__name__
        raise ModelError(f"{path} does not describe a Mask R-CNN", received=received, needed=FORMAT, remedy=_RETRAIN)
    return content


def weights_to_bytes(network: MaskRCNN) -> bytes:
    """All weights as the bytes of an HDF5 file."""
    memory = io.BytesIO()
    with h5py.File(memory, "w", track_order=False) as file:
        layers = network.named_layers()
        file.attrs["layer_names"] = np.array([layer.name.encode() for layer in layers])
        for layer in layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}/{weight.name}:0" for weight in layer.weights]
            group.attrs["weight_names"] = np.array([name.encode() for name in names])
            for name, value in zip(names, layer.get_weights(), strict=True):
                group.create_dataset(name, data=np.asarray(value, np.float32), track_times=False)
    return memory.getvalue()


def fill_weights(network: MaskRCNN, content: bytes, source: Path) -> None:
    """Give the network the weights of a file with exactly its layers.

    Args:
        content: bytes of the file.
        source: its name, for messages.

    Raises:
        ModelError: not an HDF5 file; a layer is missing; a weight has another shape or is not finite.
    """
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            values = {layer.name: _layer_values(file, layer, source) for layer in network.named_layers()}
    except OSError as error:
        raise ModelError(f"{source} is not a whole HDF5 file", received=error, remedy=_RETRAIN) from error
    for layer in network.named_layers():
        layer.set_weights(values[layer.name])


def _layer_values(file: h5py.File, layer: Any, source: Path) -> list[NDArray[np.float32]]:
    return [
        _weight_value(file, f"{layer.name}/{layer.name}/{weight.name}:0", tuple(weight.shape), source)
        for weight in layer.weights
    ]


def _weight_value(file: h5py.File, key: str, shape: tuple[int, ...], source: Path) -> NDArray[np.float32]:
    # Only data inside this very file: a link could point to any file of the machine.
    linked = isinstance(file.get(key, getlink=True), h5py.HardLink) if key in file else False
    values = file.get(key) if linked else None
    if not isinstance(values, h5py.Dataset) or values.external is not None or values.is_virtual:
        raise ModelError(f"{source} lacks the weight {key}", needed=f"an array of shape {shape}", remedy=_RETRAIN)
    if values.shape != shape or values.dtype.kind != "f":
        received = f"{values.dtype} of shape {values.shape}"
        raise ModelError(
            f"{source}: weight {key}", received=received, needed=f"floats of shape {shape}", remedy=_RETRAIN
        )
    array = np.asarray(values, np.float32)
    if not np.isfinite(array).all():
        raise ModelError(f"{source}: weight {key} holds numbers that are not finite", remedy=_RETRAIN)
    return array


def _config(description: dict[str, Any], path: Path) -> MaskRCNNConfig:
    try:
        return TypeAdapter(MaskRCNNConfig).validate_python(description.get("config"))
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise ModelError(f"{path}: config.{where}", received=fault["msg"], remedy=_RETRAIN) from error


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise ModelError(f"{path} is missing", needed="a trained model", remedy=_RETRAIN)
    return path.read_bytes()
