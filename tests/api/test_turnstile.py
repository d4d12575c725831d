"""More requests than can be worked on: some wait, the others are told at once when to come again."""

import threading
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import Any

from werkzeug.test import Client

from gateway.api.turnstile import Turnstile


class Slow:
    """An application that answers when it is let, and knows how many it had at once."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.began = threading.Semaphore(0)
        self.most = self._now = 0
        self._counting = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with self._counting:
            self._now += 1
            self.most = max(self.most, self._now)
        self.began.release()
        if environ["PATH_INFO"] != "/readyz":
            self.let.wait(timeout=30)
        with self._counting:
            self._now -= 1
        start_response("200 OK", [])
        return [b"done"]


def _turnstile(slow: Slow, seconds: float, counted: list[str]) -> Turnstile:
    def refused(why: str) -> str:
        counted.append(why)
        return "request"

    return Turnstile(slow, working=2, waiting=1, refused=refused, seconds=seconds)


def test_who_finds_no_room_is_answered_at_once() -> None:
    """503 with Retry-After, counted, as a problem; those inside are answered as if nothing were."""
    slow = Slow()
    counted: list[str] = []
    client = Client(_turnstile(slow, 30, counted))
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(client.get, "/v1/orders/x") for _ in range(4)]
        [first], others = wait(asked, return_when=FIRST_COMPLETED)
        assert client.get("/readyz").status_code == 200
        slow.let.set()
        assert [it.result().status_code for it in others] == [200, 200, 200]
    refused = first.result()
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "1"
    assert refused.content_type == "application/problem+json"
    assert refused.json is not None
    assert refused.json["request_id"] == "request"
    assert counted == ["room"]
    assert client.get("/v1/orders/x").status_code == 200


def test_who_waited_too_long_is_told_to_come_again() -> None:
    """And leaves no place taken behind."""
    slow = Slow()
    counted: list[str] = []
    client = Client(_turnstile(slow, 0.01, counted))
    with ThreadPoolExecutor(2) as pool:
        inside = [pool.submit(client.get, "/") for _ in range(2)]
        for _ in inside:
            slow.began.acquire(timeout=30)
        assert client.get("/").status_code == 503
        slow.let.set()
        assert [it.result().status_code for it in inside] == [200, 200]
    assert (slow.most, counted) == (2, ["time"])
    assert client.get("/").status_code == 200
