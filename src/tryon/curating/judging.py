"""From measurements to verdicts: a person's decisions, near-duplicates, and when too many files are faulty to go on.

A reason is `kind` or `kind: detail`; an empty reason means that the picture is kept.
"""

import logging
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace

from tryon.curating.duplicates import NearDuplicates
from tryon.curating.measuring import PICTURE_MISSING, UNDECODABLE, Measurement
from tryon.curating.splitting import PRIORITY, Split
from tryon.errors import DataError
from tryon.formats.decisions import Decision

ANNOTATION_MISSING = "annotation missing"
ANNOTATION_UNREADABLE = "annotation unreadable"
FORGOTTEN = "forgotten"
FAULTS = frozenset({UNDECODABLE, ANNOTATION_MISSING, ANNOTATION_UNREADABLE, PICTURE_MISSING})

# A few damaged files are normal in a large collection and are set aside; more than one in a hundred points to a
# broken copy. Up to two are let pass so that one bad file does not stop a set of less than a hundred pictures.
MAX_FAULT_FRACTION = 0.01
MAX_FAULTS = 2
_NAMED_FAULTS = 5

logger = logging.getLogger("tryon")


@dataclass(frozen=True)
class Judged:
    """One candidate: where it goes, what was measured on it, and why it is not kept (empty: it is kept).

    `near_bits` is the limit for near-duplicates; `wanted` is set by a person's decision to keep it.
    """

    file: str
    split: Split
    source_path: str
    measurement: Measurement
    near_bits: int
    reason: str = ""
    wanted: bool = False

    @property
    def kept(self) -> bool:
        return not self.reason

    @property
    def kind(self) -> str:
        """The reason without its detail."""
        return self.reason.split(":", 1)[0]


def apply_decisions(judged: Sequence[Judged], decisions: Mapping[str, Decision]) -> list[Judged]:
    """A person's `reject` removes a picture, a `keep` overrules every filter; neither can mend a faulty file."""
    unused = set(decisions) - {one.measurement.sha256 for one in judged}
    if unused:
        logger.warning("%d decisions name no picture of this collection, the first: %s", len(unused), min(unused))
    return [_decided(one, decisions.get(one.measurement.sha256)) for one in judged]


def drop_forgotten(judged: Sequence[Judged], forgotten: Container[str]) -> list[Judged]:
    """What was forgotten stays out, whatever a person decided before."""
    return [replace(one, reason=FORGOTTEN) if one.measurement.sha256 in forgotten else one for one in judged]


def reject_near_duplicates(judged: Sequence[Judged]) -> list[Judged]:
    """Of pictures that are nearly the same, mirrored or not, one stays.

    It is the test split's, else validation's, else the first by name. A picture that a person wants to keep is only
    measured against the other splits: a leak is never kept.
    """
    index = NearDuplicates(max((one.near_bits for one in judged), default=0))
    verdicts = {}
    for one in sorted(judged, key=lambda one: (PRIORITY.index(one.split), not one.wanted, one.file)):
        if one.kept:
            same_split_is_fine = one.split if one.wanted else None
            matches = index.find(
                one.measurement.phash,
                one.near_bits,
                mirrored_hash=one.measurement.mirrored,
                outside_group=same_split_is_fine,
            )
            if matches:
                one = replace(one, reason=f"near-duplicate: {matches[0].key} ({matches[0]})")
            else:
                index.add(one.file, one.measurement.phash, group=one.split, max_bits=one.near_bits)
        verdicts[one.file] = one
    return [verdicts[one.file] for one in judged]


def limit(judged: Sequence[Judged], most: Mapping[Split, int], worn: Container[str]) -> list[Judged]:
    """At most so many kept pictures in each split: wanted ones first, then worn shirts, then by their content's hash.

    Args:
        most: limits by split; a split without one keeps all.
        worn: files of pictures that show a worn shirt.
    """
    verdicts = {one.file: one for one in judged}
    for split, count in most.items():
        kept = [one for one in judged if one.kept and one.split == split]
        kept.sort(key=lambda one: (not one.wanted, one.file not in worn, one.measurement.sha256))
        verdicts |= {one.file: replace(one, reason="beyond max_photos") for one in kept[count:]}
    return [verdicts[one.file] for one in judged]


def refuse_many_faults(judged: Sequence[Judged], where: object) -> None:
    """Say which files are set aside as faulty.

    Raises:
        DataError: more than one in a hundred (and more than two) are faulty, or all of them.
    """
    faulty = [one for one in judged if one.kind in FAULTS]
    if not faulty:
        return
    named = ", ".join(f"{one.source_path} ({one.reason})" for one in faulty[:_NAMED_FAULTS])
    named += f" and {len(faulty) - _NAMED_FAULTS} more" if len(faulty) > _NAMED_FAULTS else ""
    if len(faulty) == len(judged) or len(faulty) > max(MAX_FAULTS, MAX_FAULT_FRACTION * len(judged)):
        raise DataError(
            f"{len(faulty)} of {len(judged)} pictures in {where} are faulty",
            received=named,
            needed=f"at most {max(MAX_FAULTS, int(MAX_FAULT_FRACTION * len(judged)))}, and one sound picture",
            remedy="copy the folder again from its source, or remove these pictures from it",
        )
    logger.warning("set aside %d faulty of %d: %s; mend or remove the file", len(faulty), len(judged), named)


def summarise(judged: Sequence[Judged]) -> Counter[str]:
    """Counts of kept pictures by split and of dropped ones by kind of reason."""
    return Counter(f"kept {one.split}" if one.kept else one.kind for one in judged)


def _decided(one: Judged, decision: Decision | None) -> Judged:
    if decision is None or one.kind in FAULTS:
        return one
    if decision.verdict == "keep":
        return replace(one, reason="", wanted=True)
    return replace(one, reason=f"decision: {decision.reason or 'rejected'} ({decision.person})")
