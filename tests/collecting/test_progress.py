"""What is said of how far a collection is."""

import logging

import pytest

from tryon.collecting.progress import Progress


def test_counts_rate_and_time_left() -> None:
    progress = Progress("blue", 100, done=20)
    for number in range(40):
        progress.count(decoded=number % 2 == 0)
    assert progress.line(20.0) == "blue: 60 of 100 candidates, 20 pictures, 2.0/s, 20 s left"


def test_nothing_done_yet_has_no_time_left() -> None:
    assert Progress("blue", 100, 20).line(9.0) == "blue: 20 of 100 candidates, 0 pictures, 0.0/s, time left unknown"


def test_the_end_is_always_said(caplog: pytest.LogCaptureFixture) -> None:
    progress = Progress("blue", 2)
    with caplog.at_level(logging.INFO, "tryon"):
        progress.count(True)
        assert caplog.messages == []
        progress.count(True)
    assert len(caplog.messages) == 1 and caplog.messages[0].startswith("blue: 2 of 2 candidates, 2 pictures")
