"""Weights as HDF5 files in the layout of the 2017 implementation: read with suspicion, written byte-equal.

The attribute `layer_names` of the file, or of its group `model_weights`, names a group for each layer; a group's
attribute `weight_names` names its arrays in the layer's order. The three proposal layers share the group `rpn_model`.
Nothing is executed, nothing outside the file is opened, and an array is read only where its shape is the one expected.
"""

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from tryon.config import NAMED_WEIGHTS
from tryon.errors import ModelError
from tryon.models.mask_rcnn.network import MaskRCNN

Shapes = tuple[tuple[int, ...], ...]

RPN_GROUP, RPN_LAYERS = "rpn_model", ("rpn_conv_shared", "rpn_class_raw", "rpn_bbox_pred")
TOP_GROUP = "model_weights"  # of a whole saved model
DIGEST = "weights_sha256"
CONVENTIONS = "conventions"
# Without these two the reference takes a file for one of Keras 1 and turns its kernels.
LAYOUT_ATTRIBUTES = {"backend": np.bytes_("tensorflow"), "keras_version": np.bytes_("2.2.4")}
# The published files are of 100 to 260 MB; all of a file is held in memory.
MAX_FILE_BYTES = 2**30
MAX_LAYERS = 5000
# Trained weights lie far below; a flipped bit in the upper half of an exponent lifts most numbers above.
LARGEST = 1e8
REMEDY = "get the file again from where it came"


class WeightFile:
    """The weights in a file by layer name; use it as a context manager.

    Args:
        content: bytes of the file.
        source: its name, for messages.

    Raises:
        ModelError: not a whole HDF5 file of this layout, or one that points out of itself; any method.
    """

    def __init__(self, content: bytes, source: Path | str) -> None:
        self.source = source
        with self._reading("the file"), ExitStack() as on_fault:
            self._file = on_fault.enter_context(h5py.File(io.BytesIO(content), "r"))
            self._arrays = self._find_layers()
            self.shapes: dict[str, Shapes] = {
                name: tuple(self._shape(array) for array in arrays) for name, arrays in self._arrays.items()
            }
            on_fault.pop_all()

    def __enter__(self) -> "WeightFile":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    @property
    def conventions(self) -> str:
        """What the weights were trained under: `ours` or `reference`. Where no attribute says it, our digest does."""
        with self._reading("the conventions"):
            said = self._file.attrs.get(CONVENTIONS, "ours" if DIGEST in self._file.attrs else "reference")
            if said not in ("ours", "reference"):
                raise self._fault("names unknown conventions", f"{said!r}", "ours or reference")
            return str(said)

    def read(self, layer: str, shapes: Shapes) -> list[NDArray[np.float32]]:
        """The arrays of a layer, which must have exactly these shapes and hold finite numbers of a credible size.

        Raises:
            ModelError: the layer is missing, of other shapes, or holds other numbers; it is named.
        """
        if layer not in self._arrays:
            raise self._fault(f"lacks the layer {layer}", None, f"arrays of shapes {shapes}")
        if self.shapes[layer] != shapes:
            raise self._fault(f"layer {layer} has other shapes", self.shapes[layer], str(shapes))
        with self._reading(f"layer {layer}"):
            return [self._numbers(array, layer) for array in self._arrays[layer]]

    def check_digest(self, read: Mapping[str, Sequence[NDArray[np.float32]]]) -> bool:
        """Compare the arrays of all layers with the digest that our own files carry; whether there was one to compare.

        Raises:
            ModelError: a number is not the one that was written.
        """
        with self._reading("its digest"):
            said = self._file.attrs.get(DIGEST)
            if said is None or set(read) != set(self.shapes):
                return False
            if said != (found := digest(read)):
                raise self._fault("does not hold the weights that were written into it", f"sha256 {found}", f"{said!r}")
        return True

    def _find_layers(self) -> dict[str, list[h5py.Dataset]]:
        top = self._file if "layer_names" in self._file.attrs else self._follow(self._file, TOP_GROUP)
        layers: dict[str, list[h5py.Dataset]] = {}
        for name in self._names(top, "layer_names"):
            group = self._follow(top, name)
            arrays = [self._follow(group, path) for path in self._names(group, "weight_names")]
            if name == RPN_GROUP:
                layers |= {inner: arrays[2 * place : 2 * place + 2] for place, inner in enumerate(RPN_LAYERS)}
            elif arrays:
                layers[name] = arrays
        return layers

    def _names(self, group: Any, attribute: str) -> list[str]:
        if not isinstance(group, h5py.Group) or attribute not in group.attrs:
            raise self._fault(f"has no attribute {attribute} where one belongs", None, "the 2017 layout")
        names = [name.decode() if isinstance(name, bytes) else str(name) for name in group.attrs[attribute]]
        if len(names) > MAX_LAYERS or len(set(names)) < len(names):
            raise self._fault(f"{attribute} names too many things, or one twice", len(names), f"up to {MAX_LAYERS}")
        return names

    def _follow(self, place: h5py.Group, path: str) -> Any:
        """What lies at a path; every step must stay inside this very file."""
        for part in path.split("/"):
            link = place.get(part, getlink=True) if isinstance(place, h5py.Group) else None
            if not isinstance(link, h5py.HardLink):
                raise self._fault(f"lacks {path}", type(link).__name__ if link else None, "data inside of the file")
            place = place[part]
        return place

    def _shape(self, array: Any) -> tuple[int, ...]:
        if not isinstance(array, h5py.Dataset) or array.external is not None or array.is_virtual:
            raise self._fault(f"{array.name} is no array inside of the file", type(array).__name__, "an array")
        if array.dtype.kind != "f":
            raise self._fault(f"{array.name} holds no floats", array.dtype, "floats")
        return tuple(int(side) for side in array.shape)

    def _numbers(self, array: h5py.Dataset, layer: str) -> NDArray[np.float32]:
        with np.errstate(over="ignore"):  # a larger number becomes infinite, which is refused
            values = np.asarray(array[()], np.float32)
        if not np.isfinite(values).all():
            raise self._fault(f"layer {layer} holds numbers that are not finite", None, "finite numbers")
        if values.size and float(np.abs(values).max()) > LARGEST:
            raise self._fault(f"layer {layer} holds {np.abs(values).max():.3g}", None, f"numbers up to {LARGEST:g}")
        return values

    @contextmanager
    def _reading(self, what: str) -> Iterator[None]:
        try:
            yield
        # h5py raises all of these for damaged bytes, depending on what they were.
        except (OSError, KeyError, RuntimeError, ValueError, TypeError, MemoryError) as error:
            raise self._fault(f"{what} cannot be read as HDF5", error, "a whole, undamaged file") from error

    def _fault(self, what: str, received: object, needed: str) -> ModelError:
        return ModelError(f"{self.source}: {what}", received=received, needed=needed, remedy=REMEDY)


def name_of(weights: str) -> str:
    """Starting weights as `model.json` names them: the place of a file differs between checkouts, its name does not."""
    return weights if weights in NAMED_WEIGHTS else Path(weights).name


def read_content(path: Path) -> bytes:
    """The bytes of a weights file.

    Raises:
        ModelError: it is larger than any weights; nothing was read then.
    """
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise ModelError(
            f"{path}: is too large", received=f"{size} bytes", needed=f"at most {MAX_FILE_BYTES}", remedy=REMEDY
        )
    return path.read_bytes()


def weights_to_bytes(network: MaskRCNN) -> bytes:
    """All weights as the bytes of an HDF5 file that the reference can load by name, too; equal for equal weights."""
    memory = io.BytesIO()
    weights = {layer.name: layer.get_weights() for layer in network.named_layers()}
    names = {layer.name: [weight.name for weight in layer.weights] for layer in network.named_layers()}
    groups = {name: [name] for name in weights if name not in RPN_LAYERS} | {RPN_GROUP: list(RPN_LAYERS)}
    with h5py.File(memory, "w", track_order=False) as file:
        file.attrs.update({**LAYOUT_ATTRIBUTES, DIGEST: digest(weights), CONVENTIONS: network.config.conventions})
        file.attrs["layer_names"] = np.array([name.encode() for name in groups])
        for group_name, layers in groups.items():
            group = file.create_group(group_name)
            paths = {f"{layer}/{name}:0": index for layer in layers for index, name in enumerate(names[layer])}
            group.attrs["weight_names"] = np.array([path.encode() for path in paths])
            for path, index in paths.items():
                value = np.asarray(weights[path.partition("/")[0]][index], np.float32)
                group.create_dataset(path, data=value, track_times=False)
    return memory.getvalue()


def digest(weights: Mapping[str, Sequence[NDArray[Any]]]) -> str:
    """A sha256 over names, shapes and numbers of all layers."""
    found = hashlib.sha256()
    for name in sorted(weights):
        for value in weights[name]:
            array = np.ascontiguousarray(value, np.float32)
            found.update(f"{name} {array.shape} ".encode())
            found.update(array.tobytes())
    return found.hexdigest()


def layer_shapes(network: MaskRCNN) -> dict[str, Shapes]:
    """The shapes of a network's weights by layer name."""
    return {
        layer.name: tuple(tuple(int(side) for side in weight.shape) for weight in layer.weights)
        for layer in network.named_layers()
    }


def fill_weights(network: MaskRCNN, content: bytes, source: Path | str) -> None:
    """Give the network the weights of a file that has exactly its layers: a trained network for use.

    Raises:
        ModelError: the file is damaged, lacks a layer, or one is of other shapes or numbers; nothing was filled then.
    """
    with WeightFile(content, source) as file:
        values = {name: file.read(name, shapes) for name, shapes in layer_shapes(network).items()}
        file.check_digest(values)
    set_weights(network, values)


def set_weights(network: MaskRCNN, values: Mapping[str, Sequence[NDArray[np.float32]]]) -> None:
    """Put arrays into the layers of these names."""
    for layer in network.named_layers():
        if layer.name in values:
            layer.set_weights(values[layer.name])
