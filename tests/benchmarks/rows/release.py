"""One contact over HTTP: authenticated, decided, durably on record, decrypted; and one refused."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from tests.benchmarks import scenery
from tests.benchmarks.bench import Bench
from tests.benchmarks.load import bodies, drive
from tests.benchmarks.row import Row, Sides, own, share

_PATH = "/v1/releases"
_BARE = "a bare Flask JSON view, same server and settings"
_ORDERS = 2000


@contextmanager
def _single(bench: Bench, database: str) -> Iterator[Sides]:
    with ExitStack() as stack:
        url = None
        if database == "postgresql":
            server = stack.enter_context(scenery.postgres())
            url = server.url(server.create())
        place = scenery.prepared(bench.directory / "data", bench.size(_ORDERS, 400), url)
        asked = [{"order_number": it, "purpose": "delivery-appointment"} for it in place.numbers]
        requests = bodies(bench.directory / "requests", asked)
        live = stack.enter_context(place.served())
        port = stack.enter_context(scenery.bare())
        yield Sides(
            ours=partial(drive, live.port, _PATH, requests, place.token, bench.seconds),
            yardstick=partial(drive, port, _PATH, requests, place.token, bench.seconds),
        )


@contextmanager
def _refusal(bench: Bench) -> Iterator[Sides]:
    place = scenery.prepared(bench.directory / "data", bench.size(_ORDERS, 400))
    asked = [{"order_number": number} for number in place.numbers]
    good = [{**one, "purpose": "delivery-appointment"} for one in asked]
    bad = [{**one, "purpose": "newsletter"} for one in asked]
    released, refused = bench.directory / "released", bench.directory / "refused"
    with place.served() as live:
        send = partial(drive, live.port, _PATH, token=place.token, seconds=bench.seconds)
        yield Sides(
            ours=partial(send, requests=bodies(refused, bad), refused=True),
            yardstick=partial(send, requests=bodies(released, good)),
        )


ROWS = (
    Row(
        name="release-sqlite",
        measure="single release, SQLite",
        yardstick=_BARE,
        figure="requests_per_second",
        targets=(share("requests_per_second", at_least=0.33), own("p99_ms", at_most=15)),
        sides=partial(_single, database="sqlite"),
    ),
    Row(
        name="release-postgresql",
        measure="single release, PostgreSQL",
        yardstick=_BARE,
        figure="requests_per_second",
        targets=(share("requests_per_second", at_least=0.25),),
        sides=partial(_single, database="postgresql"),
    ),
    Row(
        name="refusal",
        measure="refusal, SQLite",
        yardstick="the single release",
        figure="requests_per_second",
        targets=(share("requests_per_second", at_least=1.0),),
        sides=_refusal,
    ),
)
