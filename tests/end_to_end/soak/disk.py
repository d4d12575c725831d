"""A disk so small that a test can fill it: memory of its own as root, else a limit on the size of files."""

import os
import resource
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

_MOST = 2**20


class SmallDisk:
    """A directory; `is_small` where it really is a disk of its own."""

    def __init__(self, path: Path, *, is_small: bool) -> None:
        self.path = path
        self.is_small = is_small

    @contextmanager
    def full(self, processes: Iterable[int], log: Path) -> Iterator[None]:
        """No byte more can be written meanwhile, or to no file beyond about the length of `log`."""
        if not self.is_small:
            with _limited(list(processes), max(_MOST, log.stat().st_size + _MOST // 4)):
                yield
            return
        filler = self.path / "filler"
        try:
            _fill(filler)
            yield
        finally:
            filler.unlink()


@contextmanager
def small_disk(path: Path, megabytes: int, owner: int) -> Iterator[SmallDisk]:
    """At `path`, for one user; without the right to mount anything it is a directory like others."""
    path.mkdir(mode=0o700)
    options = f"size={megabytes}m,mode=0700,uid={owner}"
    mount = ["mount", "-t", "tmpfs", "-o", options, "soak", str(path)]
    try:
        done = subprocess.run(mount, check=False, capture_output=True)
        mounted = done.returncode == 0
    except FileNotFoundError:
        mounted = False
    try:
        yield SmallDisk(path, is_small=mounted)
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(path)], check=True)


def _fill(filler: Path) -> None:
    piece = 2**20
    file = os.open(filler, os.O_WRONLY | os.O_CREAT)
    try:
        while piece:
            try:
                os.write(file, bytes(piece))
            except OSError:
                piece //= 2
    finally:
        os.close(file)


@contextmanager
def _limited(processes: list[int], size: int) -> Iterator[None]:
    before = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in processes}
    for pid, (_, hard) in before.items():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        for pid, limits in before.items():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
