"""Sends requests at a steady modest rate and says how long each took, counted from when it was due."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import count
from statistics import quantiles

from tests.benchmarks.load import CONNECTIONS, Disturbed
from tests.benchmarks.row import Figures

RATE = 50
"""Requests a second: far below what saturates, so that waiting shows and queueing does not."""


def paced(
    port: int,
    path: str,
    token: str,
    bodies: Sequence[Mapping[str, str]],
    goes_on: Callable[[float], bool],
) -> Figures:
    """POST the bodies in turn as long as `goes_on` says so of the seconds so far.

    Disturbed where an answer is not a 200. Should all connections wait, what is late is late.
    """
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    mine = threading.local()

    def send(body: Mapping[str, str], due: float) -> float:
        if not hasattr(mine, "connection"):
            mine.connection = HTTPConnection("127.0.0.1", port, timeout=60)
        mine.connection.request("POST", path, json.dumps(body), headers)
        answer = mine.connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise Disturbed(f"{path}: {answer.status}")
        return (time.perf_counter() - due) * 1000

    with ThreadPoolExecutor(CONNECTIONS) as senders:
        sent: list[Future[float]] = []
        for due, at in _dues(goes_on):
            sent.append(senders.submit(send, bodies[at % len(bodies)], due))
        took = [one.result() for one in sent]
    cuts = quantiles(took, n=100)
    return {"p50_ms": cuts[49], "p99_ms": cuts[98]}


def _dues(goes_on: Callable[[float], bool]) -> Iterator[tuple[float, int]]:
    """When the next request is due, at that time, and which it is."""
    began = time.perf_counter()
    for at in count():
        due = began + at / RATE
        if not goes_on(due - began):
            return
        time.sleep(max(0.0, due - time.perf_counter()))
        yield due, at
