"""The three-way merge against the table of all cases."""

import itertools

from tests.reviewing.made_collections import keep, key, reject
from tryon.formats.decisions import Decision
from tryon.reviewing.merging import merge

CHOICES = (None, keep(1), reject(1), reject(1, "blurred"))


def state(decision: Decision | None) -> dict[str, Decision]:
    return {} if decision is None else {decision.sha256: decision}


def test_every_case_of_one_picture() -> None:
    for was, here, there, spoken in itertools.product(CHOICES, CHOICES, CHOICES, (False, True)):
        merged = merge(state(was), state(here), state(there), {key(1)} if spoken else ())
        if here == there or there == was:
            expected, contested = here, {}
        elif here == was and not spoken:
            expected, contested = there, {}
        else:
            expected, contested = there, {key(1): here}
        assert (merged.decisions, merged.contested) == (state(expected), contested), (was, here, there, spoken)


def test_pictures_do_not_touch_each_other() -> None:
    base = {key(1): keep(1), key(2): keep(2), key(3): keep(3)}
    ours = base | {key(1): reject(1), key(4): keep(4)}
    theirs = {key(1): keep(1), key(3): reject(3), key(5): reject(5)}
    merged = merge(base, ours, theirs)
    assert merged.decisions == {key(1): reject(1), key(3): reject(3), key(4): keep(4), key(5): reject(5)}
    assert merged.contested == {}
