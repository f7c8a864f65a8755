"""One stage in a child process, `dvc --wait-for-lock repro --single-item STAGE`. Knows DVC, not Prefect."""

import os
import re
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tryon.errors import ServiceError

# DVC in a child that ends with this process, so that no stage outlives a killed flow run.
DVC_CHILD = (
    "import sys, tryon.console as c; c.die_with_parent(); from dvc.cli import main; sys.exit(main(sys.argv[1:]))"
)
HINTS = re.compile(
    r"^\s*$|^(To track the changes with git|To enable auto staging|\tgit add|\s*dvc config |Use `dvc push`)"
)
UNCHANGED = re.compile(r"^Stage '.*' (didn't change, skipping|is cached - skipping run)")
SIGNALLED_EXIT = re.compile(r"exited with (-\d+|1(29|[3-5]\d))\b")  # minus a signal, or 128 + signal by a shell
POLL_INTERVAL_S = 0.5


class StageError(ServiceError):
    """A stage ended with an error of its own; running it again may help."""


class StageKilledError(ServiceError):
    """A stage or its dvc process was ended by a signal: somebody wants it to stop, or memory ran out."""


@dataclass(frozen=True)
class Outcome:
    """What became of a stage: `ran` or `cached`, and the seconds that took."""

    result: str
    seconds: float


def reproduce(name: str, workspace: Path, log: Callable[[str], None], extra_env: Mapping[str, str]) -> Outcome:
    """Run one stage whose upstream has finished, unless DVC finds it unchanged; every line of output goes to `log`.

    Raises:
        StageKilledError: the process, or the command it ran, was ended by a signal.
        StageError: it ended with another error.
    """
    started = time.monotonic()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    cached, last = False, ""
    with subprocess.Popen(
        [sys.executable, "-c", DVC_CHILD, "--wait-for-lock", "repro", "--single-item", name],
        cwd=workspace,
        env={**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1", **extra_env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as child:
        for line in _lines(child):
            if not HINTS.match(line):
                log(line)
                last = line.strip()
                cached = cached or bool(UNCHANGED.match(line))
    if child.returncode < 0 or (child.returncode and SIGNALLED_EXIT.search(last)):
        raise StageKilledError(f"{name} was killed", received=last, remedy="run the flow again")
    if child.returncode:
        raise StageError(f"{name} failed", received=last, remedy=f"read its log; `dvc repro -s {name}` runs it alone")
    return Outcome("cached" if cached else "ran", round(time.monotonic() - started, 1))


def _lines(child: "subprocess.Popen[bytes]") -> Iterator[str]:
    """Lines of output until the child has ended, even if something that it started still holds the pipe."""
    assert child.stdout is not None, "its stdout is a pipe"
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while True:
            if selector.select(POLL_INTERVAL_S):
                chunk = os.read(child.stdout.fileno(), 65536)
                *whole, rest = (rest + chunk).split(b"\n")
                yield from (line.decode(errors="replace").rstrip() for line in whole)
                if not chunk:
                    break
            elif child.poll() is not None:
                break
    if rest:
        yield rest.decode(errors="replace")
