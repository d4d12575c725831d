"""From the rows of one order to ours: pure; every fault is named by the owner's own column."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from gateway.marketplaces.addresses import relay
from gateway.marketplaces.deriving import Rejected, derived
from gateway.marketplaces.evidence import classify
from gateway.marketplaces.feed import cells
from gateway.marketplaces.feed.cells import CellError
from gateway.marketplaces.feed.facts import FeedFacts
from gateway.marketplaces.shaped import (
    DeliveryAddress,
    InvoiceAddress,
    PositionItem,
    ShapedOrder,
)
from gateway.model.order import Order, Status
from policies.question import Mode

_T = TypeVar("_T")

_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_LONGEST_NUMBER = 32
_PIECE = re.compile(r"[A-Za-z0-9._-]{1,58}")
_NO_NUMBERS = frozenset({"phone", "postcode"})
_LENGTHS = {"postcode": 16, "phone": 64, "email": 320, "carrier": 64, "sku": 128}
_LONGEST = 128


def full_number(text: str, facts: FeedFacts) -> str | None:
    """The order's number here, with its marketplace's prefix; None where `text` is none."""
    number = facts.prefix + text.removeprefix("#")
    is_one = _NUMBER.fullmatch(text.removeprefix("#")) and len(number) <= _LONGEST_NUMBER
    return number if is_one else None


def derive(value: Mapping[str, Any], facts: FeedFacts) -> Order | Rejected:
    """The order that a document's rows stand for, or why it does not hold."""
    reading = _Reading(facts, value["rows"])
    if value.get("apart"):
        reading.refuse_apart()
    order = reading.order() if value["rows"] else None
    if order is None or reading.errors:
        if not value["rows"]:
            reading.errors[f"{value['at']}, {facts.of_pieces}"] = ["must hold a piece at least"]
        given = (value["rows"] or [value["record"]])[0]["order_number"]
        number = str(given).strip() if isinstance(given, str | int) else ""
        return Rejected(full_number(number, facts), reading.errors)
    return derived(order, facts)


@dataclass(slots=True)
class _Reading:
    """One order on its way; `errors` collects what is wrong with it."""

    facts: FeedFacts
    rows: Sequence[Mapping[str, Any]]
    errors: dict[str, list[str]] = field(default_factory=dict)

    def order(self) -> ShapedOrder | None:
        """The order in its shape; None with `errors` where it has none."""
        number = full_number(self._of_order("order_number"), self.facts)
        if number is None:
            room = _LONGEST_NUMBER - len(self.facts.prefix)
            told = f"must be 1 to {room} letters, digits, dashes or underscores"
            self._refuse(self.rows[0], "order_number", told)
        ordered = self._moment(self.rows[0], "order_date", self._of_order("order_date"))
        changed_text = self._of_order("changed")
        changed = self._moment(self.rows[0], "changed", changed_text) if changed_text else ordered
        pieces = [
            piece for place in enumerate(self.rows, start=1) for piece in self._pieces(*place)
        ]
        self._check(pieces)
        delivery, invoice = self._addresses(pieces)
        if self.errors or number is None or ordered is None or changed is None:
            return None
        return ShapedOrder(
            sales_order_id=number,
            order_number=number,
            order_date=ordered,
            last_modified_date=changed,
            position_items=pieces,
            delivery_address=delivery,
            invoice_address=invoice,
        )

    def refuse_apart(self) -> None:
        """Stored alone, these rows would take the place of those that came before."""
        told = "stands apart from the order's other rows: sort the file by this column"
        self._refuse(self.rows[0], "order_number", told)

    def _addresses(
        self, pieces: Sequence[PositionItem]
    ) -> tuple[DeliveryAddress | None, InvoiceAddress | None]:
        """Whom it goes to, and, where the marketplace gives one, by which relay to write."""
        email = self._of_order("email") or None
        name, first = self._of_order("name"), self._of_order("first_name")
        last, phone = self._of_order("last_name"), self._of_order("phone")
        shop = email if relay(email, self.facts) else None
        last = name or last
        if not (first or last or phone or (email and not shop)):
            if any(one["fulfillment_status"] is Status.PROCESSABLE for one in pieces):
                key = "name" if "name" in self.facts.columns else "last_name"
                self._refuse(self.rows[0], key, "is empty, though a piece is to be delivered")
            return None, _invoice(first, last, shop)
        if not (first or last):
            key = "name" if "name" in self.facts.columns else "last_name"
            self._refuse(self.rows[0], key, "must not be empty beside a phone or an e-mail")
        country = self._word(self.rows[0], "country", self._of_order("country"))
        if country is None:
            return None, None
        if phone and _may_be_freight(pieces, self.facts):
            phone = self._repaired(phone, country)
        delivery = DeliveryAddress(
            first_name=first or None,
            last_name=last or None,
            phone_number=phone or None,
            email=None if shop else email,
            # One name is whole here: a company has no other, nor has who gives but one.
            salutation=None,
            title=None,
            zip_code=self._of_order("postcode") or None,
            country_code=country,
        )
        return delivery, _invoice(first, last, shop)

    def _repaired(self, phone: str, country: str) -> str:
        try:
            return cells.phone(phone, country, repair=self.facts.repair_phones)
        except CellError as fault:
            self._refuse(self.rows[0], "phone", str(fault))
            return ""

    def _pieces(self, place: int, row: Mapping[str, Any]) -> list[PositionItem]:
        """The pieces of one row; what a further row leaves empty of them is as in the first."""
        words = {
            key: self._cell(row, key) or self._cell(self.rows[0], key)
            for key in ("delivery_type", "carrier", "state", "delivered")
        }
        quantity = self._read(row, "quantity", self._cell(row, "quantity"), cells.pieces) or 1
        piece = self._cell(row, "piece") or str(place)
        if not _PIECE.fullmatch(piece):
            told = "must be 1 to 58 letters, digits, dots, dashes or underscores"
            self._refuse(row, "piece", told)
        state = self._word(row, "state", words["state"])
        delivery_type = words["delivery_type"] and self._word(
            row, "delivery_type", words["delivery_type"]
        )
        delivered = words["delivered"] and self._moment(row, "delivered", words["delivered"])
        item = PositionItem(
            position_item_id=piece,
            fulfillment_status=Status(state or Status.PROCESSABLE),
            delivery_type=delivery_type or None,
            sku=self._cell(row, "sku") or None,
            # A code that is not known proves nothing, and may be anything, so it is not kept.
            tracking_carrier=self.facts.words["carrier"].get(words["carrier"].casefold()),
            delivered_at=delivered or None,
        )
        further = range(2, quantity + 1)
        return [item, *(item | {"position_item_id": f"{piece}.{count}"} for count in further)]

    def _check(self, pieces: Sequence[PositionItem]) -> None:
        ids = {one["position_item_id"] for one in pieces}
        if len(ids) < len(pieces):
            self._refuse(self.rows[0], "piece", "names two pieces of this order alike")
        if len(pieces) > cells.MOST_PIECES:
            told = f"an order holds {cells.MOST_PIECES} pieces at the most"
            self._refuse(self.rows[0], "quantity", told)
        for row in self.rows:
            for key in self.facts.required:
                text = self._cell(row, key)
                # Further rows of an order need not say again what is the order's.
                if not text and (row is self.rows[0] or not self._cell(self.rows[0], key)):
                    self._refuse(row, key, "must not be empty")

    def _of_order(self, key: str) -> str:
        """A text that all rows have alike, or some of them have."""
        found = ""
        for row in self.rows:
            text = self._cell(row, key)
            if text and found and text != found:
                self._refuse(row, key, "differs from another row of the same order")
            found = found or text
        return found

    def _cell(self, row: Mapping[str, Any], key: str) -> str:
        value = row.get(key, self.facts.fixed.get(key))
        if value is None:
            return ""
        if isinstance(value, int | float) and not isinstance(value, bool):
            if key in _NO_NUMBERS:
                told = "must be text in double quotes: a number has no leading zero and no plus"
                self._refuse(row, key, told)
                return ""
            value = str(value)
        if not isinstance(value, str):
            self._refuse(row, key, "must be text or a number")
            return ""
        text = self._read(row, key, value, cells.plain) or ""
        longest = _LENGTHS.get(key, _LONGEST)
        if len(text) > longest:
            self._refuse(row, key, f"must have {longest} characters at most")
            return ""
        return text

    def _moment(self, row: Mapping[str, Any], key: str, text: str) -> datetime | None:
        facts = self.facts
        if not text:
            self._refuse(row, key, "must not be empty")
            return None
        return self._read(
            row, key, text, lambda text: cells.moment(text, facts.date_formats, facts.time_zone)
        )

    def _word(self, row: Mapping[str, Any], key: str, text: str) -> str | None:
        """What one of their words means."""
        found = self.facts.words[key].get(text.casefold())
        if found is None and text:
            file = f"marketplaces/{self.facts.marketplace}.toml"
            told = f"holds a word that [{_TABLES[key]}] does not know; add it there in {file}"
            self._refuse(row, key, told)
        elif found is None:
            self._refuse(row, key, "must not be empty")
        return found

    def _read(
        self, row: Mapping[str, Any], key: str, text: str, read: Callable[[str], _T]
    ) -> _T | None:
        try:
            return read(text)
        except CellError as fault:
            self._refuse(row, key, str(fault))
            return None

    def _refuse(self, row: Mapping[str, Any], key: str, message: str) -> None:
        name = self.facts.columns.get(key)
        path = f'{row["at"]}, "{name}"' if name is not None else f"fixed.{key}"
        # What else is wrong with a cell follows from the first.
        self.errors.setdefault(path, [message])


_TABLES = {"state": "states", "country": "countries", "delivery_type": "delivery_types"}


def _invoice(first: str, last: str, shop: str | None) -> InvoiceAddress | None:
    if shop is None:
        return None
    return InvoiceAddress(
        first_name=first or None, last_name=last or None, phone_number=None, email=shop
    )


def _may_be_freight(pieces: Sequence[PositionItem], facts: FeedFacts) -> bool:
    """Whether the phone is kept: what a parcel's phone looks like is nobody's concern."""
    return any(
        classify(one["delivery_type"], one["sku"], one["tracking_carrier"], facts)[0]
        is not Mode.PARCEL
        for one in pieces
        if not one["fulfillment_status"].is_cancelled
    )
