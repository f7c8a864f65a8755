"""Named experiments: values over params.yaml, and a workspace that runs, stays, follows the checkout and goes on."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tryon import experiments
from tryon.config import load_params
from tryon.errors import ConfigError, DataError, ServiceError, UsageError

ROOT = Path(__file__).parents[2]
STAGE = """
import json, os, pathlib, sys
import tryon
if pathlib.Path(os.environ["TRYON_TEST_OUTSIDE"]).joinpath("fail").exists():
    sys.exit(1)
out = pathlib.Path("reports/index.html")
out.parent.mkdir(exist_ok=True)
names = ("TRYON_EXPERIMENT", "MLFLOW_TRACKING_URI", "TRYON_FROM_FILE")
out.write_text(json.dumps({"tryon": tryon.__file__, **{name: os.environ.get(name) for name in names}}))
"""
PREPARE = """
import os, pathlib, time
outside = pathlib.Path(os.environ["TRYON_TEST_OUTSIDE"])
outside.joinpath("prepared").open("a").write("x")
while outside.joinpath("wait").exists():
    time.sleep(0.05)
pathlib.Path("metrics").mkdir(exist_ok=True)
pathlib.Path("metrics/data.json").write_text('{"garments": 3}')
"""
GRAPH = """
stages:
  prepare:
    cmd: python -m stages.prepare
    deps: [stages/prepare.py]
    params: [seed]
    metrics: [{metrics/data.json: {cache: false}}]
  write_report:
    cmd: python -m stages.write_report
    deps: [metrics/data.json, stages/write_report.py]
    outs: [reports/index.html]
"""


def run(folder: Path, *command: str) -> str:
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def commit(folder: Path) -> None:
    run(folder, "git", "add", "-A")
    run(folder, "git", "-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-q", "-m", "x")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small checkout: two stages, one experiment, a source folder beside it."""
    checkout = tmp_path_factory.mktemp("place") / "checkout"
    for path, text in {
        "params.yaml": (ROOT / "params.yaml").read_text(),
        "experiments/other.yaml": "# tryon experiment other\nseed: 5\ngarments: {path: ../source}\n",
        "stages/__init__.py": "",
        "stages/prepare.py": PREPARE,
        "stages/write_report.py": STAGE,
        "src/tryon/__init__.py": "",
        "infra/env": "TRYON_FROM_FILE=yes\n",
        "dvc.yaml": GRAPH,
        ".gitignore": "/reports/\n/.experiments/\n",
    }.items():
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        (checkout / path).write_text(text)
    (checkout.parent / "source").mkdir()
    run(checkout, "git", "init", "-q")
    run(checkout, sys.executable, "-m", "dvc", "init", "-q")
    commit(checkout)
    return checkout


@pytest.fixture
def checkout(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, with the folder that its stages look at (`outside`)."""
    shutil.copytree(made.parent, tmp_path / "place")
    (tmp_path / "outside").mkdir()
    monkeypatch.setenv("TRYON_TEST_OUTSIDE", str(tmp_path / "outside"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path / "place/checkout"


def times_prepared(checkout: Path) -> int:
    return len((checkout.parents[1] / "outside/prepared").read_text())


@pytest.fixture(autouse=True)
def real_stderr(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The pipeline writes to a file: pytest's own stderr has no descriptor that a child could write to."""
    file = (tmp_path / "stderr.txt").open("w")
    request.addfinalizer(file.close)
    monkeypatch.setattr(sys, "stderr", file)


@pytest.mark.slow
def test_an_experiment_runs_in_its_own_workspace_with_its_own_source(checkout: Path) -> None:
    (workspace,) = experiments.run_experiment(checkout, "other", ["cyclegan.steps_per_epoch=7"])
    assert workspace == checkout / ".experiments/other"
    seen = json.loads((workspace / "reports/index.html").read_text())
    assert seen == {
        "tryon": str(workspace / "src/tryon/__init__.py"),  # not that of the editable install
        "TRYON_EXPERIMENT": "other",
        "MLFLOW_TRACKING_URI": f"sqlite:///{checkout / '.tryon/mlflow.db'}",
        "TRYON_FROM_FILE": "yes",
    }
    params = load_params(workspace / "params.yaml")
    assert (params.seed, params.cyclegan.steps_per_epoch) == (5, 7)
    assert params.garments.path == str(checkout.parent / "source")
    assert list((checkout / ".dvc/cache/files").rglob("*")), "the cache is the checkout's"
    assert not (checkout / "reports").exists()
    assert run(checkout, "git", "status", "--porcelain") == ""
    assert list(experiments.workspaces(checkout)) == ["default", "other"]

    (checkout / "stages/write_report.py").write_text(STAGE + "\n# newer\n")
    commit(checkout)
    before = (workspace / "dvc.lock").read_text()
    experiments.run_experiment(checkout, "other", ["cyclegan.steps_per_epoch=7"])
    assert times_prepared(checkout) == 1, "a stage that did not change ran again"
    assert (workspace / "stages/write_report.py").read_text().endswith("# newer\n")
    assert (workspace / "dvc.lock").read_text() != before
    assert run(workspace, "git", "rev-parse", "HEAD") == run(checkout, "git", "rev-parse", "HEAD")


@pytest.mark.slow
def test_a_failed_experiment_says_how_to_go_on_and_does(checkout: Path, caplog: pytest.LogCaptureFixture) -> None:
    fail = checkout.parents[1] / "outside/fail"
    fail.touch()
    (checkout / "params.yaml").write_text((checkout / "params.yaml").read_text() + "not_yet_committed: 1\n")
    (checkout / "experiments/other.yaml").write_text("seed: 6\n")
    with pytest.raises(ServiceError, match="run `tryon experiment other` again"):
        experiments.run_experiment(checkout, "other")
    assert caplog.messages == ["warning: 1 uncommitted changes are not part of this run: params.yaml"]
    fail.unlink()
    (workspace,) = experiments.run_experiment(checkout, "other")
    assert (workspace / "reports/index.html").exists()
    assert times_prepared(checkout) == 1
    used = yaml.safe_load((workspace / "params.yaml").read_text())
    assert used["seed"] == 6
    assert "not_yet_committed" not in used


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux")
def test_a_killed_experiment_takes_its_pipeline_along_and_goes_on(checkout: Path) -> None:
    outside = checkout.parents[1] / "outside"
    (outside / "wait").touch()
    program = "from pathlib import Path; from tryon.experiments import run_experiment; run_experiment(Path(), 'other')"
    with (outside / "log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-c", program], cwd=checkout, stderr=log, stdout=log)
        deadline = time.monotonic() + 60
        while not (outside / "prepared").exists():
            assert time.monotonic() < deadline, (outside / "log").read_text()
            time.sleep(0.05)
        with pytest.raises(ServiceError, match="is running already"):
            experiments.run_experiment(checkout, "other")
        pipeline = running(checkout / ".experiments/other")
        assert pipeline
        process.kill()
        process.wait()
    (outside / "wait").unlink()
    deadline = time.monotonic() + 20
    while any(Path("/proc", process_id).exists() for process_id in pipeline):  # DVC takes unreaped ones for alive, too
        assert time.monotonic() < deadline, "the pipeline outlived its parent"
        time.sleep(0.1)
    assert (experiments.run_experiment(checkout, "other")[0] / "reports/index.html").exists()


@pytest.mark.slow
def test_repetitions_have_workspaces_of_their_own_and_stop_where_the_plan_says(checkout: Path) -> None:
    (checkout / "experiments/base.yaml").write_text("run: {until: prepare}\n")
    (checkout / "experiments/other.yaml").write_text("seed: 6\nrun: {until: prepare, seeds: 2, needs: base}\n")
    commit(checkout)
    made = experiments.run_experiment(checkout, "other")
    assert [path.name for path in made] == ["other@1", "other@2"]
    assert list(experiments.workspaces(checkout)) == ["default", "base", "other@1", "other@2"]
    assert experiments.grouped_workspaces(checkout)["other"] == made
    for index, workspace in enumerate(made):
        assert not (workspace / "reports").exists()
        assert load_params(workspace / "params.yaml").mask_rcnn.repetition == index
    assert experiments.run_experiment(checkout, "other", seeds=1) == [checkout / ".experiments/other"]
    assert experiments.grouped_workspaces(checkout)["other"] == made, "the first repetition counts twice"


def test_workspaces_belong_to_an_experiment_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("b@10", "b@2", "b", "b-more", "a"):
        (tmp_path / ".experiments" / name).mkdir(parents=True)
        (tmp_path / ".experiments" / name / "dvc.yaml").touch()
    found = experiments.grouped_workspaces(tmp_path)
    assert list(found) == ["default", "a", "b", "b-more"] and found.pop("default") == [tmp_path]
    names = {name: [path.name for path in paths] for name, paths in found.items()}
    assert names == {"a": ["a"], "b": ["b@2", "b@10"], "b-more": ["b-more"]}


@pytest.mark.parametrize("plan", ["run: 3", "run: {seed: 3}", "run: {seeds: '3'}", "run: {until: [a]}"])
def test_a_plan_that_is_none_is_refused(tmp_path: Path, plan: str) -> None:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments/x.yaml").write_text(plan)
    with pytest.raises(ConfigError, match=r"experiments/x.yaml: run is not as it should be[\s\S]*seeds: NUMBER"):
        experiments.experiment_plan(tmp_path, "x")


@pytest.mark.parametrize(("last", "circle"), [("x", "x <- x"), ("y", "x <- y <- x"), ("z", "x <- z <- y <- x")])
def test_experiments_that_need_each_other_are_refused(tmp_path: Path, last: str, circle: str) -> None:
    (tmp_path / "experiments").mkdir()
    for name, needed in {"x": "y", "y": "z", "z": "", last: "x"}.items():
        (tmp_path / f"experiments/{name}.yaml").write_text(f"run: {{needs: '{needed}'}}")
    with pytest.raises(ConfigError, match=rf"experiments/{last}.yaml: run.needs leads in a circle\s.*: {circle}\n"):
        experiments.run_experiment(tmp_path, "x")


def test_what_an_experiment_needs_comes_first_to_last(tmp_path: Path) -> None:
    (tmp_path / "experiments").mkdir()
    for name, needed in {"x": "y", "y": "z", "z": ""}.items():
        (tmp_path / f"experiments/{name}.yaml").write_text(f"run: {{needs: '{needed}'}}")
    assert experiments.needed_experiments(tmp_path, "x") == ["z", "y"]
    assert experiments.needed_experiments(tmp_path, "z") == []


def running(folder: Path) -> list[str]:
    """Processes whose working folder is this one."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder:
                found.append(process.name)
        except OSError:
            continue
    return found


def test_results_that_a_kill_left_aside_come_back(tmp_path: Path) -> None:
    (tmp_path / "metrics").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (tmp_path / "metrics/data.json").write_text("mine")
    (tmp_path / "dvc.lock").write_text("mine")
    experiments._keep_results(tmp_path)
    (tmp_path / "metrics/data.json").write_text("from git")
    (tmp_path / "dvc.lock").write_text("from git")
    experiments._restore_results(tmp_path)
    assert (tmp_path / "metrics/data.json").read_text() == "mine"
    assert (tmp_path / "dvc.lock").read_text() == "mine"
    assert list((tmp_path / ".git").iterdir()) == []


@pytest.fixture
def params() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "params.yaml").read_text())


def test_values_replace_values_and_the_rest_stays(params: dict[str, Any]) -> None:
    before = json.dumps(params)
    merged = experiments.merge(params, {"seed": 1, "render": {"photos": {"train": 2}}}, "x.yaml")
    assert (merged["seed"], merged["render"]["photos"]) == (1, {"train": 2})
    assert merged["render"]["size_px"] == params["render"]["size_px"]
    assert json.dumps(params) == before


def test_all_unknown_keys_are_named_with_a_guess(params: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        experiments.merge(params, {"mask_rcnn": {"epoch": 3}, "cyclgan": {}, "fitting": 3}, "experiments/x.yaml")
    said = str(caught.value)
    assert said.startswith("experiments/x.yaml: mask_rcnn.epoch: unknown key (did you mean epochs?)")
    assert "cyclgan: unknown key (did you mean cyclegan?)" in said
    assert "fitting: needs `key: value` lines" in said


@pytest.mark.parametrize(
    ("setting", "path", "value"),
    [
        ("seed=3", ("seed",), 3),
        ("mask_rcnn.flip=false", ("mask_rcnn", "flip"), False),
        ("render.photos.train=9", ("render", "photos", "train"), 9),
        ("patterns=[blue]", ("patterns",), ["blue"]),
        ("photos.path=a=b", ("photos", "path"), "a=b"),
    ],
)
def test_a_setting_is_read_as_yaml(params: dict[str, Any], setting: str, path: tuple[str, ...], value: object) -> None:
    experiments.set_value(params, setting)
    found: Any = params
    for key in path:
        found = found[key]
    assert found == value


@pytest.mark.parametrize(
    ("setting", "error", "said"),
    [
        ("mask_rcnn.epochs", UsageError, "section.key=value"),
        ("=3", UsageError, "section.key=value"),
        ("mask_rcnn.epoch=3", ConfigError, "did you mean mask_rcnn.epochs?"),
        ("seed.deep=3", ConfigError, "unknown key"),
        ("seed=[", UsageError, "not YAML"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(
    params: dict[str, Any], setting: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said.replace("?", r"\?")):
        experiments.set_value(params, setting)


def test_only_sources_outside_of_the_checkout_become_absolute(params: dict[str, Any], tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    (checkout / "data/rendered/garments").mkdir(parents=True)
    (tmp_path / "photos").mkdir()
    params["photos"]["path"] = "../photos"
    changed = experiments.with_absolute_sources(checkout, params)
    assert changed["photos"]["path"] == str(tmp_path / "photos")
    assert changed["garments"]["path"] == "data/rendered/garments"
    assert params["photos"]["path"] == "../photos"
    params["photos"]["path"] = "../nothing"
    with pytest.raises(DataError, match=r"photos\.path names a folder that is missing"):
        experiments.with_absolute_sources(checkout, params)


def test_weights_of_the_checkout_are_found_from_a_workspace(params: dict[str, Any], tmp_path: Path) -> None:
    folder = ".experiments/base/models/mask_rcnn"
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / "weights.h5").write_bytes(b"first")
    (tmp_path / "coco").touch()
    sha256 = hashlib.sha256(b"first").hexdigest()
    for weights, expected in (
        (folder, (str(tmp_path / folder), sha256)),
        (f"{folder}/weights.h5", (str(tmp_path / folder / "weights.h5"), sha256)),
        ("none", ("none", "")),
        ("coco", ("coco", "")),
    ):
        params["mask_rcnn"]["weights"] = weights
        changed = experiments.with_absolute_sources(tmp_path, params)["mask_rcnn"]
        assert (changed["weights"], changed["weights_sha256"]) == expected


def test_weights_that_were_trained_anew_are_other_parameters(params: dict[str, Any], tmp_path: Path) -> None:
    params["mask_rcnn"]["weights"] = "w.h5"
    made = []
    for content in (b"first", b"second"):
        (tmp_path / "w.h5").write_bytes(content)
        made.append(experiments.with_absolute_sources(tmp_path, params))
    assert made[0] != made[1], "dvc repro would say that nothing changed"
    params["mask_rcnn"]["weights_sha256"] = hashlib.sha256(b"first").hexdigest()
    kept = experiments.with_absolute_sources(tmp_path, params)["mask_rcnn"]["weights_sha256"]
    assert kept == params["mask_rcnn"]["weights_sha256"], "the hash that a file expects was lost"


@pytest.mark.parametrize("weights", ["nowhere", "empty", "", "cocoa"])
def test_weights_that_do_not_exist_are_refused_before_a_workspace_runs(
    params: dict[str, Any], tmp_path: Path, weights: str
) -> None:
    (tmp_path / "empty").mkdir()
    params["mask_rcnn"]["weights"] = weights
    with pytest.raises(ConfigError, match=r"mask_rcnn\.weights names no weights[\s\S]*none, imagenet, coco, or"):
        experiments.with_absolute_sources(tmp_path, params)


def test_outside_of_git_the_message_says_where_to_run(checkout: Path) -> None:
    shutil.rmtree(checkout / ".git")
    with pytest.raises(ServiceError, match="run from the root of a Git checkout"):
        experiments.run_experiment(checkout, "other")
    assert not (checkout / ".experiments/other").exists()


@pytest.mark.parametrize("path", sorted((ROOT / "experiments").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_experiment_is_a_valid_run_with_a_header(path: Path, tmp_path: Path) -> None:
    values = {key: value for key, value in yaml.safe_load(path.read_text()).items() if key != experiments.PLAN}
    merged = experiments.merge(yaml.safe_load((ROOT / "params.yaml").read_text()), values, path.name)
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(merged))
    load_params(tmp_path / "params.yaml")
    plan = experiments.experiment_plan(ROOT, path.stem)
    assert plan.until in yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert not plan.needs or experiments.experiment_plan(ROOT, plan.needs)
    header = "".join(line for line in path.read_text().splitlines(keepends=True) if line.startswith("#"))
    for part in (f"# tryon experiment {path.stem}\n", "Expected time:", "Hardware:", "Expected metric:"):
        assert part in header


def test_the_pairs_of_the_real_experiment_name_pictures_of_the_source(shared_data: Path) -> None:
    lines = (ROOT / "experiments/pairs/real/pairs.csv").read_text().splitlines()
    assert lines[0] == "photo,garment,pattern,answer"
    assert len(lines) == 25
    for photo, garment, pattern, answer in (line.split(",") for line in lines[1:]):
        assert (shared_data / "deepfashion2/validation/image" / photo.removeprefix("validation_")).is_file()
        assert (shared_data / "garments/images" / garment).is_file()
        assert (pattern in ("blue", "striped"), answer) == (True, "")


def test_the_callers_dvc_and_git_variables_do_not_reach_the_workspace(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DVC_STAGE", "train")
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    found = experiments.environment(tmp_path, tmp_path / "w", "x")
    assert not {"DVC_STAGE", "GIT_DIR"} & set(found)
    assert found["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:5000"
    assert found["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
