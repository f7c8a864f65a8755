"""Checkpoint files as PyTorch writes them, made by hand: a zip archive of a pickle and of raw numbers."""

import io
import pickle
import sys
import types
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

KINDS = {"float32": "FloatStorage", "float16": "HalfStorage", "float64": "DoubleStorage", "int64": "LongStorage"}


class Stored:
    """An array that pickles as a tensor does; fields may be falsified."""

    def __init__(self, array: np.ndarray, **wrong: Any) -> None:
        self.array, self.wrong = np.ascontiguousarray(array), wrong


def write_checkpoint(
    path: Path, entries: Mapping[str, Any], *, compression: int = zipfile.ZIP_STORED, protocol: int = 2
) -> None:
    """Write arrays by name (or `Stored`, or anything that pickles) as `torch.save` does."""
    members: dict[str, bytes] = {}
    with torch_modules() as torch:
        program = io.BytesIO()
        _Pickler(program, protocol, torch, members).dump(_state(entries))
    with zipfile.ZipFile(path, "w", compression) as archive:
        root = path.stem
        archive.writestr(f"{root}/data.pkl", program.getvalue())
        archive.writestr(f"{root}/byteorder", "little")
        for key, content in members.items():
            archive.writestr(f"{root}/data/{key}", content)
        archive.writestr(f"{root}/version", "3\n")


def _state(entries: Mapping[str, Any]) -> Any:
    state = OrderedDict((k, Stored(v) if isinstance(v, np.ndarray) else v) for k, v in entries.items())
    state._metadata = OrderedDict({"": {"version": 1}})  # as `state_dict` does
    return state


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, protocol: int, torch: types.ModuleType, members: dict[str, bytes]) -> None:
        super().__init__(file, protocol)
        self.torch, self.members = torch, members

    def reducer_override(self, value: Any) -> Any:
        if not isinstance(value, Stored):
            return NotImplemented
        array, wrong = value.array, value.wrong
        key = str(len(self.members))
        self.members[key] = wrong.get("content", array.tobytes())
        kind = getattr(self.torch, wrong.get("kind", KINDS[str(array.dtype)]))
        storage = _Storage(("storage", kind, wrong.get("key", key), "cpu", wrong.get("count", array.size)))
        strides = wrong.get("strides", tuple(step // array.itemsize for step in array.strides))
        shape, offset = wrong.get("shape", array.shape), wrong.get("offset", 0)
        return self.torch._utils._rebuild_tensor_v2, (storage, offset, shape, strides, False, OrderedDict())

    def persistent_id(self, value: Any) -> Any:
        return value.described if isinstance(value, _Storage) else None


class _Storage:
    def __init__(self, described: tuple[Any, ...]) -> None:
        self.described = described


@contextmanager
def torch_modules() -> Iterator[types.ModuleType]:
    """Modules with the names that PyTorch's pickles contain, while it lasts."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")

    def _rebuild_tensor_v2(*_: Any) -> None: ...

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2, torch._utils = _rebuild_tensor_v2, utils
    for name in (*KINDS.values(), "ComplexFloatStorage"):
        setattr(torch, name, type(name, (), {"__module__": "torch"}))
    sys.modules |= {"torch": torch, "torch._utils": utils}
    try:
        yield torch
    finally:
        del sys.modules["torch"], sys.modules["torch._utils"]
