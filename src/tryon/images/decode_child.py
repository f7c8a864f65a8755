"""The child process of `tryon.images.decoding`: a file's bytes on stdin, height, width and pixels on stdout.

Exit code 0: pixels follow. 3: refused, `KIND: reason` on stderr. Anything else: killed by a limit.
"""

import resource
import sys
from collections.abc import Sequence
from typing import get_type_hints

from tryon.console import die_with_parent
from tryon.images.decoding import HEADER, REFUSED, DecodeLimits, RefusedError, decode_within_limits


def main(argv: Sequence[str]) -> int:
    """Decode one picture under the limits given as `name=value` arguments; return the exit code."""
    die_with_parent()
    kinds = get_type_hints(DecodeLimits)
    limits = DecodeLimits(**{key: kinds[key](value) for key, _, value in (word.partition("=") for word in argv)})
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        pixels = decode_within_limits(sys.stdin.buffer.read(), limits)
    except RefusedError as refusal:
        print(": ".join(map(str, refusal.args)), file=sys.stderr)
        return REFUSED
    except MemoryError:
        print("too_large: decoding it needs too much memory", file=sys.stderr)
        return REFUSED
    sys.stdout.buffer.write(HEADER.pack(*pixels.shape[:2]))
    sys.stdout.buffer.write(pixels.tobytes())
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
