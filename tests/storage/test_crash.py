"""Processes that are killed at any point leave nothing half done, and nobody waiting for them."""

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
from sqlalchemy import select

from gateway.audit.verdict import LogReport
from gateway.storage.tables import liveness
from gateway.usecases.log.verify import verify
from tests.world import World

_ROOT = Path(__file__).parents[2]


class Writer:
    """A process that writes numbers from `first` on, and what it said is durable, by index."""

    def __init__(self, world: World, first: int) -> None:
        command = [sys.executable, "-m", "tests.storage.writer", str(world.settings.data)]
        self._process = subprocess.Popen(
            [*command, world.settings.database_url, str(first)], stdout=subprocess.PIPE, cwd=_ROOT
        )
        self.told: dict[int, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def wait(self, lines: int) -> None:
        """Let it write so many more."""
        for _ in range(lines):
            self._note(self._line())

    def kill(self) -> None:
        """Kill it, and note what it could still say."""
        self._process.kill()
        while (line := self._line()).endswith(b"\n"):
            self._note(line)

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def _note(self, line: bytes) -> None:
        index, number = map(int, line.split())
        self.told[index] = number


_LONG = [pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 12)]


@pytest.mark.parametrize("seed", [1, *_LONG])
def test_killed_writers_leave_everything_whole(world: World, seed: int) -> None:
    """Of two processes that write one is killed somewhere, again and again; the other goes on.

    What they said is durable is on record at its index, and what is on record is stored whole.
    """
    chance = random.Random(seed)
    durable: dict[int, int] = {}
    with Writer(world, 0) as survivor:
        survivor.wait(5)
        for life in range(1, 4):
            with Writer(world, life * 100_000) as writer:
                writer.wait(chance.randrange(1, 60))
                writer.kill()
            survivor.wait(20)
            durable |= writer.told
        survivor.kill()
    check(world, durable | survivor.told)


def check(world: World, durable: dict[int, int]) -> None:
    """Whether everything is there, once, and whole."""
    log = world.log()
    assert [entry.index for entry in log] == list(range(len(log)))
    recorded = {entry.index: int(entry.request_id) for entry in log if entry.request_id is not None}
    assert durable.items() <= recorded.items()
    assert len(set(recorded.values())) == len(recorded)
    assert sorted(_stored(world)) == sorted(
        2 * number + half for number in recorded.values() for half in (0, 1)
    )
    for verdict in verify(world.store, "default", []):
        assert isinstance(verdict.outcome, LogReport), verdict.outcome


def _stored(world: World) -> Iterator[int]:
    with world.store.read() as connection:
        yield from connection.execute(select(liveness.c.id)).scalars()
