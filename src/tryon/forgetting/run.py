"""`tryon forget`: find the picture, write down what holds it, remove that, and say who has seen it."""

import fcntl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tryon.errors import ServiceError
from tryon.experiments import WORKSPACES
from tryon.forgetting import plan as plans
from tryon.forgetting.picture import COLLECTED, TOMBSTONES, find_picture, near_pictures
from tryon.forgetting.plan import Plan
from tryon.forgetting.provenance import Objects, Trace, read_records, trace
from tryon.tracking import replay_journals
from tryon.tracking.lineage import Lineage, RegisteredModel, SeenRun

_SHOWN_DIGITS = 12
_COLLECTOR_LOCK = ".lock"


@dataclass(frozen=True)
class Line:
    """One thing that was done, or would be: of what kind, where, and what became of it."""

    what: str
    where: str
    outcome: str


def forget(
    root: Path, target: str, *, reason: str = "", dry_run: bool = False, remote: str | None = None
) -> list[Line]:
    """Remove a picture for good; killed anywhere, the same call again completes it.

    Args:
        root: the checkout.
        target: address or sha256 of the picture.
        reason: kept with the tombstone.
        dry_run: only say what would be done.
        remote: name of the DVC remote whose copies are removed as well.

    Returns:
        What was done, line by line, and what is left for a person to do.

    Raises:
        UsageError: the target is neither an address nor a sha256.
        ServiceError: DVC is at work here, the remote or the tracking store does not answer.
    """
    with _no_collector(root), _repository(root) as repo:
        objects = Objects(Path(repo.cache.local.path))
        plan, found = _plan(root, repo, objects, target, reason)
        with _tracking() as lineage:
            runs = lineage.runs_that_read(plan.versions)
            registered = lineage.registered([run.run_key for run in runs], [name.split()[1] for name in plan.models])
        copies = list(_remote_copies(repo, remote, plan))
        lines = [*_removed(root, plan, found), *_seen_by(plan, found, runs, registered), *_near(root, plan), *copies]
        if dry_run:
            return [*lines, Line("next", "this was a dry run", "nothing was changed")]
        plans.save_plan(root, plan)
        _carry_out(root, plan, objects)
        with _tracking() as lineage:
            for run in runs:
                lineage.remove_pictures(run)
        _remove_remote(repo, remote, plan)
    tracked = _track_again(root, plan)
    if remote or not copies:
        plans.drop_plan(root, plan)
    else:
        plans.save_plan(root, plans.done_here(plan))
    return [*lines, *_next(plan, tracked)]


def _plan(root: Path, repo: Any, objects: Objects, target: str, reason: str) -> tuple[Plan, Trace]:
    """What is to do, together with what a killed run has left to do, and the trace behind it."""
    picture, waiting = find_picture(root, target), plans.load_plan(root, target)
    picture = picture | waiting.picture if waiting else picture
    experiments = sorted(path.parent for path in (root / WORKSPACES).glob("*/dvc.lock"))
    found = trace(read_records([root, *experiments], Path(repo.stage_cache.cache_dir)), objects, picture)
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    plan = plans.make_plan(target, now, reason, picture, found)
    return (waiting | plan if waiting else plan), found


def _carry_out(root: Path, plan: Plan, objects: Objects) -> None:
    """The tombstone first: from then on nothing lets the picture back in, whatever happens to this run."""
    plans.bury(root, plan)
    plans.close_ledger_rows(root, plan)
    plans.remove_table_rows(root, plan.picture)
    plans.remove_pages(root, plan.picture)
    plans.remove_files(root, plan.picture.files)
    plans.remove_files(root, plan.outputs)
    plans.remove_files(root, plan.entries)
    plans.remove_objects(objects, plan)


@contextmanager
def _no_collector(root: Path) -> Iterator[None]:
    """Collecting would write the ledgers anew from what it remembers; it holds the same lock."""
    if not (root / COLLECTED).is_dir():
        yield
        return
    with (root / COLLECTED / _COLLECTOR_LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ServiceError(f"{COLLECTED} is being collected into", remedy="wait until that has ended") from error
        yield


@contextmanager
def _repository(root: Path) -> Iterator[Any]:
    """DVC's repository, locked: no stage runs meanwhile."""
    from dvc.exceptions import DvcException
    from dvc.lock import LockError
    from dvc.repo import Repo

    try:
        with Repo(str(root)) as repo, repo.lock:
            yield repo
    except LockError as error:
        raise ServiceError(
            "DVC is at work in this checkout", remedy="wait for it, or stop it, and try again"
        ) from error
    except DvcException as error:
        raise ServiceError(
            "DVC could not do its part", received=error, remedy="run from the checkout's root"
        ) from error


@contextmanager
def _tracking() -> Iterator[Lineage]:
    """The tracking store, with all that waits to be sent to it.

    Raises:
        ServiceError: it does not answer; which runs saw the picture would stay unsaid.
    """
    try:
        replay_journals()
        yield Lineage()
    except Exception as error:  # whatever MLflow, the network or the database raise
        raise ServiceError(
            "MLflow does not answer, so that nobody can say which runs saw the picture",
            received=error,
            remedy="start it (make mlflow), or unset MLFLOW_TRACKING_URI, and try again",
        ) from error


def _removed(root: Path, plan: Plan, found: Trace) -> Iterator[Line]:
    """What goes, from the sources to the cache."""
    yield Line("tombstone", TOMBSTONES.as_posix(), f"refuses it: {plan.target}")
    for ledger, rows in plans.ledger_rows(root, plan.picture).items():
        numbers = ", ".join(map(str, rows))
        yield Line("ledger", f"{_shown(root, ledger)}, row {numbers}", "verdict forgotten, file emptied")
    for table, count in plans.table_rows(root, plan.picture).items():
        yield Line("table", _shown(root, table), f"{count} row(s) removed")
    for file in sorted(plan.picture.files):
        yield Line("source", file, "removed")
    for page in plans.pages(root, plan.picture):
        yield Line("page", _shown(root, page), "removed; tryon clean draws it anew")
    stages = {version.path: record.stage for record in found.writers if record.root for version in record.writes}
    by_output = Counter(plan.outputs.values())
    for output, count in sorted(by_output.items()):
        stage = stages.get(output, "its stage")
        again = "tracked anew" if stage.endswith(".dvc") else f"{stage} runs again at the next dvc repro"
        yield Line("output", f"{output}: {count} file(s)", f"removed; {again}")
    for output, count in sorted(Counter(plan.objects.values()).items()):
        yield Line("cache", f"{output}: {count} object(s)", "removed, of all its versions")
    if plan.entries:
        yield Line("run cache", f"{len(plan.entries)} run(s) that would bring it back", "removed")


def _seen_by(plan: Plan, found: Trace, runs: list[SeenRun], registered: list[RegisteredModel]) -> Iterator[Line]:
    """Models and runs that saw it. They stay: weights cannot be made to forget, only trained again."""
    current = {version.md5 for record in found.records if record.root for version in record.writes}
    for model, how in sorted(plan.models.items()):
        path, md5 = model.split()
        state = "the current one: trained again by the next dvc repro" if md5 in current else "of an earlier run"
        yield Line("model", f"{path} {md5[:_SHOWN_DIGITS]}", f"{how}; {state}")
    for run in runs:
        yield Line("MLflow run", f"{run.stage} {run.run_id}", f"saw it; its {len(run.pictures)} picture(s) removed")
    for one in registered:
        aliases = f" ({', '.join(one.aliases)})" if one.aliases else ""
        yield Line("registered model", f"{one.name} version {one.version}{aliases}", "saw it; train and replace it")


def _near(root: Path, plan: Plan) -> Iterator[Line]:
    for name in near_pictures(root, plan.picture):
        yield Line("near-duplicate", name, "kept: look at it, and forget it too if it is the same")


def _remote_copies(repo: Any, remote: str | None, plan: Plan) -> Iterator[Line]:
    """The objects that DVC's remotes still have."""
    for name in [remote] if remote else sorted(repo.config["remote"]):
        odb = _remote_objects(repo, name)
        there = [md5 for md5 in plan.objects if odb.exists(md5)]
        if there:
            outcome = "removed" if remote else f"still there: tryon forget {plan.target} --remote {name}"
            yield Line("remote", f"{name}: {len(there)} object(s)", outcome)


def _remove_remote(repo: Any, remote: str | None, plan: Plan) -> None:
    if remote:
        odb = _remote_objects(repo, remote)
        for md5 in sorted(plan.objects):
            if odb.exists(md5):
                odb.delete(md5)


def _remote_objects(repo: Any, name: str) -> Any:
    return repo.cloud.get_remote_odb(name, "forget")


def _track_again(root: Path, plan: Plan) -> list[str]:
    """Track the collections that lost a file or closed a row as they are now; the names of their .dvc files."""
    folders = {_shown(root, ledger.parent) for ledger in plans.ledgers_about(root, plan.picture)}
    tracked = sorted(one for one in folders | set(plan.outputs.values()) if (root / f"{one}.dvc").is_file())
    for output in tracked:
        done = subprocess.run(
            [sys.executable, "-m", "dvc", "add", "--quiet", output], cwd=root, capture_output=True, text=True
        )
        if done.returncode:
            raise ServiceError(
                f"DVC could not track {output} anew",
                received=done.stderr.strip(),
                remedy=f"dvc add {output}, then run tryon forget again",
            )
    return [f"{output}.dvc" for output in tracked]


def _next(plan: Plan, tracked: list[str]) -> Iterator[Line]:
    yield Line("next", " ".join(["git commit", "decisions", *tracked]), "so that others refuse it too")
    if plan.outputs:
        yield Line("next", "dvc repro, dvc push", "makes the data, and the models, without it")


def _shown(root: Path, path: Path) -> str:
    root = root.resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
