"""The journal beside a decisions file: each decision on the disk before it is acknowledged.

One JSON line for each step, appended and flushed to the disk; after `kill -9` the lines are read again. Once all steps
stand in the decisions file the journal is emptied; while some are contested a line `settled` names those that are still
open. A last line without an end was never acknowledged and is dropped. The open journal is locked: one review at a time
writes to a decisions file.
"""

import fcntl
import json
import os
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from tryon.errors import DataError
from tryon.formats.decisions import Decision


@dataclass(frozen=True)
class Step:
    """One decision taken, changed or taken back.

    Args:
        sha256: of the picture.
        before: what held until then; None: undecided.
        after: what holds from then on; None: undecided again.
    """

    sha256: str
    before: Decision | None
    after: Decision | None


class Journal:
    """An open, locked journal.

    Attributes:
        steps: one for each picture whose last decision may not stand in the decisions file yet.

    Raises:
        DataError: another process holds it, or a line is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = _open_locked(self.path)
        try:
            self.steps = self._replay()
        except BaseException:
            os.close(self._handle)
            raise

    def append(self, steps: Sequence[Step]) -> None:
        """Write steps to the disk; they are there when this returns, and none of them if it raises.

        Raises:
            OSError: the disk is full or failed.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        lines = [json.dumps({"time": now, **asdict(step)}, ensure_ascii=False) + "\n" for step in steps]
        self._write("".join(lines).encode())
        for step in steps:
            self.steps[step.sha256] = _chain(self.steps.get(step.sha256), step)

    def settle(self, contested: Collection[str]) -> None:
        """Forget the steps that stand in the decisions file now: all but the contested ones."""
        if contested:
            self._write((json.dumps({"settled": sorted(contested)}) + "\n").encode())
        else:
            os.ftruncate(self._handle, 0)
            os.fsync(self._handle)
        self.steps = {sha256: step for sha256, step in self.steps.items() if sha256 in contested}

    def close(self) -> None:
        """Unlock; an empty journal is removed."""
        if os.fstat(self._handle).st_size == 0:
            self.path.unlink(missing_ok=True)
        os.close(self._handle)

    def _write(self, content: bytes) -> None:
        length = os.fstat(self._handle).st_size
        try:
            written = 0
            while written < len(content):
                written += os.write(self._handle, content[written:])
            os.fsync(self._handle)
        except OSError:
            os.ftruncate(self._handle, length)  # half a line would spoil the next one
            raise

    def _replay(self) -> dict[str, Step]:
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        os.ftruncate(self._handle, len(whole))
        steps: dict[str, Step] = {}
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                entry = json.loads(line)
                if "settled" in entry:
                    steps = {sha256: steps[sha256] for sha256 in entry["settled"]}
                    continue
                step = Step(entry["sha256"], _decision(entry["before"]), _decision(entry["after"]))
            except (ValueError, KeyError, TypeError) as error:
                raise DataError(
                    f"journal {self.path}, line {number}, is damaged",
                    received=line[:80].decode(errors="replace"),
                    needed="a line as the review page writes it",
                    remedy="mend or remove that line; all others are sound",
                ) from error
            steps[step.sha256] = _chain(steps.get(step.sha256), step)
        return steps


def _open_locked(path: Path) -> int:
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(handle)
            raise DataError(
                f"decisions of {path.with_suffix('')} are being made by another process",
                needed="one review at a time",
                remedy="go on in its window, or end it first",
            ) from error
        # A review that just ended may have removed the file between our opening and our locking it.
        if path.exists() and os.path.samestat(os.fstat(handle), path.stat()):
            sync_folder(path.parent)
            return handle
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Flush a folder's names to the disk: a new or renamed file is not safe before that."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _chain(earlier: Step | None, step: Step) -> Step:
    """Two steps as one, where the second goes on from the first."""
    continues = earlier is not None and earlier.after == step.before
    return Step(step.sha256, earlier.before, step.after) if earlier is not None and continues else step


def _decision(entry: dict[str, str] | None) -> Decision | None:
    return None if entry is None else Decision(**entry)
