"""POST /v1/orders: what is stored, what is told of the rest, and what hostile bodies come to."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from gateway.api import intake
from gateway.usecases.services import Services
from tests.api.conftest import Api
from tests.builders import a_page, an_array, an_order, ndjson, order_number

JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}


def some(count: int) -> list[dict[str, Any]]:
    """Orders of different numbers."""
    return [an_order(order_number(at)) for at in range(count)]


def send(api: Api, body: bytes, headers: dict[str, str] = JSON, **options: Any) -> Any:
    """POST the bytes as the merchant."""
    return api.post("/v1/orders", "merchant", data=body, headers=headers, **options)


@pytest.mark.parametrize(
    ("write", "headers"),
    [
        (a_page, JSON),
        (an_array, JSON),
        (ndjson, NDJSON),
        (lambda orders: b"".join(json.dumps(one).encode() for one in orders), JSON),
    ],
    ids=["page", "array", "ndjson", "one after another"],
)
def test_every_form_of_input_is_taken_in(
    api: Api, write: Callable[[Any], bytes], headers: dict[str, str]
) -> None:
    """A page, an array, NDJSON or single orders: the same orders are stored."""
    answer = send(api, write(some(3)), headers)
    assert answer.status_code == 200
    assert answer.get_json() == {"stored": 3, "unchanged": 0, "rejected": []}
    assert api.get(f"/v1/orders/{order_number(2)}", "merchant").status_code == 200


def test_orders_that_come_again_change_nothing(api: Api) -> None:
    """A repeated import is recognised order by order, also over the length of many batches."""
    body = a_page(some(450))
    assert send(api, body).get_json() == {"stored": 450, "unchanged": 0, "rejected": []}
    assert send(api, body).get_json() == {"stored": 0, "unchanged": 450, "rejected": []}


def test_the_later_of_two_versions_in_one_body_stands(api: Api) -> None:
    """An order number may come twice; each is judged by what the one before it left."""
    later = an_order(lastModifiedDate="2026-11-02T09:45:00.000Z")
    later["positionItems"][0]["fulfillmentStatus"] = "SENT"
    answer = api.orders(an_order(), later, an_order())
    assert answer.get_json() == {"stored": 2, "unchanged": 1, "rejected": []}
    state = api.get("/v1/orders/bagm62dvgp", "merchant").get_json()
    assert state["position_items"][0]["status"] == "SENT"


def test_bad_orders_are_told_of_and_the_good_ones_stored(api: Api) -> None:
    """Position, order number and each field's error; never a value that was sent."""
    bad = an_order(order_number(1), orderDate="canary@example.org", salesOrderId=None)
    answer = api.orders(an_order(order_number(0)), bad, {"orderNumber": "canary"}, [1])
    assert answer.status_code == 200
    told = answer.get_json()
    assert (told["stored"], told["unchanged"]) == (1, 0)
    assert [(one["position"], one["order_number"]) for one in told["rejected"]] == [
        (2, order_number(1)),
        (3, None),
        (4, None),
    ]
    assert told["rejected"][0]["errors"].keys() == {"orderDate", "salesOrderId"}
    assert "canary" not in answer.text


def test_a_rejected_order_is_on_record(api: Api) -> None:
    """Each of them is an entry, by whoever sent it."""
    api.orders(an_order(), {}, {})
    query = "/v1/audit/entries?action=order.rejected"
    entries = api.get(query, "reviewer").get_json()["entries"]
    assert [entry["actor"]["role"] for entry in entries] == ["merchant", "merchant"]


def test_where_no_order_is_good_the_answer_is_a_problem(api: Api) -> None:
    """422, and the problem tells of each order as the answer would have."""
    answer = api.orders({}, {"orderNumber": "bagm62dvgp"})
    assert answer.status_code == 422
    told = answer.get_json(force=True)
    assert told["title"] == "Orders rejected"
    assert told["detail"] == "all 2 orders were rejected"
    assert [one["order_number"] for one in told["rejected"]] == [None, "bagm62dvgp"]
    assert told["errors"] == {"orders": ["all 2 orders were rejected"]}


def test_a_page_without_orders_is_no_error(api: Api) -> None:
    """OTTO's last page may be empty."""
    assert api.orders().get_json() == {"stored": 0, "unchanged": 0, "rejected": []}


def test_json_that_breaks_off_keeps_what_came_before(api: Api) -> None:
    """422 that names line and byte; the orders before are stored and counted."""
    whole = an_array(some(3))
    answer = send(api, whole[:-40])
    assert answer.status_code == 422
    told = answer.get_json(force=True)
    assert (told["stored"], told["rejected"]) == (2, [])
    assert "the body breaks off at line 1, byte " in told["detail"]
    assert api.get(f"/v1/orders/{order_number(1)}", "merchant").status_code == 200
    assert api.get(f"/v1/orders/{order_number(2)}", "merchant").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \n",
        b"{",
        b"null",
        b"[1, 2]",
        b'"text"',
        b'{"resources": 1}',
        b'{"a": NaN}',
        b'{"a": 1, "a": 2}',
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        b'{"orderNumber": "\xff"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" + b"9" * 5000 + b"]",
        b'{"orderNumber": "' + b"a" * 3_000_000 + b'"}',
        b'{"orderNumber": "\\ud800"}',
        b'{"orderNumber": "\\u0000\\u0000"}',
        b"<xml/>",
    ],
    ids=range(19),
)
def test_hostile_bodies_end_in_a_problem(api: Api, body: bytes) -> None:
    """Whatever the bytes: 422 with a reason, nothing stored, nothing repeated."""
    answer = send(api, body)
    assert answer.status_code == 422
    assert len(answer.data) < 10_000
    told = answer.get_json(force=True)
    assert (told["stored"], told["unchanged"]) == (0, 0)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "text/json"},
        {"Content-Type": "application/json; charset=iso-8859-1"},
        {**JSON, "Content-Encoding": "gzip"},
    ],
)
def test_other_media_types_are_refused_with_the_fix(api: Api, headers: dict[str, str]) -> None:
    """A form is what curl sends by itself: the answer says what to send."""
    answer = send(api, a_page(some(1)), headers)
    assert answer.status_code == 415
    assert "application/json" in answer.text or "UTF-8" in answer.text


def test_a_body_that_says_it_is_too_long_is_not_read(an_api: Callable[..., Api]) -> None:
    """413 before anything is stored."""
    api = an_api(GATEWAY_LIMITS__ORDERS_BODY_BYTES="4096")
    assert send(api, ndjson(some(10)), NDJSON).status_code == 413
    assert api.get(f"/v1/orders/{order_number(0)}", "merchant").status_code == 404


def test_a_body_without_length_is_read_up_to_the_limit(an_api: Callable[..., Api]) -> None:
    """Chunked: 413 once it is too long, and told how much was stored until then."""
    api = an_api(GATEWAY_LIMITS__ORDERS_BODY_BYTES="600000")
    answer = api.post(
        "/v1/orders",
        "merchant",
        headers={**NDJSON, "Transfer-Encoding": "chunked"},
        environ_overrides={
            "wsgi.input": io.BytesIO(ndjson(some(1000))),
            "wsgi.input_terminated": True,
        },
    )
    assert answer.status_code == 413
    assert "200 orders were stored" in answer.get_json(force=True)["detail"]
    assert api.get(f"/v1/orders/{order_number(199)}", "merchant").status_code == 200


def test_the_order_limit_counts_over_http_too(an_api: Callable[..., Api]) -> None:
    """One order beyond the limit is rejected, its neighbours are stored."""
    api = an_api(GATEWAY_LIMITS__ORDER_BYTES="4096")
    long = an_order(order_number(1), note="x" * 5000)
    answer = api.orders(an_order(order_number(0)), long, an_order(order_number(2)))
    told = answer.get_json()
    assert (told["stored"], [one["position"] for one in told["rejected"]]) == (2, [2])


def test_a_flood_of_bad_orders_is_stopped(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer stays bounded: it ends where too many were bad, and says so."""
    monkeypatch.setattr(intake, "MOST_REJECTED", 5)
    answer = send(api, b"[" + b"1," * 100_000 + b"1]")
    assert answer.status_code == 422
    told = answer.get_json(force=True)
    assert len(told["rejected"]) == 5
    assert "up to position 5" in told["detail"]


def test_what_was_stored_is_counted(api: Api, services: Services) -> None:
    """The counters know stored, unchanged and rejected orders."""
    api.orders(an_order(), {})
    api.orders(an_order())
    metrics = api.get("/metrics").text
    for outcome, count in (("stored", 1), ("unchanged", 1), ("rejected", 1)):
        assert f'gateway_orders_total{{outcome="{outcome}"}} {count}.0' in metrics


FEED = (
    "Bestellnummer;Bestelldatum;Geändert am;Name;PLZ;Land;Telefon;E-Mail;Position;Menge;"
    "Artikelnummer;Versandart;Frachtführer;Status;Zugestellt am\n"
    "7;20.11.2026;;Erika Mustermann;01067;DE;030 23125001;;1;1;;Spedition;;bezahlt;\n"
    "8;20.11.2026;;Erika Mustermann;01067;DE;4.93E+11;;1;1;;Spedition;;bezahlt;\n"
).encode()


def test_another_marketplaces_export_is_taken_in(api: Api) -> None:
    """By its name in the query; a bad row is told by row and column, a wrong name by what is known."""
    headers = {"Content-Type": "text/csv"}
    path = "/v1/orders?marketplace=feed"
    answer = api.post(path, "merchant", data=FEED, headers=headers)
    assert answer.status_code == 200
    told = answer.get_json()
    assert (told["stored"], told["rejected"][0]["order_number"]) == (1, "WEB-8")
    assert list(told["rejected"][0]["errors"]) == ['row 3, "Telefon"']
    shown = api.get("/v1/orders/WEB-7", "merchant").get_json()
    assert (shown["marketplace"], shown["order_number"]) == ("feed", "WEB-7")
    wrong = api.post("/v1/orders?marketplace=ebay", "merchant", data=FEED, headers=headers)
    assert wrong.status_code == 422
    assert "feed, otto" in wrong.get_json()["errors"]["marketplace"][0]


def test_a_key_repeats_one_marketplaces_request(api: Api) -> None:
    """The same body for another marketplace is another request."""
    headers = {"Content-Type": "text/csv", "Idempotency-Key": "monday"}
    path = "/v1/orders?marketplace=feed"
    first = api.post(path, "merchant", data=FEED, headers=headers)
    assert api.post(path, "merchant", data=FEED, headers=headers).get_json() == first.get_json()
    assert api.post("/v1/orders", "merchant", data=FEED, headers=headers).status_code == 422
