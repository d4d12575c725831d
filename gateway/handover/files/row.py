"""A released contact as it is written into a file: its texts stand in the clear from here on."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from gateway.model.contact import Private
from gateway.usecases.release import Released

_DISTURBING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What moves a reader's lines or turns them around: control characters, line ends, changes of direction."""

PURPOSE = "For agreeing the delivery appointment only"


class UnfitError(ValueError):
    """A format has no room for a value; the text names neither the value nor a part of it."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name} {why}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One contact; name, phone (E.164) and email are None where they were not asked for or given."""

    release_id: str
    order_number: str
    consignment: str | None
    name: str | None = field(repr=False)
    phone: str | None = field(repr=False)
    email: str | None = field(repr=False)
    released_at: datetime
    delete_by: datetime

    @classmethod
    def of(cls, released: Released) -> Self:
        """A release, opened."""
        return cls(
            release_id=released.release_id,
            order_number=released.order_number,
            consignment=released.consignment,
            name=_text(released.contact.get("name")),
            phone=_text(released.contact.get("phone")),
            email=_text(released.contact.get("email")),
            released_at=released.released_at,
            delete_by=released.delete_by,
        )


def calm(text: str) -> str:
    """The text with a visible sign in place of each disturbing character, for formats that people read."""
    return _DISTURBING.sub("\ufffd", text)


def is_calm(text: str) -> bool:
    """Whether no character of it disturbs."""
    return _DISTURBING.search(text) is None


def at_words(name: str, text: str, most: int, longest: int) -> list[str]:
    """The text in parts that neither begin nor end with a space, which readers may drop.

    One that fits as it is stays whole. UnfitError: it cannot be divided into as many.
    """
    if len(text) <= longest:
        return [text]
    parts = [""]
    for word in text.split():
        joined = f"{parts[-1]} {word}".strip()
        if len(joined) <= longest:
            parts[-1] = joined
        elif len(word) <= longest and len(parts) < most:
            parts.append(word)
        else:
            raise UnfitError(name, f"does not fit into {most} parts of {longest} characters")
    return parts


def _text(value: Private | None) -> str | None:
    return None if value is None else value.reveal()
