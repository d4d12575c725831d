"""A second marketplace: its orders take the same road as OTTO's, from the import to the erasure."""

import io
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.errors import Conflict
from gateway.model.order import OTTO
from gateway.storage.orders import FREIGHT, SHOP, envelopes
from gateway.usecases import forget, retention
from gateway.usecases.incoming.importing import Counts, RejectedOrder, import_orders
from gateway.usecases.shop_contact import shop_contact
from policies.question import Role
from tests.builders import an_order, ndjson
from tests.world import TESTER, World, codes, shown

HEADER = (
    "Bestellnummer;Bestelldatum;Geändert am;Name;PLZ;Land;Telefon;E-Mail;Position;Menge;"
    "Artikelnummer;Versandart;Frachtführer;Status;Zugestellt am\r\n"
)


def a_row(number: str = "1001", state: str = "bezahlt", arrived: str = "") -> str:
    return (
        f"{number};20.11.2026;;Erika Mustermann;01067;DE;030 23125001;erika@example.org;1;1;;"
        f"Spedition;;{state};{arrived}\r\n"
    )


def take_in(
    world: World, body: bytes, marketplace: str, processes: int = 0
) -> tuple[Counts, list[RejectedOrder]]:
    rejected: list[RejectedOrder] = []
    done = import_orders(
        world.services,
        "default",
        TESTER,
        world.services.marketplaces[marketplace],
        io.BytesIO(body),
        request_id="test",
        on_rejected=rejected.append,
        on_batch=lambda _: None,
        processes=processes,
    )
    assert done.ended is None
    return done.counts, rejected


def feed(world: World, *rows: str, processes: int = 0) -> tuple[Counts, list[RejectedOrder]]:
    return take_in(world, (HEADER + "".join(rows)).encode(), "feed", processes)


def sealed(world: World, number: str) -> set[str]:
    with world.store.read() as connection:
        return {
            kind for kind in (FREIGHT, SHOP) if envelopes(connection, "default", [number], kind)
        }


def test_an_order_goes_the_whole_road(world: World) -> None:
    """Imported, assigned, released to its carrier, refused for marketing, erased: as OTTO's are."""
    counts, _ = feed(world, a_row())
    assert (counts.stored, counts.rejected) == (1, 0)
    carrier, shop = world.client(), world.client(Role.SHOP)
    world.assign("WEB-1001")
    assert shown(world.ask(carrier, "WEB-1001")) == {
        "name": "Erika Mustermann",
        "phone": "+493023125001",
        "email": "erika@example.org",
    }
    assert codes(world.ask(carrier, "WEB-1001", "newsletter")) == ["purpose_marketing"]
    safe = shop_contact(world.store, world.services.engine, world.services.opener, shop, "WEB-1001")
    assert safe.email.reveal().endswith("@placeholder.example")
    assert (safe.deliverable, safe.allowed_purposes) == (False, ())
    assert "OTTO" not in safe.notice
    forget.erase(world.store, "default", TESTER, "WEB-1001", "asked for", "test")
    assert codes(world.ask(carrier, "WEB-1001")) == ["window_closed", "erased"]
    assert sealed(world, "WEB-1001") == set()
    assert feed(world, a_row())[0].stored == 0


@pytest.mark.parametrize("purpose", ["order-query", "newsletter"])
def test_nobody_is_sent_to_ottos_message_system(world: World, purpose: str) -> None:
    """A buyer of another marketplace is not in OTTO Partner Connect; without a relay there is no way."""
    feed(world, a_row())
    merchant = world.client(Role.MERCHANT)
    decision = world.services.decide(merchant, "WEB-1001", purpose, None, "test")
    assert decision.way == "none"


@pytest.mark.parametrize("marketplace", [OTTO, "feed"])
def test_both_marketplaces_take_in_alike(world: World, marketplace: str) -> None:
    """Stored, known again, the later version over the earlier, a cancelled order's contact gone."""
    bodies = {
        OTTO: [
            ndjson([an_order()]),
            ndjson(
                [
                    an_order(
                        lastModifiedDate="2026-11-02T09:45:00.000Z",
                        positionItems=[
                            an_order()["positionItems"][0]
                            | {"fulfillmentStatus": "CANCELLED_BY_PARTNER"}
                        ],
                    )
                ]
            ),
        ],
        "feed": [
            (HEADER + a_row()).encode(),
            (HEADER + a_row(state="storniert")).encode(),
        ],
    }
    first, cancelled = bodies[marketplace]
    number = {OTTO: an_order()["orderNumber"], "feed": "WEB-1001"}[marketplace]
    assert take_in(world, first, marketplace)[0].stored == 1
    assert take_in(world, first, marketplace)[0].unchanged == 1
    assert world.kept(number).marketplace == marketplace
    assert sealed(world, number) == {FREIGHT, SHOP}
    assert take_in(world, cancelled, marketplace)[0].stored == 1
    assert sealed(world, number) == set()
    assert world.said()[-2:] == ["order.cancelled", "contact.expired"]


@pytest.mark.long
@pytest.mark.parametrize("world_template", ["sqlite"], indirect=True)
def test_a_pool_makes_the_same_of_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are made by other processes as they are here, bad ones among them."""
    monkeypatch.setattr("gateway.usecases.incoming.importing._WORTH_A_POOL", 1)
    rows = [a_row(str(number)) for number in range(5)]
    counts, [bad] = feed(world, *rows, a_row("5", state="gone"), a_row("6"), processes=1)
    assert (counts.stored, counts.rejected) == (6, 1)
    assert (bad.position, bad.order_number) == (6, "WEB-5")
    assert bad.again == a_row("5", state="gone").encode()
    assert bad.head == HEADER.encode()


def test_a_marketplaces_terms_go_before_longer_ones(world: World) -> None:
    """Its bar after delivery and after the import; a shorter term of the merchant's stays."""
    feed(world, a_row(arrived="22.11.2026", state="versendet"))
    order = world.kept("WEB-1001")
    assert order.bar == timedelta(days=30)
    assert world.said() == ["order.stored", "order.delivered"]
    arrived = order.items[0].delivered_at
    assert arrived is not None
    assert order.delete_by(timedelta(days=40)) == arrived + timedelta(days=30)
    assert order.delete_by(timedelta(days=3)) < arrived + timedelta(days=30)
    world.clock.now = arrived + timedelta(days=30)
    assert retention.run(world.store, world.clock.now) == 1
    assert sealed(world, "WEB-1001") == set()


def test_a_number_is_never_two_marketplaces(world: World) -> None:
    """Were a prefix moved from one feed to another, nothing would be overwritten."""
    feed(world, a_row())
    order = world.derived(an_order())
    other = replace(order, order_number="WEB-1001", marketplace="shop")
    with pytest.raises(Conflict, match="WEB-1001 is the number of an order of feed"):
        world.services.intake("default", TESTER, [other], 0, None)
    assert world.kept("WEB-1001").marketplace == "feed"
