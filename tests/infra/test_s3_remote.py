"""Outputs survive the way to an S3 store and back: a real server, DVC's own push and pull, and boto3 beside it."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

BUCKET = "tryon"
START_TIMEOUT_S = 60


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of an S3 server on this machine with one empty bucket; everything that asks for S3 is sent there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    for name, value in {
        "AWS_ENDPOINT_URL_S3": address,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    command = [str(Path(sys.executable).parent / "moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _create_bucket(address)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=20)


def _create_bucket(address: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            boto3.client("s3", endpoint_url=address).create_bucket(Bucket=BUCKET)
            return
        except EndpointConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def dvc(folder: Path, *arguments: str) -> str:
    """Run DVC in a folder and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env=os.environ,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_pushed_outputs_come_back_in_a_workspace_without_cache(tmp_path: Path, s3: str) -> None:
    first = tmp_path / "first"
    (first / "data").mkdir(parents=True)
    for index in range(5):
        (first / "data" / f"{index:06d}.bin").write_bytes(bytes([index]) * 2000)
    subprocess.run(["git", "init", "-q", str(first)], check=True)
    dvc(first, "init", "-q")
    dvc(first, "remote", "add", "--default", "store", f"s3://{BUCKET}/dvc")
    dvc(first, "add", "-q", "data")
    dvc(first, "push", "-q")
    stored = boto3.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    assert len(stored) == 6  # five files and the list of the folder

    second = tmp_path / "second"
    shutil.copytree(first, second, ignore=shutil.ignore_patterns("cache", "tmp", "data"))
    dvc(second, "pull", "-q")
    assert sorted(path.name for path in (second / "data").iterdir()) == [f"{index:06d}.bin" for index in range(5)]
    assert (second / "data" / "000003.bin").read_bytes() == bytes([3]) * 2000
