"""Shared by all tests: the environment of infra/env before anything is imported, and where the real material lies."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parent.parent

for line in (ROOT / "infra" / "env").read_text().splitlines():
    if "=" in line and not line.startswith("#"):
        name, value = line.split("=", 1)
        os.environ[name] = value
if "PYTEST_XDIST_WORKER" in os.environ:
    # There is one worker for each core; threads of their own would only wait for each other.
    os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}

# Equal cases in every run: a change is judged by what it changes. `--hypothesis-profile=default` draws new ones.
settings.register_profile("equal", derandomize=True, database=None)
settings.load_profile("equal")


@pytest.fixture
def shared_data() -> Path:
    """The folder of real photos and garments beside the checkout; a test that needs it is skipped by name elsewhere."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("real photos and garments (../shared/data) are not on this machine")
    return folder


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder with this repository's params.yaml, and the current directory set to it."""
    shutil.copy(ROOT / "params.yaml", tmp_path / "params.yaml")
    monkeypatch.chdir(tmp_path)
    return tmp_path
