"""A trained pattern on disk: what comes back, and what is refused."""

import hashlib
import io
import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from tryon.errors import ModelError
from tryon.images.patterns import measure_look
from tryon.models.cyclegan import Architecture, build_generator, load_pattern_generator, save_pattern_generator

TINY = Architecture(32, 4, 1, 4, mask_input=True, position_input=True, mask_composite=True)


def some_look():
    return measure_look(np.full((32, 32, 3), 90, np.uint8), np.ones((32, 32), bool))


def save(folder: Path, seed: int = 1) -> dict:
    networks = {
        name: build_generator(TINY, name, seed + i) for i, name in enumerate(("plain_to_pattern", "pattern_to_plain"))
    }
    folder.mkdir(exist_ok=True)
    save_pattern_generator(folder, networks, TINY, some_look(), {"pattern": "blue", "steps": 3})
    return networks


def pictures_and_masks(count: int = 3):
    rng = np.random.default_rng(0)
    masks = np.zeros((count, 32, 32), np.float32)
    masks[:, 6:26, 8:24] = 1.0
    return rng.uniform(0, 1, (count, 32, 32, 3)).astype(np.float32), masks


def with_weights(folder: Path, change) -> None:
    """Rewrite the weights and say so in model.json: only the content is wrong then."""
    content = io.BytesIO((folder / "weights.h5").read_bytes())
    with h5py.File(content, "a") as file:
        change(file)
    rewrite(folder, content.getvalue())


def rewrite(folder: Path, content: bytes) -> None:
    (folder / "weights.h5").write_bytes(content)
    description = json.loads((folder / "model.json").read_text())
    description["weights_sha256"] = hashlib.sha256(content).hexdigest()
    (folder / "model.json").write_text(json.dumps(description))


def test_the_loaded_generator_redraws_as_the_saved_one(tmp_path):
    from tryon.models.cyclegan.storage import translate

    networks = save(tmp_path)
    loaded = load_pattern_generator(tmp_path)
    assert loaded.config == TINY
    assert loaded.look == some_look()
    assert loaded.facts == {"pattern": "blue", "steps": 3}
    pictures, masks = pictures_and_masks()
    for redraw, name in ((loaded.redraw, "plain_to_pattern"), (loaded.restore, "pattern_to_plain")):
        np.testing.assert_array_equal(redraw(pictures, masks), translate(networks[name], pictures, masks, TINY))


def test_redrawing_keeps_to_the_mask_and_to_the_range(tmp_path):
    save(tmp_path)
    pictures, masks = pictures_and_masks(count=18)  # more than one chunk
    redrawn = load_pattern_generator(tmp_path).redraw(pictures, masks)
    assert redrawn.shape == pictures.shape
    assert redrawn.dtype == np.float32
    assert redrawn.min() >= 0
    assert redrawn.max() <= 1
    assert np.unique(redrawn[masks == 0]).tolist() == [0.5]


def test_no_pictures_give_no_pictures(tmp_path):
    save(tmp_path)
    empty = load_pattern_generator(tmp_path).redraw(
        np.zeros((0, 32, 32, 3), np.float32), np.zeros((0, 32, 32), np.float32)
    )
    assert empty.shape == (0, 32, 32, 3)


def test_same_weights_same_bytes(tmp_path):
    for name in ("first", "second"):
        save(tmp_path / name)
    for file in ("model.json", "weights.h5", "look.json"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()


@pytest.mark.parametrize("file", ["model.json", "weights.h5", "look.json"])
def test_a_missing_file_is_named(tmp_path, file):
    save(tmp_path)
    (tmp_path / file).unlink()
    with pytest.raises(ModelError, match=file):
        load_pattern_generator(tmp_path)


@pytest.mark.parametrize("file", ["model.json", "look.json"])
@pytest.mark.parametrize("content", ["{", "[]", "{}", "\xff"])
def test_a_description_that_is_none_is_refused(tmp_path, file, content):
    save(tmp_path)
    (tmp_path / file).write_text(content, encoding="latin-1")
    with pytest.raises(ModelError, match=file):
        load_pattern_generator(tmp_path)


def test_unknown_architecture_fields_are_refused(tmp_path):
    save(tmp_path)
    description = json.loads((tmp_path / "model.json").read_text())
    description["architecture"]["attention"] = True
    (tmp_path / "model.json").write_text(json.dumps(description))
    with pytest.raises(ModelError, match="architecture"):
        load_pattern_generator(tmp_path)


def test_changed_weights_are_refused(tmp_path):
    save(tmp_path)
    content = bytearray((tmp_path / "weights.h5").read_bytes())
    content[-1] ^= 1
    (tmp_path / "weights.h5").write_bytes(bytes(content))
    with pytest.raises(ModelError, match=r"not the file that model\.json describes"):
        load_pattern_generator(tmp_path)


def test_weights_that_are_no_hdf5_are_refused(tmp_path):
    save(tmp_path)
    rewrite(tmp_path, b"not HDF5")
    with pytest.raises(ModelError, match="HDF5"):
        load_pattern_generator(tmp_path)


def test_non_finite_weights_are_refused(tmp_path):
    save(tmp_path)

    def spoil(file):
        file["plain_to_pattern/enter/kernel"][0, 0, 0, 0] = np.nan

    with_weights(tmp_path, spoil)
    with pytest.raises(ModelError, match="plain_to_pattern/enter/kernel is not finite"):
        load_pattern_generator(tmp_path)


def test_weights_of_another_shape_are_refused(tmp_path):
    save(tmp_path)

    def reshape(file):
        del file["pattern_to_plain/leave/bias"]
        file["pattern_to_plain/leave/bias"] = np.zeros(4, np.float32)

    with_weights(tmp_path, reshape)
    with pytest.raises(ModelError, match=r"shape \(3,\)"):
        load_pattern_generator(tmp_path)
