"""The stream of orders: stored batch by batch, told of order by order, whatever stands in between."""

import io
import json
import multiprocessing
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from gateway.audit.entry import Actor
from gateway.errors import Unavailable
from gateway.marketplaces.stream import Broken
from gateway.model.order import OTTO
from gateway.storage.orders import FREIGHT, envelopes
from gateway.usecases.incoming import importing
from gateway.usecases.incoming.importing import (
    Counts,
    Imported,
    RejectedOrder,
    TooManyRejected,
    import_orders,
)
from gateway.usecases.incoming.intake import BATCH
from tests.builders import an_array, an_order, ndjson, order_number
from tests.world import Template, World

SENDER = Actor(role="merchant", id="sender")

# A pool's processes see no database.
on_sqlite = pytest.mark.parametrize("world_template", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("world_template", ["postgresql"], indirect=True)


class Import:
    """An import and what it told on its way."""

    def __init__(self, world: World, body: bytes, **options: Any) -> None:
        self.rejected: list[RejectedOrder] = []
        self.batches: list[Counts] = []
        self.source = io.BytesIO(body)
        self.result: Imported = import_orders(
            world.services,
            "default",
            SENDER,
            world.services.marketplaces[OTTO],
            self.source,
            request_id="request",
            on_rejected=self.rejected.append,
            on_batch=self.batches.append,
            **options,
        )

    @property
    def counts(self) -> tuple[int, int, int]:
        """Stored, unchanged, rejected."""
        counts = self.result.counts
        return counts.stored, counts.unchanged, counts.rejected


def orders(count: int, start: int = 0) -> list[dict[str, Any]]:
    """Orders of different numbers."""
    return [an_order(order_number(at)) for at in range(start, start + count)]


def test_progress_is_told_after_each_commit(world: World) -> None:
    """What is told is durable: as many orders as batches hold, and the bytes read for them."""
    body = ndjson(orders(2 * BATCH + 1))
    done = Import(world, body)
    assert [counts.stored for counts in done.batches] == [BATCH, 2 * BATCH, 2 * BATCH + 1]
    assert done.batches[-1].read == len(body)
    assert done.result == Imported(done.batches[-1], None)


def test_every_rejected_order_is_told_whole(world: World) -> None:
    """Position, number, errors by field, and the bytes as they came, for a file of rejects."""
    bad = json.dumps(an_order(order_number(1)) | {"orderDate": 5}).encode()
    body = json.dumps(an_order()).encode() + b"\n" + bad + b"\n[1]\n"
    done = Import(world, body)
    assert done.counts == (1, 0, 2)
    first, second = done.rejected
    assert (first.position, first.order_number, first.raw) == (2, order_number(1), bad)
    assert first.errors.keys() == {"orderDate"}
    assert (second.position, second.order_number, second.raw) == (3, None, b"[1]")
    assert "at line 3" in second.errors["order"][0]
    assert b"erika" not in repr(done.rejected).encode()


def test_each_rejected_order_is_on_record_with_its_batch(world: World) -> None:
    """By whom and under which request; nothing else of it is kept."""
    Import(world, b"[{}, 1, {}]")
    entries = [entry for entry in world.log() if entry.action.value == "order.rejected"]
    assert [(entry.actor, entry.request_id) for entry in entries] == [(SENDER, "request")] * 3
    assert {entry.subject for entry in entries} == {None}


def test_an_order_number_never_stands_twice_in_one_batch(world: World) -> None:
    """The second version is judged by the first, which is stored by then."""
    first, second = an_order(), an_order(lastModifiedDate="2026-11-02T09:45:00.000Z")
    second["positionItems"][0]["fulfillmentStatus"] = "SENT"
    done = Import(world, an_array([first, second, first, *orders(1)]))
    assert done.counts == (3, 1, 0)
    assert world.kept(first["orderNumber"]).items[0].status == "SENT"


def test_broken_input_ends_the_import_where_it_breaks(world: World) -> None:
    """What came before is stored, also the batch that was not full."""
    done = Import(world, an_array(orders(3))[:-2])
    assert done.counts == (2, 0, 0)
    assert isinstance(done.result.ended, Broken)
    assert world.kept(order_number(1)).order_number == order_number(1)


def test_too_many_bad_orders_end_the_import(world: World) -> None:
    """The rest is not read; the good ones before are stored."""
    body = ndjson([*orders(1), {}, {}, {}, *orders(1, start=1)])
    done = Import(world, body, most_rejected=2)
    assert done.counts == (1, 0, 2)
    assert done.result.ended == TooManyRejected(position=3)


def test_a_source_that_fails_leaves_what_is_counted(world: World) -> None:
    """A dropped connection goes through to the caller; the last count before it is true."""
    body = ndjson(orders(2 * BATCH))

    class Dropped(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            piece = super().read(min(size or 0, 1000))
            if self.tell() > len(body) * 3 // 4:
                raise ConnectionError("dropped")
            return piece

    batches: list[Counts] = []
    with pytest.raises(ConnectionError):
        import_orders(
            world.services,
            "default",
            SENDER,
            world.services.marketplaces[OTTO],
            Dropped(body),
            request_id=None,
            on_rejected=lambda _: None,
            on_batch=batches.append,
        )
    stored = world.said().count("order.stored")
    assert stored == (batches[-1].stored if batches else 0)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from(["good", "again", "bad", "malformed"]), max_size=12))
def test_every_element_is_counted_once(world: World, kinds: Sequence[str]) -> None:
    """Stored, unchanged and rejected add up to what was sent, in whatever order it came."""
    made = {"bad": "{}", "malformed": "[7]"}
    lines = [made.get(kind) or json.dumps(an_order()) for kind in kinds]
    done = Import(world, f"[{','.join(lines)}]".encode())
    assert sum(done.counts) == len(kinds)
    assert done.counts[2] == len(done.rejected) == sum(kind in made for kind in kinds)
    positions = [order.position for order in done.rejected]
    assert positions == [at for at, kind in enumerate(kinds, start=1) if kind in made]


def _shown(world: World, done: Import) -> object:
    """What came of an import, and what is stored of it in the clear."""
    told = [(one.position, one.order_number, one.errors, one.raw) for one in done.rejected]
    with world.store.read() as connection:
        sealed = envelopes(connection, "default", [order_number(at) for at in (1, 250)], FREIGHT)
    opened = {
        number: world.services.opener.freight(envelope, binding).phone
        for number, (binding, envelope) in sealed.items()
    }
    return done.result, told, opened, sorted(Counter(world.said()).items())


def _many(changed: str) -> bytes:
    """More orders than are worth a pool; one that came before, two bad ones and a line that is none."""
    values: list[Any] = [an_order(order_number(at)) for at in range(300)]
    values[240] = an_order(order_number(240), salesOrderId=None)
    values[260] = an_order(order_number(1), lastModifiedDate=changed)
    values[270] = an_order(order_number(269), lastModifiedDate=changed)
    body = ndjson(values).splitlines(keepends=True)
    return b"".join([*body[:280], b'{"orderNumber": \n', *body[280:]])


@pytest.fixture
def a_pool_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool is worth it for what little a test imports."""
    monkeypatch.setattr(importing, "_WORTH_A_POOL", 10)


@pytest.mark.usefixtures("a_pool_soon")
def test_a_pool_makes_the_same_of_orders_in_the_same_order(
    world_template: Template, tmp_path: Path
) -> None:
    """Counts, positions, rejects whole, entries and the contacts themselves; changed orders too."""
    body = _many("2026-11-02T09:45:00.000Z")
    shown = []
    for processes in (0, 2):
        with world_template.copied(tmp_path / str(processes)) as world:
            shown.append(_shown(world, Import(world, body, processes=processes)))
    assert shown[0] == shown[1]


@on_sqlite
@pytest.mark.usefixtures("a_pool_soon")
def test_an_import_whose_process_was_ended_goes_on_where_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so; what was told is stored, and a second run stores the rest."""
    monkeypatch.setattr(importing, "_READY_BATCH", 100)
    body = ndjson(an_order(order_number(at)) for at in range(800))

    class Deadly(io.BytesIO):
        """Ends a process of the pool while it is read."""

        def read(self, size: int | None = -1, /) -> bytes:
            for child in multiprocessing.active_children():
                child.kill()
            return super().read(size)

    with pytest.raises(Unavailable, match="run it again"):
        import_orders(
            world.services,
            "default",
            SENDER,
            world.services.marketplaces[OTTO],
            Deadly(body),
            request_id=None,
            on_rejected=lambda _: None,
            on_batch=lambda _: None,
            processes=1,
        )
    done = Import(world, body)
    counts = done.result.counts
    assert counts.unchanged > 0
    assert counts.stored + counts.unchanged == 800


@on_postgresql
def test_the_database_learns_of_a_large_import_while_it_runs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it plans as for an empty table, and reads all orders of the merchant for each batch."""
    monkeypatch.setattr(importing, "_WORTH_LEARNING", BATCH)
    held = text("SELECT reltuples FROM pg_class WHERE relname = 'orders'")
    with world.store.read() as connection:
        assert connection.execute(held).scalar_one() == -1
    Import(world, ndjson(an_order(order_number(at)) for at in range(BATCH + 1)))
    with world.store.read() as connection:
        assert connection.execute(held).scalar_one() == BATCH
