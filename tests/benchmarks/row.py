"""What a row of the benchmark is: a measure beside its yardstick, and the targets it is held to.

A row stands in a file of its own below `rows`, as one of that file's `ROWS`; nothing else names it.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.benchmarks.bench import Bench

Figures = Mapping[str, float]
"""What one round measured, by name, in the unit that the name ends with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A bound on one number that is made of our figures and the yardstick's, in that order."""

    what: str
    of: Callable[[Figures, Figures], float]
    at_least: float | None = None
    at_most: float | None = None

    def holds(self, value: float) -> bool:
        """Whether the value is within the bound."""
        above = self.at_least is None or value >= self.at_least
        return above and (self.at_most is None or value <= self.at_most)

    @property
    def bound(self) -> str:
        """As the table shows it."""
        least = [] if self.at_least is None else [f"≥ {self.at_least:,g}"]
        most = [] if self.at_most is None else [f"≤ {self.at_most:,g}"]
        return ", ".join(least + most)


@dataclass(frozen=True, slots=True)
class Sides:
    """One round of each; the yardstick goes first."""

    ours: Callable[[], Figures]
    yardstick: Callable[[], Figures]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`figure` is the one of both sides that the table shows; `sides` sets up and tidies away.

    A row that takes minutes has `rounds` of its own. Rows of one `scene` share what they ask it for. `about` says what is smaller in a quick run.
    """

    name: str
    measure: str
    yardstick: str
    figure: str
    targets: tuple[Target, ...]
    sides: "Callable[[Bench], AbstractContextManager[Sides]]"
    rounds: int | None = None
    scene: str = ""
    about: "Callable[[Bench], str]" = lambda _bench: ""


def share(figure: str, *, at_least: float | None = None, at_most: float | None = None) -> Target:
    """A bound on our figure as a part of the yardstick's."""
    return Target(
        what="of the yardstick",
        of=lambda ours, yardstick: ours[figure] / yardstick[figure],
        at_least=at_least,
        at_most=at_most,
    )


def beyond(figure: str, *, at_most: float) -> Target:
    """A bound on how much more our figure is than the yardstick's."""
    return Target(
        what=f"{figure.replace('_', ' ')} more",
        of=lambda ours, yardstick: ours[figure] - yardstick[figure],
        at_most=at_most,
    )


def own(figure: str, *, at_least: float | None = None, at_most: float | None = None) -> Target:
    """A bound on our own figure."""
    return Target(
        what=figure.replace("_", " "),
        of=lambda ours, _yardstick: ours[figure],
        at_least=at_least,
        at_most=at_most,
    )
