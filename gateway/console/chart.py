"""The picture of the last 30 days: a thread, releases standing on it, refusals hanging from it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from gateway.usecases.reviewing.overview import Day
from policies.verdict import ReasonCode

WIDTH, HEIGHT = 720, 240
LEFT, _RIGHT, _TOP, _BOTTOM = 60, 4, 10, 28
_GAP = 0.28
_STEPS = (1, 2, 5)


class Family(StrEnum):
    """Reasons of one kind, which the picture shows as one."""

    PURPOSE = "purpose"
    RECIPIENT = "recipient"
    ORDER = "order"

    @classmethod
    def of(cls, code: str) -> "Family":
        """What a reason is about: what for, for whom, or which order."""
        if code == ReasonCode.FIELD_NOT_REGISTERED:
            return cls.RECIPIENT
        head = code.partition("_")[0]
        return cls(head) if head in (cls.PURPOSE, cls.RECIPIENT) else cls.ORDER


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A part of a day's column; `kind` is released, or a family of reasons."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line across the picture with its number."""

    y: float
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """All that is drawn, in units of the view box; `labels` are days by the middle of their column."""

    bars: Sequence[Bar]
    lines: Sequence[Line]
    labels: Sequence[tuple[float, int]]
    axis: float


def by_family(day: Day) -> Mapping[Family, int]:
    """A day's refusals by what they were about."""
    found = dict.fromkeys(Family, 0)
    for code, number in day.refused.items():
        found[Family.of(code)] += number
    return found


def chart(days: Sequence[Day]) -> Chart:
    """The picture of these days."""
    above = max(day.released for day in days)
    below = max(day.refusals for day in days)
    step = _step(max(above, below, 1))
    up, down = max(1, ceil(above / step)), ceil(below / step)
    unit = (HEIGHT - _TOP - _BOTTOM) / ((up + down) * step)
    axis = _TOP + up * step * unit
    column = (WIDTH - LEFT - _RIGHT) / len(days)
    bars = [
        bar
        for at, day in enumerate(days)
        for bar in _bars(day, LEFT + (at + _GAP / 2) * column, column * (1 - _GAP), axis, unit)
    ]
    lines = [
        Line(y=round(axis - at * step * unit, 1), number=abs(at) * step)
        for at in range(-down, up + 1)
    ]
    weeks = range(len(days) - 1, -1, -7)
    labels = [(round(LEFT + (at + 0.5) * column, 1), days[at].day) for at in weeks]
    return Chart(bars=bars, lines=lines, labels=labels, axis=round(axis, 1))


def _bars(day: Day, x: float, width: float, axis: float, unit: float) -> Iterator[Bar]:
    tall = day.released * unit
    if day.released:
        yield _bar("released", x, axis - tall, width, tall)
    y = axis
    for family, number in by_family(day).items():
        if number:
            yield _bar(family.value, x, y, width, number * unit)
            y += number * unit


def _bar(kind: str, x: float, y: float, width: float, height: float) -> Bar:
    return Bar(
        kind=kind,
        x=round(x, 1),
        y=round(y, 1),
        width=round(width, 1),
        # What happened once among thousands is still to be seen.
        height=round(max(height, 1.5), 1),
    )


def _step(most: int) -> int:
    """A round number that goes at most four times into the greatest, and a little more."""
    power = 1
    while True:
        for step in _STEPS:
            if most <= 4 * step * power:
                return step * power
        power *= 10
