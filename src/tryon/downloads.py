"""Files that are fetched once into a folder of the user, checked by their hash, and whole or absent."""

import fcntl
import hashlib
import http.client
import logging
import os
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tryon.errors import ServiceError

TIMEOUT_S = 30.0
PROGRESS_INTERVAL_S = 5.0
CHUNK_BYTES = 1 << 20

logger = logging.getLogger("tryon")


@dataclass(frozen=True)
class Published:
    """A file that somebody else publishes.

    Args:
        url: its address.
        size: in bytes.
        md5: as its users know it; no stronger hash of these files is published.
    """

    url: str
    size: int
    md5: str

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]


def cache_folder() -> Path:
    """Where fetched files are kept: `tryon` in XDG_CACHE_HOME or `~/.cache`, one for all checkouts of a user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tryon"


def fetch(published: Published, folder: Path) -> Path:
    """The file in a folder, fetched if it is not there; a fetch that was cut off goes on where it stopped.

    Raises:
        ServiceError: the address cannot be reached, or what came (or lies there) is not the published file.
    """
    target = Path(folder) / published.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ServiceError(
            f"{folder} cannot be made, where {published.name} would be kept",
            received=error.strerror,
            remedy="set XDG_CACHE_HOME to a folder that you may write",
        ) from error
    with _alone(target):
        if not target.is_file():
            part = target.with_name(target.name + ".part")
            _continue(published, part, target)
            _check(published, part)
            part.replace(target)
        else:
            _check(published, target)
    return target


def _continue(published: Published, part: Path, target: Path) -> None:
    """Fetch what a part lacks; from the beginning where the server cannot go on in the middle."""
    have = part.stat().st_size if part.is_file() else 0
    if have >= published.size:
        return
    request = urllib.request.Request(published.url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - the address is a constant
            goes_on = have > 0 and answer.status == http.client.PARTIAL_CONTENT
            with part.open("ab" if goes_on else "wb") as file:
                _copy(answer, file, have if goes_on else 0, published)
                file.flush()
                os.fsync(file.fileno())
    except (OSError, http.client.HTTPException) as error:
        raise ServiceError(
            f"{published.name} could not be fetched from {published.url}",
            received=getattr(error, "reason", None) or error,
            remedy=f"run again with a network, or get the file another way and put it at {target}",
        ) from error


def _copy(answer: Any, file: Any, have: int, published: Published) -> None:
    """Write what comes, at most one byte more than the published size, and say how far it is."""
    began = said = time.monotonic()
    start = have
    while have <= published.size and (chunk := answer.read(min(CHUNK_BYTES, published.size + 1 - have))):
        file.write(chunk)
        have += len(chunk)
        now = time.monotonic()
        if now - said >= PROGRESS_INTERVAL_S or have == published.size:
            said, rate = now, (have - start) / max(now - began, 1e-3)
            logger.info("%s: %d of %d MB, %.1f MB/s", published.name, have >> 20, published.size >> 20, rate / 2**20)


def _check(published: Published, path: Path) -> None:
    """Refuse and remove a file that is not the published one; keep one that is only too short."""
    size = path.stat().st_size
    if size < published.size and path.suffix == ".part":
        raise ServiceError(
            f"{published.name} was cut off",
            received=f"{size} bytes",
            needed=f"{published.size} bytes",
            remedy="run again: the fetch goes on where it stopped",
        )
    with path.open("rb") as file:
        md5 = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if (size, md5) != (published.size, published.md5):
        path.unlink()
        raise ServiceError(
            f"{path} was not the published file and has been removed",
            received=f"{size} bytes, md5 {md5}",
            needed=f"{published.size} bytes, md5 {published.md5}",
            remedy="run again to fetch it anew",
        )


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """One program at a time; a second one waits and then finds the file."""
    with target.with_name(target.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
