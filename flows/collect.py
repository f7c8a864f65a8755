"""Flow `collect`: for each query of `collecting.queries` collect, clean, track with DVC and push to the DVC remote.

One query after the other, for the politeness of a collection is that of its process. What fails keeps the later steps
of its own query back and no other query. `python -m flows.collect` runs it once; `make serve-flows` on a schedule.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, runtime, task
from prefect.cache_policies import NO_CACHE
from prefect.states import Completed, State

from flows.artifacts import Rows
from flows.child import Outcome, StepError, result_of, run_child
from flows.collected_artifacts import show_collections
from flows.dvc_child import DVC, HINTS
from flows.dvc_stages import default_remote
from flows.limits import WORKSPACE, ensure_limits, not_killed, slot
from tryon.config import PARAMS_FILE, load_params
from tryon.errors import UsageError

COLLECTED = "data/collected"
TRYON = ("tryon",)
COLLECT_DELAYS_S = (60.0,)  # before each further try; `tryon collect` goes on where it stopped
PUSH_DELAYS_S = (5.0, 30.0, 120.0, 300.0)
SKIPPED = "skipped: no DVC remote is configured"
FINE = ("ran", SKIPPED)


@flow(name="collect", persist_result=False)
def collect(workspace: str = ".", queries: list[str] | None = None) -> dict[str, str]:
    """Bring every collection of the workspace, or those named, up to date; one whole run at a time.

    Returns:
        Result of the last step by query: `ran`, or why nothing was pushed.

    Raises:
        UsageError: there is no such query.
        StepError: a step failed or was killed; the table of steps says which were not run because of it.
    """
    folder = Path(workspace).resolve()
    chosen = _chosen(folder, queries)
    ensure_limits()
    rows: Rows = []
    with slot(WORKSPACE):
        remote = default_remote(folder)
        for slug in chosen:
            rows += _run_query(slug, str(folder), remote, any(row["result"] == "killed" for row in rows))
    show_collections(folder, chosen, rows)
    late = [f"{row['query']}: {row['step']} ({row['result']})" for row in rows if row["result"] not in FINE]
    if late:
        raise StepError(f"not done: {', '.join(late)}", remedy="mend what failed, then run the flow again")
    return {row["query"]: row["result"] for row in rows}


@task(
    name="step",
    task_run_name="{step} {slug}",
    cache_policy=NO_CACHE,
    persist_result=False,
    retry_condition_fn=not_killed,
)
def run_step(step: str, slug: str, workspace: str, remote: str) -> Any:
    """One step of a query in a child process; a push that has nowhere to go ends in the state `Skipped`."""
    if step == "push" and not remote:
        get_run_logger().warning("%s; `dvc remote add --default NAME ADDRESS` configures one", SKIPPED)
        return Completed(name="Skipped", message=SKIPPED, data=Outcome(SKIPPED, 0.0))
    command = _command(step, slug)
    seconds = run_child(
        f"{step} {slug}",
        command,
        Path(workspace),
        get_run_logger().info,
        extra_env={"PREFECT__FLOW_RUN_ID": str(runtime.flow_run.id)},
        remedy=f"read its log; `{' '.join(command)}` runs it alone",
        hints=HINTS,
    )
    return Outcome("ran", seconds)


def _command(step: str, slug: str) -> list[str]:
    folder = f"{COLLECTED}/{slug}"
    return {
        "collect": [*TRYON, "collect", slug],
        "clean": [*TRYON, "clean", folder],
        "track": [*DVC, "add", folder],
        "push": [*DVC, "push", f"{folder}.dvc"],
    }[step]


def _run_query(slug: str, folder: str, remote: str, killed: bool) -> Rows:
    """All steps of a query, one row each; after a failure, or with `killed`, the rest is not run."""
    rows: Rows = []
    held_back = killed
    for step, delays_s in (("collect", COLLECT_DELAYS_S), ("clean", ()), ("track", ()), ("push", PUSH_DELAYS_S)):
        outcome = None if held_back else _try(step, slug, folder, remote, delays_s)
        held_back = not isinstance(outcome, Outcome)
        rows.append({"query": slug, "step": step, **result_of(outcome)})
    return rows


def _try(step: str, slug: str, folder: str, remote: str, delays_s: Sequence[float]) -> Any:
    """What a step returned, or the error that ended it."""
    retrying = run_step.with_options(retries=len(delays_s), retry_delay_seconds=list(delays_s) or None)
    state: State[Any] = retrying(step, slug, folder, remote, return_state=True)
    return state.result(raise_on_failure=False)


def _chosen(folder: Path, queries: Sequence[str] | None) -> list[str]:
    known = list(load_params(folder / PARAMS_FILE).collecting.queries)
    unknown = sorted(set(queries or ()) - set(known))
    if unknown:
        raise UsageError(f"there is no query {unknown[0]!r}", needed=", ".join(known), remedy="correct `queries`")
    return list(dict.fromkeys(queries)) if queries else known


if __name__ == "__main__":
    collect()
