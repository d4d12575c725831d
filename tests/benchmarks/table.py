"""Shows results: one table on the terminal, and the same as JSON."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.benchmarks.bench import Judged, Result

_HEAD = ("measure", "ours", "yardstick", "figure", "value", "target", "")


def lines(results: Sequence[Result]) -> Iterator[str]:
    """The table, each target a line; below it what is missed, with its reason."""
    table = [_HEAD, *(line for result in results for line in _of(result))]
    widths = [max(len(line[at]) for line in table) for at in range(len(_HEAD))]
    for at, line in enumerate(table):
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        yield "  ".join(padded).rstrip()
        if at == 0:
            yield "  ".join("-" * width for width in widths)
    for result in results:
        yield from _below(result)


def as_json(results: Sequence[Result], machine: Mapping[str, str], quick: bool) -> dict[str, Any]:
    """All of it, for a program."""
    return {
        "machine": dict(machine),
        "quick": quick,
        "rows": [
            {
                "name": result.row.name,
                "measure": result.row.measure,
                "yardstick": result.row.yardstick,
                "about": result.about,
                "rounds": result.rounds,
                "ours": dict(result.ours),
                "yardstick_figures": dict(result.yardstick),
                "targets": [
                    {
                        "what": one.what,
                        "value": one.value,
                        "bound": one.bound,
                        "holds": one.holds,
                        "reason": one.reason,
                    }
                    for one in result.targets
                ],
            }
            for result in results
        ],
    }


def number(value: float) -> str:
    """Three digits that mean something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"


def _of(result: Result) -> Iterator[tuple[str, ...]]:
    row, figure = result.row, result.row.figure
    unit = figure.replace("_per_", "/").replace("_", " ")
    for at, target in enumerate(result.targets):
        both = (f"{number(result.ours[figure])} {unit}", number(result.yardstick[figure]))
        first = (row.measure, *both) if at == 0 else ("", "", "")
        yield (*first, target.what, number(target.value), target.bound, _verdict(target))


def _verdict(target: Judged) -> str:
    return "held" if target.holds else "MISSED"


def _below(result: Result) -> Iterator[str]:
    missed = any(not one.holds for one in result.targets)
    if result.about or missed:
        yield ""
        yield f"{result.row.measure} (yardstick: {result.row.yardstick})"
    if result.about:
        yield f"  {result.about}"
    if missed:
        reasons = {one.reason or "not explained yet" for one in result.targets if not one.holds}
        yield from (f"  missed: {reason}" for reason in reasons)
