"""The benchmark itself: it runs, it judges, and it drops nothing that it misses."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from tests.benchmarks import sender, table
from tests.benchmarks.bench import Bench, Result, Scene, every_row, measured
from tests.benchmarks.row import Row, Sides, own, share
from tests.end_to_end.live import ROOT


@contextmanager
def _counted(_bench: Bench) -> Iterator[Sides]:
    turns = count(1)
    yield Sides(
        ours=lambda: {"turns": next(turns)},
        yardstick=lambda: {"turns": next(turns)},
    )


_ROW = Row(
    name="counted",
    measure="turns",
    yardstick="turns before",
    figure="turns",
    targets=(share("turns", at_least=1.0), own("turns", at_most=2)),
    sides=_counted,
)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Three short rounds."""
    return Bench(quick=True, rounds=3, seconds=0.2, directory=tmp_path, scene=Scene(ExitStack()))


@pytest.fixture
def result(bench: Bench) -> Result:
    """A row of which one target holds."""
    return measured(_ROW, bench, {"counted": "it counts up"})


def test_both_sides_take_turns_and_their_medians_are_told(result: Result) -> None:
    """The yardstick first, then ours, in each of the rounds."""
    assert result.yardstick == {"turns": 3}
    assert result.ours == {"turns": 4}


def test_a_missed_target_stays_with_its_reason(result: Result) -> None:
    """In the table and in the JSON, beside the one that holds."""
    held, missed = table.as_json([result], {}, quick=True)["rows"][0]["targets"]
    assert (held["holds"], missed["holds"], missed["reason"]) == (True, False, "it counts up")
    text = "\n".join(table.lines([result]))
    assert "held" in text
    assert "MISSED" in text
    assert "missed: it counts up" in text


def test_a_target_that_nobody_explained_says_so(bench: Bench) -> None:
    """Rather than looking as if it held."""
    text = "\n".join(table.lines([measured(_ROW, bench, {})]))
    assert "missed: not explained yet" in text


def test_every_row_is_named_once_and_held_to_something() -> None:
    """Whoever adds a file below rows has it in the run."""
    rows = every_row()
    assert len({row.name for row in rows}) == len(rows) > 0
    assert all(row.targets for row in rows)


def test_a_bound_is_kept_on_both_sides() -> None:
    """At least and at most."""
    target = replace(own("turns", at_least=1), at_most=2)
    assert [target.holds(value) for value in (0.9, 1, 2, 2.1)] == [False, True, True, False]


def test_the_command_measures_a_row_and_writes_it_down(tmp_path: Path) -> None:
    """Over HTTP, with real load on the gateway and on the bare view; machine and figures in the JSON."""
    path = tmp_path / "bench.json"
    command = [sys.executable, "-m", "tests.benchmarks", "--quick", "--rounds=1", "--seconds=0.3"]
    done = subprocess.run(
        [*command, "--only=release-sqlite", f"--json={path}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(path.read_text())
    assert told["rows"][0]["ours"]["requests_per_second"] > 0
    assert told["machine"]["cpu"]
    assert "single release, SQLite" in done.stdout


def test_the_stand_in_for_wrk_outruns_what_it_measures() -> None:
    """Against a socket that only answers, it sends more than a bare Flask view answers."""
    assert sender.rate_against_nothing(0.5) > 2000
