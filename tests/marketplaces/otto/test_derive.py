"""Each order keeps exactly the contact it may have, and tells what was left behind."""

import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.marketplaces.deriving import Rejected
from gateway.marketplaces.otto.derive import derive, prepare
from gateway.marketplaces.otto.facts import OttoFacts
from gateway.model.contact import Private
from gateway.model.order import EmailKind, Evidence, Flag, Order, Status
from policies.question import Mode
from tests.builders import (
    RELAY,
    a_freight_item,
    a_parcel_item,
    a_parcel_order,
    an_address,
    an_announced_order,
    an_invoice_address,
    an_item,
    an_order,
    without,
)

PLACEHOLDER = "Erika.Mustermann.bagm62dvgp@otto.magnalister.com"


def derived(value: dict[str, Any], facts: OttoFacts) -> Order:
    """The order, which must hold."""
    order = derive(value, facts)
    assert isinstance(order, Order), order
    return order


def text(private: Private | None) -> str | None:
    """What stands in it."""
    return None if private is None else private.reveal()


def contact(order: Order) -> tuple[str | None, ...] | None:
    """Name, phone, phone as given and e-mail of the freight contact."""
    kept = order.freight
    if kept is None:
        return None
    return text(kept.name), text(kept.phone), text(kept.phone_as_given), text(kept.email)


def shop(order: Order) -> tuple[str | None, bool] | None:
    """The shop's address, and whether it reaches anybody."""
    return None if order.shop is None else (text(order.shop.email), order.shop.deliverable)


def to(**changes: Any) -> dict[str, Any]:
    """A freight order with a changed delivery address."""
    return an_order(deliveryAddress=an_address(**changes))


def test_a_freight_order_has_its_contact_and_the_shop_the_relay(facts: OttoFacts) -> None:
    """The carrier's contact is the buyer's own, the shop's is OTTO's."""
    order = derived(an_order(), facts)
    assert contact(order) == ("Erika Mustermann", "+493023125001", None, "erika@example.org")
    assert (shop(order), order.email_kind) == ((RELAY, True), EmailKind.RELAY)
    assert (order.order_number, order.country, order.postcode_area) == ("bagm62dvgp", "DEU", "01")
    assert (order.flags, order.discarded) == ((), ())
    assert [(item.mode, item.evidence) for item in order.items] == [
        (Mode.FREIGHT, Evidence.DELIVERY_TYPE)
    ]


def test_a_freight_order_without_relay_has_a_placeholder_in_shops(facts: OttoFacts) -> None:
    """The buyer's own address stays with the freight contact."""
    order = derived(an_order(invoiceAddress=an_invoice_address(email=None)), facts)
    assert (shop(order), order.email_kind) == ((PLACEHOLDER, False), EmailKind.PLACEHOLDER)
    assert contact(order) is not None
    assert shop(derived(an_order(invoiceAddress=None), facts)) == (PLACEHOLDER, False)


def test_the_placeholder_names_the_buyer_not_the_recipient(facts: OttoFacts) -> None:
    """The invoice says who bought; without names there, the recipient's are taken."""
    invoice = an_invoice_address(email=None, firstName="Anna", lastName="Käufer")
    order = derived(an_order(invoiceAddress=invoice), facts)
    assert shop(order) == ("Anna.Kaeufer.bagm62dvgp@otto.magnalister.com", False)
    assert contact(order) == ("Erika Mustermann", "+493023125001", None, "erika@example.org")
    order = derived(an_order(invoiceAddress={"firstName": "", "lastName": None}), facts)
    assert shop(order) == (PLACEHOLDER, False)


def test_a_parcel_order_has_no_contact_for_carriers(facts: OttoFacts) -> None:
    """Relay or placeholder, nothing else; nothing was discarded, as nothing came."""
    order = derived(a_parcel_order(), facts)
    assert (order.freight, shop(order), order.flags, order.discarded) == (
        None,
        (RELAY, True),
        (),
        (),
    )
    order = derived(a_parcel_order(invoiceAddress=an_invoice_address(email=None)), facts)
    assert (order.freight, shop(order), order.flags) == (None, (PLACEHOLDER, False), ())


@pytest.mark.parametrize(
    ("changes", "flags", "discarded"),
    [
        ({"email": None}, (Flag.PARCEL_PHONE_DISCARDED,), ("phone",)),
        ({"email": None, "phoneNumber": "?"}, (Flag.PARCEL_PHONE_DISCARDED,), ("phone",)),
        ({"phoneNumber": None}, (Flag.PARCEL_EMAIL_DISCARDED,), ("email",)),
        ({"phoneNumber": None, "email": "erika"}, (Flag.PARCEL_EMAIL_DISCARDED,), ("email",)),
        ({}, (Flag.PARCEL_PHONE_DISCARDED, Flag.PARCEL_EMAIL_DISCARDED), ("phone", "email")),
        ({"phoneNumber": None, "email": RELAY}, (), ()),
    ],
)
def test_what_a_parcel_order_must_not_carry_is_left_behind_and_told(
    facts: OttoFacts, changes: dict[str, Any], flags: tuple[Flag, ...], discarded: tuple[str, ...]
) -> None:
    """Phone and own e-mail of a parcel's buyer are gone; a relay is not the buyer's own."""
    order = derived(a_parcel_order(deliveryAddress=an_address(**changes)), facts)
    assert (order.freight, order.flags, order.discarded) == (None, flags, discarded)


def test_an_invoice_phone_is_left_behind_and_told(facts: OttoFacts) -> None:
    """The freight phone is the delivery address's alone."""
    invoice = an_invoice_address(phoneNumber="0171 3920001")
    assert derived(an_order(invoiceAddress=invoice), facts).discarded == ("invoice_phone",)
    assert derived(a_parcel_order(invoiceAddress=invoice), facts).discarded == ("invoice_phone",)
    order = derived(
        an_order(invoiceAddress=invoice, deliveryAddress=an_address(phoneNumber="")), facts
    )
    assert contact(order) == ("Erika Mustermann", None, None, "erika@example.org")


@pytest.mark.parametrize(
    "email", ["anna@example.org", "trn@customer.otto.market.evil.com", "anna", "x@otto.market"]
)
def test_an_invoice_email_that_is_no_relay_is_left_behind_and_told(
    facts: OttoFacts, email: str
) -> None:
    """It may be the buyer's own, so shops do not get it."""
    order = derived(an_order(invoiceAddress=an_invoice_address(email=email)), facts)
    assert (shop(order), order.email_kind) == ((PLACEHOLDER, False), EmailKind.PLACEHOLDER)
    assert (order.flags, order.discarded) == ((Flag.INVOICE_EMAIL_NOT_RELAY,), ("invoice_email",))


def test_a_mixed_order_keeps_the_contact_for_its_freight(facts: OttoFacts) -> None:
    """One freight piece is reason enough; the parcel beside it stays a parcel."""
    order = derived(an_order(positionItems=[a_parcel_item("1"), a_freight_item("2")]), facts)
    assert [item.mode for item in order.items] == [Mode.PARCEL, Mode.FREIGHT]
    assert contact(order) == ("Erika Mustermann", "+493023125001", None, "erika@example.org")
    assert (order.flags, order.discarded) == ((), ())


def test_an_unclassified_order_keeps_the_contact_and_is_flagged(facts: OttoFacts) -> None:
    """A phone proves nothing; without one nothing is missing yet."""
    order = derived(an_order(positionItems=[an_item()]), facts)
    assert contact(order) == ("Erika Mustermann", "+493023125001", None, "erika@example.org")
    assert order.flags == (Flag.UNCLASSIFIED,)
    order = derived(
        an_order(positionItems=[an_item()], deliveryAddress=an_address(phoneNumber=None)), facts
    )
    assert order.flags == (Flag.UNCLASSIFIED,)
    mixed = derived(an_order(positionItems=[an_item("1"), a_parcel_item("2")]), facts)
    assert mixed.freight is not None
    assert mixed.flags == (Flag.UNCLASSIFIED,)


@pytest.mark.parametrize(
    ("changes", "phone", "given", "email", "flags"),
    [
        ({"phoneNumber": None}, None, None, "erika@example.org", (Flag.PHONE_MISSING,)),
        ({"phoneNumber": " "}, None, None, "erika@example.org", (Flag.PHONE_MISSING,)),
        (
            {"phoneNumber": "030 23125001 abends"},
            None,
            "030 23125001 abends",
            "erika@example.org",
            (Flag.PHONE_UNPARSABLE,),
        ),
        ({"email": None}, "+493023125001", None, None, ()),
        ({"email": "erika"}, "+493023125001", None, None, (Flag.EMAIL_INVALID,)),
        ({"email": "Erika@EXAMPLE.org"}, "+493023125001", None, "Erika@example.org", ()),
        ({"email": RELAY}, "+493023125001", None, None, ()),
        ({"email": PLACEHOLDER}, "+493023125001", None, None, ()),
        (
            {"email": "trn2@customer.otto.market.evil.com"},
            "+493023125001",
            None,
            "trn2@customer.otto.market.evil.com",
            (),
        ),
        (
            {"phoneNumber": "0664 1234567", "countryCode": "AUT"},
            "+436641234567",
            None,
            "erika@example.org",
            (),
        ),
    ],
)
def test_phones_and_emails_of_freight(
    facts: OttoFacts,
    changes: dict[str, Any],
    phone: str | None,
    given: str | None,
    email: str | None,
    flags: tuple[Flag, ...],
) -> None:
    """A phone is kept as E.164 or as given, an e-mail where it works and is the buyer's own."""
    order = derived(to(**changes), facts)
    assert contact(order) == ("Erika Mustermann", phone, given, email)
    assert (order.flags, order.discarded) == (flags, ())


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"title": "Dr."}, "Dr. Erika Mustermann"),
        ({"title": None, "firstName": " Anna  Lena ", "lastName": "O'Neill"}, "Anna Lena O'Neill"),
        ({"firstName": "Ju\u0308rgen"}, "J\u00fcrgen Mustermann"),
        (
            {"salutation": "COMPANY", "title": "Dr.", "firstName": "", "lastName": "Muster GmbH"},
            "Muster GmbH",
        ),
        ({"salutation": "UNKNOWN", "firstName": "小龙", "lastName": "李"}, "小龙 李"),
    ],
)
def test_the_name_is_how_a_dispatcher_addresses_the_buyer(
    facts: OttoFacts, changes: dict[str, Any], name: str
) -> None:
    """Title, first and last name, or the company; composed characters, single spaces."""
    found = contact(derived(to(**changes), facts))
    assert found is not None
    assert found[0] == name


@pytest.mark.parametrize(
    ("country", "code", "area"),
    [
        ("DEU", "01067", "01"),
        ("DEU", "D-01067", "01"),
        ("DEU", "", None),
        ("DEU", None, None),
        ("AUT", "1010", "10"),
        ("CHE", "8001", "80"),
        ("GBR", "sw1a 1aa", "SW"),
        ("NLD", "1012 AB", "10"),
        ("ISL", "101", "1"),
        ("FRO", "1", None),
    ],
)
def test_of_the_postcode_only_the_area_is_kept(
    facts: OttoFacts, country: str, code: str | None, area: str | None
) -> None:
    """Two characters, fewer of a short code, never the whole."""
    order = derived(to(countryCode=country, zipCode=code), facts)
    assert (order.country, order.postcode_area) == (country, area)


def test_an_announced_order_waits_for_its_address(facts: OttoFacts) -> None:
    """No contact yet, and a flag that says so; a relay that is already there is used."""
    order = derived(an_announced_order(), facts)
    assert (order.shop, order.email_kind, order.freight) == (None, None, None)
    assert (order.country, order.postcode_area) == (None, None)
    assert order.flags == (Flag.ADDRESS_PENDING,)
    order = derived(an_announced_order(invoiceAddress=an_invoice_address()), facts)
    assert (shop(order), order.email_kind) == ((RELAY, True), EmailKind.RELAY)
    assert (order.freight, order.flags) == (None, (Flag.ADDRESS_PENDING,))
    order = derived(
        an_announced_order(invoiceAddress=an_invoice_address(email="a@b.example")), facts
    )
    assert order.shop is None
    assert order.flags == (Flag.ADDRESS_PENDING, Flag.INVOICE_EMAIL_NOT_RELAY)


@pytest.mark.parametrize("status", ["CANCELLED_BY_PARTNER", "CANCELLED_BY_MARKETPLACE", "RETURNED"])
def test_nothing_left_to_deliver_leaves_no_contact(facts: OttoFacts, status: str) -> None:
    """Of a cancelled or returned order phone and e-mail are not kept, and that is told."""
    items = [a_freight_item("1", fulfillmentStatus=status), an_item("2", fulfillmentStatus=status)]
    order = derived(an_order(positionItems=items), facts)
    assert (order.freight, order.flags, order.discarded) == (None, (), ("phone", "email"))
    assert [item.status for item in order.items] == [Status(status)] * 2
    order = derived(an_announced_order(positionItems=items), facts)
    assert (order.freight, order.flags, order.discarded) == (None, (), ())


def test_freight_cancelled_beside_a_parcel_leaves_no_contact(facts: OttoFacts) -> None:
    """What remains to be delivered is a parcel, for which no contact may be kept."""
    items = [a_freight_item("1", fulfillmentStatus="RETURNED"), a_parcel_item("2")]
    order = derived(an_order(positionItems=items), facts)
    assert (order.freight, order.flags, order.discarded) == (None, (), ("phone", "email"))


def test_one_freight_piece_left_keeps_the_contact(facts: OttoFacts) -> None:
    """A part cancelled does not take the contact from the rest."""
    items = [a_freight_item("1", fulfillmentStatus="RETURNED"), a_freight_item("2")]
    assert derived(an_order(positionItems=items), facts).freight is not None


def test_a_rejected_order_has_its_number_where_it_is_one(facts: OttoFacts) -> None:
    """Errors by path; a number that is none may be anything and is not repeated."""
    rejected = derive(an_order(deliveryAddress=5), facts)
    assert rejected == Rejected("bagm62dvgp", {"deliveryAddress": ["must be an object in braces"]})
    for number in ("Erika Mustermann", 5, None, ["bagm62dvgp"]):
        rejected = derive(an_order() | {"orderNumber": number}, facts)
        assert isinstance(rejected, Rejected)
        assert rejected.order_number is None
        assert list(rejected.errors) == ["orderNumber"]
    assert isinstance(derive(without(an_order(), "orderNumber"), facts), Rejected)


def test_prepare_works_in_another_process(facts: OttoFacts) -> None:
    """Bytes and facts go in, an order or its rejection comes out, all of it picklable."""
    for value in (an_order(), a_parcel_order(), an_announced_order(), {}):
        outcome = prepare(json.dumps(value).encode(), pickle.loads(pickle.dumps(facts)))
        assert pickle.loads(pickle.dumps(outcome)) == outcome == derive(value, facts)


ITEMS = st.lists(
    st.builds(
        lambda kind, carrier, sku, status: an_item(
            sku=sku, carrier=carrier, deliveryType=kind, fulfillmentStatus=status
        ),
        st.sampled_from([None, "PARCEL", "FORWARDER_CURBSIDE"]),
        st.sampled_from([None, "DHL", "DACHSER", "PIGEON"]),
        st.sampled_from([None, "Sped-1", "Lampe"]),
        st.sampled_from([status.value for status in Status]),
    ),
    min_size=1,
    max_size=4,
).map(lambda items: [item | {"positionItemId": str(n)} for n, item in enumerate(items)])
PHONES = st.sampled_from(
    [None, "", "030 23125001", "+49 171 3920001", "morgens", "canary 030 23125001"]
)
MAILS = st.sampled_from(
    [None, "", "canary@example.org", "canary", RELAY, "canary@customer.otto.market.evil.com"]
)
NAMES = st.sampled_from(["Erika", "Jürgen", "李", "O'Neill", "x" * 128, "canary@example.org"])


@given(ITEMS, PHONES, MAILS, MAILS, NAMES, NAMES, st.booleans())
def test_the_rules_hold_for_every_order(
    facts: OttoFacts,
    items: list[dict[str, Any]],
    phone: str | None,
    email: str | None,
    invoice_email: str | None,
    first: str,
    last: str,
    announced: bool,
) -> None:
    """Whatever the order: shops get no real address, parcels leave no contact, nothing vanishes untold."""
    address = an_address(phoneNumber=phone, email=email, firstName=first, lastName=last)
    value = an_order(
        positionItems=items,
        deliveryAddress=None if announced else address,
        invoiceAddress=an_invoice_address(email=invoice_email, firstName=first),
    )
    order = derive(value, facts)
    if isinstance(order, Rejected):
        assert announced
        assert list(order.errors) == ["deliveryAddress"]
        return
    left = {item.mode for item in order.items if not item.status.is_cancelled}
    assert (order.freight is not None) == (not announced and bool(left - {Mode.PARCEL}))
    shown = shop(order)
    if shown:
        domain = (shown[0] or "").rpartition("@")[2]
        assert domain == ("customer.otto.market" if shown[1] else "otto.magnalister.com")
        assert (order.email_kind is EmailKind.RELAY) == shown[1]
        assert "canary" not in (shown[0] or "")
    assert (shown is None) == (announced and invoice_email != RELAY)
    if order.freight is not None:
        assert text(order.freight.email) in {None, email}
        assert (order.freight.phone is None) or (order.freight.phone_as_given is None)
        kept = order.freight.phone or order.freight.phone_as_given
        assert (kept is None) == (not phone)
    elif not announced:
        assert ("phone" in order.discarded) == bool(phone)
    assert "canary" not in repr(order)
    assert derive(value, facts) == order
