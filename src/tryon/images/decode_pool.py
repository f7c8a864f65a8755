"""Children that each decode many pictures of strangers: the guard of `tryon.images.decoding` without a start for each.

To start a child takes longer than to decode a picture. A child is replaced after some pictures, so that what a file may
have done to it does not last; one that dies or takes too long is replaced at once.
"""

import queue
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from types import TracebackType
from typing import IO, Self

import numpy as np
from numpy.typing import NDArray

from tryon.errors import ServiceError
from tryon.images.decoding import DEFAULT_LIMITS, DecodeLimits, check_length, read_pixels, refusal, refusal_of_child

REQUEST = struct.Struct("<Q")  # bytes of the file that follows
REPLY = struct.Struct("<?Q")  # whether it was decoded; bytes of pixels (as from a single child), or of the refusal
READY = b"\x06"
START_TIMEOUT_S = 60.0


class DecodePool:
    """Guarded children for programs that decode all day; `decode` may be called from several threads.

    Args:
        children: pictures that are decoded side by side.
        limits: what a picture may be; time and memory hold for each picture.
        pictures_per_child: a child is replaced after so many.
    """

    def __init__(
        self, children: int = 1, limits: DecodeLimits = DEFAULT_LIMITS, *, pictures_per_child: int = 200
    ) -> None:
        self._limits = limits
        self._pictures_per_child = pictures_per_child
        # Linux ends a child with the thread that started it: this one lives as long as the pool.
        self._starter = ThreadPoolExecutor(1, "decode-pool")
        self._places: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        for _ in range(children):
            self._places.put(None)
        self._children = children

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def decode(self, content: bytes) -> NDArray[np.uint8]:
        """The pixels (H, W, 3) of a stranger's picture, as `decode_untrusted` gives them.

        Raises:
            DecodeError: the bytes are not an acceptable picture.
            ServiceError: no child can be started.
        """
        check_length(content, self._limits)
        trouble = ""
        for _ in range(2):  # a child may die of what came before: a picture is blamed by the second one only
            try:
                decoded, payload = self._ask(content)
            except _ChildLostError as lost:
                trouble = str(lost)
                continue
            if not decoded:
                raise refusal_of_child(payload)
            return read_pixels(payload)
        raise refusal("damaged", trouble)

    def close(self) -> None:
        """End the children; waits for pictures that are being decoded."""
        for _ in range(self._children):
            child = self._places.get()
            if child:
                child.end()
        self._starter.shutdown()

    def _ask(self, content: bytes) -> tuple[bool, bytes]:
        with self._place() as child:
            return child.ask(content, self._limits.timeout_s)

    @contextmanager
    def _place(self) -> Iterator["_Child"]:
        """A child that nobody else talks to, put back unless it was lost or has served its time."""
        child = self._places.get()
        try:
            if child is None or not child.alive:
                child = self._starter.submit(_Child, self._limits).result()
            yield child
            if child.served >= self._pictures_per_child:
                child.end()
        except BaseException:
            if child:
                child.end()
            raise
        finally:
            self._places.put(child if child and child.alive else None)


class _ChildLostError(Exception):
    """A child died or was killed while it had a picture."""


class _Child:
    """A process that decodes one picture after the other."""

    def __init__(self, limits: DecodeLimits) -> None:
        arguments = [f"{key}={value}" for key, value in asdict(limits).items()]
        self.served = 0
        self.alive = True
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tryon.images.decode_child", "--serve", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        with self._killed_after(START_TIMEOUT_S):
            ready = self._out.read(len(READY))
        if ready != READY:
            self.end()
            raise ServiceError("the decoding child cannot start", remedy="run `tryon doctor`")

    def ask(self, content: bytes, timeout_s: float) -> tuple[bool, bytes]:
        """Whether a picture was decoded, and its pixels or the refusal."""
        self.served += 1
        try:
            with self._killed_after(timeout_s) as timer:
                self._in.write(REQUEST.pack(len(content)))
                self._in.write(content)
                self._in.flush()
                decoded, length = REPLY.unpack(self._read(REPLY.size))
                return decoded, self._read(length)
        except (OSError, EOFError) as error:
            if timer.fired:
                raise _ChildLostError(f"decoding took longer than {timeout_s:g} s") from error
            raise _ChildLostError("decoding needed too much memory or failed") from error

    def end(self) -> None:
        """Kill the process and forget its pipes."""
        self.alive = False
        self._process.kill()
        for pipe in (self._in, self._out):
            try:
                pipe.close()
            except OSError:  # what was not sent yet cannot be sent any more
                continue
        self._process.wait()

    @property
    def _in(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def _out(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    def _read(self, length: int) -> bytes:
        content = self._out.read(length)
        if len(content) < length:
            raise EOFError
        return content

    @contextmanager
    def _killed_after(self, seconds: float) -> Iterator["_Alarm"]:
        """Within the block the process has so long to answer."""
        alarm = _Alarm(seconds, self._process)
        try:
            yield alarm
        finally:
            alarm.cancel()


class _Alarm:
    """Kills a process after some seconds, unless it is cancelled before; `fired` says whether it did."""

    def __init__(self, seconds: float, process: "subprocess.Popen[bytes]") -> None:
        self.fired = False
        self._process = process
        self._timer = threading.Timer(seconds, self._fire)
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        """Too late has no effect."""
        self._timer.cancel()

    def _fire(self) -> None:
        self.fired = True
        self._process.kill()
