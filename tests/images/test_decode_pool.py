"""The pool of decoding children: a single child's answers; replaced when it should be; nothing left behind."""

import dataclasses
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.images.test_decoding import JPEG, PNG, REFUSALS, encoded, noise
from tryon.errors import DecodeError, ServiceError
from tryon.images import decode_pool
from tryon.images.decode_pool import DecodePool
from tryon.images.decoding import DEFAULT_LIMITS, decode_untrusted

SLOW = encoded(Image.new("RGB", (4_900, 4_900)))


@pytest.fixture(scope="module")
def pool() -> Iterator[DecodePool]:
    with DecodePool(1) as pool:
        yield pool


def child_of(pool: DecodePool) -> int:
    """The process that answers next."""
    child = pool._places.get()
    pool._places.put(child)
    assert child is not None
    return child._process.pid


def address_space(pid: int) -> int:
    """Bytes; how many a child needs to begin with depends on Python and the machine."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def is_gone(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"


def test_the_same_pixels_as_a_single_child(pool: DecodePool) -> None:
    for content in (PNG, JPEG):
        np.testing.assert_array_equal(pool.decode(content), decode_untrusted(content))


@pytest.mark.parametrize("name", REFUSALS)
def test_the_same_refusals_and_the_child_lives_on(pool: DecodePool, name: str) -> None:
    content, kind = REFUSALS[name]
    pool.decode(JPEG)
    before = child_of(pool)
    with pytest.raises(DecodeError, match=kind) as caught:
        pool.decode(content)
    assert caught.value.kind == kind and caught.value.remedy
    assert child_of(pool) == before


def test_nothing_and_too_much_reach_no_child() -> None:
    with DecodePool(1, dataclasses.replace(DEFAULT_LIMITS, max_bytes=100)) as pool:
        for content, kind in ((b"", "not_a_picture"), (bytes(101), "too_large")):
            with pytest.raises(DecodeError, match=kind):
                pool.decode(content)
        assert pool._places.get_nowait() is None
        pool._places.put(None)


def test_a_child_is_replaced_after_its_pictures() -> None:
    with DecodePool(1, pictures_per_child=2) as pool:
        pool.decode(JPEG)
        first = child_of(pool)
        pool.decode(JPEG)
        assert is_gone(first)
        pool.decode(JPEG)
        assert child_of(pool) != first


def test_a_child_that_died_is_not_the_pictures_fault(pool: DecodePool) -> None:
    pool.decode(JPEG)
    os.kill(child_of(pool), 9)
    assert pool.decode(JPEG).shape == (200, 300, 3)


def test_a_picture_that_takes_too_long_is_tried_twice_and_blamed() -> None:
    with DecodePool(1, dataclasses.replace(DEFAULT_LIMITS, timeout_s=0.05)) as pool:
        with pytest.raises(DecodeError, match="took longer"):
            pool.decode(SLOW)
        assert pool._places.get_nowait() is None, "no killed child is kept"
        pool._places.put(None)


def test_a_picture_that_needs_too_much_memory_costs_its_child_only() -> None:
    with DecodePool(1) as pool:
        pool.decode(JPEG)
        enough = (
            address_space(child_of(pool)) + 40 * 2**20
        )  # the pixels alone of the large picture are 72 million bytes
    with DecodePool(1, dataclasses.replace(DEFAULT_LIMITS, memory_bytes=enough)) as pool:
        with pytest.raises(DecodeError):
            pool.decode(SLOW)
        assert pool.decode(JPEG).shape == (200, 300, 3)


def test_threads_share_the_children() -> None:
    pictures = [encoded(noise(200 + n, 150)) for n in range(12)]
    shapes: list[tuple[int, ...]] = [()] * len(pictures)

    def work(pool: DecodePool, n: int) -> None:
        shapes[n] = pool.decode(pictures[n]).shape

    with DecodePool(2) as pool:
        threads = [threading.Thread(target=work, args=(pool, n)) for n in range(len(pictures))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert shapes == [(150, 200 + n, 3) for n in range(len(pictures))]


def test_a_pool_that_is_closed_leaves_no_child() -> None:
    with DecodePool(1) as pool:
        pool.decode(JPEG)
        pid = child_of(pool)
    assert is_gone(pid)


def test_a_child_that_cannot_start_blames_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode_pool.sys, "executable", "/bin/false")
    with DecodePool(1) as pool, pytest.raises(ServiceError, match="tryon doctor"):
        pool.decode(JPEG)


@pytest.mark.skipif(sys.platform != "linux", reason="the death signal is Linux's")
def test_children_die_with_their_parent() -> None:
    code = (
        "import sys, time\nfrom tryon.images.decode_pool import DecodePool\n"
        "pool = DecodePool(1)\npool.decode(sys.stdin.buffer.read())\nchild = pool._places.get()\n"
        "print(child._process.pid, flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdin is not None and parent.stdout is not None
        parent.stdin.write(JPEG)
        parent.stdin.close()
        pid = int(parent.stdout.readline())
        parent.kill()
    for _ in range(100):
        if is_gone(pid):
            return
        time.sleep(0.05)
    os.kill(pid, 9)
    pytest.fail("the child outlived its parent")
