"""The error tree: messages with a remedy, exit codes, and reasons that programs can read."""

import inspect

import pytest

from tryon import errors
from tryon.errors import DataError, DecodeError, FittingRefusal, RefusalReason, TryonError, UsageError

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, TryonError)]


def test_a_message_has_its_parts_in_order_and_leaves_out_empty_ones() -> None:
    whole = TryonError("photo.jpg: cut off", received="12 bytes", needed="a whole JPEG", remedy="fetch it again")
    assert str(whole) == "photo.jpg: cut off\n  received: 12 bytes\n  needed: a whole JPEG\n  remedy: fetch it again"
    assert str(TryonError("only this")) == "only this"
    assert str(TryonError("x", received=0)) == "x\n  received: 0"


def test_the_parts_can_be_read_by_programs() -> None:
    error = DataError("what", received=3, needed="4", remedy="count again")
    assert (error.what, error.received, error.needed, error.remedy) == ("what", 3, "4", "count again")


def test_exit_codes_are_two_for_wrong_usage_and_one_for_all_others() -> None:
    assert {kind.__name__: kind.exit_code for kind in KINDS if kind.exit_code != 1} == {"UsageError": 2}
    assert UsageError("x").exit_code == 2


def test_the_tree_is_the_one_drawn_at_the_top_of_the_module() -> None:
    drawn = errors.__doc__ or ""
    assert all(kind.__name__ in drawn for kind in KINDS)
    assert issubclass(DecodeError, DataError)


@pytest.mark.parametrize("reason", list(RefusalReason))
def test_a_refusal_carries_its_reason(reason: RefusalReason) -> None:
    refusal = FittingRefusal(reason, "photo.jpg: no", remedy="take another photo")
    assert refusal.reason is reason
    assert refusal.exit_code == 1
    assert str(refusal) == "photo.jpg: no\n  remedy: take another photo"
    assert reason == reason.value
