"""The `tryon` command. Results go to stdout, logs to stderr; exit codes: 0 done, 1 expected failure, 2 wrong usage.

Nothing heavy is imported before a command runs, so that `tryon --help` answers at once. One module for each group of
commands; they are listed in the order of their imports below.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tryon.cli.application import app
from tryon.errors import TryonError

# isort: off
from tryon.cli import (  # noqa: F401 - each registers its commands, in the order of the help
    checking,
    trying_on,
    collecting,
    cleaning,
    reviewing,
    accepting,
    forgetting,
    archiving,
    annotating,
    adopting,
    experimenting,
)
# isort: on


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line; the console script's entry point."""
    from tryon.console import read_environment, set_up_logging

    set_up_logging()
    for name, value in read_environment(Path("infra/env")).items():
        os.environ.setdefault(name, value)
    try:
        app(args=None if argv is None else list(argv), prog_name="tryon")
    except TryonError as error:
        print(f"tryon: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
