"""Segments of UN/EDIFACT as bytes (ISO 9735, syntax version 3): what a charset lacks is never written.

A value that does not fit is refused, not cut and not replaced: a carrier would call a wrong number.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.handover.files.row import UnfitError, is_calm

Segment = tuple[str, Sequence[Sequence[str]]]
"""A tag, and its elements with their components."""

SERVICE = "UNA:+.? '"
_SPECIAL = re.compile(r"[?'+:]")
_LEVEL_A = re.compile(r"""[A-Z0-9 .,\-()/='+:?!"%&*;<>]*""")
_LEVEL_B = re.compile(r"""[A-Za-z0-9 .,\-()/='+:?!"%&*;<>]*""")


class Charset(StrEnum):
    """Syntax levels with their repertoire (ISO 9735:1988 amendment 1, UN/ECE syntax rules)."""

    UNOA = "UNOA"
    UNOB = "UNOB"
    UNOC = "UNOC"
    UNOD = "UNOD"
    UNOE = "UNOE"
    UNOF = "UNOF"


_CODECS = {
    Charset.UNOA: "ascii",
    Charset.UNOB: "ascii",
    Charset.UNOC: "iso8859-1",
    Charset.UNOD: "iso8859-2",
    Charset.UNOE: "iso8859-5",
    Charset.UNOF: "iso8859-7",
}


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes in one charset; UNOA has no lower case, so there letters are written in upper case."""

    charset: Charset

    def value(self, name: str, text: str, longest: int) -> str:
        """The text as a component; UnfitError when it is too long or not of the charset."""
        given = text.upper() if self.charset is Charset.UNOA else text
        if len(given) > longest:
            raise UnfitError(name, f"is longer than {longest} characters")
        if not is_calm(given):
            raise UnfitError(name, "has control characters")
        if not self._carries(given):
            raise UnfitError(name, f"has characters that {self.charset} does not have")
        return given

    def interchange(self, segments: Iterable[Segment]) -> bytes:
        """The segments, a line each, behind the service characters."""
        lines = [SERVICE, *map(_written, segments)]
        return "".join(f"{line}\r\n" for line in lines).encode(_CODECS[self.charset])

    def _carries(self, text: str) -> bool:
        if self.charset is Charset.UNOA:
            return _LEVEL_A.fullmatch(text) is not None
        if self.charset is Charset.UNOB:
            return _LEVEL_B.fullmatch(text) is not None
        try:
            text.encode(_CODECS[self.charset])
        except UnicodeEncodeError:
            return False
        return True


def _written(segment: Segment) -> str:
    tag, elements = segment
    return "+".join([tag, *(":".join(map(_escaped, element)) for element in elements)]) + "'"


def _escaped(component: str) -> str:
    return _SPECIAL.sub(r"?\g<0>", component)
