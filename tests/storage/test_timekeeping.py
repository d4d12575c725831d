"""A clock that jumps ahead is not believed for what cannot be undone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.errors import Unavailable
from gateway.storage.timekeeping import LEAP, Timekeeping

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def watched(tmp_path: Path) -> Timekeeping:
    """Time was seen to be noon."""
    kept = Timekeeping(tmp_path / "seen-time")
    assert kept.leap(NOON) is None
    return kept


def test_time_that_passes_is_believed(watched: Timekeeping) -> None:
    """Step by step it may come as far as it will, and it may be set back."""
    for step in range(1, 50):
        assert watched.leap(NOON + step * LEAP) is None
    assert watched.leap(NOON) is None


def test_a_leap_is_not_believed_however_often_it_is_seen(watched: Timekeeping) -> None:
    """Waiting does not make it true; setting the clock right does, and so does saying so."""
    ahead = NOON + LEAP + timedelta(seconds=1)
    for _ in range(3):
        assert watched.leap(ahead) == ahead - NOON
    with pytest.raises(Unavailable, match="--clock-is-right"):
        watched.require(ahead)
    watched.require(NOON + timedelta(hours=1))
    watched.believe(ahead)
    watched.require(ahead)


def test_a_file_that_is_damaged_believes_nothing(tmp_path: Path) -> None:
    """Until it is written anew."""
    (tmp_path / "seen-time").write_text("noon")
    watched = Timekeeping(tmp_path / "seen-time")
    with pytest.raises(Unavailable, match="cannot be read"):
        watched.require(NOON)
    watched.believe(NOON)
    watched.require(NOON)
