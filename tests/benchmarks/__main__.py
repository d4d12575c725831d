"""`make bench`: one run of all rows, a table on the terminal, JSON in a file."""

import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path

import click

from tests.benchmarks import load, machine, table
from tests.benchmarks.bench import (
    Bench,
    Result,
    Scene,
    chosen,
    every_row,
    known_reasons,
    measured,
)
from tests.benchmarks.row import Row


@click.command()
@click.option("--quick", is_flag=True, help="Everything smaller, in about two minutes.")
@click.option("--only", "names", multiple=True, metavar="ROW", help="This row; repeatable.")
@click.option("--rounds", type=click.IntRange(1), help="Rounds of each row.")
@click.option(
    "--seconds", type=float, help="Seconds of each round, where a row has no end of its own."
)
@click.option("--json", "path", type=click.Path(path_type=Path), default=Path("var/bench.json"))
@click.option("--list", "listing", is_flag=True, help="Name the rows, and do nothing.")
def main(
    *,
    quick: bool,
    names: tuple[str, ...],
    rounds: int | None,
    seconds: float | None,
    path: Path,
    listing: bool,
) -> None:
    """Measure each row beside its yardstick, in turn, and tell which targets hold."""
    if listing:
        for row in every_row():
            click.echo(f"{row.name:24} {row.measure}")
        return
    try:
        rows = chosen(names)
    except KeyError as fault:
        raise click.UsageError(f"there is no row {fault}: --list names them") from None
    path.parent.mkdir(parents=True, exist_ok=True)
    # On the disk that the service would use, not in memory.
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench", dir=path.parent) as scratch:
        directory = Path(scratch).resolve()
        about = {**machine.described(directory), "load": load.described()}
        results = list(_results(rows, directory, quick, rounds, seconds))
    about["took"] = f"{time.monotonic() - began:.0f} seconds"
    for name, text in about.items():
        click.echo(f"{name + ':':12} {text}")
    click.echo()
    for line in table.lines(results):
        click.echo(line)
    path.write_text(json.dumps(table.as_json(results, about, quick), indent=1) + "\n")
    click.echo(f"\n{path}")


def _results(
    rows: Sequence[Row], directory: Path, quick: bool, rounds: int | None, seconds: float | None
) -> Iterator[Result]:
    for _, together in groupby(rows, lambda row: row.scene or row.name):
        with ExitStack() as stack:
            scene = Scene(stack)
            for row in together:
                own = directory / row.name
                own.mkdir()
                bench = Bench(
                    quick=quick,
                    rounds=rounds or (3 if quick else 5),
                    seconds=seconds or (1 if quick else 5),
                    directory=own,
                    scene=scene,
                )
                click.echo(f"{row.name} … ", err=True, nl=False)
                began = time.monotonic()
                yield measured(row, bench, known_reasons())
                click.echo(f"{time.monotonic() - began:.1f} s", err=True)


main()
