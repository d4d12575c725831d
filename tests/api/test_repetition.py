"""Idempotency-Key: repeating a request is safe, and no kept answer holds a contact."""

import json

import pytest
from sqlalchemy import text

from gateway.usecases.services import Services
from tests.api.conftest import APPOINTMENT, Api
from tests.builders import an_order, order_number
from tests.conftest import Clock

NUMBER = "bagm62dvgp"
CARRIER = f"/v1/orders/{NUMBER}/carrier"


def test_a_repeated_release_has_the_same_id_and_is_decided_anew(api: Api, clock: Clock) -> None:
    """The id is kept, never the contact: each repetition is an entry of its own."""
    api.assigned()
    first = api.release(key="k1").get_json()
    again = api.release(key="k1").get_json()
    assert again["release_id"] == first["release_id"]
    assert again["contact"] == first["contact"]
    assert again["receipt"]["log_index"] > first["receipt"]["log_index"]
    api.post(f"/v1/appointments/{NUMBER}/delivered", "dachser")
    clock.advance(days=3)
    assert api.release(key="k1").status_code == 403


def test_a_repeated_batch_has_the_same_ids_item_by_item(api: Api) -> None:
    """What was refused before may have an id by now."""
    api.assigned()
    api.orders(an_order(order_number(1)))
    items = [{"order_number": NUMBER}, {"order_number": order_number(1)}]
    body = {"purpose": APPOINTMENT, "items": items}

    def ids() -> list[str | None]:
        answer = api.post("/v1/releases/batch", "dachser", json=body, key="k1")
        return [result.get("release_id") for result in answer.get_json()["results"]]

    [first, refused] = ids()
    assert refused is None
    api.put(f"/v1/orders/{order_number(1)}/carrier", "merchant", json={"carrier": "dachser"})
    second = ids()
    assert second[0] == first
    assert second[1] is not None
    assert ids() == second


def test_no_contact_is_kept_with_a_key(api: Api, services: Services) -> None:
    """What the database keeps for repetitions are ids, counts and order states."""
    api.assigned()
    api.release(key="k1")
    api.orders(an_order(order_number(1)), {"orderNumber": "erika@example.org"}, key="k2")
    api.put(CARRIER, "merchant", json={"carrier": "dachser"}, key="k3")
    with services.store.read() as connection:
        kept = connection.execute(text("SELECT answer FROM answers")).scalars().all()
    assert len(kept) == 3
    for private in ("Erika", "23125001", "example.org", "customer.otto.market"):
        assert private not in json.dumps(kept)


def test_a_repeated_write_gives_the_answer_it_gave(api: Api) -> None:
    """Even when the state has moved on since; without the key it is done anew."""
    api.orders(an_order())
    first = api.put(CARRIER, "merchant", json={"carrier": "dachser"}, key="k1")
    api.put(CARRIER, "merchant", json={"carrier": "rhenus"})
    again = api.put(CARRIER, "merchant", json={"carrier": "dachser"}, key="k1")
    assert (again.status_code, again.get_json()) == (200, first.get_json())
    assert again.headers["X-Request-Id"] != first.headers["X-Request-Id"]
    [piece] = api.get(f"/v1/orders/{NUMBER}", "merchant").get_json()["position_items"]
    assert piece["carrier"] == "rhenus"


def test_orders_sent_again_under_their_key_are_answered_as_before(api: Api) -> None:
    """The counts are those of the first time, and nothing is stored or recorded again."""
    body = [an_order(), {}]
    first = api.orders(*body, key="k1")
    again = api.orders(*body, key="k1")
    assert again.get_json() == first.get_json()
    assert again.get_json()["stored"] == 1
    page = api.get("/v1/audit/entries?action=order.rejected", "reviewer").get_json()
    assert len(page["entries"]) == 1


def test_rejected_orders_are_answered_as_before_too(api: Api) -> None:
    """The problem of the first time, with the id of this request."""
    first = api.orders({}, key="k1")
    again = api.orders({}, key="k1")
    assert (first.status_code, again.status_code) == (422, 422)
    assert again.get_json()["rejected"] == first.get_json()["rejected"]
    assert again.get_json()["request_id"] == again.headers["X-Request-Id"]


def test_the_same_key_for_another_request_is_an_error(api: Api) -> None:
    """Another body, or another path; nothing of the second request is done."""
    api.assigned()
    assert api.release(key="k1").status_code == 200
    body = {"order_number": NUMBER, "purpose": APPOINTMENT, "fields": ["phone"]}
    batch = {"purpose": APPOINTMENT, "items": [{"order_number": NUMBER}]}
    for answer in (
        api.post("/v1/releases", "dachser", json=body, key="k1"),
        api.post("/v1/releases/batch", "dachser", json=batch, key="k1"),
        api.post(f"/v1/appointments/{NUMBER}/delivered", "dachser", key="k1"),
    ):
        assert (answer.status_code, list(answer.get_json()["errors"])) == (422, ["Idempotency-Key"])
    assert api.release(key="k2").status_code == 200
    [piece] = api.get(f"/v1/orders/{NUMBER}", "merchant").get_json()["position_items"]
    assert piece["delivered_at"] is None


def test_other_orders_under_a_used_key_are_not_stored(api: Api) -> None:
    """The body is read to its end, compared, and refused."""
    assert api.orders(an_order(), key="k1").status_code == 200
    answer = api.orders(an_order(order_number(1)), key="k1")
    assert (answer.status_code, list(answer.get_json()["errors"])) == (422, ["Idempotency-Key"])
    assert api.get(f"/v1/orders/{order_number(1)}", "merchant").status_code == 404


def test_a_key_is_its_clients_own(api: Api) -> None:
    """Two clients may choose the same one."""
    api.assigned()
    assert api.release(key="k1").status_code == 200
    assert api.orders(an_order(order_number(1)), key="k1").status_code == 200
    other = api.orders(an_order(order_number(2)), client="other-merchant", key="k1")
    assert other.status_code == 200


@pytest.mark.parametrize("key", ["", " ", "a b", "a" * 256, "\u00e4"])
def test_a_key_of_another_form_is_refused(api: Api, key: str) -> None:
    """1 to 255 visible ASCII characters."""
    api.assigned()
    answer = api.release(key=key)
    assert (answer.status_code, list(answer.get_json()["errors"])) == (422, ["Idempotency-Key"])
