"""Prints what a command found, for people as plain lines and for programs as JSON."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import click

from gateway.model.times import rfc3339


def show(as_json: bool, data: Any, lines: Iterable[str], *, err: bool = False) -> None:
    """`data` as JSON, or the lines; `err` where the output itself is something else."""
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False, indent=2, default=_json), err=err)
    else:
        for line in lines:
            click.echo(line, err=err)


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """Rows under their head, in columns as wide as their widest cell."""
    cells = [list(head), *([text(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def text(value: Any) -> str:
    """A value as a cell of a table."""
    match value:
        case None | ():
            return "-"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return rfc3339(value.replace(microsecond=0))
        case frozenset() | set():
            return " ".join(sorted(value))
        case tuple() | list():
            return " ".join(map(str, value)) or "-"
        case _:
            return str(value)


def facts(pairs: Mapping[str, Any]) -> list[str]:
    """Names and values, one a line."""
    width = max(map(len, pairs))
    return [f"{name.ljust(width)}  {text(value)}" for name, value in pairs.items()]


def _json(value: Any) -> Any:
    match value:
        case datetime():
            return rfc3339(value)
        case date():
            return value.isoformat()
        case frozenset() | set():
            return sorted(value)
    raise TypeError(f"a {type(value).__name__} has no form in JSON")
