"""Contacts out over HTTP: to the responsible carrier, on record first, and to nobody else."""

import json
from typing import Any

import pytest

from gateway.usecases import forget
from gateway.usecases.actors import OPERATOR
from gateway.usecases.services import Services
from tests.api.conftest import APPOINTMENT, Api
from tests.builders import (
    a_parcel_item,
    an_address,
    an_item,
    an_order,
    order_number,
    without,
)
from tests.conftest import Clock

NUMBER = "bagm62dvgp"
PRIVATE = ("Erika", "Mustermann", "23125001", "erika@example.org")


def codes(answer: Any) -> list[str]:
    """The reason codes of a refusal."""
    return [reason["code"] for reason in answer.get_json()["reasons"]]


def test_the_responsible_carrier_gets_the_contact(api: Api) -> None:
    """Exactly the members of the contract, phone in E.164, the deadline and the receipt beside it."""
    api.assigned(consignment="K-1")
    answer = api.release()
    assert answer.status_code == 200
    told = answer.get_json()
    receipt = told.pop("receipt")
    assert told == {
        "release_id": told["release_id"],
        "order_number": NUMBER,
        "consignment": "K-1",
        "purpose": APPOINTMENT,
        "contact": {
            "name": "Erika Mustermann",
            "phone": "+493023125001",
            "email": "erika@example.org",
        },
        "released_at": "2026-11-23T12:00:00Z",
        "delete_by": "2027-02-21T12:00:00Z",
    }
    assert receipt["href"] == f"/v1/audit/receipts/{told['release_id']}"
    assert isinstance(receipt["log_index"], int)


def test_the_release_is_on_record_with_the_request(api: Api) -> None:
    """The entry bears the release's id and the id of the request, and no contact data."""
    api.assigned()
    answer = api.release()
    told = answer.get_json()
    page = api.get("/v1/audit/entries?action=contact.released", "reviewer")
    [entry] = page.get_json()["entries"]
    assert entry["id"] == told["release_id"]
    assert entry["index"] == told["receipt"]["log_index"]
    assert entry["request_id"] == answer.headers["X-Request-Id"]
    assert (entry["carrier"], entry["purpose"]) == ("dachser", APPOINTMENT)
    assert entry["fields"] == ["name", "phone", "email"]
    for private in (*PRIVATE, NUMBER):
        assert private not in page.text


def test_a_consignment_names_the_order_as_well(api: Api) -> None:
    """The carrier's own number, for this carrier alone."""
    api.assigned(consignment="K-1")
    body = {"consignment": "K-1", "purpose": APPOINTMENT}
    assert api.post("/v1/releases", "dachser", json=body).get_json()["order_number"] == NUMBER
    assert codes(api.post("/v1/releases", "rhenus", json=body)) == ["recipient_not_responsible"]


def test_only_the_fields_that_were_asked_for_leave(api: Api) -> None:
    """Minimisation: whoever needs the phone gets the phone."""
    api.assigned()
    body = {"order_number": NUMBER, "purpose": APPOINTMENT, "fields": ["phone"]}
    answer = api.post("/v1/releases", "dachser", json=body)
    assert answer.get_json()["contact"] == {"phone": "+493023125001"}
    assert "Erika" not in answer.text


def test_without_fields_all_registered_ones_leave_and_no_others(api: Api) -> None:
    """Rhenus is not registered for e-mail: it is not in the answer, and asking for it is refused."""
    api.assigned(carrier="rhenus")
    assert api.release("rhenus").get_json()["contact"].keys() == {"name", "phone"}
    body = {"order_number": NUMBER, "purpose": APPOINTMENT, "fields": ["phone", "email"]}
    refusal = api.post("/v1/releases", "rhenus", json=body)
    assert (refusal.status_code, codes(refusal)) == (403, ["field_not_registered"])


def test_a_freight_order_without_email_gives_null(api: Api) -> None:
    """A placeholder or relay is never handed to a carrier."""
    address = without(an_address(), "email")
    api.orders(an_order(deliveryAddress=address))
    api.put(f"/v1/orders/{NUMBER}/carrier", "merchant", json={"carrier": "dachser"})
    answer = api.release()
    assert answer.get_json()["contact"]["email"] is None
    assert "otto" not in answer.text


def test_a_refusal_says_why_and_what_is_allowed_instead(api: Api) -> None:
    """A problem with the decision's id, every reason with its rule, and guidance."""
    api.assigned()
    body = {"order_number": NUMBER, "purpose": "newsletter"}
    answer = api.post("/v1/releases", "shop", json=body)
    told = answer.get_json()
    assert (answer.status_code, told["title"]) == (403, "Refused by policy")
    assert answer.content_type == "application/problem+json"
    assert codes(answer) == ["purpose_marketing", "recipient_not_carrier"]
    assert all(reason["policy"] and reason["text"] for reason in told["reasons"])
    assert "OTTO Partner Connect" in told["guidance"]
    entries = api.get("/v1/audit/entries?action=contact.refused", "reviewer").get_json()["entries"]
    assert [entry["id"] for entry in entries] == [told["decision_id"]]
    assert entries[0]["reasons"] == ["purpose_marketing", "recipient_not_carrier"]


@pytest.mark.parametrize(
    ("client", "purpose", "expected"),
    [
        ("dachser", "marketing", ["purpose_marketing"]),
        ("dachser", "direct-contact", ["purpose_direct_contact"]),
        ("dachser", "driver-call-ahead", ["purpose_not_permitted"]),
        ("dachser", "freight", ["purpose_not_permitted"]),
        ("dachser", "DELIVERY-APPOINTMENT", ["purpose_not_permitted"]),
        ("dachser", "\ud800", ["purpose_not_permitted"]),
        ("merchant", APPOINTMENT, ["purpose_not_permitted", "recipient_not_carrier"]),
        ("reviewer", APPOINTMENT, ["purpose_not_permitted", "recipient_not_carrier"]),
        ("rhenus", APPOINTMENT, ["recipient_not_responsible"]),
        ("emons", APPOINTMENT, ["recipient_not_registered", "recipient_not_responsible"]),
    ],
)
def test_everybody_else_and_everything_else_is_refused(
    api: Api, client: str, purpose: str, expected: list[str]
) -> None:
    """Any role may ask; the policy refuses, and no contact is in the answer."""
    api.assigned()
    body = {"order_number": NUMBER, "purpose": purpose}
    headers = {"Content-Type": "application/json"}
    answer = api.post("/v1/releases", client, data=json.dumps(body), headers=headers)
    assert (answer.status_code, codes(answer)) == (403, expected)
    assert not any(private in answer.text for private in PRIVATE)


def test_an_order_of_another_carrier_is_the_same_as_none(api: Api) -> None:
    """Nothing in the answer tells them apart but the ids of answer and decision."""
    api.assigned()
    api.orders(an_order(order_number(1), positionItems=[a_parcel_item()]))
    answers = []
    for number in (NUMBER, order_number(1), order_number(2), "no-such-order"):
        told = api.release("rhenus", number).get_json()
        answers.append({**told, "request_id": None, "decision_id": None})
    assert answers[1:] == answers[:-1]


def test_what_stands_against_it_shows_to_the_responsible_carrier(
    api: Api, services: Services, clock: Clock
) -> None:
    """After delivery and grace: closed; after erasure: erased."""
    api.assigned()
    api.post(f"/v1/appointments/{NUMBER}/delivered", "dachser")
    assert api.release().status_code == 200
    clock.advance(days=3)
    assert codes(api.release()) == ["window_closed"]
    forget.erase(services.store, "default", OPERATOR, NUMBER, "the buyer asked")
    assert codes(api.release()) == ["window_closed", "erased"]


def test_a_piece_without_evidence_becomes_freight_by_its_assignment(api: Api) -> None:
    """Until then it is nobody's."""
    api.orders(an_order(positionItems=[an_item()]))
    assert codes(api.release()) == ["recipient_not_responsible"]
    api.put(f"/v1/orders/{NUMBER}/carrier", "merchant", json={"carrier": "dachser"})
    assert api.release().status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "purpose"),
        ({"purpose": APPOINTMENT}, "order_number"),
        ({"purpose": APPOINTMENT, "order_number": NUMBER, "consignment": "K"}, "order_number"),
        ({"purpose": "", "order_number": NUMBER}, "purpose"),
        ({"purpose": 1, "order_number": NUMBER}, "purpose"),
        ({"purpose": None, "order_number": NUMBER}, "purpose"),
        ({"purpose": APPOINTMENT, "order_number": "a" * 33}, "order_number"),
        ({"purpose": APPOINTMENT, "order_number": "a\x00"}, "order_number"),
        ({"purpose": APPOINTMENT, "order_number": ["a"]}, "order_number"),
        ({"purpose": APPOINTMENT, "consignment": " "}, "consignment"),
        ({"purpose": APPOINTMENT, "order_number": NUMBER, "fields": []}, "fields"),
        ({"purpose": APPOINTMENT, "order_number": NUMBER, "fields": ["street"]}, "fields.0"),
        ({"purpose": APPOINTMENT, "order_number": NUMBER, "fields": "phone"}, "fields"),
        ({"purpose": APPOINTMENT, "order_number": NUMBER, "field": ["phone"]}, "field"),
    ],
)
def test_a_request_that_does_not_hold_is_no_decision(
    api: Api, body: dict[str, object], field: str
) -> None:
    """422 by field, above all where a misspelt `fields` would otherwise have meant all fields."""
    api.assigned()
    answer = api.post("/v1/releases", "dachser", json=body)
    assert answer.status_code == 422
    assert field in answer.get_json()["errors"]
    assert not any(private in answer.text for private in PRIVATE)


def test_a_batch_answers_each_item_by_itself_and_in_order(api: Api) -> None:
    """Releases and refusals side by side, each as it would be alone, all on record."""
    api.assigned(consignment="K-1")
    api.assigned(order_number(1), carrier="rhenus")
    items = [
        {"order_number": order_number(1)},
        {"consignment": "K-1"},
        {"order_number": "no-such-order"},
        {"order_number": NUMBER},
    ]
    body = {"purpose": APPOINTMENT, "fields": ["phone"], "items": items}
    answer = api.post("/v1/releases/batch", "dachser", json=body)
    results = answer.get_json()["results"]
    assert [result["status"] for result in results] == [403, 200, 403, 200]
    assert results[1]["contact"] == {"phone": "+493023125001"}
    assert results[0]["title"] == "Refused by policy"
    assert results[0]["reasons"] == results[2]["reasons"]
    ids = {result.get("release_id") or result["decision_id"] for result in results}
    request_id = answer.headers["X-Request-Id"]
    entries = api.get("/v1/audit/entries?limit=4", "reviewer").get_json()["entries"]
    assert {entry["id"] for entry in entries} == ids
    assert {entry["request_id"] for entry in entries} == {request_id}


def test_a_batch_takes_a_thousand_items_and_no_more(api: Api) -> None:
    """Beyond that, and without any, it does not hold."""
    api.assigned()
    items = [{"order_number": NUMBER}] * 1000
    body: dict[str, Any] = {"purpose": APPOINTMENT, "items": items}
    answer = api.post("/v1/releases/batch", "dachser", json=body)
    assert [result["status"] for result in answer.get_json()["results"]] == [200] * 1000
    for bad in ([*items, items[0]], []):
        answer = api.post("/v1/releases/batch", "dachser", json={**body, "items": bad})
        assert (answer.status_code, list(answer.get_json()["errors"])) == (422, ["items"])


def test_releases_are_counted_by_outcome_and_reason(api: Api) -> None:
    """Each item of a batch counts; no label names anybody."""
    api.assigned()
    items = [{"order_number": NUMBER}, {"order_number": "none"}]
    api.post("/v1/releases/batch", "dachser", json={"purpose": APPOINTMENT, "items": items})
    api.release("shop")
    lines = api.get("/metrics").text.splitlines()
    counted = sorted(line for line in lines if line.startswith("gateway_releases_total"))
    assert counted == [
        'gateway_releases_total{outcome="permitted",reason=""} 1.0',
        'gateway_releases_total{outcome="refused",reason="purpose_not_permitted"} 1.0',
        'gateway_releases_total{outcome="refused",reason="recipient_not_responsible"} 1.0',
    ]
