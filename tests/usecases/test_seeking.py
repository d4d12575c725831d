"""A buyer is found by phone or e-mail, however it is written, and answered for all orders at once."""

from typing import Any

import pytest

from gateway.errors import InvalidInput, NotFound
from gateway.usecases import forget, seeking
from gateway.usecases.forget import Find
from gateway.vault.keys import ALL_DAYS, KeyUse
from tests.builders import an_address, an_order
from tests.world import TESTER, World

BOTH = ["aaaaaaaaaa", "bbbbbbbbbb"]


@pytest.fixture
def three(world: World) -> World:
    """Two orders of one buyer, whose first one the carrier has received, and one of another."""
    other = an_address(phoneNumber="030 23125999", email="other@example.org")
    orders: list[dict[str, Any]] = [an_order(number) for number in BOTH]
    world.take_in(*orders, an_order("cccccccccc", deliveryAddress=other))
    world.assign("aaaaaaaaaa")
    world.ask(world.client(), "aaaaaaaaaa")
    return world


def reported(world: World, find: Find) -> list[str]:
    """The orders that a report is about."""
    terms = world.settings.deadlines
    found = forget.report_buyer(world.store, terms, "default", TESTER, find)
    return [one.order_number for one in found]


@pytest.mark.parametrize("text", ["erika@example.org", "ERIKA@Example.ORG", " Erika@example.org "])
def test_an_address_finds_every_order(three: World, text: str) -> None:
    """Whatever its case."""
    find = seeking.by_email(three.services.sealer, text, three.clock())
    assert reported(three, find) == BOTH


@pytest.mark.parametrize("text", ["+493023125001", "+49 (0)30 / 23125-001", "+49 30 23125001"])
def test_a_number_finds_every_order(three: World, text: str) -> None:
    """However it is written."""
    assert reported(three, seeking.by_phone(three.services.sealer, text, three.clock())) == BOTH


def test_both_indexes_are_asked(three: World) -> None:
    """While a new key takes over, some contacts stand under the old one, some under the new."""
    keyring = three.services.keyring
    keyring.add_version(KeyUse.INDEX, ALL_DAYS, three.clock())
    three.take_in(an_order("dddddddddd"))
    find = seeking.by_email(three.services.sealer, "erika@example.org", three.clock())
    assert reported(three, find) == [*BOTH, "dddddddddd"]
    three.services.rewrap()
    assert reported(three, find) == [*BOTH, "dddddddddd"]


def test_all_of_a_buyers_orders_are_erased_together(three: World) -> None:
    """Another buyer's stay; afterwards nothing finds them; the carrier that received one is named."""
    find = seeking.by_email(three.services.sealer, "erika@example.org", three.clock())
    erased = forget.erase_buyer(three.store, "default", TESTER, find, "asked by letter")
    assert [one.order_number for one in erased] == BOTH
    assert [len(one.recipients) for one in erased] == [1, 0]
    assert all(three.kept(number).subject is None for number in BOTH)
    assert three.kept("cccccccccc").subject is not None
    with pytest.raises(NotFound, match="by its number"):
        reported(three, find)
    assert three.said().count("subject.erased") == 2


def test_what_is_no_address_or_number_is_told(three: World) -> None:
    """By the field's name, without the value."""
    sealer, now = three.services.sealer, three.clock()
    with pytest.raises(InvalidInput) as refused:
        seeking.by_email(sealer, "no address", now)
    assert refused.value.errors == {"email": ["is no mail address"]}
    for text in ("030 23125001", "none", ""):
        with pytest.raises(InvalidInput, match="phone: must be a number with its country's code"):
            seeking.by_phone(sealer, text, now)


def test_a_merchant_finds_its_own_alone(three: World) -> None:
    """The same buyer's order with another merchant is not found, reported or erased."""
    three.merchant("other")
    three.take_in(an_order("eeeeeeeeee"), merchant="other")
    find = seeking.by_email(three.services.sealer, "erika@example.org", three.clock())
    assert reported(three, find) == BOTH
