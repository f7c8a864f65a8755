"""Checkpoints that survive being killed at any moment: two slots, written in turn, each whole or recognised as damaged.

A slot is one file: a line that names the format, the sha256 of what follows, then an npz archive of arrays,
one of which holds the state as JSON. Reading executes nothing (`allow_pickle=False`).
"""

import hashlib
import io
import json
import logging
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tryon.outputs import write_bytes

logger = logging.getLogger("tryon")

_MAGIC = b"tryon checkpoint 1\n"
_STATE = "__state__"
_SLOTS = ("slot_a.ckpt", "slot_b.ckpt")


@dataclass(frozen=True)
class Checkpoint:
    """What was saved: the step, the arrays by name, and a state of JSON values."""

    step: int
    arrays: dict[str, NDArray[Any]]
    state: dict[str, Any]


class CheckpointStore:
    """The two slots in a folder; the folder appears with the first save.

    Args:
        folder: by custom `.tryon/checkpoints/STAGE/RUN`, where RUN names everything that the training depends on.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def save(self, step: int, arrays: Mapping[str, NDArray[Any]], state: Mapping[str, Any]) -> None:
        """Write a checkpoint over the older or damaged slot; the newer one stays untouched.

        Args:
            step: rises from save to save.
            arrays: of numbers or booleans.
            state: JSON values.
        """
        memory = io.BytesIO()
        said = json.dumps({"step": step, "state": dict(state)}, sort_keys=True, allow_nan=False)
        np.savez(memory, allow_pickle=False, **{_STATE: np.frombuffer(said.encode(), np.uint8)}, **dict(arrays))
        payload = memory.getvalue()
        content = _MAGIC + hashlib.sha256(payload).hexdigest().encode() + b"\n" + payload
        write_bytes(self._slot_to_write(), content)

    def load_latest(self) -> Checkpoint | None:
        """The newest whole checkpoint; None if there is none. A damaged slot is passed over with a warning."""
        found = [checkpoint for checkpoint in map(self._read, _SLOTS) if checkpoint is not None]
        return max(found, key=lambda checkpoint: checkpoint.step, default=None)

    def clear(self) -> None:
        """Remove the folder with both slots."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _slot_to_write(self) -> Path:
        steps = {}
        for name in _SLOTS:
            checkpoint = self._read(name)
            steps[name] = -1 if checkpoint is None else checkpoint.step
        return self.folder / min(_SLOTS, key=lambda name: steps[name])

    def _read(self, name: str) -> Checkpoint | None:
        path = self.folder / name
        if not path.is_file():
            return None
        content = path.read_bytes()
        head = len(_MAGIC) + 65
        payload = content[head:]
        digest = content[len(_MAGIC) : head].strip()
        if not content.startswith(_MAGIC) or hashlib.sha256(payload).hexdigest().encode() != digest:
            logger.warning("checkpoint %s is damaged and not used", path)
            return None
        try:
            with np.load(io.BytesIO(payload), allow_pickle=False) as archive:
                arrays = {key: archive[key] for key in archive.files}
        except (ValueError, OSError, zipfile.BadZipFile) as error:
            logger.warning("checkpoint %s is not readable and not used: %s", path, error)
            return None
        said = json.loads(arrays.pop(_STATE).tobytes().decode())
        return Checkpoint(int(said["step"]), arrays, said["state"])
