"""Contacts as instruction messages, UN/EDIFACT IFTMIN in directory D.01B or D.96A: one message an order.

Each message names the order (RFF+CU) and the carrier's consignment (RFF+FF), and brings the consignee
(NAD+CN) with the contact (CTA+IC, COM). D.96A has no code for mobile telephones, and shorter elements.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.handover.files.edifact import Charset, Segment, Writer
from gateway.handover.files.row import PURPOSE, Row, at_words
from gateway.handover.phones import is_mobile

_NAME = 35  # 3036 party name, of which C080 has five; 3412 department or employee
_NAMES = 5
PARTY = 35
"""Of a sender or recipient (0004, 0010)."""


class Directory(StrEnum):
    """The versions of the message that carriers ask for."""

    D01B = "D.01B"
    D96A = "D.96A"


_REFERENCE = {Directory.D01B: 70, Directory.D96A: 35}  # 1154
_COMMUNICATION = {Directory.D01B: 512, Directory.D96A: 25}  # 3148


@dataclass(frozen=True, slots=True, kw_only=True)
class Iftmin:
    """Writes one interchange from a sender to a recipient."""

    directory: Directory
    charset: Charset
    sender: str
    recipient: str
    reference: str
    now: datetime

    def message(self, row: Row) -> list[Segment]:
        """The segments between UNH and UNT; UnfitError names what has no room in them."""
        writer = Writer(self.charset)
        reference = _REFERENCE[self.directory]
        until = f"{PURPOSE}. Delete by {row.delete_by:%Y-%m-%d}"
        segments: list[Segment] = [
            ("BGM", [["610"], [writer.value("release", row.release_id, 35)], ["9"]]),
            ("DTM", [["137", f"{row.released_at:%Y%m%d%H%M}", "203"]]),
            ("FTX", [["DEL"], [], [], [writer.value("note", until, 70)]]),
            ("RFF", [["CU", writer.value("order number", row.order_number, reference)]]),
        ]
        if row.consignment is not None:
            number = writer.value("consignment", row.consignment, reference)
            segments.append(("RFF", [["FF", number]]))
        return [*segments, *self._contact(writer, row)]

    def interchange(self, messages: Sequence[Sequence[Segment]]) -> bytes:
        """All messages, numbered and counted."""
        writer = Writer(self.charset)
        release = self.directory.removeprefix("D.")
        reference = writer.value("reference", self.reference, 14)
        stamp = [f"{self.now:%y%m%d}", f"{self.now:%H%M}"]
        parties = [[writer.value("party", it, PARTY)] for it in (self.sender, self.recipient)]
        segments: list[Segment] = [
            ("UNB", [[self.charset.value, "3"], *parties, stamp, [reference]])
        ]
        for number, message in enumerate(messages, 1):
            segments.append(("UNH", [[str(number)], ["IFTMIN", "D", release, "UN"]]))
            segments += message
            segments.append(("UNT", [[str(len(message) + 2)], [str(number)]]))
        segments.append(("UNZ", [[str(len(messages))], [reference]]))
        return writer.interchange(segments)

    def _contact(self, writer: Writer, row: Row) -> list[Segment]:
        longest = _COMMUNICATION[self.directory]
        segments: list[Segment] = [("NAD", [["CN"]])]
        contact: Sequence[Sequence[str]] = [["IC"]]
        if row.name is not None:
            name = writer.value("name", row.name, _NAME * _NAMES)
            parts = at_words("name", name, _NAMES, _NAME)
            segments = [("NAD", [["CN"], [], [], parts])]
            contact = [["IC"], ["", parts[0]]]
        segments.append(("CTA", contact))
        if row.phone is not None:
            splits = self.directory is Directory.D01B and is_mobile(row.phone)
            phone = writer.value("phone", row.phone, longest)
            segments.append(("COM", [[phone, "AL" if splits else "TE"]]))
        if row.email is not None:
            email = writer.value("email", row.email, longest)
            segments.append(("COM", [[email, "EM"]]))
        return segments
