"""Counts what the service does, over all of its worker processes; no label ever names a person or an order."""

import os
from collections import Counter as Tally
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from gateway.usecases.backlog import Backlog

MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4

_SHARED = "PROMETHEUS_MULTIPROC_DIR"
_KINDS = ("counter", "histogram")
_ROOM = 2**19
"""Bytes for each kind: several times what all routes, answers and reasons there are take."""
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def share_between_processes(directory: Path) -> None:
    """Have the workers that are started after this count into `directory`; earlier counts go.

    prometheus_client looks for the directory when it is imported, so this comes before that, in the
    process that starts the workers.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in directory.glob("*.db"):
        old.unlink()
    os.environ[_SHARED] = str(directory)


def _take_room() -> None:
    """Give this process files as long as they will ever be: a dead worker's, which it counts on, or new.

    They are written as memory is: a page that a full disk has no room for would end the process in
    the middle of a request. With what a dead one leaves, another can start on a full disk as well.
    """
    directory = Path(os.environ[_SHARED])
    for kind in _KINDS:
        own = directory / f"{kind}_{os.getpid()}.db"
        if not any(_inherited(old, own) for old in directory.glob(f"{kind}_*.db")):
            with suppress(FileExistsError), own.open("xb") as file:
                file.write(bytes(_ROOM))


def _inherited(old: Path, own: Path) -> bool:
    try:
        os.kill(int(old.stem.rpartition("_")[2]), 0)
    except ProcessLookupError:
        # Of several that start at once, one gets it.
        with suppress(FileNotFoundError):
            old.rename(own)
            return True
    except PermissionError:
        pass
    return False


class Metrics:
    """The counters of one process; `exposition` tells those of all."""

    def __init__(self) -> None:
        if _SHARED in os.environ:
            _take_room()
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "gateway_requests",
            "Answered requests; the route is a template, never an address.",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "gateway_request_seconds",
            "Time from a request to its answer.",
            ["method", "route"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._releases = Counter(
            "gateway_releases",
            "Answered requests for a contact, one by one; the reason is a refusal's weightiest.",
            ["outcome", "reason"],
            registry=self._registry,
        )
        self._turned_away = Counter(
            "gateway_turned_away",
            "Requests that were told to come again: there was no room, or they waited too long.",
            ["why"],
            registry=self._registry,
        )
        self._orders = Counter(
            "gateway_orders",
            "Orders that came in over HTTP.",
            ["outcome"],
            registry=self._registry,
        )

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def turned_away(self, why: str) -> None:
        """Count a request that was sent away, for want of "room" or of "time"."""
        self._turned_away.labels(why).inc()

    def releases(self, outcomes: Iterable[tuple[str, str]]) -> None:
        """Count releases, each by outcome and weightiest reason; the reason of a permit is empty."""
        for labels, count in Tally(outcomes).items():
            self._releases.labels(*labels).inc(count)

    def orders(self, stored: int, unchanged: int, rejected: int) -> None:
        """Count orders."""
        self._orders.labels("stored").inc(stored)
        self._orders.labels("unchanged").inc(unchanged)
        self._orders.labels("rejected").inc(rejected)

    def exposition(self, backlog: Backlog | None) -> bytes:
        """All counts in Prometheus' text format; without a backlog where it could not be counted."""
        gauges = CollectorRegistry()
        gauges.register(_Gauges(backlog))
        counts = self._registry
        if _SHARED in os.environ:
            counts = CollectorRegistry()
            MultiProcessCollector(counts)  # type: ignore[no-untyped-call]  # not typed there
        return generate_latest(counts) + generate_latest(gauges)


class _Gauges(Collector):
    """What stands in the database and is the same for all workers; counted when it is asked for."""

    def __init__(self, backlog: Backlog | None) -> None:
        self._backlog = backlog

    def collect(self) -> Iterator[Metric]:
        """One gauge for each thing that can be too much."""
        known = self._backlog is not None
        about = "1 where database and keyring answered just now."
        yield GaugeMetricFamily("gateway_backlog_known", about, value=int(known))
        if self._backlog is None:
            return
        for name, about, value in (
            ("log_lag_entries", "Entries that are not in their log's tree yet.", "entries"),
            ("deletions_overdue", "Contacts that should be erased already.", "contacts"),
            ("messages_waiting", "Messages to carriers that are not settled.", "messages"),
            ("logs_failed", "Logs that did not hold when they were last verified.", "logs"),
        ):
            yield GaugeMetricFamily(f"gateway_{name}", about, value=getattr(self._backlog, value))
        keys = GaugeMetricFamily("gateway_keys", "Keys of the keyring.", labels=["use"])
        for use, count in sorted(self._backlog.keys.items()):
            keys.add_metric([use], count)
        yield keys
