"""Serve `rebuild` and `collect` on their schedules (`make serve-flows`), with a Prefect server unless one answers.

Environment: TRYON_REBUILD_CRON (default 02:30 every night), TRYON_COLLECT_CRON (default 22:00 on Saturdays),
TRYON_PREFECT_PORT (default 4200), PREFECT_HOME.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from tryon.errors import ServiceError

NIGHTLY = "30 2 * * *"
WEEKLY = "0 22 * * 6"  # a collection waits for slow hosts for hours: it ends before a night's rebuild
HEALTH_TIMEOUT_S = 240.0
STOP_TIMEOUT_S = 20.0


def main() -> None:
    """Start what is missing, create the limits, then serve until stopped."""
    port = int(os.environ.get("TRYON_PREFECT_PORT", "4200"))
    # Prefect reads its settings when it is imported: they come first.
    os.environ.setdefault("PREFECT_API_URL", f"http://127.0.0.1:{port}/api")
    os.environ.setdefault("PREFECT_HOME", str(Path(".prefect").resolve()))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with prefect_server(os.environ["PREFECT_API_URL"], port):
        serve()


def serve() -> None:
    """Register the schedules and run what they ask for, one flow run at a time."""
    import prefect
    from prefect.schedules import Cron

    from flows.collect import collect
    from flows.limits import ensure_limits
    from flows.rebuild import rebuild

    ensure_limits()
    nightly = os.environ.get("TRYON_REBUILD_CRON", NIGHTLY)
    weekly = os.environ.get("TRYON_COLLECT_CRON", WEEKLY)
    prefect.serve(
        rebuild.to_deployment(
            name="nightly",
            schedules=[Cron(nightly, slug="rebuild-schedule", active=True)],
            tags=["tryon"],
            description="Every stage of dvc.yaml brought up to date",
        ),
        collect.to_deployment(
            name="weekly",
            schedules=[Cron(weekly, slug="collect-schedule", active=True)],
            tags=["tryon"],
            description="Every query of collecting.queries collected, cleaned, tracked and pushed",
        ),
        limit=1,
    )


@contextmanager
def prefect_server(api_url: str, port: int) -> Iterator[None]:
    """A Prefect server that answers at `api_url`: the one that is there, or one that lives as long as the block.

    Raises:
        ServiceError: it did not become healthy in time.
    """
    if is_healthy(api_url):
        yield
        return
    server = subprocess.Popen(
        [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)],
        env={**os.environ, "PREFECT_SERVER_UI_API_URL": f"http://127.0.0.1:{port}/api"},
    )
    try:
        give_up = time.monotonic() + HEALTH_TIMEOUT_S
        while not is_healthy(api_url):
            if server.poll() is not None or time.monotonic() > give_up:
                raise ServiceError(
                    f"the Prefect server did not answer at {api_url}",
                    received=f"exit code {server.poll()}",
                    remedy="read its output above; set TRYON_PREFECT_PORT if the port is taken",
                )
            time.sleep(0.5)
        yield
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(STOP_TIMEOUT_S)
        if server.poll() is None:
            server.kill()


def is_healthy(api_url: str) -> bool:
    """Whether a Prefect server answers there."""
    try:
        return httpx.get(f"{api_url}/health", timeout=5).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


if __name__ == "__main__":
    main()
