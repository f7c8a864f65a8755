"""Weight files: the reference's layout, the same bytes for the same weights, and every damaged or hostile file refused
by name before any use."""

import io
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.models.mask_rcnn.mask_rcnn_cases import tiny
from tryon.errors import ModelError

pytestmark = pytest.mark.slow
FIXTURES = Path(__file__).parent / "fixtures"
BIAS = "conv1/conv1/bias:0"
LOGITS = "mrcnn_class_logits/mrcnn_class_logits/bias:0"


@pytest.fixture(scope="module")
def network() -> Any:
    from tryon.models.mask_rcnn import build_mask_rcnn

    return build_mask_rcnn(tiny(), 3)


@pytest.fixture(scope="module")
def content(network: Any) -> bytes:
    from tryon.models.mask_rcnn.weight_files import weights_to_bytes

    return weights_to_bytes(network)


def changed(content: bytes, change: Callable[[h5py.File], None], *, keep_digest: bool = False) -> bytes:
    """The file after a change; without the digest that would show it at once."""
    memory = io.BytesIO(content)
    with h5py.File(memory, "r+") as file:
        change(file)
        if not keep_digest:
            del file.attrs["weights_sha256"]
    return memory.getvalue()


def replaced(key: str, value: Any) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[key]
        if value is not None:
            file[key] = value

    return change


def attribute(group: str, name: str, value: Any) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        file[group].attrs[name] = value

    return change


def external_data(file: h5py.File) -> None:
    del file[BIAS]
    file.create_dataset(BIAS, (16,), np.float32, external=[("/etc/hostname", 0, 64)])


def virtual_data(file: h5py.File) -> None:
    del file[BIAS]
    layout = h5py.VirtualLayout((16,), np.float32)
    layout[:] = h5py.VirtualSource("/elsewhere.h5", "x", (16,))
    file.create_virtual_dataset(BIAS, layout)


def flipped(content: bytes, place: int) -> bytes:
    damaged = bytearray(content)
    damaged[place % len(content)] ^= 0x40
    return bytes(damaged)


class Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("trap_was_sprung"),))


def pickled(file: h5py.File) -> None:
    replaced(BIAS, np.void(pickle.dumps(Trap())))(file)


def a_weights_place(content: bytes) -> int:
    """Where in the file the numbers of a bias lie."""
    with h5py.File(io.BytesIO(content)) as file:
        return int(file["res3a_branch2a/res3a_branch2a/kernel:0"].id.get_offset())


HOSTILE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "no file": (lambda c: b"", "cannot be read as HDF5"),
    "truncated": (lambda c: c[: len(c) // 2], "cannot be read as HDF5"),
    "truncated by one byte": (lambda c: c[:-1], "cannot be read as HDF5"),
    "a pickle": (lambda c: pickle.dumps(Trap()), "cannot be read as HDF5"),
    "a pickle inside": (lambda c: changed(c, pickled), "conv1/bias:0 holds no floats"),
    "objects": (lambda c: changed(c, replaced(BIAS, np.array(["x"] * 16, h5py.string_dtype()))), "holds no floats"),
    "whole numbers": (lambda c: changed(c, replaced(BIAS, np.zeros(16, np.int32))), "holds no floats"),
    "NaN": (lambda c: changed(c, replaced(BIAS, np.full(16, np.nan, np.float32))), "layer conv1 .* not finite"),
    "infinite": (lambda c: changed(c, replaced(BIAS, np.full(16, 1e300))), "layer conv1 .* not finite"),
    "enormous": (lambda c: changed(c, replaced(BIAS, np.full(16, 1e20, np.float32))), "layer conv1 holds 1e"),
    "other shape": (lambda c: changed(c, replaced(BIAS, np.zeros(7, np.float32))), r"conv1 has other shapes\s.*\(7,\)"),
    "other class count": (lambda c: changed(c, replaced(LOGITS, np.zeros(81, np.float32))), r"logits has other shapes"),
    "missing array": (lambda c: changed(c, replaced(BIAS, None)), "lacks conv1/bias:0"),
    "missing layer": (
        lambda c: changed(c, attribute("/", "layer_names", np.array([b"conv1"]))), "lacks the layer conv1_2"
    ),
    "no layout": (lambda c: changed(c, lambda file: file.attrs.pop("layer_names")), "lacks model_weights"),
    "a layer twice": (lambda c: changed(c, attribute("/", "layer_names", np.array([b"conv1"] * 2))), "or one twice"),
    "link to a file": (lambda c: changed(c, replaced(BIAS, h5py.ExternalLink("/etc/hostname", "/"))), "ExternalLink"),
    "linked group": (lambda c: changed(c, replaced("conv1", h5py.ExternalLink("/etc/hostname", "/"))), "ExternalLink"),
    "soft link": (lambda c: changed(c, replaced(BIAS, h5py.SoftLink("/conv1"))), "SoftLink"),
    "data elsewhere": (lambda c: changed(c, external_data), "no array inside of the file"),
    "virtual data": (lambda c: changed(c, virtual_data), "no array inside of the file"),
    "a group for an array": (
        lambda c: changed(c, lambda file: replaced(BIAS, None)(file) or file.create_group(BIAS)), "no array"
    ),
    "a list for a digest": (
        lambda c: changed(c, attribute("/", "weights_sha256", np.array([b"x", b"y"])), keep_digest=True),
        "its digest cannot be read",
    ),
    "a flipped bit in a number": (lambda c: flipped(c, a_weights_place(c) + 1), "not .* the weights that were written"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_and_damaged_files_are_refused_by_name_before_any_use(
    network: Any, content: bytes, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tryon.models.mask_rcnn.weight_files import fill_weights, weights_to_bytes

    monkeypatch.chdir(tmp_path)
    spoil, said = HOSTILE[case]
    with pytest.raises(ModelError, match=said) as caught:
        fill_weights(network, spoil(content), "given.h5")
    assert str(caught.value).startswith("given.h5: ") and "remedy" in str(caught.value)
    assert weights_to_bytes(network) == content, "something was filled"
    assert list(tmp_path.iterdir()) == [], "something ran"


def test_no_flipped_bit_of_our_own_file_changes_a_weight_unseen(network: Any, content: bytes) -> None:
    """Anywhere in the file: structure, names or numbers; what does not matter to the weights may pass."""
    from tryon.models.mask_rcnn.weight_files import fill_weights, weights_to_bytes

    refused = 0
    for place in np.random.default_rng(4).integers(0, len(content), 60):
        try:
            fill_weights(network, flipped(content, int(place)), "given.h5")
        except ModelError:
            refused += 1
        assert weights_to_bytes(network) == content
    assert refused > 30


def test_a_file_larger_than_any_weights_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tryon.models.mask_rcnn import save_model
    from tryon.models.mask_rcnn.initial_weights import load_initial_weights, suited_to_weights
    from tryon.models.mask_rcnn.network import MaskRCNN
    from tryon.models.mask_rcnn.storage import load_network
    from tryon.models.mask_rcnn.weight_files import MAX_FILE_BYTES

    path = tmp_path / "weights.h5"
    save_model(tmp_path, network := MaskRCNN(tiny(weights=str(path))), {})
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)  # takes no room: nothing is written
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda it: pytest.fail("it was read") if it == path else read(it))
    for use, given in (
        (suited_to_weights, tiny(backbone="resnet50", weights=str(path))),
        (load_initial_weights, network),
        (load_network, tmp_path),
    ):
        with pytest.raises(ModelError, match=r"weights\.h5: is too large"):
            use(given)


@pytest.mark.parametrize("case", ["NaN", "no layout", "a group for an array"])
def test_a_refused_file_is_closed(network: Any, content: bytes, case: str) -> None:
    from tryon.models.mask_rcnn.weight_files import fill_weights

    spoil, said = HOSTILE[case]
    before = h5py.h5f.get_obj_count(h5py.h5f.OBJ_ALL, h5py.h5f.OBJ_FILE)
    with pytest.raises(ModelError, match=said) as caught:
        fill_weights(network, spoil(content), "given.h5")
    assert caught.tb is not None, "the frames that hold the file are kept"
    assert h5py.h5f.get_obj_count(h5py.h5f.OBJ_ALL, h5py.h5f.OBJ_FILE) == before


def test_equal_weights_give_equal_bytes_that_load_again(network: Any, content: bytes) -> None:
    from tryon.models.mask_rcnn import build_mask_rcnn
    from tryon.models.mask_rcnn.weight_files import fill_weights, weights_to_bytes

    other = build_mask_rcnn(tiny(), 4)
    assert weights_to_bytes(other) != content
    fill_weights(other, content, "given.h5")
    assert weights_to_bytes(other) == content == weights_to_bytes(network)


def test_a_whole_saved_model_of_the_reference_is_read_at_its_top_group(network: Any, content: bytes) -> None:
    from tryon.models.mask_rcnn.weight_files import fill_weights

    def as_saved_model(file: h5py.File) -> None:
        top = file.create_group("model_weights")
        top.attrs["layer_names"] = file.attrs.pop("layer_names")
        for name in [name for name in file if name != "model_weights"]:
            file.move(name, f"model_weights/{name}")

    fill_weights(network, changed(content, as_saved_model), "whole.h5")


def test_the_layout_of_resnet50_is_the_references_to_the_name() -> None:
    from tryon.models.mask_rcnn.network import MaskRCNN
    from tryon.models.mask_rcnn.reference.building import reference_config
    from tryon.models.mask_rcnn.weight_files import WeightFile, layer_shapes, weights_to_bytes

    network = MaskRCNN(reference_config("resnet50", class_names=["shirt"], image_size_px=64))
    content = weights_to_bytes(network)
    with h5py.File(io.BytesIO(content)) as file:
        found: dict[str, list[int]] = {}
        file.visititems(
            lambda name, item: found.update({f"/{name}": list(item.shape)}) if isinstance(item, h5py.Dataset) else None
        )
        assert found == json.loads((FIXTURES / "h5_layout_resnet50.json").read_text())
        assert (file.attrs["keras_version"], file.attrs["backend"]) == (b"2.2.4", b"tensorflow")
        inner = [b"rpn_conv_shared/kernel:0", b"rpn_conv_shared/bias:0", b"rpn_class_raw/kernel:0"]
        assert file["rpn_model"].attrs["weight_names"].tolist()[:3] == inner
    with WeightFile(content, "own.h5") as read:
        assert read.shapes == layer_shapes(network)
