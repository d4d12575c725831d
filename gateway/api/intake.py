"""POST /v1/orders: reads the body as it comes, and tells what became of each order in it."""

from collections.abc import Mapping
from typing import IO, Any

from marshmallow import fields
from werkzeug.exceptions import RequestEntityTooLarge

from gateway.api import problems, repetition
from gateway.api.endpoint import Answer, Call, Repeats, Streamed, endpoint, only
from gateway.api.problems import Problem
from gateway.api.shapes import RejectedShape, Shape, number
from gateway.marketplaces.marketplace import Marketplace, named
from gateway.marketplaces.stream import Broken
from gateway.model.order import OTTO
from gateway.storage.answers import Repeatable
from gateway.usecases import repeats
from gateway.usecases.actors import actor
from gateway.usecases.incoming.importing import (
    Counts,
    RejectedOrder,
    TooManyRejected,
    import_orders,
)
from gateway.usecases.services import Services
from policies.question import Role

MOST_REJECTED = 10_000
"""Rejected orders in one answer: whoever sends more has sent something else than orders."""

_CHUNK = 256 * 1024


class ImportedShape(Shape):
    """What became of the orders that were sent."""

    stored = number("New or changed.")
    unchanged = number("Sent before in the same shape, or older than what is stored.")
    rejected = fields.List(fields.Nested(RejectedShape), required=True)


class MarketplaceQuery(Shape):
    """Where the orders come from."""

    marketplace = fields.String(
        metadata={"description": "otto, or a file of config/marketplaces/."}
    )


@endpoint(
    "POST",
    "/v1/orders",
    access=only(Role.MERCHANT),
    summary="Take in orders",
    about=(
        'One OTTO v4 order, a `{"resources": […]}` page, an array, or NDJSON, read as a stream. The '
        "good ones are stored, each bad one is reported. Sending orders again changes nothing. "
        "`marketplace` names another than OTTO, whose CSV or JSON is read by its own column map."
    ),
    body=Streamed(
        ("application/json", "application/x-ndjson", "text/csv"),
        {
            "description": "OTTO Market Orders API v4; or as another marketplace's file says.",
            "type": ["object", "array", "string"],
        },
    ),
    query=MarketplaceQuery,
    answers={200: ImportedShape},
    problems=(problems.ORDERS_REJECTED,),
    repeats=Repeats.OWN,
)
def take_in(services: Services, call: Call) -> Answer | Problem:
    """422 when no order was good, or the body broke off; what was good before that stays stored."""
    marketplace = named(services.marketplaces, call.query.get("marketplace", OTTO))
    source = _Hashed(call.stream, marketplace.name)
    key = call.repeat_key
    with services.store.read() as connection:
        used = key is not None and repeats.is_used(connection, call.client.client_id, key)
    if key is not None and used:
        # Only the whole body shows whether this is that very request; nothing is stored meanwhile.
        source.drain()
        with services.store.read() as connection:
            earlier = repeats.earlier(connection, source.repeatable(call.client.client_id, key))
        if earlier is not None:
            return _answer(earlier.answer)
    outcome = _import(services, call, marketplace, source)
    if key is not None:
        repeatable = source.repeatable(call.client.client_id, key)
        repeats.keep(services.store, call.client.merchant, repeatable, 200, outcome)
    return _answer(outcome)


class _Hashed:
    """A body whose hash is known once it was read."""

    def __init__(self, source: IO[bytes], marketplace: str) -> None:
        self._source = source
        of = "" if marketplace == OTTO else f"?marketplace={marketplace}"
        self._hash = repetition.digest("POST", f"/v1/orders{of}")

    def read(self, size: int, /) -> bytes:
        piece = self._source.read(size)
        self._hash.update(piece)
        return piece

    def drain(self) -> None:
        while self.read(_CHUNK):
            pass

    def repeatable(self, client_id: str, key: str) -> Repeatable:
        return Repeatable(client_id, key, self._hash.digest())


def _import(
    services: Services, call: Call, marketplace: Marketplace, source: _Hashed
) -> dict[str, Any]:
    """What became of the orders, as it is kept for a repetition of the request."""
    rejected: list[dict[str, Any]] = []
    counts = Counts()

    def note(order: RejectedOrder) -> None:
        rejected.append(
            {
                "position": order.position,
                "order_number": order.order_number,
                "errors": {path: list(texts) for path, texts in order.errors.items()},
            }
        )

    def count(so_far: Counts) -> None:
        nonlocal counts
        counts = so_far

    try:
        imported = import_orders(
            services,
            call.client.merchant,
            actor(call.client),
            marketplace,
            source,
            request_id=call.request_id,
            on_rejected=note,
            on_batch=count,
            most_rejected=MOST_REJECTED,
        )
    except RequestEntityTooLarge:
        raise problems.stop(
            problems.TOO_LARGE,
            f"the body is longer than {services.settings.limits.orders_body_bytes} bytes; of what "
            f"came before, {counts.stored} orders were stored and {counts.unchanged} unchanged",
        ) from None
    finally:
        call.metrics.orders(counts.stored, counts.unchanged, counts.rejected)
    return {
        "stored": counts.stored,
        "unchanged": counts.unchanged,
        "rejected": rejected,
        "ended": _ended(imported.ended),
    }


def _ended(ended: Broken | TooManyRejected | None) -> str | None:
    match ended:
        case Broken():
            return (
                f"the body breaks off at line {ended.line}, byte {ended.byte}: {ended.message}; "
                "what came before it is counted and stays stored"
            )
        case TooManyRejected():
            return (
                f"{MOST_REJECTED} orders were rejected up to position {ended.position}; "
                "what follows was not read"
            )
        case None:
            return None


def _answer(outcome: Mapping[str, Any]) -> Answer | Problem:
    members = {name: outcome[name] for name in ("stored", "unchanged", "rejected")}
    bad = len(outcome["rejected"])
    if outcome["ended"] is not None:
        detail = outcome["ended"]
    elif bad and not outcome["stored"] and not outcome["unchanged"]:
        detail = f"all {bad} orders were rejected" if bad > 1 else "the order was rejected"
    else:
        return Answer(body=members)
    return Problem(
        kind=problems.ORDERS_REJECTED,
        detail=detail,
        extra={"errors": {"orders": [detail]}, **members},
    )
