"""From archives to one folder in DeepFashion2's layout that `curate_photos` takes as `photos.path`.

The folder is filled beside its place, under the name `FOLDER.unpacking`, and renamed when it is whole. No journal is
kept: a file that is already there is known by the size and the checksum that the archive's directory declares for it,
so that a run that was killed anywhere goes on, and ends with the same bytes as one that was not.
"""

import os
import time
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PIL import Image

from tryon.archives.building import FACTS_FILE, building_folder, check_space, keep_if_same
from tryon.archives.checksums import check_published
from tryon.archives.directory import read_directory
from tryon.archives.layout import Contents, Member, read_contents, refuse_many_faults
from tryon.archives.members import Archive, identity_of, opened, opens, read_member
from tryon.archives.selecting import Judge, Selection, select
from tryon.archives.workers import in_batches
from tryon.console import track
from tryon.errors import DataError, UsageError
from tryon.images.files import MAX_PIXELS
from tryon.images.normalising import FORMATS
from tryon.outputs import write_json

_BATCH = 64
_PROBES = 4  # members that are tried with the password: one damaged member says nothing about it


@dataclass(frozen=True)
class Opened:
    """An archive whose directory has been checked."""

    archive: Archive
    contents: Contents


@dataclass(frozen=True)
class Unpacked:
    """What became of one archive.

    Args:
        folder: where its pictures are.
        pairs: pictures with an annotation in the archive; `kept` of them are in the folder.
        dropped: how many did not pass, by kind of reason.
        faults: what is wrong with each pair that was set aside.
        left_out: how many members were never read, by kind.
        written_bytes: in this run, in `seconds`.
    """

    folder: Path
    pairs: int
    kept: int
    dropped: Mapping[str, int]
    faults: Sequence[str]
    left_out: Mapping[str, int]
    written_bytes: int
    seconds: float


def unpack(
    paths: Sequence[Path],
    out: Path,
    *,
    judge: Judge,
    conditions: Mapping[str, object],
    password: Callable[[], str],
    limit: int | None = None,
    workers: int | None = None,
) -> list[Unpacked]:
    """Write `out/TOP/{image,annos}` for each archive, TOP being the archive's top folder, and `out/unpacked.json`.

    Args:
        judge: why a picture with these items is not wanted, or an empty text; goes to child processes.
        conditions: what `judge` goes by, as JSON: a folder that was begun under others is begun anew.
        password: asked for once, and only if a member is encrypted.
        limit: the first so many pairs that pass, of each archive.
        workers: child processes; one for each core unless given.

    Raises:
        DataError: an archive is hostile, damaged or of something else, the disk is too full, the folder is taken, or
            the password is wrong. Nothing is left then, or a folder `out.unpacking` from which the same call goes on.
    """
    if not out.name or out.is_symlink() or (out.exists() and (not out.is_dir() or any(out.iterdir()))):
        raise UsageError(f"{out} is there already", needed="a new folder", remedy="remove it, or name another --out")
    workers = workers or os.cpu_count() or 1
    archives = _with_password([_open(path) for path in paths], password)
    _refuse_equal_folders(archives)
    with building_folder(out) as building:
        selections = [select(one.archive, one.contents, judge, limit, workers) for one in archives]
        plan = _plan(archives, conditions, limit)
        keep_if_same(building, plan)
        check_space(building, _sizes(archives, selections))
        done = [_write(one, of, building, workers) for one, of in zip(archives, selections, strict=True)]
        write_json(building / FACTS_FILE, {"plan": plan, "folders": {one.folder.name: _facts(one) for one in done}})
        building.replace(out)
    return [replace(one, folder=out / one.folder.name) for one in done]


def _open(path: Path) -> Opened:
    with opened(path) as file:
        archive = Archive(path, identity_of(file))
    with archive.opened() as file:
        check_published(file, path)
        return Opened(archive, read_contents(read_directory(file, str(path)), path))


def _with_password(archives: list[Opened], password: Callable[[], str]) -> list[Opened]:
    """The archives with the password, tried on a few annotations of each that has encrypted members."""
    probes = [[member for member in _members(one.contents) if member.encrypted][:_PROBES] for one in archives]
    if not any(probes):
        return archives
    secret = password().encode()
    for one, members in zip(archives, probes, strict=True):
        with one.archive.opened() as file:
            if members and not any(opens(file, member, secret) for member in members):
                raise DataError(
                    f"{one.archive.path} does not open with this password",
                    needed="the password that DeepFashion2's authors send with the form",
                    remedy="set TRYON_ARCHIVE_PASSWORD, without spaces around it, or leave it unset to be asked",
                )
    return [replace(one, archive=replace(one.archive, password=secret)) for one in archives]


def _members(contents: Contents) -> Iterator[Member]:
    """Annotations first: they are small."""
    for number in contents.pairs():
        yield contents.annotations[number]
    for number in contents.pairs():
        yield contents.pictures[number]


def _refuse_equal_folders(archives: list[Opened]) -> None:
    seen: dict[str, Path] = {}
    for one in archives:
        other = seen.setdefault(one.contents.folder, one.archive.path)
        if other is not one.archive.path:
            raise UsageError(
                f"two archives would both become the folder {one.contents.folder}",
                received=f"{other} and {one.archive.path}",
                remedy="give each archive once, or unpack them into two folders",
            )


def _plan(archives: list[Opened], conditions: Mapping[str, object], limit: int | None) -> dict[str, object]:
    directories = {one.contents.folder: one.contents.sha256 for one in archives}
    return {"directories": directories, "conditions": dict(conditions), "limit": limit}


def _sizes(archives: list[Opened], selections: list[Selection]) -> Iterator[int]:
    for one, of in zip(archives, selections, strict=True):
        for number in of.wanted:
            yield one.contents.pictures[number].size
            yield one.contents.annotations[number].size


def _write(one: Opened, selection: Selection, building: Path, workers: int) -> Unpacked:
    """Write the wanted pairs of one archive; those that turn out to be faulty are set aside."""
    began, name = time.monotonic(), one.archive.path.name
    folder = building / one.contents.folder
    for part in ("image", "annos"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    jobs = [(number, one.contents.pictures[number], one.contents.annotations[number]) for number in selection.wanted]
    results = in_batches(partial(_write_batch, one.archive, folder), jobs, _BATCH, workers)
    faults, written = list(selection.faults), 0
    try:
        for fault, count in track(results, f"{name}: pictures", len(jobs)):
            written += count
            if fault:
                faults.append(fault)
    except OSError as error:
        raise DataError(
            f"{folder} cannot be written",
            received=error.strerror,
            remedy="free some space; the same command goes on where it stopped",
        ) from error
    refuse_many_faults(faults[len(selection.faults) :], len(jobs), name)
    kept = len(jobs) - (len(faults) - len(selection.faults))
    pairs, seconds = len(one.contents.pairs()), time.monotonic() - began
    return Unpacked(folder, pairs, kept, selection.dropped, faults, one.contents.left_out, written, seconds)


def _write_batch(archive: Archive, folder: Path, jobs: Sequence[tuple[int, Member, Member]]) -> list[tuple[str, int]]:
    """For each pair what is wrong with it (empty: it is there), and how many bytes were written."""
    with archive.opened() as file:
        return [_write_pair(archive, file, folder, *job) for job in jobs]


def _write_pair(
    archive: Archive, file: int, folder: Path, number: int, picture: Member, annotation: Member
) -> tuple[str, int]:
    image, annos = folder / "image" / f"{number:06d}.jpg", folder / "annos" / f"{number:06d}.json"
    try:
        written = _put(image, picture, archive, file)
        _check_picture(image)
        return "", written + _put(annos, annotation, archive, file)
    except DataError as error:
        image.unlink(missing_ok=True)
        annos.unlink(missing_ok=True)
        return f"{error.what}: {error.received}", 0


def _put(target: Path, member: Member, archive: Archive, file: int) -> int:
    """Write a member's content unless it is there; how many bytes were written."""
    if _is_there(target, member):
        return 0
    content = read_member(file, member, archive.password)
    target.write_bytes(content)
    return len(content)


def _is_there(target: Path, member: Member) -> bool:
    with suppress(FileNotFoundError):
        same_size = member.crc is not None and target.stat().st_size == member.size
        return same_size and zlib.crc32(target.read_bytes()) == member.crc
    return False


def _check_picture(path: Path) -> None:
    """Whether the header is that of a picture of a sane size. The pixels are curation's, which decodes each anyway."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=FORMATS) as image:
                width, height = image.size
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise DataError(f"{path.name} is no picture", received=type(error).__name__) from error
    if height * width > MAX_PIXELS:
        raise DataError(f"{path.name} is too large", received=f"{width} x {height} pixels")


def _facts(one: Unpacked) -> dict[str, object]:
    return {
        "pairs": one.pairs,
        "kept": one.kept,
        "dropped": dict(one.dropped),
        "faults": list(one.faults),
        "left_out": dict(one.left_out),
    }
