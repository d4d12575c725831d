"""A dump as a compressed stream to read from, made as it is read: it never stands anywhere whole."""

import zlib
from collections.abc import Iterable, Iterator
from io import BufferedReader, RawIOBase
from typing import Any

_QUICK = 1
_GZIP = 31  # zlib's window bits for a gzip member


class Lines:
    """The lines of a dump, their rows counted as they pass; `fault` is what kept them from coming."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = lines
        self.rows = 0
        self.fault: Exception | None = None

    def stream(self) -> BufferedReader:
        """The lines as gzip (RFC 1952)."""
        return BufferedReader(_Pulled(self._compressed()))

    def _compressed(self) -> Iterator[bytes]:
        compressor = zlib.compressobj(_QUICK, wbits=_GZIP)
        try:
            for line in self._lines:
                self.rows += line.startswith(b"[")
                if made := compressor.compress(line):
                    yield made
        except Exception as fault:
            # Whoever reads sees that the stream broke, but not always why.
            self.fault = fault
            raise
        yield compressor.flush()


class _Pulled(RawIOBase):
    """An iterator's chunks, to be read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._left = chunk
        part = self._left[: len(buffer)]
        buffer[: len(part)] = part
        self._left = self._left[len(part) :]
        return len(part)
