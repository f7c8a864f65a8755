"""The collect flow without a server: its single steps, what it shows, and what Git and DVC keep of a collection."""

import base64
import io
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from prefect.logging import disable_run_logger

import flows.collect
from flows import collection_steps
from flows.child import Outcome, StepError, StepKilledError
from flows.collect import run_step
from flows.collected_artifacts import count_verdicts, picture_sheet, summary
from flows.collection_steps import SKIPPED, command_of, run_steps
from flows.dvc_stages import default_remote
from tests.flows.conftest import ROOT, make_repository
from tryon.errors import UsageError
from tryon.formats.ledger import LedgerRow, write_ledger


def ledger_row(number: int, verdict: str) -> LedgerRow:
    """A row of a ledger; what was kept has a file."""
    file = f"images/{number}.jpg" if verdict == "kept" else ""
    facts = {"query": "blue", "source": "folder", "address": f"/p/{number}", "page": "", "title": "", "author": ""}
    return LedgerRow(
        file=file, sha256="", phash="", **facts, licence="CC0", time=f"2026-11-22T15:04:{number:02}Z", robots="",
        status=200, width=60, height=40, verdict=verdict,
    )  # fmt: skip


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """A collection with 30 kept pictures, each a little redder than the one before, and three that were refused."""
    folder = tmp_path / "data" / "collected" / "blue_t_shirt"
    (folder / "images").mkdir(parents=True)
    for number in range(30):
        Image.new("RGB", (60, 40), (8 * number, 0, 255)).save(folder / f"images/{number}.jpg")
    verdicts = ["kept"] * 30 + ["licence", "too_small", "licence"]
    rows = [ledger_row(number, verdict) for number, verdict in enumerate(verdicts)]
    write_ledger(folder / "ledger.csv", rows[::-1])  # in no order of time
    return folder


def clean(collection: Path, kept: set[int]) -> None:
    """What `tryon clean` writes, as far as the flow reads it."""
    reasons = {number: "" if number in kept else "blurred: sharpness 3" for number in range(30)}
    lines = [f"images/{number}.jpg,{int(not reason)},{reason},0.1" for number, reason in reasons.items()]
    (collection / "cleaning.csv").write_text("\n".join(["file,kept,reason,doubt", *lines, ""]))


def sheet(collection: Path) -> Image.Image:
    """The picture behind the data address."""
    address = picture_sheet(collection)
    assert address is not None
    return Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))


def test_counts_are_those_of_the_ledger_then_of_the_cleaning(collection: Path) -> None:
    collected = [
        {"query": "blue_t_shirt", "step": "collect", "verdict": "kept", "pictures": 30},
        {"query": "blue_t_shirt", "step": "collect", "verdict": "licence", "pictures": 2},
        {"query": "blue_t_shirt", "step": "collect", "verdict": "too_small", "pictures": 1},
    ]
    assert count_verdicts(collection) == collected
    clean(collection, kept={3, 4})
    assert count_verdicts(collection) == [
        *collected,
        {"query": "blue_t_shirt", "step": "clean", "verdict": "blurred", "pictures": 28},
        {"query": "blue_t_shirt", "step": "clean", "verdict": "kept", "pictures": 2},
    ]


def test_the_sheet_shows_the_newest_usable_pictures(collection: Path) -> None:
    first_cell = (70, 70)
    page = sheet(collection)
    assert page.size == (6 * 144 + 4, 4 * 144 + 4)
    assert abs(page.getpixel(first_cell)[0] - 8 * 6) < 8, "24 of 30: the first six are left out"
    clean(collection, kept={28, 29})
    page = sheet(collection)
    assert page.size == (2 * 144 + 4, 144 + 4)
    assert abs(page.getpixel(first_cell)[0] - 8 * 28) < 8
    clean(collection, kept=set())
    assert picture_sheet(collection) is None


def test_nothing_collected_shows_nothing(tmp_path: Path) -> None:
    assert count_verdicts(tmp_path) == []
    assert picture_sheet(tmp_path) is None


def test_the_summary_says_what_is_usable_and_what_to_commit(collection: Path) -> None:
    clean(collection, kept={3, 4})
    results = [
        ("blue_t_shirt", "collect", "ran"),
        ("striped", "collect", "failed"),
        ("blue_t_shirt plain", "clean", "ran"),
        ("blue_t_shirt", "track", "ran"),
        ("blue_t_shirt", "push", SKIPPED),
    ]
    steps = [{"query": query, "step": step, "result": result, "seconds": 0.0} for query, step, result in results]
    text = summary(steps, count_verdicts(collection))
    assert f"| `blue_t_shirt` | 2 | collect: ran, clean: ran, track: ran, push: {SKIPPED} |" in text
    assert "| `striped` | 0 | collect: failed |" in text
    assert "`git add data/collected/blue_t_shirt.dvc`" in text


def test_git_keeps_the_dvc_file_and_dvc_the_pictures(collection: Path, tmp_path: Path) -> None:
    """With this repository's own .gitignore: DVC has no reason to write another one beside the collection."""
    make_repository(tmp_path)
    shutil.copy(ROOT / ".gitignore", tmp_path)
    (tmp_path / "data/photos").mkdir()
    (tmp_path / "data/photos/x.jpg").touch()
    (tmp_path / "data/collected/blue_t_shirt.tmp").touch()
    dvc = [sys.executable, "-m", "dvc"]
    subprocess.run([*dvc, "add", "-q", "data/collected/blue_t_shirt"], cwd=tmp_path, check=True)
    assert default_remote(tmp_path) == ""
    subprocess.run([*dvc, "remote", "add", "-q", "-d", "store", str(tmp_path / "remote")], cwd=tmp_path, check=True)
    assert default_remote(tmp_path) == "store"
    subprocess.run(["git", "add", "--all", "--", "data", ".gitignore"], cwd=tmp_path, check=True)
    tracked = subprocess.run(["git", "ls-files"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert [name for name in tracked.split() if not name.startswith(".dvc")] == [
        ".gitignore",
        "data/collected/blue_t_shirt.dvc",
    ]


def test_without_a_remote_the_push_is_skipped_and_says_so(tmp_path: Path) -> None:
    with disable_run_logger():
        state = run_step.fn("push", "blue_t_shirt", str(tmp_path), "")
    assert (state.name, state.message) == ("Skipped", SKIPPED)


@pytest.mark.parametrize(
    ("program", "error", "received"),
    [
        ("import sys; print('a'); sys.exit('why not')", StepError, "why not"),
        (
            "import sys; print('a'); sys.exit('what\\n  received: x\\n  remedy: y')",
            StepError,
            "what; received: x; remedy: y",
        ),
        ("import os; os.kill(os.getpid(), 9)", StepKilledError, ""),
    ],
)
def test_failed_and_killed_steps_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, error: type[Exception], received: str
) -> None:
    monkeypatch.setattr(collection_steps, "TRYON", (sys.executable, "-c", program))
    with disable_run_logger(), pytest.raises(error) as caught:
        run_step.fn("clean", "blue_t_shirt", str(tmp_path), "")
    assert type(caught.value) is error
    assert caught.value.received == received


def test_a_failed_push_says_how_to_repeat_it_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection_steps, "DVC", ("false",))
    with disable_run_logger(), pytest.raises(StepError, match=r"data/collected/blue_t_shirt\.dvc` runs it alone"):
        run_step.fn("push", "blue_t_shirt", str(tmp_path), "store")


def test_a_step_runs_in_the_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = "import pathlib, sys; pathlib.Path('ran').write_text(' '.join(sys.argv[1:]))"
    monkeypatch.setattr(collection_steps, "TRYON", (sys.executable, "-c", program))
    with disable_run_logger():
        outcome = run_step.fn("clean", "blue_t_shirt", str(tmp_path), "")
    assert isinstance(outcome, Outcome) and outcome.result == "ran"
    assert (tmp_path / "ran").read_text() == "clean data/collected/blue_t_shirt"


def run(chosen: list[str], together: list[str], **ends: Exception) -> dict[tuple[str, str], str]:
    """Result by step and queries, where the named steps (`push_blue`) end with an error."""
    asked: list[str] = []

    def attempt(step: str, slugs: str, delays_s: object) -> object:
        asked.append(step)
        return ends.get(f"{step}_{slugs}", Outcome("ran", 1.0))

    rows = run_steps(chosen, lambda: together, attempt)
    assert len(asked) == sum(row["result"] != "not run" for row in rows)
    return {(row["step"], row["query"]): row["result"] for row in rows}


def test_all_collections_are_cleaned_together_and_then_tracked() -> None:
    """A collection that was not asked for, but cleaned, may have changed: it is tracked, too."""
    assert run(["blue"], ["blue", "striped"]) == {
        ("collect", "blue"): "ran",
        ("clean", "blue striped"): "ran",
        ("track", "blue"): "ran",
        ("push", "blue"): "ran",
        ("track", "striped"): "ran",
        ("push", "striped"): "ran",
    }
    assert command_of("clean", ["blue", "striped"]) == [
        "tryon",
        "clean",
        *(f"data/collected/{n}" for n in ("blue", "striped")),
    ]


def test_a_failed_query_holds_no_other_one_back() -> None:
    results = run(["blue", "striped"], ["blue", "striped"], collect_blue=StepError("no"), push_striped=StepError("no"))
    assert results["track", "blue"] == results["push", "blue"] == "not run"
    assert (results["track", "striped"], results["push", "striped"]) == ("ran", "failed")


def test_without_anything_new_nothing_is_cleaned() -> None:
    results = run(["blue"], ["blue", "striped"], collect_blue=StepError("no"))
    assert {key: result for key, result in results.items() if result != "not run"} == {("collect", "blue"): "failed"}


def test_a_collection_without_pictures_is_tracked_for_its_ledger() -> None:
    assert run(["blue"], []) == {("collect", "blue"): "ran", ("track", "blue"): "ran", ("push", "blue"): "ran"}


def test_nothing_is_tracked_that_could_not_be_cleaned() -> None:
    assert run(["blue"], ["blue"], clean_blue=StepError("no"))["track", "blue"] == "not run"


def test_after_a_kill_nothing_is_run() -> None:
    results = run(["blue", "striped"], ["blue"], collect_blue=StepKilledError("stop"))
    assert results.pop(("collect", "blue")) == "killed"
    assert set(results.values()) == {"not run"}


def test_queries_are_those_of_the_parameters() -> None:
    known = flows.collect._chosen(ROOT, None)
    assert flows.collect._chosen(ROOT, [known[1], known[0], known[1]]) == [known[1], known[0]]
    with pytest.raises(UsageError, match=f"'altavista'\n.*{known[0]}"):
        flows.collect._chosen(ROOT, ["altavista"])
