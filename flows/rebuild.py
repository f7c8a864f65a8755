"""Flow `rebuild`: the graph of dvc.yaml, one Prefect task for each stage, independent stages side by side.

Prefect decides when, where, how often again and how many at once; DVC decides what is stale and keeps every result.
`python -m flows.rebuild` runs it once; `make serve-flows` runs it on a schedule; without Prefect there is `make repro`.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from prefect import flow, get_client, get_run_logger, runtime, task
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture
from prefect.states import Completed
from prefect.task_runners import ThreadPoolTaskRunner

from flows.artifacts import Rows, show_results, show_stages
from flows.child import Outcome, StepError, result_of
from flows.dvc_child import reproduce
from flows.dvc_stages import Stage, read_stages
from flows.limits import GPU, WORKSPACE, ensure_limits, not_killed, slot
from tryon.tracking import run_key

RETRIES = {"data": 1, "gpu": 1, "gate": 0}  # a gate that says no will say it again
RETRY_DELAY_S = 2
STAGES_SIDE_BY_SIDE = 4
UP_TO_DATE = ("ran", "cached")


@flow(name="rebuild", task_runner=ThreadPoolTaskRunner(max_workers=STAGES_SIDE_BY_SIDE), persist_result=False)
def rebuild(workspace: str = ".") -> dict[str, str]:
    """Bring every stage of the workspace up to date; one whole run at a time.

    Returns:
        Result by stage: `ran` or `cached`.

    Raises:
        StepError: a stage failed or was killed; the table of stages says which were not run because of it.
    """
    folder = Path(workspace).resolve()
    stages = read_stages(folder)
    ensure_limits()
    with slot(WORKSPACE):
        rows = _run_all(stages, folder)
    show_stages(rows)
    key = run_key(folder)
    with get_client(sync_client=True) as client:
        client.update_flow_run_labels(runtime.flow_run.id, {"run_key": key})
    show_results(folder, rows, key)
    late = [f"{row['stage']} ({row['result']})" for row in rows if row["result"] not in UP_TO_DATE]
    if late:
        raise StepError(f"not up to date: {', '.join(late)}", remedy="mend what failed, then run the flow again")
    return {row["stage"]: row["result"] for row in rows}


@task(name="stage", task_run_name="{name}", cache_policy=NO_CACHE, persist_result=False, retry_condition_fn=not_killed)
def run_stage(name: str, kind: str, workspace: str) -> Any:
    """One stage in a child process of DVC's; a stage that DVC finds unchanged ends in the state `Cached`."""
    env = {"PREFECT__FLOW_RUN_ID": str(runtime.flow_run.id)}
    with slot(GPU) if kind == "gpu" else nullcontext():
        outcome = reproduce(name, Path(workspace), get_run_logger().info, env)
    return (
        Completed(name="Cached", message="up to date in DVC", data=outcome) if outcome.result == "cached" else outcome
    )


def _run_all(stages: Sequence[Stage], folder: Path) -> Rows:
    """Submit each stage when its upstream is up to date; nothing below a failure, nothing at all after a kill.

    Returns:
        One row a stage, in the order in which they ended.
    """
    waiting = {stage.name: stage for stage in stages}
    futures: dict[str, PrefectFuture[Any]] = {}
    rows: dict[str, dict[str, Any]] = {}
    ended: SimpleQueue[Stage] = SimpleQueue()
    killed = False
    while True:
        done = {name for name, row in rows.items() if row["result"] in UP_TO_DATE}
        ready = [stage for stage in waiting.values() if done.issuperset(stage.upstream)]
        for stage in () if killed else ready:
            waiting.pop(stage.name)
            retrying = run_stage.with_options(retries=RETRIES.get(stage.kind, 0), retry_delay_seconds=RETRY_DELAY_S)
            futures[stage.name] = retrying.submit(
                stage.name, stage.kind, str(folder), wait_for=[futures[name] for name in stage.upstream]
            )
            futures[stage.name].add_done_callback(lambda _future, stage=stage: ended.put(stage))
        if len(rows) == len(futures):
            break
        stage = ended.get()
        outcome = futures[stage.name].result(raise_on_failure=False)
        killed = killed or not isinstance(outcome, Outcome | StepError)
        rows[stage.name] = _row(stage, outcome)
    return [*rows.values(), *(_row(stage, None) for stage in waiting.values())]


def _row(stage: Stage, outcome: Any) -> dict[str, Any]:
    """What the table of stages says; an outcome of None is a stage that was never submitted."""
    return {"stage": stage.name, "kind": stage.kind, **result_of(outcome)}


if __name__ == "__main__":
    rebuild()
