"""Merchants: each apart from the others, each log knowing the policy that decides."""

import pytest

from gateway.errors import Conflict, InvalidInput, NotFound
from gateway.usecases import merchants
from tests.world import World


def test_a_merchant_is_there_after_it_was_created(world: World) -> None:
    """It is listed, and may be named from then on."""
    merchants.create(world.store, "moebel-meier", "Möbel Meier GmbH")
    listed = {it.merchant: it.name for it in merchants.listing(world.store)}
    assert listed == {"default": "Default", "moebel-meier": "Möbel Meier GmbH"}
    merchants.require(world.store, "moebel-meier")


def test_an_id_is_given_once(world: World) -> None:
    """A second merchant of the same id would share the first one's data."""
    with pytest.raises(Conflict, match="default already"):
        merchants.create(world.store, "default", "Another")


def test_an_id_that_is_none_is_refused(world: World) -> None:
    """Ids stand in addresses and origins, so their letters are few."""
    for name in ("", "A", "a b", "a/b", "-a", "a-", "ä", "a" * 65, "a\n"):
        with pytest.raises(InvalidInput, match="merchant"):
            merchants.create(world.store, name, "Name")
    with pytest.raises(InvalidInput, match="name"):
        merchants.create(world.store, "fine", " ")


def test_an_unknown_merchant_is_named_with_the_way_to_the_known(world: World) -> None:
    """Nobody works on a merchant that does not exist by a typing error."""
    with pytest.raises(NotFound, match="defualt: gateway merchants list"):
        merchants.require(world.store, "defualt")


def test_each_log_learns_of_a_policy_once(world: World) -> None:
    """A changed policy is an entry in every merchant's log; the same one again is none."""
    world.merchant("other")
    assert merchants.note_policy(world.store, "sha256:one") == ["default", "other"]
    assert merchants.note_policy(world.store, "sha256:one") == []
    assert merchants.note_policy(world.store, "sha256:two") == ["default", "other"]
    for merchant in ("default", "other"):
        told = [it.policy for it in world.log(merchant) if it.action == "policy.changed"]
        assert told[-2:] == ["sha256:one", "sha256:two"]
