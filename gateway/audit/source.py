"""Where a tiled log is read from; a source hands out bytes and never vouches for them."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from gateway.audit.entry import MAX_LEAF
from gateway.audit.note import MAX_NOTE
from gateway.audit.tiles import WIDTH, Tile

_MAX_FILE = WIDTH * (MAX_LEAF + 2) + 1


class LogSource(Protocol):
    """A log laid out as c2sp.org/tlog-tiles has it, whatever keeps it."""

    def checkpoint(self) -> bytes | None:
        """The latest signed checkpoint."""

    def history(self) -> Iterable[bytes]:
        """Every earlier signed checkpoint that is kept, smallest first; may be none."""

    def read(self, tile: Tile) -> bytes | None:
        """The bytes of a tile or bundle, None where this very one is not kept."""

    def partial_widths(self, tile: Tile) -> Iterable[int]:
        """Widths of the partial tiles that are kept in the place of a tile; may be none."""


class LogDirectory:
    """A log on disk: `checkpoint` and `tile/…` below one folder."""

    def __init__(self, root: Path) -> None:
        """Files are read when they are asked for."""
        self._root = root

    def checkpoint(self) -> bytes | None:
        """The file `checkpoint`."""
        return _read(self._root / "checkpoint", MAX_NOTE + 1)

    def history(self) -> Iterator[bytes]:
        """None: the layout keeps one checkpoint only."""
        return iter(())

    def read(self, tile: Tile) -> bytes | None:
        """The file at the tile's path."""
        return _read(self._root / tile.path(), _MAX_FILE)

    def partial_widths(self, tile: Tile) -> list[int]:
        """The files in the tile's `.p` folder that are named like a width."""
        folder = self._root / f"{tile.full().path()}.p"
        if not folder.is_dir():
            return []
        names = {child.name for child in folder.iterdir()}
        return [width for width in range(1, WIDTH) if str(width) in names]


def _read(path: Path, limit: int) -> bytes | None:
    try:
        with path.open("rb") as file:
            # Room for what is there, not for the most that there could be.
            return file.read(min(limit, os.fstat(file.fileno()).st_size + 1))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None
