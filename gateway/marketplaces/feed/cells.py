"""Reads cells as people and spreadsheets leave them; it refuses what was damaged, and never guesses."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import phonenumbers

from gateway.marketplaces.countries import alpha2
from gateway.marketplaces.phone import e164

MOST_PIECES = 1000
"""Pieces of one order."""

ISO = "iso"
"""The date format that stands for RFC 3339 and its kin."""

_LONGEST = 512
_TEXT_FORMULA = re.compile(r'="([^"]*)"')
_GUARDED = re.compile(r"'[=+\-@]")
_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
_WHOLE = re.compile(r"(\d{1,4})(?:[.,]0+)?", re.ASCII)
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d+", re.ASCII)
_ROUNDED = re.compile(r"\d+[.,]0*", re.ASCII)
_BARE = re.compile(r"[1-9][\d /.()-]*", re.ASCII)


class CellError(ValueError):
    """What is wrong with a cell, and the fix; never the cell itself."""


def plain(text: str) -> str:
    """The cell's text on one line, without what keeps spreadsheets from reading it as a formula."""
    if len(text) > _LONGEST:
        raise CellError(f"has more than {_LONGEST} characters")
    text = text.strip()
    if (inner := _TEXT_FORMULA.fullmatch(text)) is not None:
        text = inner[1].strip()
    elif text.startswith("="):
        raise CellError("holds a formula; export its value")
    elif _GUARDED.match(text):
        text = text[1:]
    if _UNWANTED.search(text):
        raise CellError("must not hold control characters or direction marks")
    return " ".join(text.split())


def moment(text: str, formats: Sequence[str], zone: ZoneInfo) -> datetime:
    """A time in UTC; without an offset of its own it is read in `zone`, a date as its beginning."""
    for form in formats:
        try:
            found = _read(text, form)
            aware = found if found.tzinfo is not None else found.replace(tzinfo=zone)
            return aware.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    raise CellError(f"is no date of the form {' or '.join(formats)} (dates.formats)")


def _read(text: str, form: str) -> datetime:
    if form == ISO:
        return datetime.fromisoformat(text)
    return datetime.strptime(text, form)  # noqa: DTZ007  who calls this knows the zone


def pieces(text: str) -> int:
    """How many pieces; an empty cell is one."""
    if not text:
        return 1
    found = _WHOLE.fullmatch(text)
    count = int(found[1]) if found else 0
    if not 1 <= count <= MOST_PIECES:
        raise CellError(f"must be a whole number from 1 to {MOST_PIECES}")
    return count


def phone(text: str, country: str, *, repair: bool) -> str:
    """The phone as given, or repaired where its leading plus or zero is gone and `repair` permits it."""
    if _SCIENTIFIC.fullmatch(text):
        raise CellError(
            "was rounded by a spreadsheet, and its digits are lost; "
            "make the column text there, and export it again"
        )
    if _ROUNDED.fullmatch(text):
        raise CellError("was turned into a number by a spreadsheet; make the column text there")
    region = alpha2().get(country)
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region) if region else None
    has_zero = metadata is not None and metadata.national_prefix == "0"
    if region is None or not has_zero or not _BARE.fullmatch(text):
        return text
    code = str(phonenumbers.country_code_for_region(region))
    international = e164(f"+{text}", country) if text.startswith(code) else None
    # What begins with the country's code is valid inside the country too, now and then.
    national = e164(f"0{text}", country)
    found = {one for one in (international, national) if one is not None}
    if not found:
        return text
    if not repair:
        raise CellError(
            "begins with neither 0 nor +, which spreadsheets drop; make the column text there, "
            'or have it repaired: phones.damaged = "repair"'
        )
    if len(found) > 1:
        raise CellError("lost its leading 0 or its leading +; which of them cannot be told")
    return found.pop()
