"""A stored log as the verifier reads it; it hands out what the tables hold and vouches for nothing."""

from collections.abc import Iterator

from sqlalchemy import Connection

from gateway.audit.tiles import Tile
from gateway.storage import tree


class StoredLog:
    """One log of the database, laid out as c2sp.org/tlog-tiles has it."""

    def __init__(self, connection: Connection, log: int) -> None:
        self._connection = connection
        self._log = log

    def checkpoint(self) -> bytes | None:
        """The latest signed checkpoint."""
        return tree.checkpoint(self._connection, self._log)

    def history(self) -> Iterator[bytes]:
        """Every stored checkpoint, smallest first."""
        return (note for _, note in tree.checkpoints_by_size(self._connection, self._log))

    def read(self, tile: Tile) -> bytes | None:
        """The bytes of a tile or an entry bundle."""
        return tree.read(self._connection, self._log, tile)

    def partial_widths(self, tile: Tile) -> list[int]:
        """None: a narrower tile is always cut from the one that is stored."""
        del tile
        return []
