"""An order's state, its assignment, and the address for shops."""

import pytest

from gateway.usecases import forget
from gateway.usecases.actors import OPERATOR
from gateway.usecases.services import Services
from tests.api.conftest import Api
from tests.builders import (
    RELAY,
    a_freight_item,
    a_parcel_item,
    a_parcel_order,
    an_announced_order,
    an_item,
    an_order,
    order_number,
    without,
)
from tests.conftest import Clock

NUMBER = "bagm62dvgp"
STATE = f"/v1/orders/{NUMBER}"
CARRIER = f"/v1/orders/{NUMBER}/carrier"
SHOP = f"/v1/orders/{NUMBER}/shop-contact"


def test_the_state_tells_each_piece_apart(api: Api) -> None:
    """A mixed order: what may be used for the freight piece shows at the freight piece alone."""
    unclear = an_item("b01b8ad2-a49c-47fc-8ade-8629ec000022")
    api.orders(an_order(positionItems=[a_freight_item(), a_parcel_item(), unclear]))
    state = api.get(STATE, "merchant").get_json()
    shown = [
        (piece["mode"], piece["evidence"], piece["phone_present"], piece["window"], piece["flags"])
        for piece in state["position_items"]
    ]
    assert shown == [
        ("freight", "delivery_type", True, "not_open", []),
        ("parcel", "delivery_type", False, "not_open", []),
        ("unclassified", "none", True, "not_open", ["unclassified"]),
    ]
    assert state["flags"] == ["unclassified"]
    assert {piece["email_kind"] for piece in state["position_items"]} == {"relay"}
    assert {piece["delete_by"] for piece in state["position_items"]} == {"2027-02-21T12:00:00Z"}


def test_the_state_holds_no_contact_data(api: Api) -> None:
    """Neither the buyer's name nor any address or number, also after the assignment."""
    api.assigned()
    text = api.get(STATE, "merchant").text
    for private in ("Erika", "Mustermann", "23125001", "erika@", RELAY, "Musterweg", "01067"):
        assert private not in text


def test_an_order_without_address_waits_for_it(api: Api) -> None:
    """ANNOUNCED: no phone, no address for shops yet, and a flag that says so."""
    api.orders(an_announced_order())
    state = api.get(STATE, "merchant").get_json()
    [piece] = state["position_items"]
    assert (piece["phone_present"], piece["email_kind"]) == (False, None)
    assert piece["flags"] == ["address_pending"]
    answer = api.get(SHOP, "shop")
    assert answer.status_code == 409


def test_the_assignment_opens_the_window_and_delivery_closes_it(api: Api, clock: Clock) -> None:
    """With grace after the delivery, and the deletion date drawn nearer."""
    api.assigned(consignment="K-1")
    [piece] = api.get(STATE, "merchant").get_json()["position_items"]
    assert (piece["window"], piece["carrier"], piece["consignment"]) == ("open", "dachser", "K-1")
    assert api.post(f"/v1/appointments/{NUMBER}/delivered", "dachser").status_code == 200
    clock.advance(days=3, microseconds=-1)
    [piece] = api.get(STATE, "merchant").get_json()["position_items"]
    assert (piece["window"], piece["delete_by"]) == ("open", "2026-12-23T12:00:00Z")
    clock.advance(microseconds=1)
    [piece] = api.get(STATE, "merchant").get_json()["position_items"]
    assert piece["window"] == "closed"


def test_an_assignment_names_pieces_or_takes_all_freight(api: Api) -> None:
    """The parcel piece stays where it is, whichever way."""
    other = "b01b8ad2-a49c-47fc-8ade-8629ec000023"
    pieces = [a_freight_item(), a_parcel_item(), a_freight_item(other)]
    api.orders(an_order(positionItems=pieces))
    answer = api.put(CARRIER, "merchant", json={"carrier": "rhenus", "position_items": [other]})
    carriers = [piece["carrier"] for piece in answer.get_json()["position_items"]]
    assert carriers == [None, None, "rhenus"]
    answer = api.put(CARRIER, "merchant", json={"carrier": "dachser"})
    carriers = [piece["carrier"] for piece in answer.get_json()["position_items"]]
    assert carriers == ["dachser", None, "dachser"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "carrier"),
        ({"carrier": None}, "carrier"),
        ({"carrier": 7}, "carrier"),
        ({"carrier": "nobody"}, "carrier"),
        ({"carrier": "dachser\n"}, "carrier"),
        ({"carrier": "dachser", "consignment": ""}, "consignment"),
        ({"carrier": "dachser", "consignment": "\u0000"}, "consignment"),
        ({"carrier": "dachser", "position_items": []}, "position_items"),
        ({"carrier": "dachser", "position_items": ["?"]}, "position_items"),
        ({"carrier": "dachser", "position_items": [{}]}, "position_items.0"),
        ({"carrier": "dachser", "consignement": "typo"}, "consignement"),
        ({"carrier": "dachser", "erika@example.org": 1}, "(another name)"),
    ],
)
def test_an_assignment_that_does_not_hold_says_which_field(
    api: Api, body: dict[str, object], field: str
) -> None:
    """422 by field; the message does not repeat what was sent."""
    api.orders(an_order())
    answer = api.put(CARRIER, "merchant", json=body)
    assert answer.status_code == 422
    assert list(answer.get_json(force=True)["errors"]) == [field]
    assert "erika@example.org" not in answer.text


def test_nothing_is_assigned_that_does_not_exist(api: Api) -> None:
    """404, for the merchant that asks."""
    assert api.put(CARRIER, "merchant", json={"carrier": "dachser"}).status_code == 404


def test_a_shop_gets_the_relay_where_otto_sent_one(api: Api) -> None:
    """With what it may be used for, and what to mind."""
    api.orders(an_order())
    told = api.get(SHOP, "shop").get_json()
    assert (told["email"], told["kind"], told["deliverable"]) == (RELAY, "relay", True)
    assert "delivery-notice" in told["allowed_purposes"]
    assert "delivery-appointment" not in told["allowed_purposes"]


def test_a_shop_gets_a_placeholder_where_otto_sent_none(api: Api) -> None:
    """It serves no purpose, reaches nobody, and is never the buyer's own address."""
    order = a_parcel_order()
    order["invoiceAddress"] = without(order["invoiceAddress"], "email")
    api.orders(order)
    told = api.get(SHOP, "merchant").get_json()
    assert told["email"] == f"Erika.Mustermann.{NUMBER}@otto.magnalister.com"
    assert (told["kind"], told["deliverable"]) == ("placeholder", False)
    assert told["allowed_purposes"] == []


def test_a_shop_never_gets_the_freight_contact(api: Api) -> None:
    """Not for a freight order with phone and e-mail either."""
    api.assigned()
    text = api.get(SHOP, "shop").text
    assert "23125001" not in text
    assert "erika@" not in text


def test_after_erasure_there_is_nothing_left_to_give(api: Api, services: Services) -> None:
    """410 for the shop; the state tells when, and no deadline any more."""
    api.assigned()
    forget.erase(services.store, "default", OPERATOR, NUMBER, "the buyer asked")
    assert api.get(SHOP, "shop").status_code == 410
    state = api.get(STATE, "merchant").get_json()
    assert (state["erased_at"], state["delete_by"]) == ("2026-11-23T12:00:00Z", None)
    assert state["email_kind"] is None
    assert not state["position_items"][0]["phone_present"]


def test_a_delivery_is_told_by_the_carrier_whose_pieces_they_are(api: Api, clock: Clock) -> None:
    """The first word counts; another carrier's order is the same as none."""
    api.assigned()
    path = f"/v1/appointments/{NUMBER}/delivered"
    first = api.post(path, "dachser").get_json()
    assert first == {
        "order_number": NUMBER,
        "delivered_at": "2026-11-23T12:00:00Z",
        "delete_by": "2026-12-23T12:00:00Z",
    }
    clock.advance(days=1)
    assert api.post(path, "dachser").get_json() == first
    others = api.post(path, "rhenus").get_json(force=True)
    nobodys = api.post(f"/v1/appointments/{order_number(9)}/delivered", "rhenus")
    assert others["status"] == nobodys.status_code == 404
    assert others["detail"] == nobodys.get_json(force=True)["detail"]
