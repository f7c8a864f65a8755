"""What both flows ask of Prefect: global concurrency limits, created where they are missing, and who is retried."""

from typing import Any

from prefect import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.states import State

from flows.child import StepKilledError

WORKSPACE = "dvc-workspace"  # DVC refuses two whole runs in one workspace
GPU = "gpu"
# Two small trainings share a machine well; for full-size models: `prefect gcl update gpu --limit 1`.
SLOTS = {WORKSPACE: 1, GPU: 2}
LEASE_S = 60  # the slots of a killed run are free again after this time


def ensure_limits() -> None:
    """Create what is missing, for a limit that does not exist limits nothing; existing limits keep their slots."""
    with get_client(sync_client=True) as client:
        for name, slots in SLOTS.items():
            try:
                client.read_global_concurrency_limit_by_name(name)
            except ObjectNotFound:
                _create(client, name, slots)


def slot(limit: str) -> Any:
    """A slot of a limit while the block runs; a server that is away for a moment does not end the block."""
    return concurrency(limit, lease_duration=LEASE_S, strict=True, raise_on_lease_renewal_failure=False)


def not_killed(_task: Any, _run: Any, state: State[Any]) -> bool:
    """Only an ordinary failure is tried again: what was killed was meant to stop."""
    return not isinstance(state.result(raise_on_failure=False), StepKilledError)


def _create(client, name: str, slots: int) -> None:  # type: ignore[no-untyped-def]
    try:
        client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=slots))
    except ObjectAlreadyExists:  # another run was quicker, which is as good
        return
