"""Contacts as a Fortras manifest, BORD512 of release 100: a record a line, one consignment an order.

The positions are those of RedmayneEDI/redmayne-core-fortras (Base, BORD512/Models) and of conizi's "Mapping
Guideline for FORTRAS BORD512 to conizi pickup order format" (v1.1, 2019), which agree on every one.
Our own reading, for the carrier to confirm: ISO 8859-1; which numbers stand in G00; the notes in H10; that
what a contact does not bring (address, weight, sums) stays blank; that another packet follows after 999.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.handover.files.row import PURPOSE, Row, UnfitError, at_words, is_calm

Record = tuple[str, str]
"""A record's type and what stands behind its number."""

PARTY = 35
"""Of a sender or recipient, in the header and in A00."""

_LINE = 512
_MOST = 999
"""Consignments in one packet: their number has three digits."""

_NAME, _NAMES = 35, 3
_ADDRESS = 35 + 3 + 9 + 35 + 35
"""Street, country, postcode, town, partner: between the first name and the second."""

_NUMBER = 35
_SUMS = 9 + 3 + 1 + 8 + 4 + 4 + 6
"""Weight, terms, direct delivery, pickup, logistics model: between the two depots' numbers."""

_MAILBOX = 7
"""The room that a sender and a recipient have at the least in the header."""

_DELIVERY, _GENERAL = "001", "000"
"""What a note in H10 is about."""


class EmailCode(StrEnum):
    """How a network calls e-mail in B10: the sources differ in this alone, the guideline has the second."""

    EML = "EML"
    EMA = "EMA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fortras:
    """Writes manifests from a sender to a recipient."""

    sender: str
    recipient: str
    reference: str
    email_code: EmailCode
    now: datetime

    def consignment(self, row: Row) -> list[Record]:
        """The records of one contact, not numbered yet; UnfitError names what has no room in them."""
        names = [] if row.name is None else at_words("name", row.name, _NAMES, _NAME)
        first, *further = [_field("name", it, _NAME) for it in names] or [" " * _NAME]
        until = f"{PURPOSE}. Delete by {row.delete_by:%Y-%m-%d}"
        merchants_own = _field("order number", row.order_number, _NUMBER)
        carriers_own = _field("consignment", row.consignment or "", _NUMBER)
        notes = ((_DELIVERY, "note", until), (_GENERAL, "release", f"Release {row.release_id}"))
        return [
            ("B00", f"CON{first}{' ' * _ADDRESS}{''.join(further)}"),
            *self._channels(row),
            ("G00", f"{merchants_own}{' ' * _SUMS}{carriers_own}"),
            ("H10", "".join(code + _field(name, text, 70) for code, name, text in notes)),
        ]

    def file(self, consignments: Sequence[Sequence[Record]]) -> bytes:
        """All consignments, numbered and counted, in as many packets as they need."""
        starts = range(0, max(1, len(consignments)), _MOST)
        packets = [consignments[at : at + _MOST] for at in starts]
        lines = [it for number, one in enumerate(packets, 1) for it in self._packet(number, one)]
        return "".join(f"{line:{_LINE}}\r\n" for line in lines).encode("iso8859-1")

    def _channels(self, row: Row) -> Iterator[Record]:
        given = (("KPE", "name"), ("TEL", "phone"), (self.email_code.value, "email"))
        for code, name in given:
            if (text := getattr(row, name)) is not None:
                yield "B10", code + _field(name, text, 256)

    def _packet(self, number: int, consignments: Sequence[Sequence[Record]]) -> list[str]:
        inner = [
            f"{kind}{item:03}{rest}"
            for item, records in enumerate(consignments, 1)
            for kind, rest in records
        ]
        date = f"{self.now:%d%m%Y}"
        parties = [_field("party", it, PARTY) for it in (self.sender, self.recipient)]
        waybill = _field("reference", f"{self.reference}-{number}", 35)
        data = [f"A00STD100{waybill}{date}{' ' * 12}{''.join(parties)}", *inner]
        data.append(f"J00{len(consignments):03}")
        control = f"Z00{len(data):06}{date}{self.now:%H%M%S}"
        return [self._header(), *data, control, "@@PT"]

    def _header(self) -> str:
        """Where the recipient begins, and how long it is, is told in front of both."""
        sender = _field("party", self.sender, max(_MAILBOX, len(self.sender)))
        recipient = _field("party", self.recipient, max(_MAILBOX, len(self.recipient)))
        start = 28 + len(sender)
        return f"@@PHBORD512 {_LINE:04}00{start:02}0010{len(recipient):<2}{sender} {recipient}"


def _field(name: str, text: str, width: int) -> str:
    """The text in its field; UnfitError when it is too long or has characters that do not belong there."""
    if len(text) > width:
        raise UnfitError(name, f"is longer than {width} characters")
    if not is_calm(text):
        raise UnfitError(name, "has control characters")
    try:
        text.encode("iso8859-1")
    except UnicodeEncodeError:
        raise UnfitError(name, "has characters that ISO 8859-1 does not have") from None
    return text.ljust(width)
