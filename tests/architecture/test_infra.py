"""The configuration of the services parses, agrees with the code, listens on this machine only and holds no secret."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.architecture.source_imports import ROOT

INFRA = ROOT / "infra"
COMPOSE: dict[str, Any] = yaml.safe_load((INFRA / "compose.yaml").read_text())
CONFIGURATION = [
    path for folder in (INFRA, ROOT / "mlflow") for path in sorted(folder.rglob("*")) if path.is_file()
] + [ROOT / "prefect.yaml"]  # fmt: skip
SECRET = re.compile(
    r"(?i)(AKIA[0-9A-Z]{16}|-----BEGIN|://[^/\s:@]+:[^/\s@]+@|(?:password|secret_?key|token)[ \t]*[:=][ \t]*[\"']?\w)"
)


def settings(path: Path) -> dict[str, str]:
    """Name and value of each line of a settings file."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]*=\S*", line) for line in lines), path
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.parametrize("service", COMPOSE["services"])
def test_a_service_is_reached_from_this_machine_only(service: str) -> None:
    for port in COMPOSE["services"][service].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port), f"{service} publishes {port}"


@pytest.mark.parametrize("service", COMPOSE["services"])
def test_a_service_has_a_health_check_and_a_memory_limit(service: str) -> None:
    entry = COMPOSE["services"][service]
    assert "test" in entry["healthcheck"] or entry["healthcheck"] == {"disable": True}
    assert "mem_limit" in entry


def test_services_wait_for_one_another() -> None:
    names = set(COMPOSE["services"])
    assert {"s3", "mlflow", "prefect", "worker"} <= names
    for service in COMPOSE["services"].values():
        for other, condition in service.get("depends_on", {}).items():
            assert other in names
            assert condition["condition"] in {"service_healthy", "service_completed_successfully"}


def test_images_are_pinned() -> None:
    images = {service["image"] for service in COMPOSE["services"].values()}
    assert all(":" in image and not image.endswith(":latest") for image in images)


def test_files_that_compose_reads_exist() -> None:
    for service in COMPOSE["services"].values():
        assert [name for name in service.get("env_file", []) if not (INFRA / name).is_file()] == []


@pytest.mark.parametrize("path", CONFIGURATION, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_secret_is_written_down(path: Path) -> None:
    text = re.sub(r"\$\{[^}]*\}", "", path.read_text())  # values that come from the environment
    assert SECRET.findall(text) == []


def test_the_policy_names_one_bucket_and_deletes_nothing() -> None:
    statements = json.loads((INFRA / "s3" / "policy.json").read_text())["Statement"]
    resources = {
        name
        for entry in statements
        for name in ([entry["Resource"]] if isinstance(entry["Resource"], str) else entry["Resource"])
    }
    assert all(re.match(r"arn:aws:s3:::tryon-artifacts(/|$)", name) for name in resources)
    allowed = [action for entry in statements if entry["Effect"] == "Allow" for action in entry["Action"]]
    assert [action for action in allowed if "*" in action or "Delete" in action] == []
    assert {"s3:ListBucket", "s3:GetObject", "s3:PutObject"} <= set(allowed)


def test_pools_and_limits_are_those_of_the_flows() -> None:
    from flows.limits import SLOTS

    declared = yaml.safe_load((INFRA / "work_pools.yaml").read_text())
    assert {limit["name"]: limit["limit"] for limit in declared["global_concurrency_limits"]} == SLOTS
    for deployment in yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]:
        assert deployment["work_pool"]["name"] in {pool["name"] for pool in declared["work_pools"]}
        program, flow = deployment["entrypoint"].split(":")
        assert f"def {flow}(" in (ROOT / program).read_text()


def test_the_times_of_the_flows_are_the_same_for_a_worker() -> None:
    from flows.serve import NIGHTLY, WEEKLY

    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    times = {entry["entrypoint"]: [schedule["cron"] for schedule in entry["schedules"]] for entry in deployments}
    assert times == {"flows/rebuild.py:rebuild": [NIGHTLY], "flows/collect.py:collect": [WEEKLY]}


def test_the_mlflow_server_listens_here_and_refuses_pickles() -> None:
    server = settings(ROOT / "mlflow" / "server.env")
    assert server["MLFLOW_HOST"] == "127.0.0.1"
    assert server["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] == "false"
    assert server["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_no_tool_phones_home() -> None:
    shared = settings(INFRA / "env")
    expected = {
        "DVC_NO_ANALYTICS": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "GX_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    assert {name: shared[name] for name in expected} == expected
