"""JSON files of strangers: read strictly, every fault with its place; written in the order that they had.

Strictly means: UTF-8, no key twice, no NaN or infinity, no endless nesting, no more bytes than anybody needs. Python's
own reader lets most of it pass.
"""

import json
import os
import reprlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from tryon import outputs
from tryon.errors import DataError, FaultError

# No picture is larger: a coordinate beyond is a slip of the pen or an attack, and float32 stays exact to 1/16 below.
MAX_COORDINATE = 1_000_000
_PLAIN = (int, float)
# A VIA file says 6 KB of a rendered photo: 400 MiB are a set of 70,000, and several times as much in memory.
MAX_FILE_BYTES = 400 * 2**20
# Of one picture's own file; real ones have 10 KB.
MAX_PICTURE_FILE_BYTES = 16 * 2**20

# Of a stranger's value only the beginning is shown: it may be long, or nested as deeply as Python goes.
_short = reprlib.Repr()
_short.maxlist, _short.maxdict, _short.maxstring, _short.maxlevel, _short.maxlong = 8, 4, 80, 3, 80

CORRECT = "correct the file, or remove it together with its picture"


@dataclass(frozen=True)
class Place:
    """Where a value stands: the file, and the keys that lead to the value. `str()` of it reads `file: item1.scale`."""

    file: str
    keys: tuple[str | int, ...] = ()

    def at(self, *keys: str | int) -> "Place":
        """The place of a value within this one."""
        return Place(self.file, self.keys + keys)

    def __str__(self) -> str:
        path = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in self.keys).lstrip(".")
        return f"{self.file}: {path}" if path else self.file

    def fault(self, received: object, needed: str, remedy: str = "", *, what: str = "is not usable") -> FaultError:
        """The error that says what stands here and what should; its reason is the last key that is no number."""
        names = [key for key in self.keys if isinstance(key, str)]
        return FaultError(
            f"{self} {what}",
            reason=names[-1] if names else "file",
            received=_short.repr(received),
            needed=needed,
            remedy=remedy or CORRECT,
        )


def read_json(path: Path, max_bytes: int = MAX_FILE_BYTES) -> Any:
    """The content of a JSON file.

    Raises:
        DataError: the file is missing, cut off, not UTF-8, or says something that JSON does not allow.
        FaultError: the file has more than `max_bytes`; it is not read then.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            content = file.read(max_bytes + 1) if size <= max_bytes else b""
    except OSError as error:
        raise DataError(
            f"{path} cannot be read", received=error.strerror, remedy="check the path, or run the stage before"
        ) from error
    if size > max_bytes or len(content) > max_bytes:
        raise Place(str(path)).fault(
            size, f"at most {max_bytes} bytes", "divide the set into several files", what="is too large"
        )
    return parse_json(content, str(path))


def parse_json(content: bytes, name: str) -> Any:
    """The value of JSON bytes; `name` is used in messages."""
    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise FaultError(
            f"{name} is not readable JSON",
            reason="no JSON",
            received=f"{len(content)} bytes: {str(error)[:200]}",
            needed="one JSON value in UTF-8, each key once, finite numbers",
            remedy="fetch or write the file again",
        ) from error


def write_json(path: Path, content: Any) -> None:
    """Write JSON whole, keys in the order they have, so that a file read and written again keeps its order."""
    outputs.write_text(
        Path(path), json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(", ", ": ")) + "\n"
    )


def need_mapping(value: Any, place: Place) -> dict[str, Any]:
    """The value, which must be an object."""
    if not isinstance(value, dict):
        raise place.fault(value, "an object {...}")
    return value


def need_list(value: Any, place: Place) -> list[Any]:
    """The value, which must be a list."""
    if not isinstance(value, list):
        raise place.fault(value, "a list [...]")
    return value


def need_text(value: Any, place: Place, among: Iterable[str] | None = None) -> str:
    """The value, which must be text, and one of `among` if given."""
    if not isinstance(value, str) or (among is not None and value not in among):
        raise place.fault(value, "text" if among is None else "one of " + ", ".join(among))
    return value


def need_file_name(value: Any, place: Place) -> str:
    """The value, which must be a file name within a folder: no address, no way out, no backslash."""
    name = need_text(value, place)
    parts = name.split("/")
    if (
        not name.strip()
        or "" in parts
        or ".." in parts
        or "." in parts
        or any(sign in name for sign in ("\\", ":", "\0"))
    ):
        raise place.fault(name, "a file name within the folder of pictures")
    return name


def need_whole(value: Any, place: Place, low: int, high: int) -> int:
    """The value, which must be a whole number within [low, high]; 2.0 and "2" are not."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise place.fault(value, f"a whole number from {low} to {high}")
    return value


def need_number(value: Any, place: Place, low: float = -MAX_COORDINATE, high: float = MAX_COORDINATE) -> float:
    """The value, which must be a finite number within [low, high]; an int stays an int."""
    usable = isinstance(value, int | float) and not isinstance(value, bool)
    if not usable or not low <= value <= high:  # NaN is not, and no int is too long to compare
        raise place.fault(value, f"a number from {low} to {high}")
    return float(value) if isinstance(value, float) else int(value)


def need_numbers(value: Any, place: Place, count: int | None = None) -> list[float]:
    """The value, which must be a list of numbers, and of `count` of them if given."""
    numbers = need_list(value, place)
    if count is not None and len(numbers) != count:
        raise place.fault(f"{len(numbers)} values", f"{count} numbers")
    for index, number in enumerate(numbers):
        if type(number) not in _PLAIN or not -MAX_COORDINATE <= number <= MAX_COORDINATE:
            need_number(number, place.at(index))  # a place for each number would take longer than all the rest
    return numbers


def need_key(mapping: dict[str, Any], key: str, place: Place) -> Any:
    """The value under a key, which must be there."""
    if key not in mapping:
        raise FaultError(
            f"{place} has no `{key}`",
            reason=f"{key} missing",
            received=f"keys {', '.join(key[:40] for key in list(mapping)[:12]) or 'none'}",
            needed=f"`{key}`",
            remedy=CORRECT,
        )
    return mapping[key]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"key {twice!r} stands twice")
    return mapping


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number")
