"""The folder that is filled beside its place, renamed when it is whole: by one process, on a disk with enough space."""

import fcntl
import json
import logging
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tryon.errors import DataError
from tryon.outputs import write_json

FACTS_FILE = "unpacked.json"
_BLOCK_BYTES = 4096
_SPACE_FACTOR = 1.2

logger = logging.getLogger("tryon")


@contextmanager
def building_folder(out: Path) -> Iterator[Path]:
    """The folder to fill, for this process alone; nothing of it remains if nothing has been written."""
    building = out.with_name(out.name + ".unpacking")
    try:
        building.mkdir(parents=True, exist_ok=True)
        lock = os.open(building, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise DataError(
            f"{building} cannot be written", received=error.strerror, remedy="name a place for --out that you may write"
        ) from error
    try:
        _take(lock, building)
        yield building
    finally:
        with suppress(OSError):
            building.rmdir()
        os.close(lock)


def keep_if_same(building: Path, plan: dict[str, object]) -> None:
    """Keep what was written under the same plan, and nothing else."""
    facts = building / FACTS_FILE
    try:
        same = json.loads(facts.read_bytes())["plan"] == json.loads(json.dumps(plan))
    except (OSError, ValueError, TypeError, KeyError):
        same = False
    if same:
        logger.info("%s: going on where the last run stopped", building)
        return
    for path in building.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    write_json(facts, {"plan": plan})


def check_space(building: Path, sizes: Iterable[int]) -> None:
    """Check that files of these sizes have room, the space of what is there already included.

    Raises:
        DataError: they do not; it says how much is free and how much is needed.
    """
    needed = int(_SPACE_FACTOR * sum(-(-size // _BLOCK_BYTES) * _BLOCK_BYTES for size in sizes))
    there = sum(path.stat().st_blocks * 512 for path in building.rglob("*") if path.is_file())
    free = shutil.disk_usage(building).free + there
    if needed > free:
        raise DataError(
            f"the disk of {building} is too full",
            received=f"{free} bytes free",
            needed=f"{needed} bytes: {_SPACE_FACTOR} times what is to be written",
            remedy="free some space, name another --out, or take fewer pictures with --limit",
        )


def _take(lock: int, building: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        ours = building.stat().st_ino == os.fstat(lock).st_ino
    except (BlockingIOError, FileNotFoundError):
        ours = False
    if not ours:
        raise DataError(
            f"{building} is being written by another `tryon unpack`",
            needed="one at a time",
            remedy="wait until it has ended, or name another --out",
        )
