"""A review's page on a real server in this process, and the browser that looks at it."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tryon.reviewing.running import create_server, listen
from tryon.reviewing.service import Review

TOKEN = "s3cret"


@contextmanager
def serving(review: Review) -> Iterator[str]:
    """The address of the server, without the token's path."""
    listening = listen(0)
    server = create_server(review, listening, TOKEN)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def find_chromium() -> str:
    """The path of the system's Chromium; the test is skipped by name where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("there is no Chromium on this machine")
    return found
