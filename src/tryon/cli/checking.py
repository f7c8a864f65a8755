"""`tryon doctor`: is this machine ready?"""

from pathlib import Path

from tryon.cli.application import app
from tryon.errors import DataError

STATE_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@app.command()
def doctor() -> None:
    """Check this machine and this checkout, a remedy a line.

    Exit code 1 if something fails.

    \b
    Example:
    tryon doctor
    """
    from tryon.console import print_table
    from tryon.doctor import State, examine

    checks = examine(Path.cwd())
    rows = [(check.name, check.state.value, check.found, check.remedy) for check in checks]
    print_table(("check", "state", "found", "what to do"), rows, STATE_COLOURS)
    failed = [check.name for check in checks if check.state is State.FAIL]
    if failed:
        raise DataError(f"not ready: {', '.join(failed)}", remedy="follow the last column of these lines")
