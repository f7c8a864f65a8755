"""PyTorch checkpoint files, read without PyTorch and without executing anything in them.

A checkpoint is a zip archive of a pickle, `ROOT/data.pkl`, and of raw numbers, `ROOT/data/KEY`.
"""

import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tryon.errors import ModelError
from tryon.models.cyclegan.reference.pickled import Tensor, run_pickle

# The reference's generators have up to 46 MB; a file is held in memory as a whole.
MAX_FILE_BYTES = 2**28
MAX_PICKLE_BYTES = 2**22
MAX_MEMBERS = 10_000
_LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # PyTorch before 1.6: five pickles, one after the other


class Checkpoint:
    """The tensors of a checkpoint by name; their numbers are read one by one.

    Raises:
        ModelError: the file is too large, no archive of PyTorch, or asks for more than tensors.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._archive, self._root = self._open()
        if f"{self._root}byteorder" in self._archive.namelist() and self._member("byteorder", 6) != b"little":
            raise self._fault("the byte order of its numbers", "big", "little")
        self.tensors = self._tensors(run_pickle(self._member("data.pkl", MAX_PICKLE_BYTES), self._fault))

    def read(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """The numbers of a tensor, which must be of this shape and finite.

        Raises:
            ModelError: it is missing, of another shape, reaches beyond its storage or is not finite.
        """
        tensor = self.tensors.get(name)
        if tensor is None or tensor.shape != shape:
            raise self._fault(f"tensor {name}", tensor.shape if tensor else "nothing", f"shape {shape}")
        dtype = np.dtype(tensor.storage.dtype)
        last = tensor.offset + sum((side - 1) * step for side, step in zip(shape, tensor.strides, strict=True))
        if tensor.offset < 0 or min(tensor.strides, default=0) < 0 or last >= tensor.storage.count:
            raise self._fault(f"tensor {name} reaches beyond its storage", last, f"below {tensor.storage.count}")
        content = self._member(f"data/{tensor.storage.key}", tensor.storage.count * dtype.itemsize)
        if len(content) != tensor.storage.count * dtype.itemsize:
            raise self._fault(f"storage of {name}", f"{len(content)} bytes", f"{tensor.storage.count} of {dtype}")
        numbers = np.frombuffer(content, dtype)[tensor.offset :]
        strides = tuple(step * dtype.itemsize for step in tensor.strides)
        with np.errstate(over="ignore"):  # a larger number becomes infinite, which is refused
            values = np.lib.stride_tricks.as_strided(numbers, shape, strides).astype(np.float32)
        if not np.isfinite(values).all():
            raise self._fault(f"tensor {name} is not finite", None, "finite numbers")
        return values

    def _open(self) -> tuple[zipfile.ZipFile, str]:
        if not self.path.is_file():
            raise self._fault("no such file", None, "a checkpoint, *_net_G_A.pth")
        size = self.path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise self._fault("file is too large", f"{size} bytes", f"at most {MAX_FILE_BYTES}")
        content = self.path.read_bytes()
        if content.startswith(_LEGACY):
            raise self._fault("the format of PyTorch before 1.6", None, "a file saved by PyTorch 1.6 or later")
        try:
            archive = zipfile.ZipFile(BytesIO(content))
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
            raise self._fault("not a whole zip archive", error, "a file written by torch.save") from error
        names = archive.namelist()
        roots = [name.removesuffix("data.pkl") for name in names if name.count("/") == 1 and name.endswith("/data.pkl")]
        if len(roots) != 1 or len(names) > MAX_MEMBERS or len(set(names)) < len(names):
            raise self._fault("not the archive of one checkpoint", f"{len(names)} members", "one data.pkl")
        return archive, roots[0]

    def _member(self, name: str, limit: int) -> bytes:
        try:
            member = self._archive.getinfo(self._root + name)
            # PyTorch stores without compressing; what is compressed might grow without bound.
            if member.compress_type != zipfile.ZIP_STORED or member.file_size > limit:
                raise self._fault(f"member {name}", f"{member.file_size} bytes", f"at most {limit}, not compressed")
            return self._archive.read(member)
        except (KeyError, zipfile.BadZipFile, EOFError, OSError, RuntimeError, NotImplementedError) as error:
            raise self._fault(f"member {name} cannot be read", error, "a whole, undamaged file") from error

    def _tensors(self, content: Any) -> Mapping[str, Tensor]:
        """The tensors of a state dictionary; `module.`, which several GPUs put before every name, is left out."""
        if not isinstance(content, dict):
            raise self._fault("content", type(content).__name__, "a dictionary of tensors")
        for name, tensor in content.items():
            if not isinstance(name, str) or not isinstance(tensor, Tensor):
                raise self._fault(f"entry {name!r}", type(tensor).__name__, "a tensor")
        return {name.removeprefix("module."): tensor for name, tensor in content.items()}

    def _fault(self, what: str, received: object, needed: str) -> ModelError:
        return ModelError(
            f"{self.path}: {what}",
            received=received,
            needed=needed,
            remedy="get the file again from where it came, or save it again: torch.save(net.state_dict(), FILE)",
        )
