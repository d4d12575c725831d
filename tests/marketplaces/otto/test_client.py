"""The connection to OTTO reads all pages, keeps to the limits, and gets over OTTO's bad days."""

import json
import threading
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Response, jsonify

from gateway.errors import Unavailable
from gateway.marketplaces.otto.client import CursorRefused, OrderPage, OttoClient
from gateway.marketplaces.otto.local import SCOPES, TOKEN_SECONDS, a_shipment
from tests.builders import an_order, order_number
from tests.marketplaces.otto.live import (
    NOON,
    Connected,
    drips,
    fails,
    is_cut_off,
    is_silent,
    passes,
)

SINCE = NOON - timedelta(days=30)
ORDERS = "/v4/orders"


def a_changed_order(count: int, minutes: float = 0) -> dict[str, Any]:
    """An order that changed so many minutes before noon."""
    changed = (NOON - timedelta(minutes=minutes)).isoformat()
    lifecycle = {"lifecycleChangeDate": changed}
    return an_order(
        order_number(count), lastModifiedDate=changed, orderLifecycleInformation=lifecycle
    )


def numbers(page: OrderPage) -> list[str]:
    """The order numbers of a page."""
    return [order["orderNumber"] for order in json.loads(page.body)["resources"]]


def every_page(client: OttoClient) -> list[list[str]]:
    """All pages, as order numbers."""
    pages = [client.orders(SINCE, None)]
    while pages[-1].next_cursor is not None:
        pages.append(client.orders(SINCE, pages[-1].next_cursor))
    return [numbers(page) for page in pages]


# ---- Pages --------------------------------------------------------------------------------------


def test_all_pages_are_read(connected: Connected) -> None:
    """Seven orders, three at a time, oldest change first, none twice and none left out."""
    connected.otto.put(*(a_changed_order(count, minutes=60 - count) for count in range(7)))
    pages = every_page(connected.client(orders_per_page=3))
    assert [len(page) for page in pages] == [3, 3, 1]
    read = [number for page in pages for number in page]
    assert read == [order_number(count) for count in range(7)]


def test_a_page_that_ends_with_the_last_order_is_the_last(connected: Connected) -> None:
    """No link to a next page: no further request."""
    connected.otto.put(*(a_changed_order(count) for count in range(3)))
    assert len(every_page(connected.client(orders_per_page=3))) == 1
    assert len(connected.asked(ORDERS)) == 1


def test_beside_a_cursor_stands_the_limit_alone(connected: Connected) -> None:
    """As OTTO's documentation has it; the first request says from when, in UTC."""
    connected.otto.put(*(a_changed_order(count) for count in range(3)))
    every_page(connected.client(orders_per_page=2))
    first, second = (parse_qs(urlsplit(asked).query) for asked in connected.asked(ORDERS))
    assert first["fromDate"] == ["2026-10-24T12:00:00Z"]
    assert first["limit"] == ["2"]
    assert second.keys() == {"nextcursor", "limit"}


def test_orders_that_changed_before_are_left_out(connected: Connected) -> None:
    """`fromDate` is the earliest change."""
    connected.otto.put(a_changed_order(1, minutes=1), a_changed_order(2, minutes=60 * 24 * 31))
    assert every_page(connected.client()) == [[order_number(1)]]


def test_a_cursor_that_otto_does_not_know_is_told_apart(connected: Connected) -> None:
    """So that the pages are read anew instead of the sync ending for ever."""
    with pytest.raises(CursorRefused):
        connected.client().orders(SINCE, "c3RhbGU")


@pytest.mark.parametrize(
    "link",
    [
        {"rel": "next", "href": "/v4/orders?limit=128"},
        {"rel": "next", "href": "/v4/orders?nextcursor=here&limit=128"},
        {"rel": "next", "href": "/v4/orders?nextcursor=a%00b&limit=128"},
        {"rel": "next"},
    ],
)
def test_a_link_that_leads_nowhere_ends_loudly(connected: Connected, link: Any) -> None:
    """A next page without cursor, or with the one just asked for, would go on for ever."""
    page = {"resources": [], "links": [link]}
    connected.otto.troubles += [passes, lambda: _json(page)]
    with pytest.raises(Unavailable, match="leads nowhere"):
        connected.client().orders(SINCE, "here")


def test_a_link_cannot_lead_to_another_host(connected: Connected) -> None:
    """Of a link the cursor alone is taken, so no token goes where a page points."""
    href = "https://elsewhere.example/v4/orders?nextcursor=abc&limit=128"
    page = {"resources": [], "links": [{"rel": "self"}, {"rel": "next", "href": href}]}
    connected.otto.troubles += [passes, lambda: _json(page)]
    client = connected.client()
    assert client.orders(SINCE, None).next_cursor == "abc"
    with pytest.raises(CursorRefused):
        client.orders(SINCE, "abc")
    assert connected.asked(ORDERS)[-1].startswith("/v4/orders?")


def test_a_redirect_is_not_followed(connected: Connected) -> None:
    """Nor does the token go there."""
    connected.otto.troubles += [passes, fails(302, Location=f"{connected.url}/v4/orders/elsewhere")]
    with pytest.raises(Unavailable, match="status 302"):
        connected.client().orders(SINCE, None)
    assert len(connected.otto.seen) == 2


def test_unknown_fields_pass(connected: Connected) -> None:
    """OTTO may add fields and links at any time."""
    page = {"resources": [{"new": True}], "links": [{"rel": "up"}, "odd"], "newer": {}}
    connected.otto.troubles += [passes, lambda: _json(page)]
    page_read = connected.client().orders(SINCE, None)
    assert page_read.next_cursor is None
    assert b'"new"' in page_read.body


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"resources": 7}', b"[" * 100_000])
def test_an_answer_that_is_no_page_is_told(connected: Connected, body: bytes) -> None:
    """It is no order either."""
    connected.otto.troubles += [passes, lambda: Response(body, 200)]
    with pytest.raises(Unavailable, match="OTTO's answer"):
        connected.client().orders(SINCE, None)


# ---- Tokens -------------------------------------------------------------------------------------


def test_one_token_serves_until_shortly_before_its_end(connected: Connected) -> None:
    """The end is taken from OTTO's answer; nobody waits for a refusal."""
    client = connected.client()
    client.orders(SINCE, None)
    connected.time.seconds += TOKEN_SECONDS - 60
    client.orders(SINCE, None)
    assert len(connected.asked("/v1/token")) == 1
    connected.time.seconds += 40
    client.orders(SINCE, None)
    assert len(connected.asked("/v1/token")) == 2


@pytest.mark.parametrize(
    ("given", "tokens"),
    [({"expires_in": 8}, 3), ({"expires_in": "8"}, 3), ({}, 1), ({"expires_in": None}, 1)],
)
def test_a_token_serves_as_long_as_otto_says(
    connected: Connected, given: dict[str, Any], tokens: int
) -> None:
    """A short life is used to its half; where OTTO says nothing, a token serves until refused."""
    for _ in range(tokens):
        connected.otto.troubles += [
            lambda: _json({"access_token": "t", **given}),
            lambda: _json({"resources": []}),
        ]
    client = connected.client()
    for _ in range(tokens):
        client.orders(SINCE, None)
        connected.time.seconds += 5
    assert len(connected.asked("/v1/token")) == tokens


def test_a_token_that_is_refused_is_renewed(connected: Connected) -> None:
    """Once; OTTO may end tokens before their time."""
    client = connected.client()
    client.orders(SINCE, None)
    connected.otto.forget_tokens()
    client.orders(SINCE, None)
    assert len(connected.asked("/v1/token")) == 2
    connected.otto.troubles += [fails(401), passes, fails(401)]
    with pytest.raises(Unavailable, match="refuses /v4/orders with status 401"):
        client.orders(SINCE, None)


def test_wrong_credentials_are_told_with_the_fix(connected: Connected) -> None:
    """And not a word of them."""
    with pytest.raises(Unavailable, match=r"invalid_client.*--set-credentials") as caught:
        connected.client(secret="hunter2").orders(SINCE, None)
    assert "hunter2" not in repr(caught.value.__cause__) + str(caught.value)
    assert len(connected.otto.seen) == 1


def test_a_refusal_in_unknown_words_is_told_by_its_status(connected: Connected) -> None:
    """OTTO's own text is not repeated."""
    connected.otto.troubles.append(fails(400))
    with pytest.raises(Unavailable, match="status 400") as caught:
        connected.client().orders(SINCE, None)
    assert "erika" not in str(caught.value)


@pytest.mark.parametrize("body", [b"{}", b"[]", b"<", b'{"access_token": ""}'])
def test_an_answer_without_token_is_told(connected: Connected, body: bytes) -> None:
    """Nothing is asked for without one."""
    connected.otto.troubles.append(lambda: Response(body, 200))
    with pytest.raises(Unavailable, match="holds none"):
        connected.client().orders(SINCE, None)


def test_scopes_that_are_missing_are_named(connected: Connected) -> None:
    """By the token's own word, before anything is refused."""
    assert connected.client().missing_scopes() == frozenset()
    connected.otto.scopes = SCOPES - {"shipments"}
    assert connected.client().missing_scopes() == {"shipments"}
    with pytest.raises(Unavailable, match="/v1/shipments with status 403; the app lacks a scope"):
        connected.client().shipments(SINCE, None)


def test_a_token_without_word_of_its_scopes_allows_what_was_asked_for(
    connected: Connected,
) -> None:
    """RFC 6749, section 5.1."""
    connected.otto.troubles.append(lambda: _json({"access_token": "t", "expires_in": 60}))
    assert connected.client().missing_scopes() == frozenset()


def test_credentials_do_not_show(connected: Connected) -> None:
    """Neither in the repr of credentials nor in what the client asks for in addresses."""
    connected.client().orders(SINCE, None)
    assert not any("secret" in target for target in connected.otto.seen)


# ---- Limits and bad days ------------------------------------------------------------------------


def test_requests_keep_to_the_configured_pace(connected: Connected) -> None:
    """However many are made, they go out evenly; OTTO never has to say that it is too much."""
    client = connected.client()
    for _ in range(50):
        client.orders(SINCE, None)
    assert connected.time.seconds == pytest.approx(50 / connected.facts.requests_per_second)


def test_who_is_too_fast_waits_as_long_as_otto_asks(connected: Connected) -> None:
    """429 with Retry-After; every request comes to its answer."""
    client = connected.client(requests_per_second=1000)
    for _ in range(50):
        client.orders(SINCE, None)
    assert connected.time.slept.count(1.25) == 2


@pytest.mark.parametrize("status", [429, 408, 500, 502, 503, 504])
def test_passing_faults_are_waited_out(connected: Connected, status: int) -> None:
    """Longer each time, and spread by chance."""
    connected.otto.troubles += [passes, *[fails(status)] * 4]
    connected.client(requests_per_second=1000).orders(SINCE, None)
    assert [it for it in connected.time.slept if it > 0.01] == [0.375, 0.75, 1.5, 3.0]


def test_a_date_to_retry_after_is_understood(connected: Connected) -> None:
    """RFC 9110 allows a number of seconds, or a time."""
    later = fails(503, **{"Retry-After": "Mon, 23 Nov 2026 12:00:20 GMT"})
    odd = fails(503, **{"Retry-After": "soon"})
    connected.otto.troubles += [passes, later, odd]
    connected.client().orders(SINCE, None)
    assert [it for it in connected.time.slept if it > 0.2] == [pytest.approx(20.15, abs=0.11), 0.75]


def test_a_wait_that_is_too_long_ends_the_sync_for_now(connected: Connected) -> None:
    """Nobody sleeps for an hour; the next turn comes by itself."""
    connected.otto.troubles += [passes, fails(429, **{"Retry-After": "3600"})]
    with pytest.raises(Unavailable, match="asks to be left alone for 3600 s"):
        connected.client().orders(SINCE, None)


def test_faults_that_do_not_pass_end_with_their_status(connected: Connected) -> None:
    """After as many attempts as are configured, and without a word of what came."""
    connected.otto.troubles += [passes, *[fails(503)] * 6]
    with pytest.raises(Unavailable, match="status 503, asked 6 times") as caught:
        connected.client().orders(SINCE, None)
    assert caught.value.part == "otto"
    assert "erika" not in str(caught.value)


def test_a_refusal_is_not_repeated(connected: Connected) -> None:
    """400 stays 400 however often one asks."""
    connected.otto.troubles += [passes, fails(400)]
    with pytest.raises(Unavailable, match="refuses /v4/orders with status 400"):
        connected.client().orders(SINCE, None)
    assert len(connected.otto.seen) == 2


def test_an_answer_that_breaks_off_is_asked_for_again(connected: Connected) -> None:
    """Half a page is no page."""
    connected.otto.put(a_changed_order(1))
    connected.otto.troubles += [passes, is_cut_off]
    assert every_page(connected.client()) == [[order_number(1)]]


def test_an_answer_that_drips_is_given_up(connected: Connected) -> None:
    """A byte now and then never runs into the time for one read; the whole answer has its own."""
    connected.otto.put(a_changed_order(1))
    connected.otto.troubles += [passes, drips(connected.time, seconds=20)]
    assert every_page(connected.client()) == [[order_number(1)]]


def test_silence_is_given_up(connected: Connected) -> None:
    """No answer within its time counts as a fault that may pass."""
    connected.otto.put(a_changed_order(1))
    over = threading.Event()
    connected.otto.troubles += [passes, is_silent(over)]
    try:
        assert every_page(connected.client(answer_seconds=0.2)) == [[order_number(1)]]
    finally:
        over.set()


def test_nobody_there_is_told(connected: Connected) -> None:
    """By the kind of fault, not by its text."""
    connected.url = "http://127.0.0.1:1"
    with pytest.raises(Unavailable, match=r"does not answer \(NewConnectionError\), asked 2 times"):
        connected.client(attempts=2).orders(SINCE, None)


def test_an_endless_answer_is_not_read_to_its_end(
    connected: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded."""
    monkeypatch.setattr("gateway.marketplaces.otto.calls.MOST_BYTES", 100_000)
    connected.otto.troubles += [passes, lambda: Response(b" " * 200_000, 200)]
    with pytest.raises(Unavailable, match="longer than 100000 bytes"):
        connected.client().orders(SINCE, None)


def test_the_end_of_a_path_is_noticed(connected: Connected) -> None:
    """OTTO announces it by the Sunset header (RFC 8594); an odd date is passed over."""
    client = connected.client()
    connected.otto.troubles += [passes, fails(200, Sunset="some day")]
    with pytest.raises(Unavailable):
        client.orders(SINCE, None)
    assert client.sunsets == {}
    connected.otto.sunset = NOON + timedelta(days=180)
    client.orders(SINCE, None)
    assert client.sunsets == {ORDERS: NOON + timedelta(days=180)}


# ---- Delivery types and shipments ---------------------------------------------------------------


def test_a_sku_leads_to_its_delivery_type(connected: Connected) -> None:
    """By way of its shipping profile, which is asked for once."""
    connected.otto.deliver_by({"A/1 ä?": "FORWARDER_CURBSIDE", "B": "FORWARDER_CURBSIDE"})
    client = connected.client()
    assert client.delivery_type("A/1 ä?") == client.delivery_type("B") == "FORWARDER_CURBSIDE"
    profiles = [asked for asked in connected.otto.seen if "/v1/shipping-profiles/" in asked]
    assert profiles == ["/v1/shipping-profiles/profile-forwarder-curbside"]


def test_a_profile_that_the_merchant_changed_counts_by_the_next_day(connected: Connected) -> None:
    """Also for a connection that lasts as long as the service."""
    connected.otto.deliver_by({"A": "PARCEL"})
    client = connected.client()
    assert client.delivery_type("A") == "PARCEL"
    connected.otto.profiles["profile-parcel"] = "FORWARDER_CURBSIDE"
    connected.time.seconds += 23 * 3600
    assert client.delivery_type("A") == "PARCEL"
    connected.time.seconds += 3600
    assert client.delivery_type("A") == "FORWARDER_CURBSIDE"


def test_a_sku_without_profile_has_no_delivery_type(connected: Connected) -> None:
    """Nor one whose profile is gone."""
    connected.otto.skus["C"] = "gone"
    client = connected.client()
    assert client.delivery_type("C") is None
    assert client.delivery_type("D") is None


def test_shipments_are_listed_page_by_page(connected: Connected) -> None:
    """With their states, without their pieces, which a shipment of its own tells."""
    order = an_order()
    connected.otto.shipments += [
        a_shipment(order, count, NOON - timedelta(days=count), NOON if count % 2 else None)
        for count in range(5)
    ]
    client = connected.client(shipments_per_page=2)
    pages = [client.shipments(SINCE, None)]
    while pages[-1].next_cursor is not None:
        pages.append(client.shipments(SINCE, pages[-1].next_cursor))
    listed = [one for page in pages for one in page.shipments]
    assert [one.delivered_at for one in listed] == [None, NOON, None, NOON, None]
    assert not any(one.pieces for one in listed)
    whole = client.shipment("shipment-000001")
    assert whole is not None
    assert whole.delivered_at == NOON
    assert [piece.sales_order_id for piece in whole.pieces] == [order["salesOrderId"]]


def test_of_several_deliveries_the_first_counts(connected: Connected) -> None:
    """And an attempt, or a parcel shop, is none."""
    shipment = a_shipment(an_order(), 1, NOON)
    shipment["states"] = [
        {"state": "DELIVERED_FOR_PICKUP", "occurredOn": "2026-11-18T08:00:00Z"},
        {"state": "DELIVERED", "occurredOn": "2026-11-20T08:00:00.000+01:00"},
        {"state": "DELIVERED", "occurredOn": "2026-11-19T08:00:00Z"},
        {"state": "DELIVERY_ATTEMPT_FAILED", "occurredOn": "2026-11-17T08:00:00Z"},
    ]
    connected.otto.shipments.append(shipment)
    [found] = connected.client().shipments(SINCE, None).shipments
    assert found.delivered_at is not None
    assert found.delivered_at.isoformat() == "2026-11-19T08:00:00+00:00"


def test_shipments_without_states_are_told_from_undelivered_ones(connected: Connected) -> None:
    """Earlier versions of OTTO's list leave the states out."""
    shipment = a_shipment(an_order(), 1, NOON)
    del shipment["states"]
    connected.otto.shipments.append(shipment)
    [found] = connected.client().shipments(SINCE, None).shipments
    assert not found.states_known


def test_a_shipment_without_the_shape_is_counted_and_left_out(connected: Connected) -> None:
    """The others are read."""
    good = a_shipment(an_order(), 1, NOON)
    page = {"resources": [{}, "odd", good], "links": []}
    connected.otto.troubles += [passes, lambda: _json(page)]
    found = connected.client().shipments(SINCE, None)
    assert [one.shipment_id for one in found.shipments] == ["shipment-000001"]
    assert found.unreadable == 2


def test_a_shipment_that_is_gone_is_none(connected: Connected) -> None:
    """Between the list and the look at it, for instance."""
    assert connected.client().shipment("gone") is None


def _json(value: Any) -> Response:
    return jsonify(value)
