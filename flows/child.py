"""A command in a child process whose every line goes to a log. Knows neither Prefect nor DVC."""

import os
import re
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tryon.errors import ServiceError

# The command takes the place of a child that ends with this process, so that none outlives a killed flow run.
WRAPPER = "import os, sys, tryon.console as c; c.die_with_parent(); os.execvp(sys.argv[1], sys.argv[1:])"
SIGNALLED_EXIT = re.compile(r"exited with (-\d+|1(29|[3-5]\d))\b")  # minus a signal, or 128 + signal by a shell
POLL_INTERVAL_S = 0.5
MESSAGE_SIGNS = 600


class StepError(ServiceError):
    """A step of a flow ended with an error of its own; running it again may help."""


class StepKilledError(ServiceError):
    """A step or its process was ended by a signal: somebody wants it to stop, or memory ran out."""


@dataclass(frozen=True)
class Outcome:
    """What became of a stage or step: `ran` or `cached`, and the seconds that took."""

    result: str
    seconds: float


def run_child(
    name: str,
    command: Sequence[str],
    workspace: Path,
    log: Callable[[str], None],
    *,
    extra_env: Mapping[str, str],
    remedy: str,
    hints: re.Pattern[str] = re.compile(r"^\s*$"),
) -> float:
    """Run a command in a workspace; lines of its output that are no `hints` go to `log`.

    Returns:
        Its seconds.

    Raises:
        StepKilledError: the process, or a command that it ran, was ended by a signal.
        StepError: it ended with another error; the message ends with the remedy.
    """
    started = time.monotonic()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    last = ""
    with subprocess.Popen(
        [sys.executable, "-c", WRAPPER, *command],
        cwd=workspace,
        env={**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1", **extra_env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as child:
        for line in _lines(child):
            if not hints.match(line):
                log(line)
                # Our own messages go on in lines that are set in; the first of them says what happened.
                last = f"{last}; {line.strip()}"[:MESSAGE_SIGNS] if last and line[0].isspace() else line.strip()
    if child.returncode < 0 or (child.returncode and SIGNALLED_EXIT.search(last)):
        raise StepKilledError(f"{name} was killed", received=last, remedy="run the flow again")
    if child.returncode:
        raise StepError(f"{name} failed", received=last, remedy=remedy)
    return round(time.monotonic() - started, 1)


def result_of(outcome: Any) -> dict[str, Any]:
    """What a table says of a step: `outcome` is an Outcome, the error that ended it, or None if it was not run."""
    if isinstance(outcome, Outcome):
        return {"result": outcome.result, "seconds": outcome.seconds}
    result = "not run" if outcome is None else "killed" if isinstance(outcome, StepKilledError) else "failed"
    return {"result": result, "seconds": 0.0}


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
