"""From measurements to a verdict for each picture: checks, a person's decision, duplicates in all collections.

A person's `reject` refuses a picture, a `keep` overrules every check; neither mends a faulty file, keeps the same file
twice or keeps a near-duplicate in another split.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tryon.cleaning.checks import Finding, check_pixels, check_shirts, doubt
from tryon.cleaning.measuring import Measured
from tryon.cleaning.pixels import PixelFacts, unpack_colours
from tryon.cleaning.watermarks import host_of, watermarks
from tryon.config_collections import CleaningConfig
from tryon.curating.duplicates import Match, NearDuplicates
from tryon.curating.splitting import PRIORITY, Split, split_of
from tryon.formats.decisions import Decision
from tryon.formats.ledger import LedgerRow

DUPLICATE, NEAR_DUPLICATE, DECISION = "duplicate", "near-duplicate", "decision"


@dataclass(frozen=True)
class Picture:
    """A kept picture of a ledger with what was measured on it."""

    collection: str
    row: LedgerRow
    measured: Measured

    @property
    def key(self) -> str:
        """Collection and file."""
        return f"{self.collection}/{self.row.file}"


@dataclass(frozen=True)
class Verdict:
    """What becomes of a picture.

    Args:
        picture: it.
        split: by its content.
        watermark: the measure of `tryon.cleaning.watermarks`.
        findings: all checks.
        reason: `kind: detail` of the surest check that refuses it; empty if it is kept.
        doubt: 0 sure to 1.
        wanted: a person decided to keep it.
    """

    picture: Picture
    split: Split
    watermark: float = 0.0
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    doubt: float = 0.0
    wanted: bool = False

    @property
    def kept(self) -> bool:
        return not self.reason

    @property
    def kind(self) -> str:
        """The reason without its detail."""
        return self.reason.split(":", 1)[0]


def judge(
    pictures: Sequence[Picture],
    limits: CleaningConfig,
    decisions: Mapping[str, Decision],
    seed: int,
    *,
    with_shirts: bool,
) -> list[Verdict]:
    """A verdict for each picture of all collections, in their order.

    Args:
        pictures: of one collection or several.
        limits: thresholds.
        decisions: by the ledger's sha256.
        seed: of the splits.
        with_shirts: whether the checks by Mask R-CNN count.
    """
    verdicts = []
    for picture in pictures:
        split = split_of(picture.row.sha256, seed, limits.splits)
        checked = _check(Verdict(picture, split), limits, with_shirts=with_shirts)
        verdicts.append(_decide(checked, decisions.get(picture.row.sha256)))
    return _refuse_marked(_refuse_duplicates(verdicts, limits), limits, with_shirts=with_shirts)


def colour_distance(one: PixelFacts, other: PixelFacts, *, mirrored: bool) -> float:
    """Mean difference of two pictures' colours, 0 to 1, at a size at which only large shapes are left."""
    first, second = (unpack_colours(facts.colours).astype(np.int64) for facts in (one, other))
    return float(np.abs(first - (second[:, ::-1] if mirrored else second)).mean() / 255)


def _refuse_marked(verdicts: Sequence[Verdict], limits: CleaningConfig, *, with_shirts: bool) -> list[Verdict]:
    """The last check: copies of one picture would agree as marked ones do, so it is made without them."""
    overlays, hosts = {}, {}
    for one in verdicts:
        if one.kept and one.picture.measured.pixels is not None:
            overlays[one.picture.key] = one.picture.measured.pixels.overlay
            hosts[one.picture.key] = host_of(one.picture.row.address)
    marks = watermarks(overlays, hosts)
    return [
        one if one.wanted or mark is None else _check(replace(one, watermark=mark), limits, with_shirts=with_shirts)
        for one in verdicts
        for mark in [marks.get(one.picture.key)]
    ]


def _check(verdict: Verdict, limits: CleaningConfig, *, with_shirts: bool) -> Verdict:
    measured = verdict.picture.measured
    if measured.pixels is None:
        return replace(verdict, reason=measured.fault)
    findings = list(check_pixels(measured.pixels, verdict.watermark, limits))
    if with_shirts and measured.shirts is not None:
        findings += check_shirts(measured.shirts, limits)
    refused = [one for one in findings if one.refused]
    surest = max(refused, key=lambda one: one.probability, default=None)
    reason = f"{surest.check}: {surest.detail}" if surest else ""
    return replace(verdict, findings=tuple(findings), reason=reason, doubt=doubt(findings))


def _decide(verdict: Verdict, decision: Decision | None) -> Verdict:
    if decision is None or verdict.picture.measured.fault:
        return verdict
    if decision.keep:
        return replace(verdict, reason="", doubt=0.0, wanted=True)
    return replace(verdict, reason=f"{DECISION}: {decision.reason} ({decision.person})", doubt=0.0)


def _refuse_duplicates(verdicts: list[Verdict], limits: CleaningConfig) -> list[Verdict]:
    """Of pictures that are the same or nearly one stays: test's, else validation's; else a wanted, a larger one."""
    index = NearDuplicates(limits.near_duplicate_bits)
    kept: dict[str, Verdict] = {}
    files: dict[str, str] = {}
    settled = list(verdicts)
    for number in sorted(range(len(verdicts)), key=lambda number: _precedence(verdicts[number])):
        one, pixels = verdicts[number], verdicts[number].picture.measured.pixels
        if not one.kept or pixels is None:
            continue
        same, near = files.get(one.picture.row.sha256), _near(one, pixels, index, kept, limits)
        if same is not None:
            settled[number] = replace(one, reason=f"{DUPLICATE}: {same}", doubt=0.0)
        elif near is not None:
            settled[number] = replace(one, reason=f"{NEAR_DUPLICATE}: {near.key} ({near})")
        else:
            files[one.picture.row.sha256] = one.picture.key
            kept[one.picture.key] = one
            index.add(one.picture.key, pixels.phash, group=one.split)
    return settled


def _precedence(verdict: Verdict) -> tuple[int, bool, int, str]:
    pixels = verdict.picture.measured.pixels
    area = 0 if pixels is None else pixels.width * pixels.height
    return PRIORITY.index(verdict.split), not verdict.wanted, -area, verdict.picture.key


def _near(
    one: Verdict, pixels: PixelFacts, index: NearDuplicates, kept: Mapping[str, Verdict], limits: CleaningConfig
) -> Match | None:
    """The nearest kept picture whose hash and colours are both near: a hash alone takes plain shirts for each other."""
    matches = index.find(
        pixels.phash,
        limits.near_duplicate_bits,
        mirrored_hash=pixels.mirrored,
        outside_group=one.split if one.wanted else None,
    )
    for match in matches:
        other = kept[match.key].picture.measured.pixels
        assert other is not None, "only decoded pictures are added"
        if colour_distance(pixels, other, mirrored=match.mirrored) <= limits.max_colour_distance:
            return match
    return None
