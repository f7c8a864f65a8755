"""A model on disk: the same bytes for the same weights, and every damaged or hostile file refused by name."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.models.mask_rcnn.mask_rcnn_cases import ellipse_pictures, tiny
from tryon.errors import ModelError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tryon.models.mask_rcnn import build_mask_rcnn, save_model

    folder = tmp_path_factory.mktemp("model")
    save_model(folder, build_mask_rcnn(tiny(min_confidence=0.0), 3), {"epochs": 2})
    return folder


@pytest.fixture
def model(saved: Path, tmp_path: Path) -> Path:
    for file in saved.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def change_weights(model: Path, change: Any) -> None:
    """Change the weights file and sign it anew, so that only its content is wrong."""
    memory = io.BytesIO((model / "weights.h5").read_bytes())
    with h5py.File(memory, "r+") as file:
        change(file)
    (model / "weights.h5").write_bytes(memory.getvalue())
    description = json.loads((model / "model.json").read_text())
    description["weights_sha256"] = hashlib.sha256(memory.getvalue()).hexdigest()
    (model / "model.json").write_text(json.dumps(description))


def test_loaded_weights_are_the_saved_ones_to_the_byte(saved: Path) -> None:
    from tryon.models.mask_rcnn.storage import load_network
    from tryon.models.mask_rcnn.weight_files import weights_to_bytes

    assert weights_to_bytes(load_network(saved)) == (saved / "weights.h5").read_bytes()


def test_the_description_holds_config_and_facts_but_no_time(saved: Path) -> None:
    description = json.loads((saved / "model.json").read_text())
    assert description["config"]["image_size_px"] == 64 and description["facts"] == {"epochs": 2}
    assert set(description) == {"format", "config", "parameters", "facts", "weights_sha256"}


def test_the_description_is_the_same_wherever_the_starting_weights_lay(saved: Path, tmp_path: Path) -> None:
    from tryon.models.mask_rcnn import build_mask_rcnn, save_model
    from tryon.models.mask_rcnn.initial_weights import load_initial_weights

    descriptions = []
    for place in (tmp_path / "here", tmp_path / "elsewhere/deeper"):
        trunk = place / "trunk"
        trunk.mkdir(parents=True)
        for name in ("model.json", "weights.h5"):
            (trunk / name).write_bytes((saved / name).read_bytes())
        sha256 = hashlib.sha256((saved / "weights.h5").read_bytes()).hexdigest()
        network = build_mask_rcnn(tiny(weights=str(trunk), weights_sha256=sha256), 3)
        save_model(place, network, {"initial_weights": load_initial_weights(network).facts()})
        descriptions.append((place / "model.json").read_bytes())
    assert descriptions[0] == descriptions[1]
    said = json.loads(descriptions[0])
    assert (said["config"]["weights"], said["config"]["weights_sha256"]) == ("trunk", sha256)
    assert (said["facts"]["initial_weights"]["source"], said["facts"]["initial_weights"]["sha256"]) == ("trunk", sha256)


def test_a_model_that_started_from_a_folder_named_as_published_weights_loads(saved: Path, tmp_path: Path) -> None:
    from tryon.models.mask_rcnn import build_mask_rcnn, save_model
    from tryon.models.mask_rcnn.storage import load_network

    for name in ("none", "coco"):
        weights = str(tmp_path / "given" / name)
        save_model(tmp_path / name, build_mask_rcnn(tiny(weights=weights, weights_sha256="0" * 64), 3), {})
        assert load_network(tmp_path / name).config.weights == name


@pytest.mark.parametrize("name", ["model.json", "weights.h5"])
def test_a_missing_file_is_named(model: Path, name: str) -> None:
    from tryon.models.mask_rcnn import load_predictor

    (model / name).unlink()
    with pytest.raises(ModelError, match=rf"{name} is missing[\s\S]*dvc repro train_mask_rcnn"):
        load_predictor(model)


@pytest.mark.parametrize("damage", ["cut", "flipped", "pickle"])
def test_other_bytes_than_described_are_refused(model: Path, damage: str) -> None:
    from tryon.models.mask_rcnn import load_predictor

    content = bytearray((model / "weights.h5").read_bytes())
    content[len(content) // 2] ^= 1
    changed = {"cut": bytes(content[:1000]), "flipped": bytes(content), "pickle": b"\x80\x04cos\nsystem\n."}[damage]
    (model / "weights.h5").write_bytes(changed)
    with pytest.raises(ModelError, match=r"not the file that model\.json describes"):
        load_predictor(model)


def test_content_that_does_not_fit_is_refused_though_it_is_signed(model: Path) -> None:
    from tryon.models.mask_rcnn import load_predictor

    def with_other_classes(file: h5py.File) -> None:
        del file["mrcnn_class_logits/mrcnn_class_logits/bias:0"]
        file["mrcnn_class_logits/mrcnn_class_logits/bias:0"] = np.zeros(81, np.float32)

    change_weights(model, with_other_classes)
    with pytest.raises(ModelError, match=r"mrcnn_class_logits has other shapes[\s\S]*\(81,\)"):
        load_predictor(model)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "does not describe a Mask R-CNN"),
        ('{"format": "other"}', "does not describe a Mask R-CNN"),
        ('{"format": "tryon-mask-rcnn-1", "config": {"backbone": "vgg"}}', "config"),
    ],
)
def test_a_wrong_description_is_refused(model: Path, content: str, said: str) -> None:
    from tryon.models.mask_rcnn import load_predictor

    (model / "model.json").write_text(content)
    with pytest.raises(ModelError, match=said):
        load_predictor(model)


@pytest.fixture(scope="module")
def predictor(saved: Path) -> Any:
    from tryon.models.mask_rcnn import load_predictor

    return load_predictor(saved)


def test_detections_have_the_pictures_own_size(predictor: Any) -> None:
    pictures = [np.zeros((40, 90, 3), np.uint8), np.zeros((130, 65, 3), np.uint8)]
    for picture, found in zip(pictures, predictor.predict(pictures), strict=True):
        height, width = picture.shape[:2]
        assert found.mask_probs.shape == (len(found), height, width) and found.masks.dtype == bool
        assert np.all(found.boxes >= 0) and np.all(found.boxes <= [width, height, width, height])
        assert np.all(np.diff(found.scores) <= 0) and len(found) > 0


def test_one_by_one_is_as_in_a_batch(predictor: Any) -> None:
    pictures = list(ellipse_pictures(9, 80)[0])
    together = predictor.predict(pictures)
    alone = [predictor.predict([picture])[0] for picture in pictures]
    for first, second in zip(together, alone, strict=True):
        assert np.allclose(first.boxes, second.boxes, atol=1e-2) and np.allclose(first.scores, second.scores, atol=1e-4)


def test_confidence_cuts_and_may_leave_nothing(predictor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictor, "min_confidence", 1.0)
    (found,) = predictor.predict([np.zeros((50, 60, 3), np.uint8)])
    assert len(found) == 0 and found.masks.shape == (0, 50, 60)
    assert predictor.predict([]) == []
