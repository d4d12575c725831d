"""Reads phone numbers as buyers write them; it must never make a wrong number out of an unclear text."""

import re
from functools import cache
from typing import Any, NamedTuple

import phonenumbers
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumberFormat

from gateway.marketplaces.countries import alpha2

_LABEL = re.compile(
    r"^(?:tel(?:efon)?|fon|phone|mobil(?:e|telefon)?|handy)\b[.:\s]*", re.IGNORECASE
)
_EXTENSION = re.compile(
    r"[\s,;/-]*(?:;?ext(?:ension)?|x|\#|app(?:arat)?|durchwahl|dw|nst|nebenstelle|klappe|kl)"
    r"[.:=\s]*[0-9]{1,7}$",
    re.IGNORECASE,
)
_GERMANY = 49
_GERMAN = re.compile(r"(?:\+49[ /-]?|(?P<trunk>0))(?P<rest>[1-9][0-9]*(?:[ /-][0-9]+)*)")
_UNSEPARATED = str.maketrans("", "", " /-")
_LONGEST = 64  # characters; DHL Freight's limit for a phone, and far beyond what a number needs
_E164_DIGITS = 15  # ITU-T E.164, 6.2.1


def e164(text: str, country: str) -> str | None:
    """The number in E.164, or None where `text` is not certainly one valid number.

    `country` is the address's ISO 3166-1 alpha-3 code, by which national formats are read. An
    extension is recognised and left out, since E.164 has no place for it. Words beside the number
    make it unclear: libphonenumber would read their letters as digits of a vanity number.
    """
    if len(text) > _LONGEST:
        return None
    return _plainly_german(text, country) or read(text, country)


def read(text: str, country: str) -> str | None:
    """`e164` by all the rules, for a text of any kind."""
    text = _EXTENSION.sub("", _LABEL.sub("", text.strip()))
    if any(character.isalpha() for character in text):
        return None
    region = alpha2().get(country)
    return _without_trunk_prefix(text, region) or _valid(text, region)


def _plainly_german(text: str, country: str) -> str | None:
    """A number in a German town or a mobile one, written as such; of any other this says nothing."""
    found = _GERMAN.fullmatch(text)
    if found is None or (found["trunk"] and country != "DEU"):
        return None
    digits = found["rest"].translate(_UNSEPARATED)
    if len(digits) > _E164_DIGITS - len(str(_GERMANY)):
        return None
    every, *kinds = _german_ranges()
    is_valid = every.holds(digits) and any(kind.holds(digits) for kind in kinds)
    return f"+{_GERMANY}{digits}" if is_valid else None


class _Range(NamedTuple):
    """The numbers of one kind, as libphonenumber knows them."""

    lengths: frozenset[int]
    pattern: re.Pattern[str]

    def holds(self, digits: str) -> bool:
        return len(digits) in self.lengths and self.pattern.fullmatch(digits) is not None


@cache
def _german_ranges() -> list[_Range]:
    """All German numbers, then the kinds that buyers have; libphonenumber asks for nine others before."""
    # Its metadata is made at run time, beyond what types say.
    known: Any = PhoneMetadata.metadata_for_region("DE")
    return [
        _Range(frozenset(kind.possible_length), re.compile(kind.national_number_pattern))
        for kind in (known.general_desc, known.fixed_line, known.mobile)
    ]


def _without_trunk_prefix(text: str, region: str | None) -> str | None:
    """Reads 49 30 23125001 as +49 30 23125001, not as a number within Germany.

    Where the trunk prefix 0 is missing and the country's own calling code stands in front, the
    plus was left out; the reading as a national number would call a stranger.
    """
    code = str(phonenumbers.country_code_for_region(region)) if region else ""
    return _valid("+" + text, region) if code and text.startswith(code) else None


def _valid(text: str, region: str | None) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    written = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return written if len(written) <= 1 + _E164_DIGITS else None
