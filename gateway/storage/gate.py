"""Has the writers of one SQLite file take turns, across threads and processes; waiters sleep.

SQLite's own waiting polls, and so starves a writer among many. A lock on a file beside the database
wakes who waits for it, and is gone when its process is.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


class Gate:
    """Lets one through at a time; all who are to take turns name the same file.

    Whoever leaves does not come in again before one who waits: one waits at the gate and holds the
    place in front of it, for which all others wait. A single lock would mostly go to who left it, since
    that one runs already.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptors: tuple[int, int] | None = None
        # The lock on the file belongs to the process: its threads take turns before it.
        self._turn = threading.Lock()

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Holds the gate, after waiting for it."""
        with self._turn:
            gate, place = self._opened()
            # Out of order, which `with` cannot say: the place is free for the next as soon as one is in.
            with ExitStack() as inside:
                with _held(place):
                    inside.enter_context(_held(gate))
                yield

    def _opened(self) -> tuple[int, int]:
        if self._descriptors is None:
            self._descriptors = _open(self._path), _open(next_in_turn(self._path))
        return self._descriptors


def next_in_turn(path: Path) -> Path:
    """The lock that whoever waits at a gate holds meanwhile."""
    return path.with_name(f"{path.name}.next")


@contextmanager
def _held(descriptor: int) -> Iterator[None]:
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Locks a file if nobody else has, and gives whether; it does not wait."""
    descriptor = _open(path)
    try:
        yield _locked(descriptor)
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def make_private(path: Path) -> None:
    """Creates a file readable by its owner alone, or leaves it; what SQLite puts beside it inherits that."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
