"""Checkpoints of the PyTorch implementation: what is taken over, and what is refused before it is used."""

import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.models.cyclegan.torch_files import Stored, write_checkpoint
from tryon.errors import ModelError
from tryon.images.files import write_png
from tryon.models.cyclegan import load_pattern_generator
from tryon.models.cyclegan.reference import checkpoint
from tryon.models.cyclegan.reference.checkpoint import Checkpoint
from tryon.models.cyclegan.reference.generators import adopt_generators, generator_keys, read_generator

FILTERS, BLOCKS = 4, 2


def weights(seed: int = 0, filters: int = FILTERS, blocks: int = BLOCKS, **keys: bool) -> dict[str, np.ndarray]:
    """A small generator's state dictionary in the reference's layout."""
    random, f = np.random.default_rng(seed), filters
    sides = [(f, 3, 7), (2 * f, f, 3), (4 * f, 2 * f, 3), *[(4 * f, 4 * f, 3)] * 2 * blocks]
    sides += [(4 * f, 2 * f, 3), (2 * f, f, 3), (3, f, 7)]  # the first two of these: (in, out) of transposed ones
    outputs = [f, 2 * f, 4 * f, *[4 * f] * 2 * blocks, 2 * f, f, 3]
    shapes = [shape for (o, i, k), n in zip(sides, outputs, strict=True) for shape in ((o, i, k, k), (n,))]
    names = generator_keys(blocks, **keys)
    return {name: random.normal(0, 0.1, shape).astype(np.float32) for name, shape in zip(names, shapes, strict=True)}


def saved(path: Path, entries: dict, **options) -> Path:
    write_checkpoint(path, entries, **options)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "latest_net_G_A.pth"


def test_generator_has_the_checkpoints_weights_with_axes_exchanged(file):
    entries = weights()
    generator, architecture = read_generator(saved(file, entries), 32, "plain_to_pattern")
    assert (architecture.generator_filters, architecture.generator_blocks, architecture.size_px) == (4, 2, 32)
    for weight, values in zip(generator.weights, entries.values(), strict=True):
        expected = values.transpose(2, 3, 1, 0) if values.ndim == 4 else values
        np.testing.assert_array_equal(np.asarray(weight), expected)


@pytest.mark.parametrize("protocol", [2, 4])
def test_other_ways_of_saving_give_the_same_numbers(file, protocol):
    plain = weights()
    expected, _ = read_generator(saved(file, plain, protocol=protocol), 32, "plain")
    names = dict(zip(plain, weights(dropout=True), strict=True))
    odd = {f"module.{names[name]}": values for name, values in plain.items()}
    odd["module.model.2.running_mean"] = np.zeros(FILTERS, np.float32)
    odd["module.model.2.num_batches_tracked"] = np.array(3, np.int64)
    odd["module.model.1.weight"] = Stored(  # a view into a larger storage, with axes in another order
        np.concatenate([np.ones(5, np.float32), plain["model.1.weight"].transpose(0, 2, 3, 1).ravel()]),
        shape=(4, 3, 7, 7), strides=(147, 1, 21, 3), offset=5,
    )  # fmt: skip
    found, _ = read_generator(saved(file, odd, protocol=protocol), 32, "odd")
    for one, other in zip(expected.get_weights(), found.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_half_precision_is_read(file):
    entries = {name: values.astype(np.float16) for name, values in weights().items()}
    generator, _ = read_generator(saved(file, entries), 32, "half")
    np.testing.assert_array_equal(np.asarray(generator.weights[1]), entries["model.1.bias"].astype(np.float32))


class Command:
    """Runs a command when a pickle of it is loaded."""

    def __reduce__(self):
        return os.system, ("touch executed",)


def test_nothing_is_executed(file, monkeypatch):
    monkeypatch.chdir(file.parent)
    saved(file, weights() | {"model.1.bias": Command()})
    with pytest.raises(ModelError, match=r"posix\.system"):
        read_generator(file, 32, "hostile")
    assert not Path("executed").exists()
    pickle.loads(pickle.dumps(Command()))
    assert Path("executed").exists(), "the hostile object does nothing: the test would show nothing"


BIAS = np.ones(FILTERS, np.float32)
HOSTILE = {
    "other shape": (Stored(np.ones(5, np.float32)), r"model\.1\.bias"),
    "not finite": (np.full(FILTERS, np.nan, np.float32), "not finite"),
    "too large for 32 bits": (np.full(FILTERS, 1e300), "not finite"),
    "beyond the storage": (Stored(BIAS, offset=1), "beyond its storage"),
    "before the storage": (Stored(BIAS, offset=-1), "beyond its storage"),
    "backwards": (Stored(BIAS, strides=(-1,)), "beyond its storage"),
    "far apart": (Stored(BIAS, strides=(2**40,)), "beyond its storage"),
    "storage too small": (Stored(BIAS, content=b"\0" * 12), "12 bytes"),
    "storage too large": (Stored(BIAS, content=b"\0" * 10**6), "1000000 bytes"),
    "another member": (Stored(BIAS, key="../data.pkl"), "damaged"),
    "missing member": (Stored(BIAS, key="999"), "data/999"),
    "axes without strides": (Stored(BIAS, strides=(1, 1)), "damaged"),
    "complex numbers": (Stored(BIAS, kind="ComplexFloatStorage"), "ComplexFloatStorage"),
    "a number": (3.0, "float"),
    "a set": ({1}, "REDUCE|set|EMPTY_SET"),
    "bytes": (b"abc", "encode|BINBYTES"),
}


@pytest.mark.parametrize(("value", "message"), HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("protocol", [2, 4])
def test_what_is_no_tensor_of_the_network_is_refused(file, value, message, protocol):
    with pytest.raises(ModelError, match=message):
        read_generator(saved(file, weights() | {"model.1.bias": value}, protocol=protocol), 32, "hostile")


def test_files_that_are_no_checkpoint_are_refused(file, tmp_path, monkeypatch):
    with pytest.raises(ModelError, match="no such file"):
        Checkpoint(file)
    whole = saved(file, weights()).read_bytes()
    legacy = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."
    for content, message in ((b"", "zip"), (whole[: len(whole) // 2], "zip"), (legacy, r"before 1\.6")):
        file.write_bytes(content)
        with pytest.raises(ModelError, match=message):
            Checkpoint(file)
    with pytest.raises(ModelError, match="not compressed"):
        Checkpoint(saved(file, weights(), compression=zipfile.ZIP_DEFLATED))
    monkeypatch.setattr(checkpoint, "MAX_FILE_BYTES", len(whole) - 1)
    file.write_bytes(whole)
    with pytest.raises(ModelError, match="too large"):
        Checkpoint(file)


def test_a_damaged_byte_is_found_or_leaves_the_numbers_finite(file):
    whole = saved(file, weights()).read_bytes()
    random = np.random.default_rng(0)
    for place in random.integers(len(whole), size=30):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            generator, _ = read_generator(file, 32, "damaged")
        except ModelError:
            continue
        assert all(np.isfinite(weight).all() for weight in generator.get_weights())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda entries: entries.pop("model.7.bias"), r"model\.7\.bias"),
        (lambda entries: entries.update({"model.2.weight": BIAS}), r"model\.2\.weight"),
        (lambda entries: entries.clear(), "0 residual blocks"),
    ],
)
def test_other_networks_are_refused(file, change, message):
    entries = weights()
    change(entries)
    with pytest.raises(ModelError, match=message):
        read_generator(saved(file, entries), 32, "other")


def cut_outs(folder: Path) -> Path:
    folder.mkdir()
    picture = np.zeros((64, 64, 4), np.uint8)
    picture[8:56, 8:56] = (30, 60, 200, 255)
    write_png(folder / "blue.png", picture)
    return folder


def test_adopted_generators_redraw_as_the_checkpoints_say(tmp_path):
    files = [saved(tmp_path / f"latest_net_G_{letter}.pth", weights(seed)) for seed, letter in enumerate("AB")]
    adopt_generators(*files, cut_outs(tmp_path / "blue"), tmp_path / "models" / "blue", 32)
    loaded = load_pattern_generator(tmp_path / "models" / "blue")
    assert loaded.facts["pattern"] == "blue"
    assert list(loaded.facts["adopted_from"]) == ["latest_net_G_A.pth", "latest_net_G_B.pth"]
    picture = np.random.default_rng(0).uniform(0, 1, (1, 32, 32, 3)).astype(np.float32)
    network, _ = read_generator(files[0], 32, "again")
    expected = (np.asarray(network(picture * 2 - 1)) + 1) / 2
    np.testing.assert_allclose(loaded.redraw(picture, np.ones((1, 32, 32), np.float32)), expected, atol=1e-6)


def test_generators_of_two_trainings_are_not_joined(tmp_path):
    files = [saved(tmp_path / f"{blocks}.pth", weights(blocks=blocks)) for blocks in (1, 2)]
    with pytest.raises(ModelError, match="different architectures"):
        adopt_generators(*files, cut_outs(tmp_path / "blue"), tmp_path / "models" / "blue", 32)
    assert not (tmp_path / "models").exists() or not any((tmp_path / "models").iterdir())
