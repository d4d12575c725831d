"""Messages to carriers and what became of them: references alone, no contact is ever among them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from gateway.audit.entry import Actor
from gateway.model.message import Fate, Message, Topic
from gateway.storage.handover_tables import endpoints, messages

_BATCH = 20
"""Messages that one sender takes at once, all for one carrier: they may share a connection."""


def add(connection: Connection, message: Message) -> None:
    """Queue a message, in the transaction that made it necessary."""
    connection.execute(insert(messages).values(_columns(message)))


def is_waiting(
    connection: Connection,
    merchant: str,
    carrier_id: str,
    order_number: str,
    consignment: str | None,
) -> bool:
    """Whether word of a contact for these pieces is waiting already, and nobody is sending it just now."""
    same = select(messages.c.message).where(
        messages.c.merchant == merchant,
        messages.c.carrier == carrier_id,
        messages.c.topic == Topic.CONTACT.value,
        messages.c.order_number == order_number,
        messages.c.consignment.is_not_distinct_from(consignment),
        messages.c.settled_at.is_(None),
        messages.c.leased_until.is_(None),
    )
    return connection.execute(same.limit(1)).first() is not None


def is_any_due(connection: Connection, now: datetime) -> bool:
    """Whether there is anything to claim; cheap, and locks nothing."""
    return connection.execute(_due(now).limit(1)).first() is not None


def length(connection: Connection) -> int:
    """How many messages are not settled."""
    waiting = select(func.count()).where(messages.c.settled_at.is_(None))
    return connection.execute(waiting).scalar_one()


def claim(connection: Connection, now: datetime, until: datetime) -> Sequence[Message]:
    """The messages that have been due longest, all of one carrier, the caller's alone until `until`.

    Of one order the earliest alone: a later one waits until it is settled.
    """
    first = connection.execute(_due(now).limit(1).with_for_update(skip_locked=True)).first()
    if first is None:
        return []
    mine = _due(now).where(
        messages.c.merchant == first.merchant, messages.c.carrier == first.carrier
    )
    rows = connection.execute(mine.limit(_BATCH).with_for_update(skip_locked=True)).all()
    connection.execute(
        update(messages)
        .where(messages.c.message.in_([row.message for row in rows]))
        .values(leased_until=until)
    )
    return [_message(row) for row in rows]


def settle(
    connection: Connection, message_id: str, fate: Fate, attempts: int, outcome: str, now: datetime
) -> None:
    """What became of a message in the end."""
    _change(
        connection,
        [message_id],
        fate=fate.value,
        attempts=attempts,
        outcome=outcome,
        settled_at=now,
        leased_until=None,
    )


def postpone(
    connection: Connection, message_id: str, attempts: int, outcome: str, due_at: datetime
) -> None:
    """A further attempt is due later."""
    _change(
        connection,
        [message_id],
        attempts=attempts,
        outcome=outcome,
        due_at=due_at,
        leased_until=None,
    )


def put_back(connection: Connection, message_ids: Sequence[str]) -> None:
    """Let another sender take these messages at once; no attempt was made."""
    _change(connection, message_ids, leased_until=None)


def end_waiting(
    connection: Connection, merchant: str, carrier_id: str, outcome: str, now: datetime
) -> int:
    """Count everything that waits for this carrier as dead; how many that were."""
    mine = (messages.c.merchant == merchant) & (messages.c.carrier == carrier_id)
    waiting = update(messages).where(mine, messages.c.settled_at.is_(None))
    ended = waiting.values(fate=Fate.DEAD.value, outcome=outcome, settled_at=now, leased_until=None)
    return connection.execute(ended).rowcount


def revive(
    connection: Connection,
    merchant: str,
    asker: Actor,
    now: datetime,
    *,
    message_ids: Collection[str] | None = None,
    carrier_id: str | None = None,
) -> int:
    """Let dead messages wait again, as if `asker` queued them now; how many did.

    Those of these ids, or to this carrier, or both.
    """
    dead = update(messages).where(
        messages.c.merchant == merchant, messages.c.fate == Fate.DEAD.value
    )
    if message_ids is not None:
        dead = dead.where(messages.c.message.in_(message_ids))
    if carrier_id is not None:
        dead = dead.where(messages.c.carrier == carrier_id)
    revived = dead.values(
        fate=Fate.WAITING.value,
        actor_role=asker.role,
        actor=asker.id,
        attempts=0,
        queued_at=now,
        due_at=now,
        settled_at=None,
        leased_until=None,
    )
    return connection.execute(revived).rowcount


def of_merchant(
    connection: Connection,
    merchant: str,
    fate: Fate | None,
    carrier_id: str | None,
    limit: int | None,
) -> list[Message]:
    """A merchant's messages, the newest first."""
    found = select(messages).where(messages.c.merchant == merchant)
    if fate is not None:
        found = found.where(messages.c.fate == fate.value)
    if carrier_id is not None:
        found = found.where(messages.c.carrier == carrier_id)
    newest = found.order_by(messages.c.place.desc())
    return [_message(row) for row in connection.execute(newest.limit(limit))]


def counts(connection: Connection, merchant: str) -> dict[Fate, int]:
    """How many messages of a merchant there are of each fate."""
    found = select(messages.c.fate, func.count()).where(messages.c.merchant == merchant)
    rows = connection.execute(found.group_by(messages.c.fate))
    return {Fate(row[0]): row[1] for row in rows}


def forget_before(connection: Connection, time: datetime, limit: int) -> int:
    """Drop messages that were settled before `time`, `limit` at once; how many went."""
    old = select(messages.c.message).where(messages.c.settled_at < time).limit(limit)
    return connection.execute(delete(messages).where(messages.c.message.in_(old))).rowcount


def _due(now: datetime) -> Any:
    earlier = messages.alias()
    ahead = (
        select(earlier.c.message)
        .where(
            earlier.c.merchant == messages.c.merchant,
            earlier.c.carrier == messages.c.carrier,
            earlier.c.order_number == messages.c.order_number,
            earlier.c.settled_at.is_(None),
            earlier.c.place < messages.c.place,
        )
        .exists()
    )
    paused = (
        select(endpoints.c.carrier)
        .where(
            endpoints.c.merchant == messages.c.merchant,
            endpoints.c.carrier == messages.c.carrier,
            endpoints.c.paused_until > now,
        )
        .exists()
    )
    free = or_(messages.c.leased_until.is_(None), messages.c.leased_until <= now)
    return (
        select(messages)
        .where(messages.c.settled_at.is_(None), messages.c.due_at <= now, free)
        .where(~ahead, ~paused)
        .order_by(messages.c.due_at, messages.c.place)
    )


def _change(connection: Connection, message_ids: Sequence[str], **values: Any) -> None:
    mine = update(messages).where(messages.c.message.in_(message_ids))
    connection.execute(mine.values(values))


def _columns(message: Message) -> dict[str, Any]:
    return {
        "message": message.message_id,
        "topic": message.topic.value,
        "merchant": message.merchant,
        "carrier": message.carrier_id,
        "order_number": message.order_number,
        "consignment": message.consignment,
        "actor_role": message.actor_role,
        "actor": message.actor_id,
        "queued_at": message.queued_at,
        "fate": message.fate.value,
        "attempts": message.attempts,
        "due_at": message.due_at,
        "settled_at": message.settled_at,
        "outcome": message.outcome,
    }


def _message(row: Any) -> Message:
    return Message(
        message_id=row.message,
        topic=Topic(row.topic),
        merchant=row.merchant,
        carrier_id=row.carrier,
        order_number=row.order_number,
        consignment=row.consignment,
        actor_role=row.actor_role,
        actor_id=row.actor,
        queued_at=row.queued_at,
        fate=Fate(row.fate),
        attempts=row.attempts,
        due_at=row.due_at,
        settled_at=row.settled_at,
        outcome=row.outcome,
    )
