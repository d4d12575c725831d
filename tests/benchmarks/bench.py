"""Runs the rows: rounds of the yardstick and ours in turn, their medians, and what holds of them."""

import importlib
import pkgutil
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TypeVar, cast

from tests.benchmarks import rows
from tests.benchmarks.row import Figures, Row

_HERE = Path(__file__).parent

Thing = TypeVar("Thing")


@dataclass(slots=True)
class Scene:
    """What rows that follow one another share, such as a served gateway: made once, ended with it."""

    _stack: ExitStack
    _made: dict[str, object] = field(default_factory=dict)

    def once(self, name: str, make: Callable[[], AbstractContextManager[Thing]]) -> Thing:
        """What `make` gives, made by whoever asks first."""
        if name not in self._made:
            self._made[name] = self._stack.enter_context(make())
        return cast("Thing", self._made[name])


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One run: how many rounds of how many seconds, a directory on the measured disk, what rows share."""

    quick: bool
    rounds: int
    seconds: float
    directory: Path
    scene: Scene

    def size(self, full: int, quick: int) -> int:
        """How many there are of something, or for how many seconds."""
        return quick if self.quick else full


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A target, the number it is about and, where that misses it, why."""

    what: str
    value: float
    bound: str
    holds: bool
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A row's medians over its rounds, and its targets."""

    row: Row
    about: str
    rounds: int
    ours: Figures
    yardstick: Figures
    targets: tuple[Judged, ...]


def every_row() -> list[Row]:
    """All rows there are, in the order of their files."""
    names = sorted(found.name for found in pkgutil.iter_modules(rows.__path__))
    modules = [importlib.import_module(f"{rows.__name__}.{name}") for name in names]
    return [row for module in modules for row in module.ROWS]


def measured(row: Row, bench: Bench, reasons: Mapping[str, str]) -> Result:
    """The row's result; `reasons` says by the row's name why it misses what it misses."""
    rounds = row.rounds or bench.rounds
    taken: list[tuple[Figures, Figures]] = []
    with row.sides(bench) as sides:
        for _ in range(rounds):
            yardstick = sides.yardstick()
            taken.append((sides.ours(), yardstick))
    ours = _medians([one for one, _ in taken])
    yardstick = _medians([other for _, other in taken])
    judged = []
    for target in row.targets:
        value = median(target.of(*one) for one in taken)
        holds = target.holds(value)
        judged.append(
            Judged(
                what=target.what,
                value=value,
                bound=target.bound,
                holds=holds,
                reason=None if holds else reasons.get(row.name),
            )
        )
    return Result(
        row=row,
        about=row.about(bench),
        rounds=rounds,
        ours=ours,
        yardstick=yardstick,
        targets=tuple(judged),
    )


def known_reasons() -> Mapping[str, str]:
    """Why targets are missed, by the row's name: what was tried, what it would take."""
    return tomllib.loads((_HERE / "reasons.toml").read_text())


def chosen(names: Sequence[str]) -> list[Row]:
    """The named rows, or all; KeyError for a name that no row has."""
    by_name = {row.name: row for row in every_row()}
    return [by_name[name] for name in names or by_name]


def _medians(taken: Iterable[Figures]) -> Figures:
    rounds = list(taken)
    return {name: median(one[name] for one in rounds) for name in rounds[0]}
