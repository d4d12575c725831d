"""Takes every trace of a contact out of what a carrier answers, before anybody else sees it.

A carrier may repeat what it was sent, in another spelling or wrapped in something. What is not plainly
free of the contact does not pass: a long text, and whatever holds a part of it, is put out of the way.
"""

import base64
import binascii
import html
import math
import re
import unicodedata
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote_plus

from gateway.model.contact import Private

REMOVED = "[removed]"

LONGEST = 300
"""Longer texts than a message or a reference are documents, such as labels: they do not pass."""

_DEPTH = 40
_LAYERS = 3
_WORD = 2
_PART = 4
_PHONE_DIGITS = 6
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){6,}")
_ESCAPE = re.compile(r"\\(?:[uU]([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))")
_QUOTED = re.compile(r"=([0-9a-fA-F]{2})")
_NO_DIGIT = re.compile(r"[^0-9]+")
_MARKS = frozenset("&%+\\=")
_LETTERS = re.compile(r"\w+")
_DATE = re.compile(r"20\d\d-[01]\d-[0-3]\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII)
_PACKED = 10_000
"""Bytes of something compressed that are looked at: more than any contact has."""

_ZLIB_OR_GZIP = zlib.MAX_WBITS | 32


class Traces:
    """What of a contact would show in an answer.

    `sent` is what stood in the document before the contact came. Otherwise one could write guesses
    into it, and learn from the answer which of them is right: so whatever repeats something sent that
    could be a phone or an address goes as well, right or wrong; and a part of the address that the
    sender wrote by itself does not count as a trace on its own. (Dates of their own are no guesses:
    answers are full of them.) `secrets`, such as the carrier's key, pass as little as the contact.
    """

    def __init__(
        self,
        contact: Mapping[str, Private | None],
        sent: Collection[str] = (),
        secrets: Collection[str] = (),
    ) -> None:
        known = {name: value.reveal() for name, value in contact.items() if value is not None}
        self._words = {
            word
            for spelling in _spellings(known.get("name", ""))
            for word in _LETTERS.findall(spelling)
            if len(word) >= _WORD
        }
        self._digits = _digits(known.get("phone", ""))[-_PHONE_DIGITS:]
        self._secrets = {secret.casefold() for secret in secrets}
        written = {it for text in sent if not _DATE.fullmatch(text) for it in _readings(text)}
        self._guesses = _Guesses(written)
        self._addresses = _address_parts(known.get("email", "").casefold(), written)

    def removed(self, value: Any, depth: int = 0) -> Any:
        """The JSON value without them; names of members are looked at as well."""
        if depth > _DEPTH:
            return REMOVED
        if isinstance(value, list):
            return [self.removed(it, depth + 1) for it in value]
        if isinstance(value, dict):
            return {
                self.removed(name, depth + 1): self.removed(it, depth + 1)
                for name, it in value.items()
            }
        if value is None or isinstance(value, bool):
            return value
        text = str(value)
        return value if _is_plain(value, text) and not self._shows(text) else REMOVED

    def _shows(self, text: str) -> bool:
        return any(self._shows_plainly(reading) for reading in _readings(text))

    def _shows_plainly(self, text: str) -> bool:
        digits = _digits(text)
        if self._digits and self._digits in digits:
            return True
        if self._guesses.repeated_by(text, digits):
            return True
        return any(self._shows_name_or_address(spelling) for spelling in _spellings(text))

    def _shows_name_or_address(self, spelling: str) -> bool:
        found = set(_LETTERS.findall(spelling))
        return (
            any(whole in spelling for whole in self._addresses | self._secrets)
            or not self._words.isdisjoint(found)
            # Written without spaces, such as ErikaMustermann; or cut off, such as Musterm.
            or any(len(word) >= _PART and word in spelling for word in self._words)
            or any(len(it) >= _PART and word.startswith(it) for it in found for word in self._words)
        )


class _Guesses:
    """What was sent that could be a phone or an address, whoever's it is."""

    def __init__(self, written: Collection[str]) -> None:
        self._has_address = any("@" in text for text in written)
        # By a flag for each number of so many digits: a document may be long.
        self._phones = bytearray(10**_PHONE_DIGITS)
        for text in written:
            for number in _numbers(_digits(text)):
                self._phones[number] = 1

    def repeated_by(self, text: str, digits: str) -> bool:
        """Whether a text repeats one of them, with these digits in it."""
        if self._has_address and "@" in text:
            return True
        return any(self._phones[number] for number in _numbers(digits))


def _numbers(digits: str) -> Iterator[int]:
    """Each run of as many digits as a phone is known by."""
    for at in range(len(digits) - _PHONE_DIGITS + 1):
        yield int(digits[at : at + _PHONE_DIGITS])


def _address_parts(address: str, written: Collection[str]) -> set[str]:
    """What an e-mail address is known by: its beginning with the @, and each side by itself."""
    if not address:
        return set()
    local, _, domain = address.partition("@")
    sides = {side for side in (local, domain) if len(side) >= _PART}
    guessed = {side for side in sides if any(side in text.casefold() for text in written)}
    return {f"{local}@"} | (sides - guessed)


def _is_plain(value: Any, text: str) -> bool:
    """Whether it can be passed on at all: short, and with a form in JSON."""
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return len(text) <= LONGEST and "\0" not in text and not any(map(_is_half, text))


def _is_half(character: str) -> bool:
    """Half of a surrogate pair, which has no form in UTF-8."""
    return "\ud800" <= character <= "\udfff"


def _digits(text: str) -> str:
    """The digits alone, whatever script they are written in."""
    if text.isascii():
        return _NO_DIGIT.sub("", text)
    return "".join(str(unicodedata.digit(it)) for it in text if it.isdigit())


def _spellings(text: str) -> Iterator[str]:
    """In lower case: as it stands, without accents, and in the German way without umlauts."""
    if text.isascii():
        yield text.lower()
        return
    visible = "".join(it for it in text if unicodedata.category(it) != "Cf")
    composed = unicodedata.normalize("NFKC", visible)
    lower = composed.casefold()
    yield lower
    yield "".join(it for it in unicodedata.normalize("NFD", lower) if not unicodedata.combining(it))
    yield composed.lower().translate(_GERMAN)


def _readings(text: str) -> set[str]:
    """The text, and what it would be if it were quoted, escaped or encoded, up to some times over."""
    known, fresh = {text}, {text}
    for _ in range(_LAYERS):
        fresh = {reading for it in fresh for reading in _unwrapped(it)} - known
        known |= fresh
    return known


def _unwrapped(text: str) -> Iterator[str]:
    """For a URL, HTML, JSON or a mail; base64 and hexadecimal."""
    if not _MARKS.isdisjoint(text):
        yield html.unescape(unquote_plus(text))
        yield _ESCAPE.sub(lambda found: chr(int(found[1] or found[2], 16)), text)
        yield _QUOTED.sub(lambda found: chr(int(found[1], 16)), text)
    for piece in _BASE64.findall(text):
        bare = piece.rstrip("=")
        with_padding = bare + "=" * (-len(bare) % 4)
        for alphabet in (b"+/",) if piece.isalnum() else (b"-_", b"+/"):
            with suppress(binascii.Error):
                yield from _read(base64.b64decode(with_padding, altchars=alphabet))
    for piece in _HEX.findall(text):
        yield from _read(bytes.fromhex(piece))


def _read(raw: bytes) -> Iterator[str]:
    """As text, also where each letter has more than one byte; and what may be compressed in it."""
    yield raw.replace(b"\0", b"").decode("utf-8", "replace")
    with suppress(zlib.error):
        unpacked = zlib.decompressobj(_ZLIB_OR_GZIP).decompress(raw, _PACKED)
        yield unpacked.decode("utf-8", "replace")
