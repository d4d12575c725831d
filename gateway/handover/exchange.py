"""What comes of an exchange with another server: a reply, or what kept it from coming about."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Hindrance(StrEnum):
    """What kept an exchange from coming about; it names no address and no value."""

    URL = "not an https address"
    NAME = "the name is unknown"
    INNER_ADDRESS = "the address is not of the public internet"
    UNREACHABLE = "no connection"
    CERTIFICATE = "the certificate does not hold"
    TIME = "too slow"
    SIZE = "the answer is too long"
    PROTOCOL = "the answer is no HTTP, or broke off"


@dataclass(frozen=True, slots=True)
class Unreached:
    """There is no connection, and nothing was sent."""

    hindrance: Hindrance


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The request may have arrived, but there is no whole answer to it."""

    hindrance: Hindrance


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, whatever its status; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
