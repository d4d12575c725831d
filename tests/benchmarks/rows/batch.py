"""A thousand contacts in one request, beside opening the same envelopes with nothing around it."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from gateway.storage.orders import FREIGHT, envelopes
from gateway.vault.envelope import unseal
from tests.benchmarks import scenery
from tests.benchmarks.bench import Bench
from tests.benchmarks.row import Figures, Row, Sides, own, share
from tests.end_to_end.live import Live

_ITEMS = 1000


@contextmanager
def _batch(bench: Bench) -> Iterator[Sides]:
    place = scenery.prepared(bench.directory / "data", _ITEMS)
    with place.served() as live:
        yield Sides(
            ours=partial(_asked, live, place, bench.seconds), yardstick=partial(_opened, place)
        )


def _asked(live: Live, place: scenery.Prepared, seconds: float) -> Figures:
    body = {
        "purpose": "delivery-appointment",
        "items": [{"order_number": number} for number in place.numbers],
    }
    contacts, began = 0, time.perf_counter()
    while (taken := time.perf_counter() - began) < seconds or not contacts:
        status, _, answer = live.send("POST", "/v1/releases/batch", place.token, body)
        results = json.loads(answer)["results"]
        if status != 200 or any(one["status"] != 200 for one in results):
            raise RuntimeError(f"a batch was answered {status}")
        contacts += len(results)
    return {"contacts_per_second": contacts / taken}


def _opened(place: scenery.Prepared) -> Figures:
    services = place.services()
    with scenery.closing_database(services):
        with services.store.read() as connection:
            sealed = envelopes(connection, "default", place.numbers, FREIGHT)
        keyed = [
            (one, bound, services.opener.require(one.key_id)) for bound, one in sealed.values()
        ]
        began = time.perf_counter()
        for envelope, binding, key in keyed:
            unseal(envelope, binding, key)
        return {"contacts_per_second": len(keyed) / (time.perf_counter() - began)}


ROWS = (
    Row(
        name="batch",
        measure="batch release, 1000 items, one client",
        yardstick="AES-GCM unwrap and open of the same envelopes, one thread",
        figure="contacts_per_second",
        targets=(
            own("contacts_per_second", at_least=20_000),
            share("contacts_per_second", at_least=0.05),
        ),
        sides=_batch,
    ),
)
