"""`gateway audit`, `subjects` and `retention`: the record, the buyer's rights, the end of a contact."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from gateway.usecases import clients
from gateway.usecases.actors import OPERATOR, actor
from gateway.usecases.assign import Assignment, assign
from gateway.usecases.desk import Asked, Wanted
from gateway.usecases.services import Services
from policies.question import Role
from tests.builders import an_order
from tests.cli.conftest import Gateway

NUMBER = "aaaaaaaaa1"
Told = Callable[..., Any]


@pytest.fixture
def story(gateway: Gateway, services: Services) -> Gateway:
    """An order released to dachser once, and refused once for marketing."""
    orders = json.dumps([an_order(NUMBER), an_order("aaaaaaaaa2")]).encode()
    assert gateway("orders", "import", "-", stdin=orders).exit_code == 0
    assignment = Assignment(
        order_number=NUMBER, carrier_id="dachser", consignment=None, item_ids=None
    )
    assign(services.store, "default", OPERATOR, assignment, None)
    client, _token = clients.create(
        services.store, "default", Role.CARRIER, "dachser", "test", None, None
    )
    for purpose in ("delivery-appointment", "marketing"):
        services.release(
            Asked(
                recipient=client,
                actor=actor(client),
                items=[Wanted(order_number=NUMBER)],
                purpose=purpose,
                fields=None,
                request_id="request",
            )
        )
    return gateway


def test_the_log_is_exported_line_by_line(story: Gateway) -> None:
    """Every entry, oldest first, without an order number or a contact; the export is the next one."""
    result = story("audit", "export")
    assert result.exit_code == 0
    entries = [json.loads(line) for line in result.stdout.splitlines()]
    assert [entry["index"] for entry in entries] == list(range(len(entries)))
    assert [entry["action"] for entry in entries][-2:] == ["contact.released", "contact.refused"]
    assert not any(text in result.stdout for text in (NUMBER, "erika", "23125001", "Mustermann"))
    again = story("audit", "export", "--action", "audit.exported").stdout.splitlines()
    assert len(again) == 1


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["--reason", "purpose_marketing"], ["contact.refused"]),
        (["--order", NUMBER, "--outcome", "permitted"], ["contact.released"]),
        (["--order", "unknown"], []),
        (["--carrier", "dachser", "--purpose", "marketing"], ["contact.refused"]),
        (
            ["--from", "2026-11-23", "--to", "2026-11-24", "--action", "order.assigned"],
            ["order.assigned"],
        ),
        (["--from", "2026-11-24"], []),
        (["--to", "2026-11-23T12:00:00+01:00"], []),
    ],
    ids=" ".join,
)
def test_exports_can_be_narrowed(story: Gateway, filters: list[str], expected: list[str]) -> None:
    """By the filters of the review."""
    result = story("audit", "export", *filters)
    assert result.exit_code == 0
    assert [json.loads(line)["action"] for line in result.stdout.splitlines()] == expected


def test_other_formats_hold_the_same_entries(story: Gateway) -> None:
    """A row, or an event, for each."""
    words = ("audit", "export", "--carrier", "dachser", "--format")
    whole = [json.loads(line)["id"] for line in story(*words, "jsonl").stdout.splitlines()]
    rows = csv.DictReader(io.StringIO(story(*words, "csv").stdout))
    assert [row["id"] for row in rows] == whole
    events = map(json.loads, story(*words, "ocsf").stdout.splitlines())
    assert [event["metadata"]["uid"] for event in events] == whole


def test_the_buyer_is_told_who_received_the_contact(story: Gateway, told: Told) -> None:
    """Recipient by name, date, purpose, fields and legal basis; the report is on record."""
    report = told("subjects", "report", "--order", NUMBER)
    [recipient] = report["recipients"]
    assert recipient["name"] == "Dachser"
    assert recipient["released_at"] == "2026-11-23T12:00:00Z"
    assert recipient["purpose"] == "delivery-appointment"
    assert recipient["fields"] == ["name", "phone", "email"]
    assert report["legal_basis"] == "GDPR 6(1)(b)"
    assert report["erased_at"] is None
    text = story("subjects", "report", "--order", NUMBER).stdout
    assert "Dachser" in text
    assert "Nobody has received" in story("subjects", "report", "--order", "aaaaaaaaa2").stdout
    assert len(story("audit", "export", "--action", "subject.reported").stdout.splitlines()) == 3


def test_the_buyer_is_forgotten(story: Gateway, told: Told) -> None:
    """The contact goes, the recipients to be told are named, and nothing leads back to the buyer."""
    result = story("subjects", "erase", "--order", NUMBER, "--reason", "asked by letter")
    assert result.exit_code == 0
    assert "To be told of it (GDPR 19): Dachser" in result.stdout
    assert "erased since" in story("orders", "show", NUMBER).stdout
    assert told("orders", "show", NUMBER)["erased_at"] == "2026-11-23T12:00:00Z"
    assert story("audit", "export", "--order", NUMBER).stdout == ""
    again = story("subjects", "report", "--order", NUMBER)
    assert again.exit_code == 1
    assert "is erased" in again.stderr


def test_a_buyer_is_named_by_address_or_number(story: Gateway, told: Told) -> None:
    """Typed, or read from standard input; all orders are answered for, and shown without either."""
    typed = told("subjects", "report", "--phone", "+49 30 23125001")["orders"]
    read = told("subjects", "report", "--email", "-", stdin=b"ERIKA@example.org\n")["orders"]
    assert [one["order_number"] for one in typed] == [one["order_number"] for one in read]
    assert NUMBER in [one["order_number"] for one in typed]
    words = ("subjects", "erase", "--email", "erika@example.org", "--reason", "asked by letter")
    result = story(*words)
    assert result.exit_code == 0
    assert result.stdout.count("is erased.") == len(typed)
    assert "erika" not in result.output
    assert story(*words).exit_code == 1


@pytest.mark.parametrize("words", [(), ("--order", NUMBER, "--email", "erika@example.org")])
def test_a_buyer_is_named_in_one_way(story: Gateway, words: tuple[str, ...]) -> None:
    """Wrong usage otherwise, which says what belongs there."""
    result = story("subjects", "report", *words)
    assert result.exit_code == 2
    assert "one of --order, --email and --phone" in result.stderr


def test_a_reason_that_names_the_buyer_erases_nothing(story: Gateway) -> None:
    """It would stay on record; the error says what belongs there."""
    result = story("subjects", "erase", "--order", NUMBER, "--reason", "0171 3920012 called")
    assert result.exit_code == 1
    assert "reason: no address, and no number of five digits" in result.stderr
    assert story("subjects", "report", "--order", NUMBER).exit_code == 0


def test_retention_erases_what_is_due(story: Gateway, told: Told) -> None:
    """Today nothing; as of the latest day, both orders."""
    assert told("retention", "run") == {"erased": 0, "logs_deleted": 0}
    assert told("retention", "run", "--now", "2027-02-21") == {"erased": 0, "logs_deleted": 0}
    assert told("retention", "run", "--now", "2027-02-21T12:00:00Z") == {
        "erased": 2,
        "logs_deleted": 0,
    }
    report = told("subjects", "report", "--order", NUMBER)
    assert report["erased_at"] == "2026-11-23T12:00:00Z"
    assert len(report["recipients"]) == 1
