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
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

from gateway.model.contact import Private

REMOVED = "[removed]"
AS_SENT = "[as sent]"

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
_ESCAPE = re.compile(r"\\[uU]([0-9a-fA-F]{4})")
_QUOTED = re.compile(r"=([0-9a-fA-F]{2})")
_LETTERS = re.compile(r"\w+")


class Traces:
    """What of a contact would show in an answer.

    `sent` is what stood in the document before the contact came: whatever of it could be taken for a
    phone or an address is put out of the way as well, whether it is the contact's or not. Otherwise
    one could write guesses into a document, and learn from the answer which of them is right.
    `secrets`, such as the carrier's key, are no part of the contact and pass as little.
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
        address = known.get("email", "").casefold()
        local = address.partition("@")[0]
        self._addresses = {local if len(local) >= _PART else f"{local}@"} if address else set()
        self._secrets = {secret.casefold() for secret in secrets}
        self._digits = _digits(known.get("phone", ""))[-_PHONE_DIGITS:]
        self._sent = {text for text in sent if "@" in text or len(_digits(text)) >= _PHONE_DIGITS}

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
        if text in self._sent:
            return AS_SENT
        return value if _is_plain(value, text) and not self._shows(text) else REMOVED

    def _shows(self, text: str) -> bool:
        return any(self._shows_plainly(reading) for reading in _readings(text))

    def _shows_plainly(self, text: str) -> bool:
        if self._digits and self._digits in _digits(text):
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
    return "".join(str(unicodedata.digit(it)) for it in text if it.isdigit())


def _spellings(text: str) -> Iterator[str]:
    """In lower case: as it stands, without accents, and in the German way without umlauts."""
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
    yield html.unescape(unquote_plus(text))
    yield _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    yield _QUOTED.sub(lambda found: chr(int(found[1], 16)), text)
    for piece in _BASE64.findall(text):
        bare = piece.rstrip("=")
        with_padding = bare + "=" * (-len(bare) % 4)
        for alphabet in (b"-_", b"+/"):
            try:
                yield _read(base64.b64decode(with_padding, altchars=alphabet))
            except binascii.Error:
                continue
    for piece in _HEX.findall(text):
        yield _read(bytes.fromhex(piece))


def _read(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
