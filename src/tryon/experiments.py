"""Named experiments: a parameter set of `experiments/`, run in a workspace of its own under `.experiments/`.

A workspace is a clone of the checkout at its HEAD, with the experiment's values merged over params.yaml. It shares the
DVC cache and the MLflow store of the checkout, and stays: running the same experiment again goes on where it stopped.
An experiment that is repeated has a workspace for each repetition, `NAME@1`, `NAME@2`, ...
"""

import difflib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tryon.config import NAMED_WEIGHTS, PARAMS_FILE
from tryon.console import die_with_parent, logger, read_environment
from tryon.errors import ConfigError, DataError, ServiceError, UsageError
from tryon.outputs import new_folder, write_text
from tryon.yaml_files import read_yaml

EXPERIMENTS = Path("experiments")
WORKSPACES = Path(".experiments")
REPETITION = "@"  # between the name of an experiment and the number of a repetition, as DVC writes its matrices
PLAN = "run"  # the section of an experiment's file that is no section of params.yaml
# Sources may lie beside the checkout; everything else that params.yaml names lies inside of it and is cloned or made.
SOURCE_KEYS = (("photos", "path"), ("garments", "path"), ("fitting", "pairs_path"))
# What a run writes into tracked files: kept when the workspace moves to a newer commit, or DVC would start afresh.
_RESULTS = ("dvc.lock", "metrics")


@dataclass(frozen=True)
class Plan:
    """How an experiment is run: the section `run` of its file.

    Args:
        until: the last stage.
        seeds: repetitions, with other random numbers on the same data.
        needs: an experiment that must have been run before; nothing if empty.
    """

    until: str = "write_report"
    seeds: int = 1
    needs: str = ""


def run_experiment(checkout: Path, name: str, settings: Sequence[str] = (), seeds: int | None = None) -> list[Path]:
    """Run an experiment, each repetition to its last stage, and return the workspaces.

    Args:
        checkout: the root of the repository.
        name: `experiments/NAME.yaml`.
        settings: further values, `section.key=value`.
        seeds: repetitions; None: as many as the experiment's file says.

    Raises:
        ConfigError: the experiment names an unknown key, or needs itself.
        ServiceError: the pipeline stopped, or the experiment is running already.
    """
    for needed in needed_experiments(checkout, name):
        _repeat(checkout, needed)
    return _repeat(checkout, name, settings, seeds)


def needed_experiments(checkout: Path, name: str) -> list[str]:
    """What must have been run before an experiment, in that order.

    Raises:
        ConfigError: one of them needs itself.
    """
    chain = [name]
    while needed := experiment_plan(checkout, chain[0]).needs:
        if needed in chain:
            raise ConfigError(
                f"experiments/{chain[0]}.yaml: {PLAN}.needs leads in a circle",
                received=" <- ".join([needed, *chain]),
                needed="a first experiment that needs none",
                remedy="take one `needs` out",
            )
        chain.insert(0, needed)
    return chain[:-1]


def _repeat(checkout: Path, name: str, settings: Sequence[str] = (), seeds: int | None = None) -> list[Path]:
    plan = experiment_plan(checkout, name)
    count = plan.seeds if seeds is None else seeds
    repetitions = [(name, [])] if count == 1 else [
        (f"{name}{REPETITION}{index + 1}", [f"mask_rcnn.repetition={index}"]) for index in range(count)
    ]  # fmt: skip
    return [_run_once(checkout, name, own, [*settings, *more], plan.until) for own, more in repetitions]


def _run_once(checkout: Path, name: str, workspace_name: str, settings: Sequence[str], until: str) -> Path:
    params = experiment_params(checkout, name, settings)
    (checkout / WORKSPACES).mkdir(exist_ok=True)
    with _one_at_a_time(checkout / WORKSPACES / f"{workspace_name}.lock", workspace_name):
        workspace = prepare_workspace(checkout, workspace_name)
        text = f"# Made by `tryon experiment {name}` from params.yaml and experiments/{name}.yaml.\n"
        write_text(workspace / PARAMS_FILE, text + yaml.safe_dump(params, sort_keys=False, allow_unicode=True))
        _reproduce(checkout, workspace, workspace_name, until)
    return workspace


def experiment_plan(checkout: Path, name: str) -> Plan:
    """The section `run` of an experiment's file.

    Raises:
        UsageError: there is no such experiment.
        ConfigError: the section has an unknown key or a value of the wrong kind.
    """
    path = _experiment_file(checkout, name)
    said = read_yaml(path).get(PLAN, {})
    kinds = {"until": str, "seeds": int, "needs": str}
    if not isinstance(said, dict) or any(type(value) is not kinds.get(key) for key, value in said.items()):
        raise ConfigError(
            f"{path.relative_to(checkout)}: {PLAN} is not as it should be",
            received=said,
            needed="`until: STAGE`, `seeds: NUMBER`, `needs: EXPERIMENT`, or some of them",
            remedy="mend that section",
        )
    return Plan(**said)


def experiment_params(checkout: Path, name: str, settings: Sequence[str] = ()) -> dict[str, Any]:
    """HEAD's params.yaml with the experiment's values and settings, paths of outside sources absolute.

    Of HEAD, as the code that reads them is; the experiment's file counts as it lies there.
    """
    path = _experiment_file(checkout, name)
    committed = yaml.safe_load(_git(checkout, "show", f"HEAD:./{PARAMS_FILE}"))
    values = {section: value for section, value in read_yaml(path).items() if section != PLAN}
    params = merge(committed, values, str(path.relative_to(checkout)))
    for setting in settings:
        set_value(params, setting)
    return with_absolute_sources(checkout, params)


def merge(params: Mapping[str, Any], overrides: Mapping[str, Any], source: str) -> dict[str, Any]:
    """The parameters with the overrides in their place; a value replaces the whole value of its key.

    Raises:
        ConfigError: an override names a section or key that params.yaml does not have; all of them are named.
    """
    merged = deepcopy(dict(params))
    unknown = []
    for section, values in overrides.items():
        if section not in merged:
            unknown.append(_unknown(section, section, merged))
        elif not isinstance(merged[section], dict):
            merged[section] = values
        elif not isinstance(values, dict):
            unknown.append(f"{section}: needs `key: value` lines (got {values!r})")
        else:
            unknown += [
                _unknown(f"{section}.{key}", key, merged[section]) for key in values if key not in merged[section]
            ]
            merged[section].update(values)
    if unknown:
        raise ConfigError(f"{source}: {'; '.join(unknown)}", remedy="use keys of params.yaml")
    return merged


def set_value(params: dict[str, Any], setting: str) -> None:
    """Set one `section.key=value` in place; the value is read as YAML.

    Raises:
        UsageError: the text is not of that form.
        ConfigError: there is no such key.
    """
    path, sign, text = setting.partition("=")
    if not sign or not path:
        raise UsageError("--set needs a key and a value", received=setting, needed="section.key=value")
    *parents, last = path.split(".")
    place: Any = params
    for key in parents:
        place = place.get(key) if isinstance(place, dict) else None
    if not isinstance(place, dict) or last not in place:
        known = [f"{section}.{key}" for section, keys in params.items() if isinstance(keys, dict) for key in keys]
        raise ConfigError(f"--set {_unknown(path, path, [*known, *params])}", remedy="use keys of params.yaml")
    try:
        place[last] = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"--set {path}: the value is not YAML", received=text) from error


def with_absolute_sources(checkout: Path, params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with source paths that lead out of the checkout made absolute, and the hash of starting weights.

    Raises:
        DataError: such a source does not exist.
        ConfigError: the starting weights do not exist.
    """
    changed = deepcopy(dict(params))
    for section, key in SOURCE_KEYS:
        source = changed.get(section, {}).get(key)
        if not isinstance(source, str):
            continue
        resolved = (checkout / source).resolve()
        if resolved.is_relative_to(checkout.resolve()):
            continue
        if not resolved.exists():
            raise DataError(f"{section}.{key} names a folder that is missing", received=source, needed=str(resolved))
        changed[section][key] = str(resolved)
    network = changed.get("mask_rcnn", {})
    weights = network.get("weights")
    if isinstance(weights, str) and weights not in NAMED_WEIGHTS:
        network |= _given_weights(checkout, weights, network.get("weights_sha256", ""))
    return changed


def prepare_workspace(checkout: Path, name: str) -> Path:
    """The experiment's workspace at the checkout's HEAD, made or brought up to date; results in it stay."""
    _warn_of_changes(checkout, name)
    workspace = checkout / WORKSPACES / name
    if not (workspace / ".git").exists():
        with new_folder(workspace) as building:
            _git(checkout, "clone", "--quiet", "--local", str(checkout.resolve()), str(building.resolve()))
            _share_cache(checkout, building)
    _restore_results(workspace)
    _git(workspace, "fetch", "--quiet", "origin", "HEAD")
    if _git(workspace, "rev-parse", "FETCH_HEAD") != _git(workspace, "rev-parse", "HEAD"):
        _keep_results(workspace)
        _git(workspace, "checkout", "--quiet", "--force", "--detach", "FETCH_HEAD")
        _restore_results(workspace)
    return workspace


def environment(checkout: Path, workspace: Path, name: str) -> dict[str, str]:
    """The environment of the workspace's stages: its own source first, the checkout's MLflow store, infra/env."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("DVC_", "GIT_"))}
    folders = [str(Path(sys.executable).parent), kept.get("PATH", os.defpath)]
    return {
        "MLFLOW_TRACKING_URI": f"sqlite:///{(checkout / '.tryon/mlflow.db').resolve()}",
        **kept,
        **read_environment(workspace / "infra/env"),
        "PATH": os.pathsep.join(folders),
        # Before site-packages, where the editable install names the checkout's own source.
        "PYTHONPATH": str((workspace / "src").resolve()),
        "TRYON_EXPERIMENT": name,
    }


def workspaces(checkout: Path) -> dict[str, Path]:
    """The checkout itself (`default`) and every experiment's workspace, by name."""
    found = sorted(path.parent for path in (checkout / WORKSPACES).glob("*/dvc.yaml"))
    return {"default": checkout} | {path.name: path for path in found if path.suffix != ".tmp"}


def grouped_workspaces(checkout: Path) -> dict[str, list[Path]]:
    """The workspaces of each experiment by its name: its numbered repetitions in their order, else its single run.

    A single run draws the same random numbers as the first repetition, so it does not count beside them.
    """
    found: dict[str, dict[str, Path]] = {}
    for workspace_name, path in workspaces(checkout).items():
        name, _, number = workspace_name.partition(REPETITION)
        found.setdefault(name, {})[number] = path
    in_order = {name: sorted(paths, key=lambda number: (len(number), number)) for name, paths in found.items()}
    return {
        name: [paths[number] for number in in_order[name] if number or len(paths) == 1] for name, paths in found.items()
    }


def _given_weights(checkout: Path, weights: str, expected: str) -> dict[str, str]:
    """Where starting weights lie, which no clone has, and their hash: DVC sees a path only as a text."""
    path = (checkout / weights).resolve()
    file = path / "weights.h5" if path.is_dir() else path
    if not file.is_file():
        raise ConfigError(
            "mask_rcnn.weights names no weights that can be loaded",
            received=weights,
            needed=f"{', '.join(NAMED_WEIGHTS)}, or the path of an HDF5 file or a model folder",
            remedy="run the experiment that trains them, or set mask_rcnn.weights: none",
        )
    with file.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    return {"weights": str(path), "weights_sha256": expected or found}


def _share_cache(checkout: Path, workspace: Path) -> None:
    from dvc.config import Config

    cache = Config(str(checkout / ".dvc"))["cache"].get("dir") or checkout / ".dvc/cache"
    with Config(str(workspace / ".dvc")).edit("local") as local:
        local["cache"]["dir"] = str((checkout / cache).resolve())


def _reproduce(checkout: Path, workspace: Path, name: str, until: str) -> None:
    sys.stdout.flush()
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "repro", until],
        cwd=workspace,
        env=environment(checkout, workspace, name),
        stdout=sys.stderr,  # progress; results alone go to stdout
        preexec_fn=die_with_parent,
        check=False,
    )
    if done.returncode:
        raise ServiceError(
            f"experiment {name} stopped: the message is above",
            received=f"dvc repro ended with {done.returncode}",
            remedy=f"mend what it names and run `tryon experiment {name.partition(REPETITION)[0]}` again: finished "
            "stages are kept",
        )


@contextmanager
def _one_at_a_time(lock: Path, name: str) -> Iterator[None]:
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ServiceError(f"experiment {name} is running already", remedy="wait for it or end it") from error
        yield


def _keep_results(workspace: Path) -> None:
    with new_folder(_kept(workspace)) as kept:
        for name in _RESULTS:
            source = workspace / name
            if source.is_dir():
                shutil.copytree(source, kept / name)
            elif source.exists():
                shutil.copy(source, kept / name)


def _restore_results(workspace: Path) -> None:
    """Put back what was kept; also after a kill between keeping and restoring."""
    for source in sorted(_kept(workspace).glob("*")):
        target = workspace / source.name
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copy(source, target)
    shutil.rmtree(_kept(workspace), ignore_errors=True)


def _kept(workspace: Path) -> Path:
    return workspace / ".git" / "tryon-results"


def _experiment_file(checkout: Path, name: str) -> Path:
    path = checkout / EXPERIMENTS / f"{name}.yaml"
    if not path.is_file():
        known = sorted(each.stem for each in (checkout / EXPERIMENTS).glob("*.yaml"))
        raise UsageError(f"there is no experiment {name!r}", needed=f"one of: {', '.join(known) or 'none yet'}")
    return path


def _warn_of_changes(checkout: Path, name: str) -> None:
    counted = (*_RESULTS, str(EXPERIMENTS / f"{name.partition(REPETITION)[0]}.yaml"))
    changed = _git(checkout, "status", "--porcelain", "--", ".", *(f":(exclude){path}" for path in counted))
    if changed:
        names = [line[3:] for line in changed.splitlines()]
        shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        logger.warning("warning: %d uncommitted changes are not part of this run: %s", len(names), shown)


def _unknown(path: str, key: str, known: Iterator[str] | Mapping[str, Any] | Sequence[str]) -> str:
    near = difflib.get_close_matches(key, list(known), n=1)
    return f"{path}: unknown key" + (f" (did you mean {near[0]}?)" if near else "")


def _git(folder: Path, *arguments: str) -> str:
    """What a git command printed; its failure is a `ServiceError` with its own words."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=clean)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise ServiceError(
            f"`{' '.join(command[:2])}` failed in {folder}",
            received=said[-1] if said else f"exit code {done.returncode}",
            remedy="run from the root of a Git checkout with at least one commit",
        )
    return done.stdout.strip("\n")
