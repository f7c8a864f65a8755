"""`tryon forget` in a real DVC repository: no copy stays anywhere, nothing else is lost, nothing lets it back in."""

import fcntl
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.forgetting import scratch
from tests.forgetting.scratch import COLLECTION, address, dvc, sha256, stored
from tryon import cli
from tryon.errors import ServiceError, UsageError
from tryon.forgetting import Line, forget
from tryon.formats.decisions import read_decisions
from tryon.formats.ledger import read_ledger
from tryon.formats.tables import read_table
from tryon.formats.tombstones import read_tombstones

pytestmark = pytest.mark.slow
REASON = "the author asked"
STEM = Path(stored(0)).stem


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    scratch.build(folder / "repo")
    return folder


@pytest.fixture
def repo(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the repository of its own, with its remote; nothing is recorded in MLflow."""
    shutil.copytree(built, tmp_path / "built", symlinks=True)
    folder = tmp_path / "built/repo"
    dvc_config = folder / ".dvc/config"
    dvc_config.write_text(dvc_config.read_text().replace(str(built), str(tmp_path / "built")))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/none.db")
    return folder


def contents(*folders: Path) -> set[str]:
    """The md5s of all files but DVC's notes to itself."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and ".dvc/tmp" not in str(path)]
    return {hashlib.md5(path.read_bytes()).hexdigest() for path in files}


def files(folder: Path) -> dict[Path, bytes]:
    """All files with their content, but locks and DVC's notes to itself."""
    found = [path for path in folder.rglob("*") if path.is_file() and ".dvc/tmp" not in str(path)]
    return {path: path.read_bytes() for path in found if path.name != ".lock"}


def holding(repo: Path) -> set[str]:
    """The md5s of everything that holds picture 0: by construction of the toy stages."""
    files = [repo / stored(0), repo / f"{COLLECTION}/annos/{STEM}.json", repo / f"data/garments/blue/{STEM}.jpg"]
    files += [repo / "data/cutouts/garments.npz", repo / "reports/index.html"]
    files += [repo / "models/cyclegan/blue/grids/epoch_001.png"]
    origins = read_table(repo / "data/domains/blue/manifest.csv", [])
    files += [repo / "data/domains/blue" / row["file"] for row in origins if row["origin"] == f"{STEM}.jpg"]
    assert len(files) == 7, files
    return {hashlib.md5(path.read_bytes()).hexdigest() for path in files}


def outcomes(lines: list[Line], what: str) -> list[tuple[str, str]]:
    return [(line.where, line.outcome) for line in lines if line.what == what]


def test_no_copy_stays_and_nothing_else_is_lost(repo: Path) -> None:
    gone, before = holding(repo), contents(repo, repo.parent / "store")
    rewritten = [*repo.glob("data/collected/*.dvc"), *repo.glob("d*/**/*.csv"), *repo.glob(".dvc/cache/runs/*/*/*")]
    may_go = {hashlib.md5(path.read_bytes()).hexdigest() for path in rewritten if path.is_file()}
    lines = forget(repo, address(0), reason=REASON, remote="store")
    after = contents(repo, repo.parent / "store")
    assert not gone & after
    assert before - after <= gone | may_go
    assert {hashlib.md5((repo / stored(number)).read_bytes()).hexdigest() for number in (1, 2, 3, 4)} <= after
    assert (repo / "models/cyclegan/blue/weights.h5").is_file()
    [(model, how)] = outcomes(lines, "model")
    assert model.startswith("models/cyclegan/blue ")
    assert how == "trained on it; the current one: trained again by the next dvc repro"
    assert [where for where, _ in outcomes(lines, "near-duplicate")] == [f"{stored(4)} (2 bits)"]
    assert outcomes(lines, "remote") == [("store: 6 object(s)", "removed")]
    assert not list((repo / ".tryon/forgetting").iterdir())


def test_the_tables_say_what_happened(repo: Path) -> None:
    forget(repo, sha256(0), reason=REASON)
    ledger = read_ledger(repo / COLLECTION / "ledger.csv")
    assert [(row.verdict, row.file == "", row.reason) for row in ledger[:2]] == [
        ("forgotten", True, REASON),
        ("kept", False, ""),
    ]
    assert [row.verdict for row in ledger[2:]] == ["kept", "kept", "kept", "too_small"]
    for name in ("labels.csv", "cleaning.csv"):
        files = [Path(row["file"]).stem for row in read_table(repo / COLLECTION / name, [])]
        assert files == [sha256(number)[:20] for number in (1, 2, 3, 4)]
    remembered = (repo / COLLECTION / "measurements.jsonl").read_text().splitlines()
    assert [json.loads(line)["sha256"] for line in remembered] == [sha256(number) for number in (1, 2, 3, 4)]
    assert set(read_decisions(repo / "decisions/garments.csv")) == {sha256(1)}
    stones = read_tombstones(repo / "decisions/forgotten.csv")
    assert stones.addresses == {address(0)}
    assert sha256(0) in stones.sha256s
    assert {stone.reason for stone in stones.rows} == {REASON}


def test_the_next_run_builds_everything_without_it(repo: Path) -> None:
    gone = holding(repo)
    forget(repo, address(0))
    dvc(repo, "repro", "--quiet")
    assert not gone & contents(repo)
    assert len(read_table(repo / "data/domains/blue/manifest.csv", [])) == 4
    assert dvc(repo, "status").strip() == "Data and pipelines are up to date."
    forget(repo, address(0), remote="store")
    assert not gone & contents(repo.parent / "store")
    assert dvc(repo, "status").strip() == "Data and pipelines are up to date.", "what is new was left alone"


def test_a_dry_run_changes_nothing_and_says_the_same(repo: Path) -> None:
    before = files(repo)
    told = forget(repo, address(0), dry_run=True)
    after = files(repo)
    assert before == after
    done = forget(repo, address(0))
    assert [line for line in told if line.what != "next"] == [line for line in done if line.what != "next"]
    assert outcomes(done, "remote") == [
        ("store: 6 object(s)", f"still there: tryon forget {address(0)} --remote store")
    ]


@pytest.mark.parametrize("survived", [0, 4, 12])
def test_killed_on_the_way_the_same_call_completes(repo: Path, monkeypatch: pytest.MonkeyPatch, survived: int) -> None:
    gone = holding(repo)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", _killed_after(survived, Path.unlink))
        with pytest.raises(KeyboardInterrupt):
            forget(repo, address(0), reason=REASON, remote="store")
    lines = forget(repo, address(0), remote="store")
    assert not gone & contents(repo, repo.parent / "store")
    assert [row.verdict for row in read_ledger(repo / COLLECTION / "ledger.csv")].count("forgotten") == 1
    assert {stone.reason for stone in read_tombstones(repo / "decisions/forgotten.csv").rows} == {REASON}
    assert outcomes(lines, "model"), "who saw it is still known"
    assert not list((repo / ".tryon/forgetting").iterdir())


def _killed_after(count: int, unlink: Callable[..., None]) -> Callable[..., None]:
    left = [count]

    def killed(path: Path, missing_ok: bool = False) -> None:
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        unlink(path, missing_ok=missing_ok)

    return killed


def test_an_address_that_was_never_fetched_is_refused_from_now_on(repo: Path) -> None:
    lines = forget(repo, "https://shop.example/never.jpg")
    assert [line.what for line in lines] == ["tombstone", "next"]
    [stone] = read_tombstones(repo / "decisions/forgotten.csv").rows
    assert (stone.sha256, stone.address) == ("", "https://shop.example/never.jpg")
    assert all((repo / stored(number)).is_file() for number in range(5))


def test_a_photo_of_a_source_without_ledger_is_found_by_its_content(repo: Path) -> None:
    photo = repo / "source/photos/train/image/000050.jpg"
    lines = forget(repo, hashlib.sha256(photo.read_bytes()).hexdigest())
    assert [where for where, _ in outcomes(lines, "source")] == [
        "source/photos/train/annos/000050.json",
        "source/photos/train/image/000050.jpg",
    ]
    assert not photo.exists()


def test_the_same_file_in_another_source_goes_too(repo: Path) -> None:
    copy = repo / "source/photos/train/image/000050.jpg"
    shutil.copyfile(repo / stored(0), copy)
    forget(repo, address(0))
    assert not copy.exists()


def test_what_names_no_picture_is_refused(repo: Path) -> None:
    with pytest.raises(UsageError, match="names no picture"):
        forget(repo, "shirt.jpg")


def test_nothing_is_removed_while_dvc_is_at_work(repo: Path) -> None:
    from dvc.repo import Repo

    with Repo(str(repo)) as other, other.lock, pytest.raises(ServiceError, match="at work"):
        forget(repo, address(0))
    assert (repo / stored(0)).is_file()


def test_nothing_is_removed_while_a_collection_grows(repo: Path) -> None:
    with (repo / "data/collected/.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ServiceError, match="being collected"):
            forget(repo, address(0))
    assert (repo / stored(0)).is_file()


def test_the_page_of_cleaning_goes(repo: Path) -> None:
    for name in ("shirts", "others"):
        (repo / "reports/cleaning" / name).mkdir(parents=True)
    lines = forget(repo, address(0))
    assert [where for where, _ in outcomes(lines, "page")] == ["reports/cleaning/shirts"]
    assert [path.name for path in (repo / "reports/cleaning").iterdir()] == ["others"]


def test_the_command_prints_a_table(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["forget", sha256(3), "--dry-run"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert "verdict forgotten, file emptied" in out
    assert "this was a dry run" in out
