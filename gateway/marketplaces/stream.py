"""Reads order documents as a stream of outcomes; it never raises for what it reads, nor shows it.

Four forms, and any of them one after another: one order, a `{"resources": […]}` page (further keys
before and after it are passed over), an array, and NDJSON whose lines are orders or pages. Memory
is bounded by the size of one order, not by the input's.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, NoReturn, TypeVar

from gateway.marketplaces.elements import DEEP, decoder, order_number, refusal_of
from gateway.marketplaces.window import CHUNK, Kept, Readable, Window, encoded

ORDER_BYTES = 1024 * 1024
"""What one order may take, unless the caller says otherwise."""

_KEPT = (
    32 * 1024 * 1024
)  # characters of a refused value that are still held, so that it stays whole
PAGE = "resources"
"""Where OTTO's pages hold their orders."""

_FIX = "save the file as UTF-8 without byte order mark"
# In valid JSON a closing brace, a line end and an opening brace never follow one another inside a
# document, as a comma would stand between them; so this finds NDJSON even where a line is broken.
_LINES = re.compile(r"^[ \t]*\{.*\}[ \t\r]*\n[ \t\r\n]*\{", re.MULTILINE)
_MAY_GO_ON = re.compile(r"[.eE+-]{0,2}")
"""What stands between a number and the end of the window while its rest has not been read."""


@dataclass(frozen=True, slots=True)
class RawOrder:
    """A JSON object as it came: `position` from 1 among all elements, `raw` its very bytes."""

    position: int
    raw: bytes = field(repr=False)
    value: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Malformed:
    """An element that is delimited but cannot be an order; reading goes on after it.

    `line` (from 1) and `byte` (from 0) say where it begins. `raw` is the element whole, None only
    where it takes more than 32 MiB.
    """

    position: int
    line: int
    byte: int
    message: str
    order_number: str | None
    raw: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Broken:
    """The last outcome where the JSON itself breaks off: nothing after `line`, `byte` is read."""

    line: int
    byte: int
    message: str


Outcome = RawOrder | Malformed | Broken
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Lines:
    """Whole lines that are not read yet, each of which stands for itself; it goes through a pipe.

    `line` (from 1) and `byte` (from 0) say where they begin; the rest is how they are to be read.
    """

    text: bytes = field(repr=False)
    line: int
    byte: int
    order_bytes: int
    page: str

    def outcomes(self) -> Iterator[Outcome]:
        """What they hold; positions count from 1 in these lines."""
        return OrderStream(
            BytesIO(self.text),
            order_bytes=self.order_bytes,
            page=self.page,
            line=self.line,
            byte=self.byte,
        ).of_lines()


class _BrokenError(Exception):
    def __init__(self, broken: Broken) -> None:
        super().__init__(broken.message)
        self.broken = broken


class OrderStream:
    """The outcomes of one input, in its order; to be iterated once."""

    def __init__(
        self,
        source: Readable,
        *,
        order_bytes: int = ORDER_BYTES,
        chunk: int = CHUNK,
        page: str = PAGE,
        line: int = 1,
        byte: int = 0,
    ) -> None:
        """`page` names the member of an object that holds orders; `line` and `byte` say where it begins."""
        self._window = Window(source, chunk=chunk, line=line, byte=byte)
        self._limit = order_bytes
        self._page = page
        self._position = 0
        self._defects: list[str] = []
        self._json = decoder(self._defects)

    @property
    def consumed(self) -> int:
        """How many bytes have been taken from the source, for a progress bar."""
        return self._window.consumed

    @property
    def head(self) -> bytes:
        """A file of rejected orders is NDJSON, so it begins with the first of them."""
        return b""

    def again(self, raw: bytes) -> bytes:
        """The order in one line: outside strings a line break is a blank, inside JSON has none."""
        return raw.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n"

    def __iter__(self) -> Iterator[Outcome]:
        return _until_broken(self._all())

    def coarsely(self) -> Iterator[Outcome | Lines]:
        """As iterated; but of NDJSON whole lines as they came, for whoever reads them elsewhere."""
        return _until_broken(self._coarsely())

    def of_lines(self) -> Iterator[Outcome]:
        """As iterated, where it is known that all of the source is lines."""
        return _until_broken(self._lines(self._window))

    def _all(self) -> Iterator[Outcome]:
        by_line = self._begins_with_lines()
        yield from self._lines(self._window) if by_line else self._documents()

    def _coarsely(self) -> Iterator[Outcome | Lines]:
        by_line = self._begins_with_lines()
        yield from self._unread(self._window) if by_line else self._documents()

    def _begins_with_lines(self) -> bool:
        """Whether it is NDJSON; what cannot be read at all ends it here."""
        window = self._window
        while len(window.text) < 4 and window.fill():
            pass
        if fault := _wrong_encoding(window.text):
            _break(window, 0, fault)
        if not window.peek():
            _break(window, window.at, "the input is empty; an order, a page or NDJSON belongs here")
        return _LINES.search(window.text) is not None

    def _documents(self) -> Iterator[Outcome]:
        while first := self._window.peek():
            yield from self._document(self._window, first)

    def _unread(self, window: Window) -> Iterator[Outcome | Lines]:
        while window.peek():
            line, byte = window.place(window.at)
            text = window.lines(_KEPT)
            if text is None:
                yield self._malformed(line, byte, f"a line of more than {_size(_KEPT)}", None)
            else:
                yield Lines(encoded(text), line, byte, self._limit, self._page)

    def _lines(self, window: Window) -> Iterator[Outcome]:
        while window.peek():
            line, byte = window.place(window.at)
            text = window.line(_KEPT)
            if text is None:
                yield self._malformed(line, byte, f"a line of more than {_size(_KEPT)}", None)
            else:
                yield from self._line(text, line, byte)

    def _line(self, text: str, line: int, byte: int) -> Iterator[Outcome]:
        text = text.rstrip(" \t\r")
        try:
            value, end = self._decode(text, 0)
        except json.JSONDecodeError as fault:
            message = f"{_why(text, fault.pos, fault.msg)}, at column {fault.pos + 1} of the line"
            yield self._malformed(line, byte, message, text)
            return
        except RecursionError:
            yield self._malformed(line, byte, DEEP, text)
            return
        if end != len(text):
            yield self._malformed(line, byte, "more than one value on a line", text)
        elif isinstance(value, dict) and isinstance(value.get(self._page), list):
            page = Window(BytesIO(encoded(text)), line=line, byte=byte)
            yield from self._document(page, page.peek())
        else:
            yield self._judged(value, text, line, byte)

    def _document(self, window: Window, first: str) -> Iterator[Outcome]:
        match first:
            case "[":
                yield from self._elements(window)
            case "{":
                yield from self._object(window)
            case _:
                _break_json(window, window.at, "an order begins with {, a list of orders with [")

    def _elements(self, window: Window) -> Iterator[Outcome]:
        window.at += 1
        if window.peek() == "]":
            window.at += 1
            return
        while True:
            window.peek()
            yield self._element(window)
            if _separator(window, "]") == "]":
                return

    def _element(self, window: Window) -> Outcome:
        line, byte = window.place(window.at)
        value, text, refusal = self._value(window)
        if text is None or refusal:
            return self._malformed(line, byte, refusal, text)
        return self._judged(value, text, line, byte)

    def _object(self, window: Window) -> Iterator[Outcome]:
        """A page, whose orders are given as they come, or else one order."""
        line, byte = window.place(window.at)
        window.at += 1
        is_page, refusal, members = False, "", Kept(_KEPT)
        closing = window.peek()
        if closing == "}":
            window.at += 1
        while closing != "}":
            name, written = self._name(window)
            if name == self._page and window.peek() == "[":
                if is_page:
                    _break(window, window.at, f'"{self._page}" stands twice in one page')
                is_page = True
                yield from self._elements(window)
            else:
                _, text, fault = self._value(window)
                refusal = refusal or fault
                if text is None:
                    members.drop()
                else:
                    members.add(f"{written}:{text},")
            closing = _separator(window, "}")
        if is_page:
            return
        whole = members.text()
        text = None if whole is None else "{" + whole.removesuffix(",") + "}"
        if text is None or refusal:
            yield self._malformed(line, byte, refusal or self._too_large(), text)
        else:
            yield from self._line(text, line, byte)

    def _name(self, window: Window) -> tuple[str, str]:
        """A member's name, as text and as written, with the colon after it passed."""
        if window.peek() != '"':
            _break_json(window, window.at, "a name in double quotes belongs here")
        name, written, refusal = self._value(window)
        if written is None or refusal:
            _break(window, window.at, f"a name: {refusal}")
        if window.peek() != ":":
            _break_json(window, window.at, "a colon belongs here")
        window.at += 1
        return name, written

    def _value(self, window: Window) -> tuple[Any, str | None, str]:
        """The next value and its text; or None, the text where it is still held, and why not."""
        window.peek()
        while True:
            try:
                value, end = self._decode(window.text, window.at)
            except json.JSONDecodeError as fault:
                if _is_certain(fault, window):
                    _break_json(window, fault.pos, fault.msg)
                message, place = fault.msg, fault.pos - window.at
            except RecursionError:
                return self._skipped(window, DEEP)
            else:
                if window.text[end - 1] in '"]}' or not _MAY_GO_ON.fullmatch(window.text, end):
                    text = window.text[window.at : end]
                    window.at = end
                    return value, text, ""
                message, place = "", window.ahead
            if window.ahead > self._limit:
                return self._skipped(window, self._too_large())
            if not window.fill():
                _break_json(window, window.at + place, message)

    def _skipped(self, window: Window, refusal: str) -> tuple[None, str | None, str]:
        if window.text[window.at] not in '"[{':
            _break(window, window.at, refusal)
        try:
            return None, window.skip(_KEPT), refusal
        except EOFError:
            _break_json(window, len(window.text), "")

    def _decode(self, text: str, at: int) -> tuple[Any, int]:
        self._defects.clear()
        return self._json.raw_decode(text, at)

    def _judged(self, value: Any, text: str, line: int, byte: int) -> RawOrder | Malformed:
        """The value just decoded from `text`, unless there is something about it that refuses it."""
        try:
            raw = text.encode()
        except UnicodeEncodeError as fault:
            place = byte + len(encoded(text[: fault.start]))
            return self._malformed(line, byte, f"not UTF-8 at byte {place}; {_FIX}", text, value)
        if len(raw) > self._limit:
            refusal = self._too_large()
        elif self._defects:
            refusal = self._defects[0]
        else:
            refusal = refusal_of(value, text, self._page)
        if refusal:
            return self._malformed(line, byte, refusal, text, value)
        self._position += 1
        return RawOrder(self._position, raw, value)

    def _malformed(
        self, line: int, byte: int, message: str, text: str | None, value: Any = None
    ) -> Malformed:
        self._position += 1
        raw = None if text is None else encoded(text)
        return Malformed(self._position, line, byte, message, order_number(value), raw)

    def _too_large(self) -> str:
        return f"larger than the limit of {_size(self._limit)} for one order"


def _until_broken(outcomes: Iterator[_T]) -> Iterator[_T | Broken]:
    try:
        yield from outcomes
    except _BrokenError as stop:
        yield stop.broken


def _is_certain(fault: json.JSONDecodeError, window: Window) -> bool:
    """Whether reading on could not mend it: a string may still be closed, a literal completed."""
    near_the_end = fault.pos >= len(window.text) - 16
    return not near_the_end and not fault.msg.startswith("Unterminated string")


def _separator(window: Window, closing: str) -> str:
    found = window.peek()
    if found not in (",", closing):
        _break_json(window, window.at, f"a comma or {closing} belongs here")
    window.at += 1
    return found


def _wrong_encoding(text: str) -> str:
    if text.startswith("\ufeff"):
        return f"begins with a byte order mark; {_FIX}"
    if "\0" in text[:4] or text.startswith(("\udcff\udcfe", "\udcfe\udcff")):
        return f"UTF-16 or UTF-32; {_FIX}"
    return ""


def _why(text: str, at: int, message: str) -> str:
    """What is wrong at `at`; the encoding before the grammar, as it is the cause."""
    if at >= len(text.rstrip(" \t\r\n")):
        return "the input ends in the middle"
    if text[at] == "\ufeff":
        return f"a byte order mark; {_FIX}"
    if "\udc80" <= text[at] <= "\udcff":
        return f"not UTF-8; {_FIX}"
    return f"not JSON: {message.rstrip(': ')}"


def _break(window: Window, at: int, message: str) -> NoReturn:
    line, byte = window.place(at)
    raise _BrokenError(Broken(line, byte, message))


def _break_json(window: Window, at: int, message: str) -> NoReturn:
    _break(window, at, _why(window.text, at, message))


def _size(count: int) -> str:
    return f"{count // 1024**2} MiB" if count % 1024**2 == 0 else f"{count} bytes"
