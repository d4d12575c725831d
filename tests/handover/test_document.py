"""The contact goes to the place that the carrier's profile names, and nothing else changes."""

from pathlib import Path
from typing import Any

import pytest

from gateway.errors import ConfigurationError, InvalidInput
from gateway.handover import document as documents
from gateway.handover import profiles
from gateway.handover.profiles import Profile
from gateway.model.contact import Private
from gateway.settings import load

CONTACT = {
    "name": Private("Erika Mustermann"),
    "phone": Private("+493023125001"),
    "email": Private("erika@example.org"),
}
MOBILE = CONTACT | {"phone": Private("+4917139200001"), "email": None}


def profile(name: str) -> Profile:
    """A profile as shipped."""
    return profiles.load(profiles.path(load({}), name))


DACHSER: dict[str, Any] = {
    "references": [{"code": "007", "value": "x"}, {"code": "100", "value": "b1"}]
}


def test_dachser_gets_a_delivery_notice() -> None:
    """In transportOptions, landline and mobile each in its own member; the order by reference 100."""
    dachser = profile("dachser")
    assert documents.order_number(dachser, DACHSER) == "b1"
    assert (dachser.per_second, dachser.per_day) == (5, 1000)
    whole = documents.with_contact(dachser, DACHSER, CONTACT)
    notice = {
        "type": "AS",
        "name": "Erika Mustermann",
        "phone": "+493023125001",
        "mail": "erika@example.org",
    }
    assert whole == DACHSER | {"transportOptions": {"deliveryNoticeOptions": [notice]}}
    [mobile] = documents.with_contact(dachser, DACHSER, MOBILE)["transportOptions"][
        "deliveryNoticeOptions"
    ]
    assert mobile == {"type": "AS", "name": "Erika Mustermann", "mobilePhone": "+4917139200001"}
    assert "transportOptions" not in DACHSER


def test_dhl_freight_gets_it_with_the_consignee() -> None:
    """In the party that is the delivery, with pre-advice; a name is cut to 35 characters."""
    dhl = profile("dhl-freight")
    order = {
        "references": [{"qualifier": "CNR", "value": "b1"}],
        "parties": [{"type": "Consignor", "name": "M"}, {"type": "Delivery", "name": "E"}],
    }
    long = CONTACT | {"name": Private("E" * 40), "email": Private("e" * 60 + "@example.org")}
    whole = documents.with_contact(dhl, order, long)
    assert documents.order_number(dhl, order) == "b1"
    assert whole["additionalServices"] == {"preAdvice": True}
    assert whole["parties"] == [
        {"type": "Consignor", "name": "M"},
        {"type": "Delivery", "name": "E", "contactName": "E" * 35, "phone": "+493023125001"},
    ]


def test_db_schenker_gets_an_address_to_notify() -> None:
    """Of type NOTIFY, made where there is none."""
    order = {"references": [{"type": "ORDER", "value": "b1"}], "addresses": [{"type": "CONSIGNEE"}]}
    schenker = profile("db-schenker")
    assert documents.order_number(schenker, order) == "b1"
    notify = documents.with_contact(schenker, order, MOBILE)["addresses"][1]
    assert notify == {
        "type": "NOTIFY",
        "name1": "Erika Mustermann",
        "mobilePhone": "+4917139200001",
    }


def test_any_other_carrier_is_told_by_pointers(tmp_path: Path) -> None:
    """JSON Pointers name the places, with elements of lists by their number and escapes undone."""
    path = tmp_path / "own.toml"
    path.write_text(
        'key_header = "X-Key"\n[order_number]\nat = "/orders/0"\nmember = "no"\n'
        '[[put]]\nat = "/orders/0/to~1from"\nset = { tel = "{phone}", notify = 1 }\n'
    )
    own = profiles.load(path)
    order = {"orders": [{"no": "b1"}]}
    assert documents.order_number(own, order) == "b1"
    placed = {"tel": "+493023125001", "notify": 1}
    assert documents.with_contact(own, order, CONTACT) == {
        "orders": [{"no": "b1", "to/from": placed}]
    }
    with pytest.raises(InvalidInput, match="no object at /orders/0"):
        documents.check(own, {"orders": []})
    assert profile("generic").fields() == {"name", "phone", "email"}


NOTICE = {"type": "AS", "phone": "+49301"}


@pytest.mark.parametrize(
    ("order", "told"),
    [
        (DACHSER | {"transportOptions": {"deliveryNoticeOptions": [NOTICE]}}, "alone fills"),
        (
            DACHSER | {"transportOptions": {"deliveryNoticeOptions": [NOTICE, NOTICE]}},
            "more than one",
        ),
        (DACHSER | {"transportOptions": "none"}, "no object at /transportOptions"),
        (DACHSER | {"transportOptions": {"deliveryNoticeOptions": {}}}, "no list at"),
    ],
)
def test_a_document_without_room_for_the_contact_is_refused(order: Any, told: str) -> None:
    """Also where somebody wrote a contact there already; the message repeats none of it."""
    with pytest.raises(InvalidInput, match=told) as refused:
        documents.check(profile("dachser"), order)
    assert "+49301" not in str(refused.value)


@pytest.mark.parametrize(
    "references", [[], None, "x", [{"code": "100"}], [{"code": "100", "value": 1}]]
)
def test_a_document_that_names_no_order_is_refused(references: Any) -> None:
    """With the place where the number belongs."""
    with pytest.raises(
        InvalidInput, match=r"names no order number at /references\[code=100\]/value"
    ):
        documents.order_number(profile("dachser"), {"references": references})


def test_a_document_that_names_two_orders_is_refused() -> None:
    """Which of them the carrier would take is not known."""
    two = {"references": [{"code": "100", "value": "b1"}, {"code": "100", "value": "b2"}]}
    with pytest.raises(InvalidInput, match="more than one"):
        documents.order_number(profile("dachser"), two)


def test_a_bottomless_document_is_refused() -> None:
    """Before anything is released for it."""
    deep: Any = {}
    for _ in range(400):
        deep = {"a": deep}
    with pytest.raises(InvalidInput, match="nests deeper"):
        documents.check(profile("dachser"), DACHSER | deep)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("key_header = ", "Invalid value"),
        ('key_header = "a b"', "key_header: is no name of a header"),
        ('[[put]]\nat = "x"\nset = { a = "{name}" }', "put.0.at: is no JSON Pointer"),
        ('[[put]]\nlist = "/x"\nset = { a = "{name}" }', "name `at`, or `list` with `where`"),
        ('[[put]]\nat = ""\nset = { a = "{street}" }', "is none of"),
        ('[[put]]\nat = ""\nset = { a = "b" }\n', "names no place for any part of the contact"),
        ("per_hour = 1", "per_hour"),
    ],
)
def test_a_profile_that_does_not_hold_is_refused(tmp_path: Path, text: str, told: str) -> None:
    """By its file and key."""
    path = tmp_path / "own.toml"
    head = 'key_header = "X-Key"\n' if "put" in text else ""
    path.write_text(f'{head}{text}\n[order_number]\nat = ""\nmember = "no"\n')
    with pytest.raises(ConfigurationError, match=told.replace(".", r"\.")) as refused:
        profiles.load(path)
    assert "own.toml" in str(refused.value)


def test_a_profile_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    """By its path."""
    with pytest.raises(ConfigurationError, match="no such profile"):
        profiles.load(tmp_path / "no.toml")
