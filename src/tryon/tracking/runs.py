"""Record what a run did: `start_run` in a stage program, `replay_journals` for what could not be sent before.

The journal is written at once; a thread sends it while the run goes on. With MLflow out of reach the run loses nothing
and prints one warning line: the journal stays and is sent at the next start or by `replay_journals`.
"""

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tryon.tracking.journal import JOURNALS_FOLDER, Journal
from tryon.tracking.run_key import digest, git_state, run_key
from tryon.tracking.sending import Sender, default_tracking_uri

SEND_INTERVAL_S = 2.0
RETRY_INTERVAL_S = 30.0
# How long an ended run waits for the rest to be sent; what is left then stays in the journal.
FLUSH_TIMEOUT_S = 30.0
STOPPED_FLUSH_TIMEOUT_S = 5.0
PARAMETER_LENGTH = 6000  # MLflow refuses longer values

logger = logging.getLogger("tryon.tracking")


class Run:
    """A run being recorded. Its methods write to the local journal: they neither wait for MLflow nor fail with it."""

    def __init__(self, journal: Journal, key: str) -> None:
        self._journal = journal
        self.run_key = key

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Record values; `step` is the epoch for values that have a course."""
        values = {name: float(value) for name, value in metrics.items()}
        self._journal.append("metrics", values=values, step=0 if step is None else int(step))

    def log_picture(self, name: str, rgb: NDArray[np.uint8], step: int | None = None) -> None:
        """Record a picture (H, W, 3) as PNG under `name`, which may hold folders; a step is added to the file name."""
        from tryon.images.files import encode_png

        path = Path(name).with_suffix(".png")
        if step is not None:
            path = path.with_stem(f"{path.stem}_{step:04d}")
        self._journal.keep_file(encode_png(rgb), path.name, _folder(path.parent))

    def log_file(self, path: Path | str, folder: str = "") -> None:
        """Record a copy of a file, as it is now, in a folder of the run."""
        path = Path(path)
        self._journal.keep_file(path, path.name, folder)


@contextmanager
def start_run(
    stage: str, parameters: Mapping[str, Any], inputs: Mapping[str, Path], tracking_uri: str | None = None
) -> Iterator[Run]:
    """Record the block as one run of the experiment `tryon`.

    An exception marks the run FAILED; SIGTERM, Ctrl-C and (at the next replay) a kill mark it KILLED.

    Args:
        stage: name of the stage, also the run's name.
        parameters: scalars by name; nested mappings become dotted names, lists become JSON.
        inputs: the data read, by name; recorded with the md5 that dvc.lock has for it.
        tracking_uri: where MLflow is; by default MLFLOW_TRACKING_URI or the workspace's `.tryon/mlflow.db`.
    """
    key = run_key()
    entries = [
        {"name": name, "path": Path(path).as_posix(), "digest": digest(Path(path))} for name, path in inputs.items()
    ]
    journal = Journal.create(
        JOURNALS_FOLDER, parameters=_flat(parameters), inputs=entries, tags=_lineage_tags(stage, key, entries)
    )
    delivery = _Delivery(journal, tracking_uri or default_tracking_uri())
    delivery.start()
    status = "FAILED"
    try:
        with _termination_as_exit():
            yield Run(journal, key)
        status = "FINISHED"
    except (KeyboardInterrupt, SystemExit) as stop:
        status = "FINISHED" if isinstance(stop, SystemExit) and stop.code in {None, 0} else "KILLED"
        raise
    finally:
        journal.append("end", status=status)
        delivery.finish(FLUSH_TIMEOUT_S if status == "FINISHED" else STOPPED_FLUSH_TIMEOUT_S)


def replay_journals(tracking_uri: str | None = None) -> int:
    """Send the journals that earlier runs of this workspace left behind; runs that were killed are marked KILLED.

    Returns:
        How many runs have arrived; 0 as well when MLflow is out of reach, which is one warning.
    """
    if not any(JOURNALS_FOLDER.glob("[0-9]*")):
        return 0
    uri = tracking_uri or default_tracking_uri()
    try:
        return _replay(Sender(uri))
    except Exception as error:  # whatever MLflow raises, the journals stay and the caller goes on
        _warn(uri, error)
        return 0


class _Delivery:
    """Sends one run's journal from a thread of its own, so that no request delays the run."""

    def __init__(self, journal: Journal, uri: str) -> None:
        self._journal, self._uri = journal, uri
        self._sender: Sender | None = None
        self._ended = threading.Event()
        self._warned = False
        self._complete = False
        self._thread = threading.Thread(target=self._work, name="mlflow", daemon=True)

    def start(self) -> None:
        """Make first contact here, so that MLflow's imports never run beside the caller's, then in the thread."""
        self._attempt()
        self._thread.start()

    def finish(self, timeout_s: float) -> None:
        """Wait a limited time for the rest to be sent; the thread goes on for as long as the program does."""
        self._ended.set()
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            self._warn(TimeoutError(f"not done after {timeout_s:.0f} s"))

    def _work(self) -> None:
        reached = self._sender is not None
        if reached:
            self._replay_others()
        while not self._ended.wait(SEND_INTERVAL_S if reached else RETRY_INTERVAL_S):
            reached = self._attempt()
        if self._attempt() and self._complete:
            self._journal.remove()
        else:
            self._journal.close()

    def _attempt(self) -> bool:
        """Send what there is; False, after one warning in a run, if MLflow does not take it."""
        try:
            if self._sender is None:
                self._sender = Sender(self._uri)
            self._complete = self._sender.send(self._journal)
        except Exception as error:  # whatever MLflow raises, the run goes on and the journal stays
            self._warn(error)
            return False
        return True

    def _replay_others(self) -> None:
        assert self._sender is not None, "called after a first contact"
        try:
            _replay(self._sender)
        except Exception as error:  # as above: journals that stay are no reason to stop
            self._warn(error)

    def _warn(self, error: Exception) -> None:
        if not self._warned:
            _warn(self._uri, error)
        self._warned = True


def _replay(sender: Sender) -> int:
    arrived = 0
    for journal in Journal.abandoned(JOURNALS_FOLDER):
        if journal.events()[-1]["kind"] != "end":
            journal.append("end", status="KILLED")
        if sender.send(journal):
            journal.remove()
            arrived += 1
    return arrived


def _warn(uri: str, error: Exception) -> None:
    reason = str(error).strip().partition("\n")[0] or type(error).__name__
    logger.warning(
        "MLflow at %s does not take the record (%s); it stays in %s and is sent later", _without_password(uri), reason,
        JOURNALS_FOLDER,
    )  # fmt: skip


def _without_password(uri: str) -> str:
    scheme, separator, rest = uri.partition("://")
    return scheme + separator + rest.rpartition("@")[2]


@contextmanager
def _termination_as_exit() -> Iterator[None]:
    """SIGTERM leaves the block as SystemExit(143), so that it unwinds; only where nobody else handles the signal."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return

    def leave(_signal: int, _frame: FrameType | None) -> None:
        sys.exit(128 + signal.SIGTERM)

    signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _lineage_tags(stage: str, key: str, inputs: list[dict[str, str]]) -> dict[str, str]:
    """What joins an MLflow run to git, DVC and Prefect."""
    commit, dirty = git_state()
    tags = {"stage": stage, "run_key": key, "git.sha": commit, "git.dirty": str(dirty).lower()}
    environment = {
        "dvc.stage": "DVC_STAGE",
        "dvc.exp": "DVC_EXP_NAME",
        "experiment": "TRYON_EXPERIMENT",
        "prefect.flow_run_id": "PREFECT__FLOW_RUN_ID",
    }
    tags |= {tag: os.environ[variable] for tag, variable in environment.items() if variable in os.environ}
    return tags | {f"dvc.dep.{entry['path']}": entry["digest"] for entry in inputs}


def _flat(parameters: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in parameters.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            text = json.dumps(value, default=str) if isinstance(value, list | tuple) else str(value)
            flat[prefix + name] = text[:PARAMETER_LENGTH]
    return flat


def _folder(path: Path) -> str:
    return "" if path == Path() else path.as_posix()
