"""Receipts prove one entry to anybody; what cannot be proven is not handed out."""

import pytest
from sqlalchemy import delete, update

from gateway.audit.proof import Refused, Verified, verify_receipt
from gateway.audit.receipt import Receipt
from gateway.errors import NotFound, Unavailable
from gateway.storage.tables import entries, tiles
from gateway.usecases.log import publish
from gateway.usecases.log.receipts import receipt
from tests.builders import an_order, order_number
from tests.world import World


@pytest.fixture
def released(world: World) -> World:
    """A log of some three hundred entries; one of them a release to dachser."""
    for start in range(0, 300, 50):
        world.take_in(*(an_order(order_number(start + at)) for at in range(50)))
    world.assign(order_number(7))
    world.ask(world.client(), order_number(7))
    return world


def vkey(world: World) -> str:
    return publish.verifier_key(world.store, "default", None)


def verdict(world: World, found: Receipt) -> Verified | Refused:
    return verify_receipt(found.leaf, found.proof, vkey(world))


def test_every_entry_has_a_receipt_that_verifies(released: World) -> None:
    """The first, the last, and those beside the edges of tiles; young ones are taken in at once."""
    log = released.log()
    for entry in (log[0], log[255], log[256], log[-2], log[-1]):
        found = verdict(released, receipt(released.store, "default", entry.id, None))
        assert isinstance(found, Verified)
        assert found.entry == entry
        assert found.checkpoint.size == len(log)


def test_a_carrier_gets_receipts_of_its_own_releases_only(released: World) -> None:
    """Of others', of other entries and of other merchants' there are none."""
    log = released.log()
    release = next(entry for entry in log if entry.action == "contact.released")
    assert receipt(released.store, "default", release.id, "dachser").leaf == release.leaf()
    stored = next(entry for entry in log if entry.action == "order.stored")
    for merchant, entry, carrier in (
        ("default", release, "rhenus"),
        ("default", stored, "dachser"),
        ("other", release, None),
    ):
        with pytest.raises(NotFound, match="there is no such release"):
            receipt(released.store, merchant, entry.id, carrier)


def test_a_receipt_is_not_handed_out_where_it_would_not_verify(released: World) -> None:
    """The entry was edited, its tile is gone or spoilt: the operator is told, nobody gets a false proof."""
    entry = released.log()[40]
    other = released.log()[41]
    assert receipt(released.store, "default", entry.id, None)
    tile = (tiles.c.level == 0) & (tiles.c.index == 0)
    for change in (
        update(tiles).where(tile).values(data=bytes(8192)),
        delete(tiles).where(tile),
        update(entries).where(entries.c.id == entry.id).values(leaf=b"{}"),
        update(entries).where(entries.c.id == entry.id).values(leaf=other.leaf()),
    ):
        with released.store.change() as connection:
            connection.execute(change)
        with pytest.raises(Unavailable, match="gateway audit verify"):
            receipt(released.store, "default", entry.id, None)


def test_an_entry_that_is_named_as_another_has_no_receipt(released: World) -> None:
    """Columns are not what was signed: neither an id nor a carrier's name in them opens another entry."""
    log = released.log()
    release = next(entry for entry in log if entry.action == "contact.released")
    for name, changed in (("id", {"id": "f" * 32}), ("carrier", {"carrier": "rhenus"})):
        with released.store.change() as connection:
            mine = (entries.c.log == 1) & (entries.c.index == release.index)
            connection.execute(update(entries).where(mine).values(**changed))
        asked = "f" * 32
        carrier = "dachser" if name == "id" else "rhenus"
        with pytest.raises(Unavailable, match="was recorded as another entry"):
            receipt(released.store, "default", asked, carrier)
