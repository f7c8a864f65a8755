"""What a run did, kept for comparison: parameters, metrics, pictures and lineage, in MLflow through a local journal.

A stage records with `start_run`; nothing that MLflow does or fails to do can stop or fail the run. `run_key` names the
code, parameters and data behind it. MLflow is imported nowhere else in the project.
"""

from tryon.tracking.journal import JOURNALS_FOLDER
from tryon.tracking.run_key import run_key
from tryon.tracking.runs import Run, replay_journals, start_run

__all__ = ["JOURNALS_FOLDER", "Run", "replay_journals", "run_key", "start_run"]
