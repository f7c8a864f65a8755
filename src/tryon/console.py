"""What stages and commands share at their edge: logging, failures as one message, death with the parent, timing.

Results go to stdout, logs and progress to stderr. Exit codes: 0 done, 1 expected failure, 2 wrong usage.
"""

import ctypes
import fcntl
import json
import logging
import multiprocessing
import os
import platform
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from pathlib import Path
from typing import TypeVar

from tryon.errors import TryonError
from tryon.outputs import write_json

T = TypeVar("T")
TIMING_FILE = Path("metrics/timing.json")
PROGRESS_INTERVAL_S = 10.0
PLAIN_WIDTH = 120
_PR_SET_PDEATHSIG = 1

logger = logging.getLogger("tryon")


def set_up_logging() -> None:
    """Log lines of the project to stderr, with the time of day."""
    logging.basicConfig(
        level=os.environ.get("TRYON_LOG_LEVEL", "INFO"),
        format="%(asctime)s %(message)s",
        datefmt="%H:%M:%S",
        stream=sys.stderr,
    )
    for noisy in ("matplotlib", "PIL", "great_expectations", "h5py", "alembic", "mlflow", "absl", "httpx"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


def read_environment(path: Path) -> dict[str, str]:
    """The `NAME=value` lines of an environment file; empty where there is none."""
    if not path.is_file():
        return {}
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if "=" in line and not line.startswith("#")]
    return {name.strip(): value for name, _, value in (line.partition("=") for line in lines)}


def die_with_parent() -> None:
    """Ask the kernel (Linux) to end this process with its parent, so that no stage outlives a killed `dvc repro`.

    A worker whose parent was killed before it could ask ends at once.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():
        os._exit(1)


def run_stage(name: str, main: Callable[[Sequence[str]], None], argv: Sequence[str] | None = None) -> int:
    """Run a stage program and return its exit code; an expected failure is one message on stderr.

    Seconds spent are kept in `metrics/timing.json`, which no stage depends on.
    """
    set_up_logging()
    die_with_parent()
    started = time.monotonic()
    code = run_command(name, main, argv)
    if code == 0:
        _record_seconds(name, time.monotonic() - started)
    return code


def run_command(name: str, main: Callable[[Sequence[str]], object], argv: Sequence[str] | None = None) -> int:
    """Run a program and return its exit code; an expected failure is one message on stderr, without a traceback."""
    try:
        main(sys.argv[1:] if argv is None else argv)
    except TryonError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def track(items: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """The items again, with a log line of count, rate and time left every ten seconds."""
    count = total if total is not None else len(items) if isinstance(items, Sized) else None
    started = last = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - last >= PROGRESS_INTERVAL_S:
            last = now
            rate = done / (now - started)
            left = f", {(count - done) / rate:.0f} s left" if count else ""
            logger.info("%s: %d of %s, %.1f/s%s", what, done, count or "?", rate, left)


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], colours: Mapping[str, str] | None = None
) -> None:
    """A table on stdout: coloured and as wide as the terminal, or plain (120 columns) where there is none.

    Args:
        columns: titles.
        rows: cells as plain text; long ones wrap, nothing is cut off.
        colours: text of a cell to its colour on a terminal; NO_COLOR is honoured.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    plain = not sys.stdout.isatty()
    console = Console(file=sys.stdout, highlight=False, no_color=plain or None, width=PLAIN_WIDTH if plain else None)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell, style=(colours or {}).get(cell, "")) for cell in row))
    with console.capture() as drawn:
        console.print(table)
    print("\n".join(line.rstrip() for line in drawn.get().strip("\n").splitlines() if line.strip()))


def _record_seconds(name: str, seconds: float) -> None:
    stage = name + ("@" + os.environ["DVC_STAGE"].split("@", 1)[1] if "@" in os.environ.get("DVC_STAGE", "") else "")
    TIMING_FILE.parent.mkdir(parents=True, exist_ok=True)
    with TIMING_FILE.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        timing = json.loads(TIMING_FILE.read_text()) if TIMING_FILE.exists() else {"stages": {}}
        timing["machine"] = {
            "cores": os.cpu_count(),
            "system": platform.platform(),
            "python": platform.python_version(),
        }
        timing["stages"][stage] = round(seconds, 1)
        write_json(TIMING_FILE, timing)
