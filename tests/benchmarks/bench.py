"""Runs the rows: rounds of the yardstick and ours in turn, their medians, and what holds of them."""

import importlib
import pkgutil
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.benchmarks import rows
from tests.benchmarks.row import Figures, Row

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One run: how many rounds of how many seconds, and a directory on the measured disk."""

    quick: bool
    rounds: int
    seconds: float
    directory: Path

    def size(self, full: int, quick: int) -> int:
        """How many there are of something."""
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
