"""Messages that were not taken come back later and later, for a day."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.handover.retries import TRYING, next_attempt, pause, retry_after
from tests.world import NOON

LOW, HIGH = (lambda count: b"\x00" * count), (lambda count: b"\xff" * count)


def schedule(chance: bytes) -> list[timedelta]:
    """When the attempts of a message come that is never taken, counted from the first."""
    now, attempts, times = NOON, 1, [timedelta()]
    while (due := next_attempt(NOON, attempts, now, None, lambda _: chance)) is not None:
        now, attempts = due, attempts + 1
        times.append(now - NOON)
    return times


def test_the_schedule_grows_and_ends_after_a_day() -> None:
    """Seconds, minutes, hours; the last attempt comes when the day is over."""
    times = schedule(b"\x80\x00")
    assert [round(time / timedelta(seconds=1)) for time in times[:6]] == [0, 5, 25, 105, 425, 1705]
    assert times[-1] == TRYING
    assert 10 <= len(times) <= 14


@given(st.binary(min_size=2, max_size=2))
def test_chance_spreads_attempts_by_a_fifth(chance: bytes) -> None:
    """What failed together does not come back together, and each schedule ends in time."""
    times = schedule(chance)
    assert times == sorted(times)
    assert timedelta(seconds=4) <= times[1] <= timedelta(seconds=6)
    assert times[-1] == TRYING


def test_what_the_carrier_asks_for_is_a_minimum() -> None:
    """Never sooner than Retry-After says, and not sooner than planned either."""
    hour = timedelta(hours=1)
    assert next_attempt(NOON, 1, NOON, hour, LOW) == NOON + hour
    assert next_attempt(NOON, 6, NOON, timedelta(seconds=1), LOW) == NOON + 5 * 4**5 * 0.8 * (
        timedelta(seconds=1)
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("120", 120),
        ("0", 0),
        ("99999999999999999999", 86400),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("soon", None),
        ("Mon, 23 Nov 2026 12:02:00 GMT", 120),
        ("Mon, 23 Nov 2026 12:02:00 -0000", 120),
        ("Sun, 22 Nov 2026 12:02:00 GMT", 0),
        ("Fri, 23 Nov 2029 12:02:00 GMT", 86400),
        ("Mon, 99 Nov 2026 12:02:00 GMT", None),
    ],
)
def test_retry_after_is_read_both_ways(text: str | None, seconds: int | None) -> None:
    """Seconds or a date, a day at the most; anything else asks for nothing."""
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert retry_after(text, NOON) == expected


def test_an_endpoint_is_left_in_peace_the_longer_the_more_it_failed() -> None:
    """From seconds to half an hour."""
    pauses = [pause(failures) for failures in range(1, 2000)]
    assert pauses[:3] == [timedelta(seconds=5), timedelta(seconds=10), timedelta(seconds=20)]
    assert pauses[-1] == timedelta(minutes=30)
    assert pauses == sorted(pauses)
