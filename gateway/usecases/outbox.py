"""Messages to carriers that take contacts at an endpoint of their own: queued with what caused them.

A message holds references alone; whether anything leaves is decided when it is sent.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.audit.entry import Actor
from gateway.model.carrier import Carrier
from gateway.model.kept import KeptOrder, Stage
from gateway.model.message import Fate, Message, Topic
from gateway.settings import Deadlines
from gateway.storage import carriers, orders, outbox
from gateway.storage.store import Store, Transaction
from policies.question import Window

_KEEP_SETTLED = timedelta(days=30)
"""How long it shows what became of a message."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """A carrier's pieces of an order, by the consignment under which it knows them, if any."""

    carrier_id: str
    order_number: str
    consignment: str | None


def queue(tx: Transaction, asker: Actor, wanted: Iterable[Pieces]) -> None:
    """A message for each of the pieces whose carrier has an endpoint and is not waited for already."""
    if not (wanted := sorted(set(wanted), key=_by_name)):
        return
    reached = {
        carrier.carrier_id
        for carrier in carriers.of_merchant(tx.connection, tx.merchant)
        if carrier.endpoint is not None and carrier.withdrawn_at is None
    }
    for pieces in wanted:
        if pieces.carrier_id in reached and not _is_waiting(tx, pieces):
            outbox.add(tx.connection, _message(tx, asker, pieces))


def queue_erasure(
    tx: Transaction, asker: Actor, order_number: str, carrier_ids: Iterable[str]
) -> tuple[str, ...]:
    """Word of an erasure to those of the carriers that have an endpoint; which they are.

    A registration that is over does not matter: what was received then is to be erased all the same.
    """
    wanted = set(carrier_ids)
    reached = tuple(
        carrier.carrier_id
        for carrier in carriers.of_merchant(tx.connection, tx.merchant)
        if carrier.carrier_id in wanted and carrier.endpoint is not None
    )
    for carrier_id in reached:
        pieces = Pieces(carrier_id, order_number, None)
        outbox.add(tx.connection, _message(tx, asker, pieces, Topic.ERASURE))
    return reached


def pieces_of(order: KeptOrder, item_ids: Collection[str] | None = None) -> set[Pieces]:
    """The pieces that a carrier still has to agree or deliver; of these items, if any are named."""
    return {
        Pieces(item.carrier_id, order.order_number, item.consignment)
        for item in order.items
        if item.carrier_id is not None
        and item.stage in {Stage.OPEN, Stage.AGREED}
        and (item_ids is None or item.item_id in item_ids)
    }


def window(
    order: KeptOrder | None, message: Message, deadlines: Deadlines, now: datetime
) -> Window | None:
    """The window of the pieces that a message is about; None when the carrier has none of them."""
    if order is None:
        return None
    windows = {
        item.window(order, now, deadlines.window_after_delivery)
        for item in order.items
        if item.carrier_id == message.carrier_id and message.consignment in {None, item.consignment}
    }
    return next((it for it in (Window.OPEN, Window.NOT_OPEN, Window.CLOSED) if it in windows), None)


def listing(
    store: Store,
    merchant: str,
    fate: Fate | None = None,
    carrier_id: str | None = None,
    limit: int | None = None,
) -> list[Message]:
    """A merchant's messages, the newest first."""
    with store.read() as connection:
        return outbox.of_merchant(connection, merchant, fate, carrier_id, limit)


def counts(store: Store, merchant: str) -> dict[Fate, int]:
    """How many messages of a merchant there are of each fate; none of a fate that is not named."""
    with store.read() as connection:
        return outbox.counts(connection, merchant)


def replay(store: Store, merchant: str, asker: Actor, message_ids: Sequence[str]) -> int:
    """How many of these messages were dead and wait again, due now.

    What is released by them counts as set off by whoever asked.
    """
    with store.change() as connection:
        return outbox.revive(connection, merchant, asker, store.clock(), message_ids=message_ids)


def replay_all(store: Store, merchant: str, asker: Actor, carrier_id: str) -> int:
    """How many dead messages to this carrier wait again."""
    with store.change() as connection:
        return outbox.revive(connection, merchant, asker, store.clock(), carrier_id=carrier_id)


def forget_settled(store: Store, now: datetime, batch: int) -> None:
    """Let go of messages that were settled long ago."""
    forgotten = 1
    while forgotten:
        with store.change() as connection:
            forgotten = outbox.forget_before(connection, now - _KEEP_SETTLED, batch)


def state(store: Store, messages: Sequence[Message]) -> tuple[Carrier | None, dict[str, KeptOrder]]:
    """The registration and the orders that a carrier's messages are about, as they stand now."""
    merchant, carrier_id = messages[0].merchant, messages[0].carrier_id
    with store.read() as connection:
        return (
            carriers.one(connection, merchant, carrier_id),
            orders.kept(connection, merchant, {one.order_number for one in messages}),
        )


def _by_name(pieces: Pieces) -> tuple[str, str, str]:
    return pieces.carrier_id, pieces.order_number, pieces.consignment or ""


def _is_waiting(tx: Transaction, pieces: Pieces) -> bool:
    return outbox.is_waiting(
        tx.connection, tx.merchant, pieces.carrier_id, pieces.order_number, pieces.consignment
    )


def _message(
    tx: Transaction, asker: Actor, pieces: Pieces, topic: Topic = Topic.CONTACT
) -> Message:
    return Message(
        message_id=tx.new_id(),
        topic=topic,
        merchant=tx.merchant,
        carrier_id=pieces.carrier_id,
        order_number=pieces.order_number,
        consignment=pieces.consignment,
        actor_role=asker.role,
        actor_id=asker.id,
        queued_at=tx.now,
        fate=Fate.WAITING,
        attempts=0,
        due_at=tx.now,
        settled_at=None,
        outcome=None,
    )
