"""The flows against a real Prefect server: schedules, states, artifacts, failures and kills."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.flows.conftest import ROOT, Server

pytestmark = pytest.mark.slow

SERVE = [sys.executable, "-m", "flows.serve"]


def test_the_served_flows_are_scheduled_and_run(server: Server, small_workspace: Path) -> None:
    """Also the proof of the two hidden pins: with a newer SQLAlchemy no scheduled run is ever created."""
    port = server.api_url.split(":")[2].split("/")[0]
    env = {**server.env, "TRYON_COLLECT_CRON": "5 5 * * 5", "TRYON_PREFECT_PORT": port}
    serving = subprocess.Popen(SERVE, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        scheduled, give_up = 0, time.monotonic() + 90
        while scheduled < 2 and time.monotonic() < give_up:
            time.sleep(1)
            runs = server.post("flow_runs/filter", flow_runs={"state": {"type": {"any_": ["SCHEDULED"]}}})
            scheduled = len({run["deployment_id"] for run in runs})
        assert scheduled == 2, serving.poll()
        deployments = {deployment["name"]: deployment for deployment in server.post("deployments/filter")}
        schedules = {name: deployment["schedules"] for name, deployment in deployments.items()}
        crons = {name: [(each["schedule"]["cron"], each["active"]) for each in schedules[name]] for name in schedules}
        assert crons == {"nightly": [("30 2 * * *", True)], "weekly": [("5 5 * * 5", True)]}
        limits = {limit["name"]: limit["limit"] for limit in server.post("v2/concurrency_limits/filter")}
        assert limits["dvc-workspace"] == 1
        assert limits["gpu"] >= 2
        listed = subprocess.run(
            [sys.executable, "-m", "prefect", "flow-run", "ls"],
            env={**server.env, "COLUMNS": "200"},
            capture_output=True,
            text=True,
        )
        assert listed.returncode == 0, listed.stderr
        assert "rebuild" in listed.stdout and "collect" in listed.stdout
        asked = server.post(
            f"deployments/{deployments['nightly']['id']}/create_flow_run",
            parameters={"workspace": str(small_workspace)},
        )
        state, give_up = "", time.monotonic() + 180
        while state not in {"COMPLETED", "FAILED", "CRASHED"} and time.monotonic() < give_up:
            time.sleep(1)
            state = server.post("flow_runs/filter", flow_runs={"id": {"any_": [asked["id"]]}})[0]["state_type"]
        assert state == "COMPLETED", _log(server, asked)
    finally:
        serving.terminate()
        assert serving.wait(60) == 0


def test_a_rebuild_shows_its_stages_metrics_and_pictures(server: Server, small_workspace: Path) -> None:
    cases = small_workspace / "reports" / "fitting" / "cases"
    cases.mkdir(parents=True)
    Image.new("RGB", (40, 20), (200, 30, 30)).save(cases / "best.png")

    done, flow_run = server.rebuild(small_workspace)
    assert done.returncode == 0, done.stdout + done.stderr
    assert flow_run["state_name"] == "Completed"
    assert set(server.task_states(flow_run).values()) == {("Completed", 1)}
    artifacts = server.artifacts(flow_run)
    stages = {row["stage"]: row["result"] for row in json.loads(artifacts["stages"])}
    assert stages == dict.fromkeys(("make_data", "gate_data", "train@blue", "train@striped"), "ran")
    assert {"file": "metrics/blue.json", "metric": "seconds_alone", "value": 0.5} in json.loads(artifacts["metrics"])
    assert artifacts["results-sheet"].startswith("data:image/jpeg;base64,")
    assert re.search(r"run key `[0-9a-f]{16}`", artifacts["rebuild-summary"])
    assert re.search(r"[0-9a-f]{16}", flow_run["labels"]["run_key"])
    log = _log(server, flow_run)
    assert "made" in log, "the child's own lines are in the run's log"
    assert "git add" not in log
    assert "dvc push" not in log

    again, second_run = server.rebuild(small_workspace)
    assert again.returncode == 0, again.stdout + again.stderr
    assert set(server.task_states(second_run).values()) == {("Cached", 1)}


def test_a_failing_stage_is_retried_and_holds_back_what_lies_below(server: Server, small_workspace: Path) -> None:
    graph = (small_workspace / "dvc.yaml").read_text()
    (small_workspace / "dvc.yaml").write_text(graph.replace("cmd: cp data.txt gate.txt", "cmd: echo refused; exit 3"))
    done, flow_run = server.rebuild(small_workspace)
    assert done.returncode != 0
    assert flow_run["state_name"] == "Failed"
    assert server.task_states(flow_run) == {"make_data": ("Completed", 1), "gate_data": ("Failed", 1)}, (
        "a gate is not retried"
    )
    stages = {row["stage"]: row["result"] for row in json.loads(server.artifacts(flow_run)["stages"])}
    assert stages == {"make_data": "ran", "gate_data": "failed", "train@blue": "not run", "train@striped": "not run"}
    assert "refused" in _log(server, flow_run)


def test_a_killed_stage_is_not_retried_but_a_failed_one_is(server: Server, small_workspace: Path) -> None:
    (small_workspace / "dvc.yaml").write_text(
        "stages:\n"
        "  killed: {cmd: 'sleep 3; kill -9 $$', outs: [a]}\n"
        "  flaky: {cmd: test -f tried && touch b || (touch tried; exit 1), outs: [b]}\n"
        "  after_flaky: {cmd: sleep 1; touch c, deps: [b], outs: [c]}\n"
    )
    _, flow_run = server.rebuild(small_workspace)
    states = server.task_states(flow_run)
    assert states["killed"] == ("Failed", 1)
    assert states["flaky"] == ("Completed", 2)
    rows = {row["stage"]: row["result"] for row in json.loads(server.artifacts(flow_run)["stages"])}
    assert rows["killed"] == "killed"


def test_trainings_wait_for_the_gpu_one_after_another(server: Server, small_workspace: Path) -> None:
    """With one slot the trainings of one card never meet: each fails where it finds another one running."""
    (small_workspace / "dvc.yaml").write_text(
        "stages:\n"
        "  train:\n"
        "    matrix: {pattern: [blue, striped, dotted]}\n"
        "    cmd: mkdir card && sleep 2 && rmdir card && touch ${item.pattern}\n"
        "    outs: ['${item.pattern}']\n"
        "    meta: {kind: gpu}\n"
        "  other: {cmd: sleep 1; touch other, outs: [other]}\n"
    )
    made = server.run("from flows.limits import ensure_limits; ensure_limits()")
    assert made.returncode == 0, made.stderr
    _set_gpu_slots(server, 1)
    try:
        done, flow_run = server.rebuild(small_workspace)
    finally:
        _set_gpu_slots(server, 2)
    assert done.returncode == 0, done.stdout + done.stderr
    names = ("train@blue", "train@striped", "train@dotted", "other")
    assert server.task_states(flow_run) == dict.fromkeys(names, ("Completed", 1)), "none was tried twice"


def test_the_deployments_for_a_worker_are_accepted(server: Server) -> None:
    env = {**server.env, "TRYON_ROOT": str(ROOT)}
    for arguments in (["work-pool", "create", "tryon-workers", "--type", "process"], ["deploy", "--all"]):
        done = subprocess.run(
            [sys.executable, "-m", "prefect", "--no-prompt", *arguments],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    deployments = server.post("deployments/filter", deployments={"name": {"any_": ["worker"]}})
    slugs = {schedule["slug"] for deployment in deployments for schedule in deployment["schedules"]}
    assert (len(deployments), slugs) == (2, {"rebuild-schedule", "collect-schedule"})
    for deployment in deployments:
        assert deployment["work_pool_name"] == "tryon-workers"
        assert deployment["pull_steps"][0]["prefect.deployments.steps.set_working_directory"]["directory"] == str(ROOT)
        assert deployment["global_concurrency_limit"]["limit"] == 1


def test_collections_are_collected_cleaned_tracked_and_pushed(server: Server, collecting_workspace: Path) -> None:
    """The first query fails at once and holds nothing back; the second one's first push fails and is tried again."""
    stand_ins = collecting_workspace / "stand_ins"
    done, flow_run = server.run_flow(
        "import sys, flows.collect, flows.collection_steps as c; "
        f"c.TRYON = (sys.executable, {str(stand_ins / 'tryon.py')!r}); "
        f"c.DVC = (sys.executable, {str(stand_ins / 'dvc.py')!r}, *c.DVC); "
        "c.COLLECT_DELAYS_S, c.PUSH_DELAYS_S = (), (0.2,); "
        f"flows.collect.collect({str(collecting_workspace)!r})"
    )
    assert done.returncode != 0, "one query failed"
    assert flow_run["state_name"] == "Failed"
    assert "not done: collect gone (failed), track gone (not run), push gone (not run)" in done.stderr
    assert server.task_states(flow_run) == {
        "collect gone": ("Failed", 1),
        "collect blue_t_shirt": ("Completed", 1),
        "clean blue_t_shirt": ("Completed", 1),
        "track blue_t_shirt": ("Completed", 1),
        "push blue_t_shirt": ("Completed", 2),
    }
    artifacts = server.artifacts(flow_run)
    steps = {(row["query"], row["step"]): row["result"] for row in json.loads(artifacts["collect-steps"])}
    assert steps["gone", "push"] == "not run" and steps["blue_t_shirt", "push"] == "ran"
    counts = {(row["step"], row["verdict"]): row["pictures"] for row in json.loads(artifacts["collect-verdicts"])}
    assert counts == {
        ("collect", "kept"): 3,
        ("collect", "not_a_picture"): 1,
        ("clean", "kept"): 2,
        ("clean", "blurred"): 1,
    }
    assert artifacts["collected-blue-t-shirt"].startswith("data:image/jpeg;base64,")
    assert "git add data/collected/blue_t_shirt.dvc" in artifacts["collect-summary"]
    log = _log(server, flow_run)
    assert "a push that fails once" in log, "the children's own lines are in the run's log"
    assert (collecting_workspace / "data/collected/blue_t_shirt.dvc").is_file()
    assert len(list((collecting_workspace / "remote").rglob("*.*"))) == 1, "the list of the folder's files is there"
    assert (stand_ins / "slots").read_text() == "1.0", "the one slot for a whole run was taken"


def test_the_servers_log_is_clean(server: Server) -> None:
    """Runs last in this file: what all of the above left behind."""
    assert [line for line in server.log.read_text().splitlines() if "ERROR" in line] == []


def _set_gpu_slots(server: Server, slots: int) -> None:
    command = [sys.executable, "-m", "prefect", "--no-prompt", "gcl", "update", "gpu", "--limit", str(slots)]
    done = subprocess.run(command, cwd=ROOT, env=server.env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def _log(server: Server, flow_run: dict[str, object]) -> str:
    for _ in range(50):  # lines are sent in batches, the last ones a moment after the end
        lines = server.post("logs/filter", logs={"flow_run_id": {"any_": [flow_run["id"]]}}, limit=200)
        if any("Finished in state" in line["message"] for line in lines if line["task_run_id"] is None):
            break
        time.sleep(0.2)
    return "\n".join(line["message"] for line in lines)
