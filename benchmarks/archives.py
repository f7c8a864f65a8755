"""How fast, in how much memory and how rightly a large encrypted archive is read.

python benchmarks/archives.py [--pairs 10000] [--picture-kb 56] [--all] [--folder FOLDER]
python benchmarks/archives.py --directory

Writes an archive of DeepFashion2's shape (`train/image/NNNNNN.jpg` with `train/annos/NNNNNN.json`, ZipCrypto, so many
pairs, twice so many entries), takes the pictures with a short sleeve top out of it as `tryon unpack` does, and compares
every file with what was put in: one picture in four has one. Prints JSON; exit code 1 if a file is wrong, missing or
too many, or memory is over 400 MB in any process.

`published` is what the release (191,961 + 32,153 pictures) takes at these rates, in seconds and in seconds of one core:
on a busy machine the latter says more. With `--all` every picture is wanted. `one_core_mb_per_s` is what Python's
`zipfile` and this project decrypt and inflate in a second of one core, `one_file` what one large file for all pictures
would save over many small ones.

`--directory` reads the directory of an archive with as many members as the published training archive has, and prints
seconds of one core and peak memory.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from zip_writer import ZipWriter, deflate, encrypt

from tryon.archives.directory import read_directory
from tryon.archives.layout import read_contents
from tryon.archives.members import opened, read_member
from tryon.archives.unpacking import unpack
from tryon.formats.deepfashion2 import CATEGORIES, LANDMARK_COUNTS, Item
from tryon.images.files import encode_jpeg

PASSWORD = "of the trial"  # noqa: S105 - protects nothing
PUBLISHED_TRAIN = 191_961
PUBLISHED = PUBLISHED_TRAIN + 32_153
ONE_IN = 4
MAX_PEAK_MB = 400
BASE_PICTURES = 8
BLOCK = 2000  # pairs encrypted side by side
SAMPLE = 100  # pictures that zipfile decrypts


def main() -> int:
    """Print the figures; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--picture-kb", type=int, default=56, help="mean size of a picture file")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder unless given")
    parser.add_argument("--all", action="store_true", help="every picture is wanted, instead of one in four")
    parser.add_argument("--directory", action="store_true", help="read a directory as large as the published one's")
    parser.add_argument("--measure", type=Path, nargs=2, metavar=("ARCHIVE", "OUT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    every = 1 if arguments.all else ONE_IN
    if arguments.measure:
        archive, out = arguments.measure
        print(json.dumps(measure(archive, out, every)))
        return 0
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        if arguments.directory:
            print(json.dumps(large_directory(Path(name)), indent=2))
            return 0
        figures = trial(Path(name), arguments.pairs, 1000 * arguments.picture_kb, every)
    print(json.dumps(figures, indent=2))
    return 0 if figures["right"] else 1


def trial(folder: Path, pairs: int, picture_bytes: int, every: int) -> dict[str, object]:
    """Write an archive, read it in a process of its own, compare, and say what came out."""
    archive, out = folder / "train.zip", folder / "out"
    write_archive(archive, pairs, picture_bytes)
    command = [sys.executable, __file__, *(["--all"] if every == 1 else []), "--measure", str(archive), str(out)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    measured = json.loads(done.stdout)
    wrong = compare(out / "train", pairs, picture_bytes, every)
    seconds = measured["annotations_s"] + measured["pictures_s"]
    times = PUBLISHED / pairs
    peak = max(measured["peak_mb"], measured["child_peak_mb"])
    return {
        "entries": 2 * pairs,
        "archive_mb": round(archive.stat().st_size / 1e6),
        "cores": os.cpu_count(),
        **measured,
        "annotations_per_s": round(pairs / measured["annotations_s"]),
        "pictures_per_s": round(measured["kept"] / measured["pictures_s"]),
        "pictures_mb_per_s": round(measured["written_mb"] / measured["pictures_s"], 1),
        "published": {"s": round(times * seconds), "core_s": round(times * measured["core_s"])},
        "one_core_mb_per_s": {"zipfile": zipfile_rate(archive), "ours": members_rate(archive)},
        "one_file": small_files(out / "train/image", folder),
        "wrong_files": wrong,
        "right": not wrong and peak <= MAX_PEAK_MB,
    }


def measure(archive: Path, out: Path, every: int) -> dict[str, object]:
    """Unpack in this process: seconds of both halves, and the largest memory of it and of any child."""
    began = time.monotonic()
    (done,) = unpack(
        [archive], out, judge=is_wanted if every > 1 else all_are_wanted, conditions={}, password=partial(str, PASSWORD)
    )
    seconds = time.monotonic() - began
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "kept": done.kept,
        "faults": len(done.faults),
        "written_mb": round(done.written_bytes / 1e6, 1),
        "annotations_s": round(seconds - done.seconds, 4),
        "pictures_s": round(done.seconds, 4),
        "core_s": round(sum(use.ru_utime + use.ru_stime for use in uses), 2),
        "peak_mb": own_peak_mb(),
        "child_peak_mb": round(uses[1].ru_maxrss / 1024),
    }


def own_peak_mb() -> int:
    """Largest memory of this process; `ru_maxrss` would be that of the process that started it, if that is larger."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return round(int(line.split()[1]) / 1024)


def is_wanted(items: Mapping[str, Item]) -> str:
    """Why a picture is not wanted: no short sleeve top in it."""
    return "" if any(item.category_id == 1 for item in items.values()) else "category: another"


def all_are_wanted(_: Mapping[str, Item]) -> str:
    """Every picture is."""
    return ""


def large_directory(folder: Path) -> dict[str, object]:
    """Seconds of one core and peak memory of reading as many names as the published training archive has."""
    path = folder / "train.zip"
    with path.open("wb") as file:
        writer = ZipWriter(file)
        for number in range(1, PUBLISHED_TRAIN + 1):
            for name in (b"train/image/%06d.jpg", b"train/annos/%06d.json"):
                writer.add(name % number, b"x", size=1, crc=0, method=0)
        writer.close(wide=True)
    with get_context("spawn").Pool(1) as reader:
        return dict(reader.apply(read_names, (path,)))


def read_names(path: Path) -> dict[str, object]:
    """The same in a process of its own."""
    began = time.process_time()
    with opened(path) as file:
        contents = read_contents(read_directory(file, path.name), path)
    seconds = round(time.process_time() - began, 1)
    return {"members": 2 * len(contents.pairs()), "core_s": seconds, "peak_mb": own_peak_mb()}


def write_archive(path: Path, pairs: int, picture_bytes: int) -> None:
    """Pictures first, then annotations, both in the order of their numbers, as `zip -r -e` packs the folder."""
    with path.open("wb") as file:
        writer = ZipWriter(file)
        for part, content_of in (("image", pictures(picture_bytes)), ("annos", annotation)):
            suffix = {"image": "jpg", "annos": "json"}[part]
            for start in range(1, pairs + 1, BLOCK):
                numbers = range(start, min(start + BLOCK, pairs + 1))
                contents = [content_of(number) for number in numbers]
                checksums = [zlib.crc32(content) for content in contents]
                packed = [deflate(content) for content in contents]
                sealed = encrypt(packed, PASSWORD.encode(), [checksum >> 24 for checksum in checksums])
                for number, content, checksum, one in zip(numbers, contents, checksums, sealed, strict=True):
                    name = f"train/{part}/{number:06d}.{suffix}".encode()
                    writer.add(name, one, size=len(content), crc=checksum, flags=1)
        writer.close(wide=True)


class pictures:  # noqa: N801 - called like a function
    """JPEG files of about the size that is asked for, each with its number in a comment, so that no two are equal."""

    def __init__(self, size: int) -> None:
        random = np.random.default_rng(7)
        blobs = random.uniform(30, 225, (BASE_PICTURES, 6, 5, 3)).astype(np.float32)
        large = [cv2.resize(one, (468, 624), interpolation=cv2.INTER_CUBIC) for one in blobs]
        noise = random.normal(0, 12, (624, 468, 3)).astype(np.float32)
        self.files = [
            _of_size(np.clip(one, 0, 255), noise, size * (1 + 0.4 * (n - 3.5) / 3.5)) for n, one in enumerate(large)
        ]

    def __call__(self, number: int) -> bytes:
        content, comment = self.files[number % BASE_PICTURES], b"%06d" % number
        return content[:2] + b"\xff\xfe" + (2 + len(comment)).to_bytes(2, "big") + comment + content[2:]


def _of_size(picture: np.ndarray, noise: np.ndarray, size: float) -> bytes:
    """The picture with as much grain as brings its file to the size, in eighths of the noise."""
    files = (encode_jpeg(np.clip(picture + noise * n / 8, 0, 255).astype(np.uint8), quality=80) for n in range(17))
    return min(files, key=lambda content: abs(len(content) - size))


def annotation(number: int) -> bytes:
    """An annotation of one or two items with outlines of 60 points; one in four pictures has a short sleeve top."""
    random = np.random.default_rng(number)
    categories = [1 if number % ONE_IN == 0 else int(random.integers(2, 14)) for _ in range(1 + number % 2)]
    items = {f"item{n}": _item(category, random) for n, category in enumerate(categories, start=1)}
    return json.dumps({"source": "user", "pair_id": number, **items}).encode()


def _item(category: int, random: np.random.Generator) -> dict[str, object]:
    landmarks = np.column_stack(
        [random.integers(1, 460, (LANDMARK_COUNTS[category], 2)), np.full(LANDMARK_COUNTS[category], 2)]
    )
    return {
        "segmentation": [random.uniform(1, 460, 120).round(3).tolist() for _ in range(2)],
        "scale": 2,
        "viewpoint": 2,
        "zoom_in": 1,
        "landmarks": landmarks.reshape(-1).tolist(),
        "style": 0,
        "bounding_box": [1, 1, 460, 460],
        "category_id": category,
        "occlusion": 1,
        "category_name": CATEGORIES[category],
    }


def compare(folder: Path, pairs: int, picture_bytes: int, every: int) -> int:
    """How many files are not what was put in, or are missing, or should not be there."""
    picture, wrong = pictures(picture_bytes), 0
    wanted = range(every, pairs + 1, every)
    for number in wanted:
        for path, content in _pair(folder, number, picture(number), annotation(number)):
            wrong += not path.is_file() or path.read_bytes() != content
    there = sum(1 for path in folder.rglob("*") if path.is_file())
    return wrong + abs(there - 2 * len(wanted))


def _pair(folder: Path, number: int, picture: bytes, items: bytes) -> Iterator[tuple[Path, bytes]]:
    yield folder / f"image/{number:06d}.jpg", picture
    yield folder / f"annos/{number:06d}.json", items


def zipfile_rate(path: Path) -> float:
    """MB of pictures a second that Python's `zipfile` decrypts on one core."""
    with zipfile.ZipFile(path) as archive:
        names, began, read = archive.namelist()[:SAMPLE], time.process_time(), 0
        for name in names:
            read += len(archive.read(name, PASSWORD.encode()))
    return round(read / 1e6 / (time.process_time() - began), 1)


def members_rate(path: Path) -> float:
    """The same of the members as `tryon unpack` reads them."""
    with opened(path) as file:
        pictures_there = list(read_contents(read_directory(file, path.name), path).pictures.values())[: 10 * SAMPLE]
        began = time.process_time()
        read = sum(len(read_member(file, member, PASSWORD.encode())) for member in pictures_there)
    return round(read / 1e6 / (time.process_time() - began), 1)


def small_files(folder: Path, scratch: Path) -> dict[str, float]:
    """Microseconds a picture to write and to read back, as files of their own and in one large file."""
    contents = [path.read_bytes() for path in sorted(folder.iterdir())]
    target, large = scratch / "small", scratch / "large"
    target.mkdir()
    marks = [time.monotonic()]
    for number, content in enumerate(contents):
        (target / f"{number:06d}.jpg").write_bytes(content)
    marks.append(time.monotonic())
    for path in sorted(target.iterdir()):
        path.read_bytes()
    marks.append(time.monotonic())
    with large.open("wb") as file:
        for content in contents:
            file.write(content)
    marks.append(time.monotonic())
    with large.open("rb") as file:
        for content in contents:
            file.read(len(content))
    marks.append(time.monotonic())
    shutil.rmtree(target)
    names = ("write_small_us", "read_small_us", "write_large_us", "read_large_us")
    return {name: round(1e6 * (b - a) / len(contents), 1) for name, a, b in zip(names, marks, marks[1:], strict=False)}


if __name__ == "__main__":
    sys.exit(main())
