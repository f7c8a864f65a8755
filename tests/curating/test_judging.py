"""Decisions, near-duplicates and faults."""

import logging
from dataclasses import replace

import pytest

from tryon.curating.judging import (
    ANNOTATION_MISSING,
    Judged,
    apply_decisions,
    drop_forgotten,
    refuse_many_faults,
    reject_near_duplicates,
    summarise,
)
from tryon.curating.measuring import Measurement
from tryon.errors import DataError
from tryon.formats.decisions import Decision

MIRRORED = 0x5555_5555_5555_5555  # far from every hash of these tests


def judged(file: str, split: str = "train", phash: int = 0, near_bits: int = 2, **changes: object) -> Judged:
    measurement = Measurement(sha256=file.rjust(64, "0"), phash=phash, mirrored=MIRRORED, width=200, height=200)
    return replace(Judged(file, split, f"train/image/{file}", measurement, near_bits), **changes)  # type: ignore[arg-type]


def decision(one: Judged, verdict: str, reason: str = "watermark") -> dict[str, Decision]:
    return {one.measurement.sha256: Decision(one.measurement.sha256, verdict, reason, "Ada")}


def test_a_person_rejects() -> None:
    one = judged("a")
    assert apply_decisions([one], decision(one, "reject"))[0].reason == "decision: watermark (Ada)"


def test_a_person_keeps_what_a_filter_would_drop() -> None:
    one = judged("a", reason="blurred: 3.0")
    kept = apply_decisions([one], decision(one, "keep"))[0]
    assert kept.kept
    assert kept.wanted


def test_nobody_can_keep_a_faulty_file() -> None:
    one = judged("a", reason=ANNOTATION_MISSING)
    assert apply_decisions([one], decision(one, "keep")) == [one]


def test_what_is_forgotten_is_not_kept_by_a_decision_either() -> None:
    one, other = judged("a"), judged("b")
    decided = apply_decisions([one, other], decision(one, "keep"))
    assert [seen.reason for seen in drop_forgotten(decided, {one.measurement.sha256})] == ["forgotten", ""]


def test_decisions_about_unknown_pictures_are_mentioned(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="tryon"):
        apply_decisions([judged("a")], decision(judged("b"), "reject"))
    assert "1 decisions name no picture" in caplog.text


def test_across_splits_test_wins_over_validation_over_train() -> None:
    pictures = [judged("a", "train"), judged("b", "validation", 0b1), judged("c", "test", 0b11)]
    reasons = [one.reason for one in reject_near_duplicates(pictures)]
    assert reasons == ["near-duplicate: c (2 bits)", "near-duplicate: c (1 bits)", ""]


def test_within_a_split_the_first_name_wins_whatever_the_order() -> None:
    first, second = judged("a"), judged("b", phash=0b1)
    assert [one.kept for one in reject_near_duplicates([second, first])] == [False, True]


def test_beyond_the_limit_both_stay() -> None:
    assert all(one.kept for one in reject_near_duplicates([judged("a"), judged("b", phash=0b111)]))


def test_a_dropped_picture_displaces_none() -> None:
    pictures = [judged("a", "test", reason="blurred: 1.0"), judged("b")]
    assert [one.kept for one in reject_near_duplicates(pictures)] == [False, True]


def test_a_wanted_picture_stays_beside_its_twin_but_never_across_splits() -> None:
    twins = reject_near_duplicates([judged("a"), judged("b", wanted=True)])
    assert [one.kept for one in twins] == [False, True]
    both = reject_near_duplicates([judged("a", wanted=True), judged("b", wanted=True)])
    assert all(one.kept for one in both)
    leak = reject_near_duplicates([judged("a", "test"), judged("b", "train", wanted=True)])
    assert [one.kept for one in leak] == [True, False]


def test_the_stricter_of_two_limits_holds() -> None:
    photo, shop = judged("a", "test", near_bits=2), judged("g", phash=0b1, near_bits=0)
    assert all(one.kept for one in reject_near_duplicates([photo, shop]))


def test_two_faults_are_set_aside_and_named(caplog: pytest.LogCaptureFixture) -> None:
    faulty = [judged(f"bad{n}", reason="undecodable") for n in range(2)]
    with caplog.at_level(logging.WARNING, logger="tryon"):
        refuse_many_faults([judged("a"), *faulty], "photos")
    assert "set aside 2 faulty of 3" in caplog.text
    assert "train/image/bad0 (undecodable)" in caplog.text


def test_more_than_one_in_a_hundred_is_refused() -> None:
    sound = [judged(f"a{n}") for n in range(400)]
    faulty = [judged(f"bad{n}", reason="undecodable") for n in range(7)]
    refuse_many_faults(sound + faulty[:4], "photos")
    with pytest.raises(DataError, match=r"7 of 407 pictures in photos are faulty") as raised:
        refuse_many_faults(sound + faulty, "photos")
    assert "bad4" in str(raised.value)
    assert "and 2 more" in str(raised.value)
    assert "remedy" in str(raised.value)


def test_all_faulty_is_refused_however_few() -> None:
    with pytest.raises(DataError, match="1 of 1"):
        refuse_many_faults([judged("a", reason="undecodable")], "photos")


def test_the_summary_counts_splits_and_kinds_of_reasons() -> None:
    counts = summarise([judged("a"), judged("b", reason="blurred: 1.0"), judged("c", reason="blurred: 2.0")])
    assert counts == {"kept train": 1, "blurred": 2}
