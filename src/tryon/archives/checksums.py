"""An archive against the checksum that came with it, if one did: `train.zip.sha256` beside `train.zip`."""

import hashlib
import re
from pathlib import Path

from tryon.errors import DataError

_CHUNK_BYTES = 1 << 22


def check_published(file: int, path: Path) -> None:
    """Compare an opened archive with the SHA-256 in hexadecimal that `PATH.sha256` begins with, where there is one.

    Raises:
        DataError: they differ, or that file holds no SHA-256.
    """
    beside = path.with_name(path.name + ".sha256")
    if not beside.is_file():
        return
    match = re.match(r"([0-9a-fA-F]{64})\b", beside.read_text(errors="replace"))
    if match is None:
        raise DataError(f"{beside} holds no SHA-256", needed="64 hexadecimal digits at its start", remedy="remove it")
    with open(file, "rb", closefd=False) as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != match[1].lower():
        raise DataError(
            f"{path} is not the file that {beside.name} speaks of",
            received=f"SHA-256 {found}",
            needed=match[1].lower(),
            remedy="fetch the archive again",
        )
