"""Where archives are unpacked to, and what happens on the way: passwords, kills, full disks, several at once.

Rows of the archive table that are tested here: Z38, Z56, Z57, Z58, Z59, Z60, Z61, Z62.
"""

import errno
import io
import os
import shutil
import signal
import subprocess
import sys
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmarks.zip_writer import ZipWriter, deflate, encrypt
from tests.archives.made_archives import (
    JPEG,
    PASSWORD,
    WANTED,
    annotation,
    contents,
    expected,
    files,
    is_top,
    run,
    write_archive,
)
from tests.curating.made_data import GARMENTS, PHOTOS, manifest, picture, small_set
from tryon.archives.building import building_folder
from tryon.archives.members import Archive
from tryon.archives.unpacking import unpack
from tryon.archives.workers import in_batches
from tryon.curating.filters import passing_items
from tryon.curating.photos import Sources, curate_photos
from tryon.errors import DataError, ServiceError, UsageError
from tryon.formats.deepfashion2 import Item

ROOT = Path(__file__).parents[2]
MANY = 600


def write_many(path: Path) -> Path:
    """An encrypted archive of 600 pairs, all with a top, so that a run takes long enough to be killed."""
    parts = {f"train/image/{n:06d}.jpg": JPEG[n % 8 + 1] for n in range(1, MANY + 1)}
    parts |= {f"train/annos/{n:06d}.json": annotation(1) for n in range(1, MANY + 1)}
    checksums = [zlib.crc32(content) for content in parts.values()]
    packed = encrypt(
        [deflate(content) for content in parts.values()], PASSWORD.encode(), [crc >> 24 for crc in checksums]
    )
    with path.open("wb") as file:
        writer = ZipWriter(file)
        for (name, content), crc, one in zip(parts.items(), checksums, packed, strict=True):
            writer.add(name.encode(), one, size=len(content), crc=crc, flags=1)
        writer.close()
    return path


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_many(tmp_path_factory.mktemp("many") / "train.zip")


def test_z38_a_wrong_password_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "train.zip")
    with pytest.raises(DataError, match="does not open with this password") as caught:
        run(path, out=tmp_path / "out", password="battery staple")
    assert "TRYON_ARCHIVE_PASSWORD" in str(caught.value) and "staple" not in str(caught.value)
    assert names(tmp_path) == ["train.zip"]


def test_one_damaged_member_says_nothing_about_the_password(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "train.zip", before={"train/annos/000001.json": {"directory": {"crc": 1}}})
    (done,) = run(path, out=tmp_path / "out")
    assert done.kept == 2 and len(done.faults) == 1


def test_the_password_is_not_shown_and_not_asked_for_an_open_archive(tmp_path: Path) -> None:
    def never() -> str:
        raise AssertionError

    path = write_archive(tmp_path / "train.zip", password="")
    unpack([path], tmp_path / "out", judge=is_top, conditions={}, password=never, workers=1)
    assert "secret" not in repr(Archive(path, (0, 0, 0, 0), b"secret"))


def test_z57_the_current_folder_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_archive(tmp_path / "train.zip")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(UsageError, match="is there already"):
        run(path, out=Path())


@pytest.mark.parametrize("workers", [1, 2])
def test_z60_killed_on_the_way_the_same_command_ends_as_a_clean_run(many: Path, tmp_path: Path, workers: int) -> None:
    program = (
        "import sys; from pathlib import Path; from tests.archives.made_archives import run\n"
        "if __name__ == '__main__': run(Path(sys.argv[1]), out=Path(sys.argv[2]), workers=int(sys.argv[3]))"
    )
    (tmp_path / "program.py").write_text(program)
    command = [sys.executable, "program.py", str(many), "out", str(workers)]
    child = subprocess.Popen(command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)})
    image = tmp_path / "out.unpacking/train/image"
    while not image.is_dir() or len(names(image)) < MANY // 4:
        assert child.poll() is None, "it ended before it could be killed"
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not (tmp_path / "out").exists(), "a folder that is not whole is in place"
    half = min(image.iterdir())
    half.write_bytes(half.read_bytes()[:100])  # what a power cut may leave of a file

    (again,) = run(many, out=tmp_path / "out")
    (clean,) = run(many, out=tmp_path / "clean")
    assert again.written_bytes < clean.written_bytes and again.kept == clean.kept == MANY
    assert files(tmp_path / "out") == files(tmp_path / "clean")
    assert names(tmp_path) == ["clean", "out", "program.py"]


def test_z56_what_was_done_under_other_filters_is_not_taken_over(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "train.zip")
    for conditions, numbers in (({"categories": [8]}, [2, 4, 6]), ({"categories": [1]}, WANTED)):
        half = tmp_path / "out.unpacking/train/image"
        half.mkdir(parents=True)
        (half / "000002.jpg").write_bytes(JPEG[2])
        wanted = conditions["categories"][0]

        def judge(items: Mapping[str, Item], wanted: int = wanted) -> str:
            return "" if any(one.category_id == wanted for one in items.values()) else "category: other"

        run(path, out=tmp_path / "out", judge=judge, conditions=conditions)
        written = files(tmp_path / "out")
        del written["unpacked.json"]
        assert written == expected(numbers)
        shutil.rmtree(tmp_path / "out")


@pytest.mark.parametrize("fill", ["file in it", "a file", "a link"])
def test_z57_a_target_that_is_taken_is_refused(tmp_path: Path, fill: str) -> None:
    path, out = write_archive(tmp_path / "train.zip"), tmp_path / "out"
    if fill == "file in it":
        out.mkdir()
        (out / "mine.txt").write_text("keep")
    elif fill == "a file":
        out.write_text("keep")
    else:
        out.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="is there already"):
        run(path, out=out)
    assert not (tmp_path / "out.unpacking").exists() and not (tmp_path / "elsewhere").exists()


def test_z57_an_empty_folder_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    run(write_archive(tmp_path / "train.zip"), out=tmp_path / "out")
    assert (tmp_path / "out/train/image/000001.jpg").is_file()


def test_z58_a_disk_too_full_is_seen_before_a_picture_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 20_000))
    with pytest.raises(DataError, match=r"too full\n  received: 24096 bytes free\n  needed: 29491 bytes"):
        run(write_archive(tmp_path / "train.zip"), out=tmp_path / "out")
    assert files(tmp_path / "out.unpacking").keys() == {"unpacked.json"} and not (tmp_path / "out").exists()


def test_z58_a_disk_that_fills_up_is_one_message_and_the_next_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, write = write_archive(tmp_path / "train.zip"), Path.write_bytes

    def full(target: Path, content: bytes) -> int:
        if target.name == "000003.jpg":
            write(target, content[:50])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(target, content)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(DataError, match=r"cannot be written\n  received: No space left"):
            run(path, out=tmp_path / "out")
    (done,) = run(path, out=tmp_path / "out")
    assert done.written_bytes == sum(map(len, expected([3, 5]).values()))
    assert files(tmp_path / "out").items() >= expected(WANTED).items()


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="needs a file system that nobody may write")
def test_z59_a_read_only_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be written"):
        run(write_archive(tmp_path / "train.zip"), out=Path("/sys/tryon"))


def test_z61_two_at_once_are_refused_and_the_first_is_not_disturbed(tmp_path: Path) -> None:
    path, out = write_archive(tmp_path / "train.zip"), tmp_path / "out"
    with building_folder(out) as building:
        (building / "of_the_first").touch()
        with pytest.raises(DataError, match="is being written by another"):
            run(path, out=out)
        assert (building / "of_the_first").is_file()
        building.replace(out)
        with pytest.raises(UsageError, match="is there already"):
            run(path, out=out)


@pytest.mark.parametrize("change", ["another file", "gone", "written to"])
def test_z62_an_archive_replaced_while_it_is_read_is_noticed(tmp_path: Path, change: str) -> None:
    path, other = write_archive(tmp_path / "train.zip"), tmp_path / "other.zip"
    shutil.copy(path, other)

    def judge(items: Mapping[str, Item]) -> str:
        if change == "another file" and other.exists():
            other.replace(path)
        elif change == "gone":
            path.unlink(missing_ok=True)
        elif change == "written to":
            path.write_bytes(path.read_bytes())
        return is_top(items)

    with pytest.raises(DataError, match="was replaced while it was read"):
        run(path, out=tmp_path / "out", judge=judge)
    assert not (tmp_path / "out").exists() and not (tmp_path / "out.unpacking").exists()


def test_the_first_so_many_that_pass_are_taken_and_no_more_annotations_are_read(tmp_path: Path) -> None:
    asked = []

    def judge(items: Mapping[str, Item]) -> str:
        asked.append(items)
        return is_top(items)

    (done,) = run(write_archive(tmp_path / "train.zip"), out=tmp_path / "out", judge=judge, limit=2)
    assert done.kept == 2 and done.dropped == {"category": 1}
    assert files(tmp_path / "out").items() >= expected([1, 3]).items()


def test_nothing_that_passes_and_too_many_faults_are_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "train.zip")
    with pytest.raises(DataError, match=r"no picture passes the filters\n  received: viewpoint 6"):
        run(path, out=tmp_path / "out", judge=lambda _: "viewpoint: 3")
    broken = {name: {"directory": {"crc": 1}} for name in contents() if "annos" in name and "1" not in name}
    path = write_archive(tmp_path / "train.zip", before=broken)
    with pytest.raises(DataError, match=r"train\.zip: 5 of 6 pictures or annotations cannot be used"):
        run(path, out=tmp_path / "out")
    assert names(tmp_path) == ["train.zip"]


def test_two_archives_of_the_same_folder_are_refused(tmp_path: Path) -> None:
    paths = [write_archive(tmp_path / name) for name in ("train.zip", "again.zip")]
    with pytest.raises(UsageError, match="would both become the folder train"):
        run(*paths, out=tmp_path / "out")


def test_curation_takes_the_folder_as_it_takes_the_original(tmp_path: Path) -> None:
    photos, garments = small_set(tmp_path)
    archives = []
    for split in ("train", "validation", "test"):
        members = {f"{split}/{name}": content for name, content in files(photos / split).items()}
        archives.append(write_archive(tmp_path / f"{split}.zip", members))
    run(*archives, out=tmp_path / "unpacked", judge=lambda items: passing_items(items, PHOTOS, shop=False)[1])
    manifests = []
    for source in (photos, tmp_path / "unpacked"):
        out = tmp_path / f"curated_{source.name}"
        curate_photos(Sources(source, garments), out, photos=PHOTOS, garments=GARMENTS, decisions={}, seed=1)
        manifests.append(manifest(out))
    assert manifests[0] == manifests[1] and len(manifests[0]) == 11


@pytest.mark.skipif(shutil.which("zip") is None, reason="Info-ZIP's `zip` is not installed")
@pytest.mark.parametrize("level", ["-0", "-6"])
def test_an_archive_as_info_zip_writes_it_is_read(tmp_path: Path, level: str) -> None:
    """Another writer than ours: with entries of folders, data descriptors, times and owners."""
    for name, content in contents().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    command = ["zip", "-q", "-r", level, "-e", "-P", PASSWORD, "train.zip", "train"]
    subprocess.run(command, cwd=tmp_path, check=True)
    (done,) = run(tmp_path / "train.zip", out=tmp_path / "out")
    assert dict(done.left_out) == {"folder": 3} and done.faults == []
    assert files(tmp_path / "out").items() >= expected(WANTED).items()


@pytest.mark.parametrize("seed", range(24))
def test_an_archive_with_flipped_bytes_is_read_right_or_refused(tmp_path: Path, seed: int) -> None:
    """Never another exception, and never a byte that is not of the honest archive."""
    random, path = np.random.default_rng(seed), write_archive(tmp_path / "train.zip")
    content = bytearray(path.read_bytes())
    low = len(content) - 1100 if seed % 2 else 0  # half of them in the directory
    for at in random.integers(low, len(content), 1 + seed % 3):
        content[at] ^= int(random.integers(1, 256))
    path.write_bytes(content)
    try:
        run(path, out=tmp_path / "out")
    except DataError:
        assert not (tmp_path / "out").exists()
    else:
        written = files(tmp_path / "out")
        del written["unpacked.json"]
        assert written.items() <= expected([1, 2, 3, 4, 5, 6]).items()
    assert {one.name for one in tmp_path.iterdir()} <= {"train.zip", "out", "out.unpacking"}


@pytest.mark.parametrize("seed", range(4))
def test_pictures_with_hostile_headers_are_set_aside_or_left_to_curation(tmp_path: Path, seed: int) -> None:
    """Never an exception that nobody expects: 99 pictures, with sizes, profiles and orientation, changed anywhere."""
    random, plain = np.random.default_rng(seed), io.BytesIO()
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "words"
    Image.fromarray(picture(1, 32)).save(plain, ("JPEG", "PNG", "WEBP", "JPEG")[seed], exif=exif, quality=60)
    members = {}
    for number in range(1, 100):
        changed = bytearray(plain.getvalue())
        for at in random.integers(2, min(300, len(changed)), 1 + number % 4):
            changed[at] = int(random.integers(0, 256))
        members |= {f"train/image/{number:06d}.jpg": bytes(changed), f"train/annos/{number:06d}.json": annotation(1)}
    path = write_archive(tmp_path / "train.zip", members, password="")
    try:
        run(path, out=tmp_path / "out")
    except DataError as error:
        assert "of 99 pictures or annotations cannot be used" in str(error)


def test_a_killed_child_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="a child process that reads the archive was killed"):
        list(in_batches(kill_yourself, [1, 2, 3], 1, 2))


def kill_yourself(_: Any) -> list[Callable[[], None]]:
    os.kill(os.getpid(), signal.SIGKILL)
    return []
