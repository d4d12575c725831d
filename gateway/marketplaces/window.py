"""A window on a byte stream of JSON text; it holds a bounded piece and must never grow with the input."""

import codecs
import re
from typing import Protocol

CHUNK = 256 * 1024
"""Bytes asked of the source at once; also how far the beginning is looked at to tell the form."""

_NOT_BLANK = re.compile(r"[^ \t\r\n]")
_OUTSIDE = re.compile(r'["\[\]{}]')
_IN_STRING = re.compile(r'\\.|"', re.DOTALL)


class Readable(Protocol):
    """What a window reads from: a binary file, a socket's stream, a request's body."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; nothing at the end of the input."""


class Kept:
    """Pieces of one value as long as they take no more than `keep` characters together."""

    def __init__(self, keep: int) -> None:
        self._left = keep
        self._pieces: list[str] = []

    def add(self, piece: str) -> None:
        """One more piece; the one that is too much drops them all."""
        self._left -= len(piece)
        self._pieces.append(piece)
        if self._left < 0:
            self.drop()

    def drop(self) -> None:
        """The value is not kept after all."""
        self._left = -1
        self._pieces.clear()

    def text(self) -> str | None:
        """The pieces as one, or None where they were too long."""
        return "".join(self._pieces) if self._left >= 0 else None


class Window:
    """The text from `at` on that is not used up yet.

    Bytes that are not UTF-8 stand in it as lone surrogates (PEP 383), so that the structure around
    them can still be read and `encoded` gives the very bytes that came. `consumed` counts the bytes
    taken from the source. `line` (from 1) and `byte` (from 0) say where the source begins.
    """

    def __init__(
        self, source: Readable, *, chunk: int = CHUNK, line: int = 1, byte: int = 0
    ) -> None:
        self.text = ""
        self.at = 0
        self.consumed = 0
        self._source = source
        self._chunk = chunk
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._ended = False
        self._marked = 0
        self._line = line
        self._byte = byte

    @property
    def ahead(self) -> int:
        """How many characters the window holds from `at` on."""
        return len(self.text) - self.at

    def fill(self) -> bool:
        """Drop what is used up and read on, doubling what is ahead; False at the end of the input.

        The doubling keeps repeated attempts at one long value linear in its length.
        """
        if self._ended:
            return False
        wanted = max(self._chunk, self.ahead)
        pieces = []
        while wanted > 0 and not self._ended:
            piece = self._source.read(wanted)
            wanted -= len(piece)
            self._ended = not piece
            pieces.append(piece)
        data = b"".join(pieces)
        self.consumed += len(data)
        self.place(self.at)
        fresh = self._decoder.decode(data, final=self._ended)
        self.text = self.text[self.at :] + fresh
        self.at = self._marked = 0
        return bool(fresh) or not self._ended

    def peek(self) -> str:
        """The next character that is not blank, or nothing at the end of the input; `at` stands on it."""
        while True:
            if (found := _NOT_BLANK.search(self.text, self.at)) is not None:
                self.at = found.start()
                return found[0]
            self.at = len(self.text)
            if not self.fill():
                return ""

    def place(self, at: int) -> tuple[int, int]:
        """The line (from 1) and the byte (from 0) in the input of the character at `at`.

        Counts on from where it was asked last, so it is quick, and never asked about what lies before.
        """
        passed = self.text[self._marked : at]
        self._line += passed.count("\n")
        self._byte += len(encoded(passed))
        self._marked = at
        return self._line, self._byte

    def skip(self, keep: int) -> str | None:
        """Pass over an object, an array or a string of any size without decoding it.

        Gives its text, or None where that is longer than `keep` characters. EOFError where the
        input ends in the middle of it. Brackets are counted and strings respected; nothing else is
        checked, since what is skipped is refused anyway.
        """
        kept = Kept(keep)
        depth, quoted, at = 0, False, self.at
        while True:
            while found := (_IN_STRING if quoted else _OUTSIDE).search(self.text, at):
                at = found.end()
                match found[0]:
                    case '"':
                        quoted = not quoted
                    case "{" | "[":
                        depth += 1
                    case "}" | "]":
                        depth -= 1
                if depth == 0 and not quoted:
                    kept.add(self.text[self.at : at])
                    self.at = at
                    return kept.text()
            # A backslash at the very end belongs to a character that is still to come.
            torn = quoted and at < len(self.text) and self.text.endswith("\\")
            end = len(self.text) - torn
            kept.add(self.text[self.at : end])
            self.at, at = end, 0
            if not self.fill():
                raise EOFError

    def lines(self, keep: int) -> str | None:
        """All whole lines that are held; where there is none, the next one as `line` gives it."""
        while (end := self.text.rfind("\n", self.at)) < 0 and self.ahead <= keep:
            if not self.fill():
                break
        if end < 0:
            return self.line(keep)
        text = self.text[self.at : end]
        self.at = end + 1
        return text

    def line(self, keep: int) -> str | None:
        """The rest of the line without its end, or None where it is longer than `keep` characters."""
        long = False
        while (end := self.text.find("\n", self.at)) < 0:
            long = long or self.ahead > keep
            if long:
                self.at = len(self.text)
            if not self.fill():
                end = len(self.text)
                break
        line = None if long or end - self.at > keep else self.text[self.at : end]
        self.at = end + 1
        return line


def encoded(text: str) -> bytes:
    """The bytes that `text` was read from, also where they were not UTF-8."""
    return text.encode("utf-8", "surrogateescape")
