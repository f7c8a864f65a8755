"""A trained model on disk: `model.json` and `weights.h5`. Reading executes nothing that a file contains."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from tryon.config import MaskRCNNConfig
from tryon.errors import ModelError
from tryon.models.mask_rcnn.network import MaskRCNN
from tryon.models.mask_rcnn.weight_files import fill_weights, name_of, read_content, weights_to_bytes
from tryon.outputs import write_bytes, write_json

FORMAT = "tryon-mask-rcnn-1"
_RETRAIN = "train the model again: dvc repro train_mask_rcnn"


def save_model(folder: Path, network: MaskRCNN, facts: Mapping[str, Any]) -> None:
    """Write `model.json` and `weights.h5`; the same content gives the same bytes.

    Args:
        facts: JSON values about the training, without times.
    """
    content = weights_to_bytes(network)
    write_bytes(Path(folder) / "weights.h5", content)
    description = {
        "format": FORMAT,
        "config": {**asdict(network.config), "weights": name_of(network.config.weights)},
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
    return read_content(path)
