"""The child process of `tryon.images.decoding`: a file's bytes on stdin, height, width and pixels on stdout.

Exit code 0: pixels follow. 3: refused, `KIND: reason` on stderr. Anything else: killed by a limit. With `--serve` it
answers one picture after the other until stdin ends, as `tryon.images.decode_pool` asks.
"""

import resource
import signal
import sys
from collections.abc import Sequence
from typing import get_type_hints

from tryon.console import die_with_parent
from tryon.images.decode_pool import READY, REPLY, REQUEST
from tryon.images.decoding import REFUSED, DecodeLimits, RefusedError, decode_within_limits, to_payload

TOO_MUCH_MEMORY = "too_large: decoding it needs too much memory"


def main(argv: Sequence[str]) -> int:
    """Decode one picture, or many, under the limits given as `name=value` arguments; return the exit code."""
    die_with_parent()
    kinds = get_type_hints(DecodeLimits)
    words = [word.partition("=") for word in argv if word != "--serve"]
    limits = DecodeLimits(**{key: kinds[key](value) for key, _, value in words})
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if "--serve" in argv:
        return _serve(limits)
    try:
        pixels = decode_within_limits(sys.stdin.buffer.read(), limits)
    except RefusedError as refusal:
        print(": ".join(map(str, refusal.args)), file=sys.stderr)
        return REFUSED
    except MemoryError:
        print(TOO_MUCH_MEMORY, file=sys.stderr)
        return REFUSED
    sys.stdout.buffer.write(to_payload(pixels))
    sys.stdout.buffer.flush()
    return 0


def _serve(limits: DecodeLimits) -> int:
    """Answer until stdin ends; after too large a picture this process ends, and with it what is left of the memory."""
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    while head := sys.stdin.buffer.read(REQUEST.size):
        content = sys.stdin.buffer.read(*REQUEST.unpack(head))
        signal.setitimer(signal.ITIMER_REAL, limits.timeout_s + 1)  # should nobody be left to kill it
        try:
            _reply(True, to_payload(decode_within_limits(content, limits)))
        except RefusedError as refusal:
            _reply(False, ": ".join(map(str, refusal.args)).encode())
        except MemoryError:
            _reply(False, TOO_MUCH_MEMORY.encode())
            return REFUSED
        signal.setitimer(signal.ITIMER_REAL, 0)
    return 0


def _reply(decoded: bool, payload: bytes) -> None:
    sys.stdout.buffer.write(REPLY.pack(decoded, len(payload)))
    sys.stdout.buffer.write(payload)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
