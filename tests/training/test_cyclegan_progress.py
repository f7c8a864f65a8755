"""What a training says of how far it is."""

import pytest

from tryon.training import cyclegan_progress
from tryon.training.cyclegan_progress import Progress


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand."""
    times = [100.0]
    monkeypatch.setattr(cyclegan_progress.time, "monotonic", lambda: times[0])
    return times


def test_rate_and_time_left_leave_out_the_step_that_compiles(clock, caplog):
    caplog.set_level("INFO", "tryon")
    progress = Progress(epochs=3, steps_per_epoch=20, pictures_per_step=4)
    for step in range(1, 26):  # a step takes half a second
        clock[0] += 0.5
        progress.report(step, {"cycle_plain": 0.25})
    assert caplog.messages == ["epoch 2 of 3, step 21: 8.0 pictures/s, 20 s left (cycle_plain 0.25)"]


def test_a_resumed_training_counts_its_own_steps(clock, caplog):
    caplog.set_level("INFO", "tryon")
    progress = Progress(epochs=2, steps_per_epoch=50, pictures_per_step=2)
    for step in (81, 91):
        progress.report(step, {})
        clock[0] += 10
    progress.report(100, {})
    assert [message.split(": ")[1] for message in caplog.messages] == [
        "2.0 pictures/s, 9 s left ()",
        "1.9 pictures/s, 0 s left ()",
    ]
