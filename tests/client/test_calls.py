"""The client kit against a gateway that listens: every call a carrier or merchant needs, typed."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.client import (
    Appointment,
    Client,
    ClientError,
    ProblemError,
    Refused,
    Released,
    UnverifiedError,
    verify_receipt,
)
from gateway.usecases.services import Services
from tests.builders import order_number
from tests.client.conftest import assigned, log_key
from tests.conftest import NOW, Template

NUMBERS = [order_number(count) for count in range(3)]


@pytest.fixture
def dachser(address: str, template: Template, services: Services) -> Client:
    """A carrier's client; three orders wait for it."""
    assigned(services, template, NUMBERS)
    return Client(address, template.tokens["dachser"])


def test_a_contact_is_released_and_proved(dachser: Client, services: Services) -> None:
    """By order number and by consignment; its repr shows nothing; its receipt is checked offline."""
    released = dachser.release(NUMBERS[0])
    assert isinstance(released, Released)
    assert released.contact.phone == "+493023125001"
    assert (released.contact.name, released.contact.email) == (
        "Erika Mustermann",
        "erika@example.org",
    )
    assert "Erika" not in repr(released)
    again = dachser.release(consignment=f"C-{NUMBERS[0]}", fields=["phone"])
    assert isinstance(again, Released)
    assert (again.order_number, again.contact.name) == (NUMBERS[0], None)
    key = log_key(services)
    receipt = dachser.receipt(released.release_id)
    proven = verify_receipt(receipt, key)
    assert (proven.id, proven.action, proven.carrier, proven.index) == (
        released.release_id,
        "contact.released",
        "dachser",
        released.log_index,
    )
    for forged in (receipt.replace(b'"entry": "', b'"entry": "AA'), b"{}", b""):
        with pytest.raises(UnverifiedError):
            verify_receipt(forged, key)


def test_a_refusal_is_an_answer(dachser: Client) -> None:
    """With its reasons; in a batch it stands at its place."""
    refused = dachser.release(NUMBERS[0], purpose="newsletter")
    assert isinstance(refused, Refused)
    assert refused.reasons[0].code == "purpose_marketing"
    first, second, third = dachser.releases([NUMBERS[0], "nothere", NUMBERS[1]])
    assert isinstance(first, Released)
    assert isinstance(second, Refused)
    assert isinstance(third, Released)
    with pytest.raises(ValueError, match="one of them"):
        dachser.release()


def test_appointments_go_their_way(dachser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the worklist, page by page, to the appointment and the delivery."""
    monkeypatch.setattr("gateway.client.calls.MOST", 2)
    assert [it.order_number for it in dachser.worklist()] == NUMBERS
    begins, ends = NOW + timedelta(days=3), NOW + timedelta(days=3, hours=4)
    agreed = dachser.agree(NUMBERS[0], begins, ends)
    assert agreed.appointment == Appointment(begins, ends)
    [listed] = dachser.worklist("agreed")
    assert (listed.order_number, listed.pieces, listed.country) == (NUMBERS[0], 1, "DEU")
    assert dachser.delivered(NUMBERS[0]).delivered_at == NOW
    [done] = dachser.worklist("delivered")
    assert done.delivered_at == NOW
    assert len(list(dachser.releases(NUMBERS))) == 3


def test_problems_are_raised_with_what_they_say(
    address: str, template: Template, dachser: Client
) -> None:
    """A wrong token, a wrong role, an order that is not there."""
    with pytest.raises(ProblemError, match="401 Not authenticated") as unknown:
        list(Client(address, lambda: "wrong").worklist())
    assert unknown.value.status == 401
    with pytest.raises(ProblemError, match="Not for this role"):
        list(Client(address, template.tokens["shop"]).worklist())
    with pytest.raises(ProblemError, match="404"):
        dachser.delivered("nothere")
    with pytest.raises(ProblemError, match="409"):
        Client(address, template.tokens["merchant"]).hand_over("dachser", {}, "key-1")


def test_a_token_is_not_sent_in_the_clear() -> None:
    """Only to this very machine, or over https."""
    with pytest.raises(ValueError, match="https"):
        Client("http://gateway.example", "token")


REFUSED = b'{"decision_id": "d", "reasons": []}'


def test_a_busy_gateway_is_asked_again_under_the_same_key(answering: Any) -> None:
    """503 is tried again; 429 is the caller's to wait for."""
    client, server = answering(
        ("503 Busy", {"Retry-After": "0"}, b"{}"), ("403 Refused", {}, REFUSED)
    )
    assert isinstance(client.release("a"), Refused)
    first, second = (it["HTTP_IDEMPOTENCY_KEY"] for it in server.asked)
    assert first == second
    client, server = answering(("429 Slow", {"Retry-After": "7"}, b'{"title": "Slow"}'))
    with pytest.raises(ProblemError) as slow:
        client.release("a")
    assert (slow.value.retry_after, len(server.asked)) == (7, 1)


@pytest.mark.parametrize(
    "answer",
    [
        ("200 OK", {}, b"<html>"),
        ("200 OK", {}, b"[]"),
        ("302 Found", {"Location": "http://127.0.0.1:1/"}, b""),
    ],
)
def test_what_is_no_gateway_is_said_to_be_none(answering: Any, answer: Any) -> None:
    """Whoever answers something else; no redirect is followed, for the token would go along."""
    client, server = answering(answer)
    with pytest.raises(ClientError, match="does not answer as a gateway"):
        client.release("a")
    assert len(server.asked) == 1
