"""The pool of older fakes against a plain list, and its statistics."""

import numpy as np
import pytest

from tryon.training.cyclegan_pool import exchange, plan_pool


def plans(size: int, steps: int, batch_size: int, seed: int = 0):
    return [plan_pool(size, step, batch_size, np.random.default_rng([seed, step])) for step in range(steps)]


def test_the_first_fakes_fill_the_pool_and_are_shown_as_they_are():
    for plan in plans(size=50, steps=25, batch_size=2):
        assert not plan.show_old.any()
        assert plan.store.all()
    slots = np.concatenate([plan.slots for plan in plans(size=50, steps=25, batch_size=2)])
    assert slots.tolist() == list(range(50))


def test_later_about_half_are_older():
    later = plans(size=50, steps=4000, batch_size=1)[50:]
    assert 0.45 < np.mean([plan.show_old[0] for plan in later]) < 0.55
    assert {int(plan.slots[0]) for plan in later} == set(range(50))
    assert all(plan.store[0] == plan.show_old[0] for plan in later)


def test_no_pool_shows_every_fake_at_once():
    for plan in plans(size=0, steps=10, batch_size=3):
        assert not plan.show_old.any()
        assert not plan.store.any()


def test_a_plan_needs_nothing_but_seed_and_step():
    first, again = (plan_pool(4, 9, 3, np.random.default_rng([7, 9])) for _ in range(2))
    for name in ("slots", "show_old", "store"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))


@pytest.mark.parametrize("batch_size", [1, 3])
def test_exchange_against_a_list(batch_size):
    size, slow = 4, {}
    pool = np.zeros((size, 2, 2, 3), np.float32)
    for step, plan in enumerate(plans(size, 30, batch_size)):
        fakes = np.stack([np.full((2, 2, 3), 1 + step * batch_size + i, np.float32) for i in range(batch_size)])
        shown, pool = exchange(pool, fakes, plan.slots, plan.show_old, plan.store)
        for i in range(batch_size):
            slot = int(plan.slots[i])
            expected = slow[slot] if plan.show_old[i] else fakes[i]
            np.testing.assert_array_equal(np.asarray(shown)[i], expected)
            if plan.store[i]:
                slow[slot] = fakes[i]
    for slot, picture in slow.items():
        np.testing.assert_array_equal(np.asarray(pool)[slot], picture)
