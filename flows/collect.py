"""Flow `collect`: each query of `collecting.queries` collected, cleaned, tracked with DVC, pushed to the DVC remote.

`python -m flows.collect` runs it once; `make serve-flows` runs it on a schedule. Steps: flows/collection_steps.py.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, runtime, task
from prefect.cache_policies import NO_CACHE
from prefect.states import Completed, State

from flows.child import Outcome, StepError, run_child
from flows.collected_artifacts import has_pictures, show_collections
from flows.collection_steps import COLLECTED, FINE, SKIPPED, command_of, run_steps
from flows.dvc_child import HINTS
from flows.dvc_stages import default_remote
from flows.limits import WORKSPACE, ensure_limits, not_killed, slot
from tryon.config import PARAMS_FILE, load_params
from tryon.errors import UsageError


@flow(name="collect", persist_result=False)
def collect(workspace: str = ".", queries: list[str] | None = None) -> dict[str, str]:
    """Bring every collection of the workspace, or those named, up to date; one whole run at a time.

    Returns:
        Result of the push by query: `ran`, or why there was none.

    Raises:
        UsageError: there is no such query.
        StepError: a step failed or was killed; the table of steps says which were not run because of it.
    """
    folder = Path(workspace).resolve()
    chosen = _chosen(folder, queries)
    ensure_limits()
    with slot(WORKSPACE):
        remote = default_remote(folder)
        rows = run_steps(
            chosen,
            lambda: [slug for slug in _known(folder) if has_pictures(folder / COLLECTED / slug)],
            lambda step, slugs, delays_s: _attempt(step, slugs, str(folder), remote, delays_s),
        )
    show_collections(folder, chosen, rows)
    late = [f"{row['step']} {row['query']} ({row['result']})" for row in rows if row["result"] not in FINE]
    if late:
        raise StepError(f"not done: {', '.join(late)}", remedy="mend what failed, then run the flow again")
    return {row["query"]: row["result"] for row in rows if row["step"] == "push"}


@task(task_run_name="{step} {slugs}", cache_policy=NO_CACHE, persist_result=False, retry_condition_fn=not_killed)
def run_step(step: str, slugs: str, workspace: str, remote: str) -> Any:
    """A step of a query, or of several with spaces between; a push that has nowhere to go ends as `Skipped`."""
    if step == "push" and not remote:
        get_run_logger().warning("%s; `dvc remote add --default NAME ADDRESS` configures one", SKIPPED)
        return Completed(name="Skipped", message=SKIPPED, data=Outcome(SKIPPED, 0.0))
    command = command_of(step, slugs.split())
    seconds = run_child(
        f"{step} {slugs}",
        command,
        Path(workspace),
        get_run_logger().info,
        extra_env={"PREFECT__FLOW_RUN_ID": str(runtime.flow_run.id)},
        remedy=f"read its log; `{' '.join(command)}` runs it alone",
        hints=HINTS,
    )
    return Outcome("ran", seconds)


def _attempt(step: str, slugs: str, folder: str, remote: str, delays_s: Sequence[float]) -> Any:
    """What a step returned, or the error that ended it."""
    retrying = run_step.with_options(retries=len(delays_s), retry_delay_seconds=list(delays_s) or None)
    state: State[Any] = retrying(step, slugs, folder, remote, return_state=True)
    return state.result(raise_on_failure=False)


def _known(folder: Path) -> list[str]:
    return list(load_params(folder / PARAMS_FILE).collecting.queries)


def _chosen(folder: Path, queries: Sequence[str] | None) -> list[str]:
    known = _known(folder)
    unknown = sorted(set(queries or ()) - set(known))
    if unknown:
        raise UsageError(f"there is no query {unknown[0]!r}", needed=", ".join(known), remedy="correct `queries`")
    return list(dict.fromkeys(queries)) if queries else known


if __name__ == "__main__":
    collect()
