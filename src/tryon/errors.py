"""The one error tree of the project.

    TryonError                 an expected failure: one message, exit code 1
    ├── ConfigError            params.yaml or an experiment file
    ├── DataError              a file or folder that cannot be used as it is
    │   ├── DecodeError        bytes that are not an acceptable picture
    │   ├── FaultError         one value of a file, named by file and path
    │   └── FaultsError        all faults of one file or set, a line each
    ├── GateError              data or a model that is not good enough to go on with
    ├── ModelError             a weights file or model folder
    ├── TrainingError          training cannot go on (a loss is not finite, ...)
    ├── FittingRefusal         a photo or garment that cannot be fitted, with a typed reason
    ├── ServiceError           MLflow, Prefect, DVC or the network did not do its part
    └── UsageError             wrong usage of a command, exit code 2

Every message says what happened and where, what was received, what is needed and what to do next.
"""

from collections.abc import Sequence
from enum import StrEnum

# More lines than this nobody reads: the first ones show what is wrong with a set.
MAX_FAULTS_SHOWN = 50


class TryonError(Exception):
    """An expected failure, shown to a person as one message without a traceback.

    Args:
        what: what went wrong and where, without a full stop.
        received: the value that was met, if there is one.
        needed: what would have been accepted.
        remedy: what to do next.
    """

    exit_code = 1

    def __init__(self, what: str, *, received: object = None, needed: str = "", remedy: str = "") -> None:
        self.what, self.received, self.needed, self.remedy = what, received, needed, remedy
        parts = [what]
        if received is not None:
            parts.append(f"received: {received}")
        if needed:
            parts.append(f"needed: {needed}")
        if remedy:
            parts.append(f"remedy: {remedy}")
        super().__init__("\n  ".join(parts))

    @property
    def line(self) -> str:
        """The message in one line."""
        return "; ".join(str(self).split("\n  "))


class ConfigError(TryonError):
    """A parameter is unknown, missing, of the wrong type or out of range."""


class DataError(TryonError):
    """A file or folder cannot be used as it is; the message names file, item and field."""


class DecodeError(DataError):
    """Bytes that are not a complete, acceptable picture; `kind` says in which way, where a guarded child refused it."""

    def __init__(
        self, what: str, *, received: object = None, needed: str = "", remedy: str = "", kind: str = ""
    ) -> None:
        self.kind = kind
        super().__init__(what, received=received, needed=needed, remedy=remedy)


class FaultError(DataError):
    """One value of a file is not what it should be; `reason` is the kind of fault in a word or two, to count by."""

    def __init__(self, what: str, *, reason: str, received: object = None, needed: str = "", remedy: str = "") -> None:
        self.reason = reason
        super().__init__(what, received=received, needed=needed, remedy=remedy)


class FaultsError(DataError):
    """Several faults of one file or set, each with its place and its remedy; `count` is that of those not kept too."""

    def __init__(self, what: str, faults: Sequence[DataError], count: int, *, remedy: str = "") -> None:
        self.faults, self.count = tuple(faults), count
        shown = [fault.line for fault in self.faults[:MAX_FAULTS_SHOWN]]
        left = count - len(shown)
        super().__init__("\n  ".join([what, *shown, *([f"... and {left} more"] if left else [])]), remedy=remedy)


class GateError(TryonError):
    """Data or a model did not meet what is expected of it; the message names what failed."""


class ModelError(TryonError):
    """A weights file or model folder is missing, damaged or does not match its description."""


class TrainingError(TryonError):
    """Training cannot go on; the message names the component."""


class ServiceError(TryonError):
    """MLflow, Prefect, DVC or the network did not do its part."""


class UsageError(TryonError):
    """A command was called in the wrong way."""

    exit_code = 2


class RefusalReason(StrEnum):
    """Why a photo or a garment cannot be fitted."""

    NO_SHIRT_IN_PHOTO = "no_shirt_in_photo"
    NO_GARMENT_IN_PICTURE = "no_garment_in_picture"
    SHIRT_TOO_SMALL = "shirt_too_small"
    PATTERN_UNKNOWN = "pattern_unknown"


class FittingRefusal(TryonError):  # noqa: N818 - a refusal is an answer, not a fault
    """A photo or garment that cannot be fitted, with the reason as a value that programs can read."""

    def __init__(
        self, reason: RefusalReason, what: str, *, received: object = None, needed: str = "", remedy: str = ""
    ) -> None:
        self.reason = reason
        super().__init__(what, received=received, needed=needed, remedy=remedy)
