"""Contacts as vCards 4.0 (RFC 6350), for people: an address book, a telephone."""

import re
from collections.abc import Sequence

from gateway.handover.files.row import PURPOSE, Row, calm
from gateway.handover.phones import is_mobile

_LINE_BYTES = 75
_SPECIAL = re.compile(r"[\\,;]")


def card(row: Row) -> str:
    """One card; where no name was asked for, it is called by its order."""
    kind = "cell" if row.phone is not None and is_mobile(row.phone) else "voice"
    number = row.order_number if row.consignment is None else row.consignment
    lines = [
        "BEGIN:VCARD",
        "VERSION:4.0",
        f"FN:{_escaped(row.name or f'Order {row.order_number}')}",
        *([f"TEL;VALUE=uri;TYPE={kind}:tel:{row.phone}"] if row.phone is not None else []),
        *([f"EMAIL:{_escaped(row.email)}"] if row.email is not None else []),
        f"NOTE:{_escaped(f'{number}: {PURPOSE}. Delete by {row.delete_by:%Y-%m-%d}')}",
        f"REV:{row.released_at:%Y%m%dT%H%M%SZ}",
        "END:VCARD",
    ]
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def file(cards: Sequence[str]) -> bytes:
    """All cards, one after the other."""
    return "".join(cards).encode()


def _escaped(text: str) -> str:
    """A text value (RFC 6350 §3.4)."""
    return _SPECIAL.sub(r"\\\g<0>", calm(text))


def _folded(line: str) -> str:
    """In lines of 75 octets at the most, no character broken (RFC 6350 §3.2)."""
    parts, length = [""], 0
    for character in line:
        size = len(character.encode())
        if length + size > _LINE_BYTES:
            parts.append(" ")
            length = 1
        parts[-1] += character
        length += size
    return "\r\n".join(parts)
