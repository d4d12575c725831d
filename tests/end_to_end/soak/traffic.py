"""Clients of every kind at once: they import, assign, ask, ask what they may not, cancel, and keep books."""

import http.client
import json
import random
import threading
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from tests.builders import a_freight_item, a_page
from tests.end_to_end.live import Live
from tests.end_to_end.soak.ledger import Ledger

_BATCH = 4
_ATTEMPTS = 400
_PAUSE_SECONDS = 0.05
"""After an answer that says to come again, and between two rounds of a lane."""


class Traffic:
    """Threads that send to whatever gateway is `live` until they are stopped."""

    def __init__(
        self, live: Callable[[], Live], tokens: Mapping[str, str], ledger: Ledger, seed: int
    ) -> None:
        self._live = live
        self._tokens = tokens
        self._ledger = ledger
        self._numbers = count()
        self._over = threading.Event()
        lanes = [self._lives, self._lives, self._batches, self._forbidden, self._watch]
        self._threads = [
            threading.Thread(target=self._run, args=(lane, random.Random(seed + at)))
            for at, lane in enumerate(lanes)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End, each after the answer that it waits for."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _run(self, lane: Callable[[random.Random], None], chance: random.Random) -> None:
        try:
            while not self._over.is_set():
                lane(chance)
        except Exception as fault:  # noqa: BLE001  a lane that ended would be missed by nobody
            self._ledger.wrong.append(f"{lane.__name__}: {fault!r}")

    # ---- The lanes ------------------------------------------------------------------------------

    def _lives(self, chance: random.Random) -> None:
        """A few orders from their import to their hand-over, or to their cancellation."""
        ledger = self._ledger
        made = {it["orderNumber"]: it for it in (self._made() for _ in range(_BATCH))}
        if not self._import(list(made.values())):
            return  # it may have been stored or not
        ledger.stored.update(made)
        for number, order in made.items():
            path = f"/v1/orders/{number}/carrier"
            if self._until_done("PUT", path, "merchant", {"carrier": "dachser"}):
                ledger.assigned.add(number)
                self._release(number)
            if chance.random() < 0.1 and not self._over.is_set():
                self._cancel(number, order)
        self._over.wait(_PAUSE_SECONDS)

    def _batches(self, chance: random.Random) -> None:
        """Orders of all ages in one request."""
        known = list(self._ledger.assigned)
        chosen = chance.sample(known, min(len(known), 10))
        if not chosen:
            self._over.wait(_PAUSE_SECONDS)
            return
        items = [{"order_number": number} for number in chosen]
        asked = {"purpose": "delivery-appointment", "items": items}
        before = self._standing()
        status, answer = self._send("POST", "/v1/releases/batch", "dachser", asked)
        if status == 200:
            for number, one in zip(chosen, answer["results"], strict=True):
                self._note(number, one["status"], one, before)
        self._over.wait(_PAUSE_SECONDS)

    def _forbidden(self, chance: random.Random) -> None:
        """Questions that nobody may ever get a contact for."""
        known = list(self._ledger.sent)
        if known:
            number = chance.choice(known)
            for who, purpose in (
                *(("dachser", "marketing"), ("rhenus", "delivery-appointment")),
                ("other-dachser", "delivery-appointment"),
            ):
                asked = {"order_number": number, "purpose": purpose}
                status, answer = self._send("POST", "/v1/releases", who, asked)
                if status == 403:
                    self._ledger.refused.append({**answer, "purpose": purpose})
                elif status not in {0, 503}:
                    self._ledger.wrong.append(f"{who} for {purpose}: {status}")
        self._over.wait(_PAUSE_SECONDS)

    def _watch(self, _chance: random.Random) -> None:
        """Every checkpoint that is served, as an auditor keeps them."""
        try:
            status, _, note = self._live().send("GET", "/v1/audit/checkpoint")
        except (OSError, http.client.HTTPException):
            status, note = 0, b""
        if status == 200 and note not in self._ledger.notes[-1:]:
            self._ledger.notes.append(note)
        self._over.wait(_PAUSE_SECONDS)

    # ---- Steps ----------------------------------------------------------------------------------

    def _made(self) -> dict[str, Any]:
        return self._ledger.make(next(self._numbers))

    def _import(self, orders: list[dict[str, Any]]) -> bool:
        """Send the same until it is acknowledged, as a merchant's system does."""
        answer = self._until_done("POST", "/v1/orders", "merchant", a_page(orders))
        if answer and answer["stored"] + answer["unchanged"] != len(orders):
            self._ledger.wrong.append(f"of {len(orders)} orders: {answer}")
        return bool(answer)

    def _cancel(self, number: str, order: dict[str, Any]) -> None:
        self._ledger.cancelling.add(number)
        cancelled = order | {
            "lastModifiedDate": "2026-11-02T09:45:00.000Z",
            "positionItems": [a_freight_item(fulfillmentStatus="CANCELLED_BY_PARTNER")],
        }
        if self._import([cancelled]):
            self._ledger.cancelled.add(number)

    def _release(self, number: str) -> None:
        asked = {"order_number": number, "purpose": "delivery-appointment"}
        before = self._standing()
        status, answer = self._send("POST", "/v1/releases", "dachser", asked)
        self._note(number, status, answer, before)

    def _standing(self) -> tuple[set[str], set[str], int, bool]:
        """What was certain before a question, so that its answer can be judged."""
        ledger = self._ledger
        return ledger.gone(), ledger.going(), ledger.leaps, ledger.leapt

    def _note(
        self,
        number: str,
        status: int,
        answer: dict[str, Any],
        before: tuple[set[str], set[str], int, bool],
    ) -> None:
        """Judge the answer to a good question by what was certain before and after it."""
        ledger = self._ledger
        gone, _, leaps, leapt = before
        if status == 200:
            ledger.released.append(answer | {"order_number": number})
            if number in gone:
                ledger.wrong.append(f"released after its erasure: {number}")
        elif status == 403:
            ledger.refused.append(answer | {"purpose": "delivery-appointment"})
            steady = not leapt and not ledger.leapt and leaps == ledger.leaps
            if steady and number not in ledger.going():
                ledger.wrong.append(f"refused for no reason: {number} {answer}")

    def _until_done(self, method: str, path: str, who: str, body: Any) -> dict[str, Any]:
        """The answer of a request that is repeated while the gateway says, or shows, that it cannot."""
        for _ in range(_ATTEMPTS):
            status, answer = self._send(method, path, who, body)
            if status == 200:
                return answer
            if status not in {0, 503} or self._over.is_set():
                return {}
        return {}

    def _send(self, method: str, path: str, who: str, body: Any) -> tuple[int, dict[str, Any]]:
        """Status and answer; 0 where the connection broke."""
        ledger = self._ledger
        try:
            status, headers, raw = self._live().send(method, path, self._tokens[who], body)
        except (OSError, http.client.HTTPException):
            ledger.broken += 1
            self._over.wait(_PAUSE_SECONDS)
            return 0, {}
        answer: dict[str, Any] = json.loads(raw)
        ledger.done[f"{method} {status}"] += 1
        if status == 503:
            ledger.unavailable[str(answer["detail"])] += 1
            self._over.wait(_PAUSE_SECONDS)
        elif status not in {200, 403}:
            ledger.wrong.append(f"{method} {path}: {status} {answer}")
        if "release" in path and headers.get("cache-control") != "no-store":
            ledger.wrong.append(f"{path} may be stored: {headers}")
        return status, answer
