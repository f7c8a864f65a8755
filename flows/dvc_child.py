"""One stage in a child process, `dvc --wait-for-lock repro --single-item STAGE`. Knows DVC, not Prefect."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from flows.child import Outcome, run_child

DVC = ("dvc", "--wait-for-lock")
HINTS = re.compile(
    r"^\s*$|^(To track the changes with git|To enable auto staging|\tgit add|\s*dvc config |Use `dvc push`)"
)
UNCHANGED = re.compile(r"^Stage '.*' (didn't change, skipping|is cached - skipping run)")


def reproduce(name: str, workspace: Path, log: Callable[[str], None], extra_env: Mapping[str, str]) -> Outcome:
    """Run one stage whose upstream has finished, unless DVC finds it unchanged; every line of output goes to `log`.

    Raises:
        StepKilledError: the process, or the command it ran, was ended by a signal.
        StepError: it ended with another error.
    """
    unchanged: list[str] = []

    def watch(line: str) -> None:
        log(line)
        unchanged.extend(UNCHANGED.findall(line))

    seconds = run_child(
        name,
        [*DVC, "repro", "--single-item", name],
        workspace,
        watch,
        extra_env=extra_env,
        remedy=f"read its log; `dvc repro -s {name}` runs it alone",
        hints=HINTS,
    )
    return Outcome("cached" if unchanged else "ran", seconds)
