"""A picture's way through DVC: which version of which output holds it, and which stages read such a version.

The records are dvc.lock and the .dvc files of the checkout and of its experiments, and DVC's run cache, which has an
entry for each stage that ever ran here: what it read and what it wrote, by md5. What an earlier run left in the cache
is found as well as what lies in the checkout.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tryon.forgetting.holding import Folder, copies, derived, stems_of
from tryon.forgetting.picture import Picture

_FOLDER = ".dir"  # ends the md5 of a folder: that of its listing


@dataclass(frozen=True)
class Version:
    """One content of an output or dependency, by its path when it was recorded."""

    path: str
    md5: str

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, not a single file."""
        return self.md5.endswith(_FOLDER)


@dataclass(frozen=True)
class Record:
    """One run of a stage, or a source that is tracked by `dvc add` (which reads nothing).

    Args:
        stage: its name; of a run that only the cache remembers, its command.
        reads: dependencies.
        writes: outputs.
        root: the checkout or experiment whose current state this is; None for a run of the past.
        entry: the file of the run cache.
    """

    stage: str
    reads: tuple[Version, ...]
    writes: tuple[Version, ...]
    root: Path | None = None
    entry: Path | None = None


@dataclass
class Trace:
    """What holds the picture.

    Args:
        held: by md5 of an output, its files that hold the picture, each with its own md5.
        paths: where an output of that md5 was recorded.
        records: all of them.
    """

    held: dict[str, dict[str, str]] = field(default_factory=dict)
    paths: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    records: list[Record] = field(default_factory=list)

    @property
    def readers(self) -> list[Record]:
        """The records of stages that read a version that holds it."""
        return [record for record in self.records if any(version.md5 in self.held for version in record.reads)]

    @property
    def writers(self) -> list[Record]:
        """The records of stages that wrote one."""
        return [record for record in self.records if any(version.md5 in self.held for version in record.writes)]


class Objects:
    """The objects of DVC's cache, by md5."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache

    def path(self, md5: str) -> Path:
        """Where an object lies, whether it is there or not."""
        return self._cache / md5[:2] / md5[2:]

    def folders(self) -> Iterator[str]:
        """The md5s of all folder listings."""
        for path in sorted(self._cache.glob(f"??/*{_FOLDER}")):
            yield path.parent.name + path.name

    def folder(self, md5: str, name: str = "") -> Folder | None:
        """A folder by its listing, or a single file under `name`; None if the cache does not have it."""
        if not self.path(md5).is_file():
            return None
        if not md5.endswith(_FOLDER):
            return Folder({name: md5}, lambda _: self.path(md5).read_bytes())
        files = {entry["relpath"]: entry["md5"] for entry in json.loads(self.path(md5).read_bytes())}
        there = {name: member for name, member in files.items() if self.path(member).is_file()}
        return Folder(there, lambda member: self.path(there[member]).read_bytes())


def trace(records: list[Record], objects: Objects, picture: Picture) -> Trace:
    """Follow the picture from every folder that has a copy of it through all that was made from that folder."""
    found = Trace(records=records)
    names: dict[str, frozenset[str]] = {}
    for md5 in objects.folders():
        folder = objects.folder(md5)
        held = copies(folder, picture) if folder else set()
        if folder and held:
            found.held[md5] = {name: folder.files[name] for name in held}
            names[md5] = stems_of(held)
    asked: dict[str, frozenset[str]] = {}
    while sum(_follow(record, objects, found, names, asked) for record in records):
        pass
    for record in records:
        for version in record.writes:
            if version.md5 in found.held:
                found.paths[version.md5].add(version.path)
    return found


def read_records(roots: Iterable[Path], runs: Path) -> list[Record]:
    """The current state of each root, then the runs that the cache remembers."""
    records = [record for root in roots for record in _current(root)]
    for path in sorted(runs.glob("??/*/*")):
        entry = _yaml(path)
        records.append(Record(entry["cmd"], _versions(entry.get("deps")), _versions(entry.get("outs")), entry=path))
    return records


def _follow(
    record: Record,
    objects: Objects,
    found: Trace,
    names: dict[str, frozenset[str]],
    asked: dict[str, frozenset[str]],
) -> bool:
    """Look into what a stage wrote if what it read holds the picture; True if that told something new.

    `names` are those that the picture has in each version that holds it, `asked` those that were looked for so far.
    """
    nothing: frozenset[str] = frozenset()
    stems = nothing.union(*(names.get(version.md5, nothing) for version in record.reads))
    news = False
    for version in record.writes:
        if stems <= asked.get(version.md5, nothing):
            continue
        asked[version.md5] = asked.get(version.md5, nothing) | stems
        folder = objects.folder(version.md5, Path(version.path).name)
        held = derived(folder, asked[version.md5]) if folder else set()
        if folder and held:
            found.held.setdefault(version.md5, {}).update({name: folder.files[name] for name in held})
            names[version.md5] = names.get(version.md5, nothing) | stems
            news = True
    return news


def _current(root: Path) -> Iterator[Record]:
    lock = root / "dvc.lock"
    for name, stage in (_yaml(lock).get("stages") or {}).items() if lock.is_file() else []:
        yield Record(name, _versions(stage.get("deps")), _versions(stage.get("outs")), root=root)
    for path in sorted((root / "data").rglob("*.dvc")):
        outs = _versions(_yaml(path).get("outs"))
        folder = path.parent.relative_to(root)
        writes = tuple(Version((folder / version.path).as_posix(), version.md5) for version in outs)
        yield Record(path.relative_to(root).as_posix(), (), writes, root=root)


def _versions(entries: list[dict[str, Any]] | None) -> tuple[Version, ...]:
    return tuple(Version(entry["path"], entry["md5"]) for entry in entries or [] if "md5" in entry)


def _yaml(path: Path) -> dict[str, Any]:
    return dict(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) or {})
