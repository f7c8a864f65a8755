"""The local record of a run: written first, sent to MLflow second, removed when all of it has arrived.

A journal is a folder `.tryon/journal/ID/`:

    events.jsonl     one event a line, in order; the first is `start`, the last `end` (absent after a kill)
    files/N/NAME     pictures and files to send, each named by its event
    delivery.json    what MLflow has: its run id and the number of events that it acknowledged
    lock             held by the program that writes or sends the journal; free means that this program is gone
"""

import fcntl
import json
import shutil
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tryon.outputs import write_json

JOURNALS_FOLDER = Path(".tryon/journal")

Event = dict[str, Any]


@dataclass(frozen=True)
class Delivery:
    """How much of a journal MLflow has acknowledged."""

    mlflow_run_id: str | None = None
    acknowledged: int = 0


class Journal:
    """One run's journal, locked by this process until it is closed or removed."""

    def __init__(self, folder: Path, lock: IO[str]) -> None:
        self.folder = folder
        self._lock = lock
        self._writing = threading.RLock()

    @property
    def id(self) -> str:
        """A name that no other journal has; MLflow's run carries it as a tag."""
        return self.folder.name

    @classmethod
    def create(cls, journals_folder: Path, **start: Any) -> "Journal":
        """A new journal that opens with a `start` event."""
        folder = journals_folder / f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{uuid.uuid4().hex[:8]}"
        building = folder.with_name(f"new-{folder.name}")  # not taken for abandoned before it is locked
        building.mkdir(parents=True)
        lock = _lock(building)
        assert lock is not None, "a new journal is nobody else's"
        cls(building, lock).append("start", **start)
        building.rename(folder)
        return cls(folder, lock)

    @classmethod
    def abandoned(cls, journals_folder: Path) -> Iterator["Journal"]:
        """Journals that no living program holds, oldest first; each is locked while the caller handles it."""
        for folder in sorted(path for path in journals_folder.glob("[0-9]*") if path.is_dir()):
            lock = _lock(folder)
            if lock is None:
                continue
            journal = cls(folder, lock)
            if journal.events():
                yield journal
            else:  # killed before its first line was whole: there is nothing to send
                journal.remove()
            journal.close()

    def append(self, kind: str, **content: Any) -> None:
        """Write one event; it survives the end of this program."""
        line = json.dumps({"kind": kind, "time_ms": int(time.time() * 1000), **content})
        with self._writing, (self.folder / "events.jsonl").open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def keep_file(self, source: Path | bytes, name: str, folder: str) -> None:
        """Copy a file, or bytes under a name, into the journal, to be sent to `folder` of the run."""
        with self._writing:
            kept = self.folder / "files" / uuid.uuid4().hex[:12] / name
            kept.parent.mkdir(parents=True)
            if isinstance(source, bytes):
                kept.write_bytes(source)
            else:
                shutil.copyfile(source, kept)
            self.append("file", path=str(kept.relative_to(self.folder)), folder=folder)

    def events(self) -> list[Event]:
        """All events so far; a last line that was cut off by a kill is left out."""
        path = self.folder / "events.jsonl"
        if not path.exists():
            return []
        whole = path.read_text(encoding="utf-8").rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    @property
    def delivery(self) -> Delivery:
        """What MLflow has of this journal."""
        path = self.folder / "delivery.json"
        return Delivery(**json.loads(path.read_text())) if path.exists() else Delivery()

    def acknowledge(self, mlflow_run_id: str, events: int) -> None:
        """Note that MLflow has the first `events` events under this run id."""
        write_json(self.folder / "delivery.json", {"mlflow_run_id": mlflow_run_id, "acknowledged": events})

    def close(self) -> None:
        """Let go of the journal; what was not sent stays for a later replay."""
        self._lock.close()

    def remove(self) -> None:
        """Delete the journal: all of it has arrived."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.close()


def _lock(folder: Path) -> IO[str] | None:
    """An open, locked file of the journal, or None while another program holds it."""
    try:
        lock = (folder / "lock").open("w")
    except FileNotFoundError:  # another program has just sent and removed it
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    if not Path(lock.name).exists():  # removed between opening and locking
        lock.close()
        return None
    return lock
