"""Prefect's global concurrency limits that the flows rely on, created where they are missing."""

from prefect import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound

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


def _create(client, name: str, slots: int) -> None:  # type: ignore[no-untyped-def]
    try:
        client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=slots))
    except ObjectAlreadyExists:  # another run was quicker, which is as good
        return
