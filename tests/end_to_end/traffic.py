"""Carriers that ask without a pause while nodes and databases come and go, and what they were told."""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from gateway.audit.entry import Action, Entry
from gateway.audit.verdict import LogReport
from gateway.storage import entries
from gateway.usecases.log.verify import verify
from tests.benchmarks import scenery
from tests.end_to_end.live import Live

_ASKERS = 3
_PATIENCE = 120
"""Seconds until something that must happen is given up on; a busy machine is slow."""


@dataclass
class Traffic:
    """Releases asked of the nodes in turn; `nodes` may be changed meanwhile."""

    place: scenery.Prepared
    nodes: Sequence[Live]
    released: list[dict[str, Any]] = field(default_factory=list)
    answered: Counter[tuple[int, int]] = field(default_factory=Counter)
    """By port and status; status 0 is a connection that broke."""
    waits: list[str | None] = field(default_factory=list)
    """What Retry-After said on each 503."""
    _asking: dict[int, Live] = field(default_factory=dict)
    _over: bool = False

    @contextmanager
    def flowing(self) -> Iterator["Traffic"]:
        """From here on, until the end of the block."""
        threads = [threading.Thread(target=self._ask, args=(at,)) for at in range(_ASKERS)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._over = True
            for thread in threads:
                thread.join()

    def until(self, holds: Callable[[], bool]) -> None:
        """Let it flow until this holds."""
        end = time.monotonic() + _PATIENCE
        while not holds():
            assert time.monotonic() < end, self.answered
            time.sleep(0.01)

    def more(self, live: Live, count: int = 20, status: int = 200) -> None:
        """Let it flow until the node has given so many further answers of this status."""
        enough = self.answered[live.port, status] + count
        self.until(lambda: self.answered[live.port, status] >= enough)

    def leave(self, live: Live) -> None:
        """Ask this node no more, as a proxy that was told so; what is under way comes to its end."""
        self.nodes = [one for one in self.nodes if one is not live]
        self.until(lambda: live not in self._asking.values())

    def statuses(self) -> set[int]:
        """What was answered, by any node."""
        return {status for (_, status), count in self.answered.items() if count}

    def check(self) -> None:
        """What carriers were told is on record, once; the log has no gap, and verifies."""
        services = self.place.services()
        with scenery.closing_database(services):
            [verdict] = verify(services.store, "default", [])
            assert isinstance(verdict.outcome, LogReport), verdict.outcome
            with services.store.read() as connection:
                found: list[Entry] = []
                for stretch in reversed(entries.stretches(connection, "default", None, None)):
                    part = entries.oldest(connection, stretch, entries.Sought(), 1_000_000)
                    found += [Entry.parse(one.leaf) for one in part]
        assert [one.index for one in found] == list(range(len(found)))
        on_record = {one.id: one for one in found if one.action is Action.CONTACT_RELEASED}
        told = {one["release_id"]: one for one in self.released}
        assert len(told) == len(self.released)
        assert told.keys() <= on_record.keys()
        for release_id, one in told.items():
            assert on_record[release_id].index == one["receipt"]["log_index"]
        # What broke off may have been recorded: then it is on record without being told, never twice.
        untold = sum(count for (_, status), count in self.answered.items() if status in {0, 503})
        assert len(on_record) - len(told) <= untold

    def _ask(self, at: int) -> None:
        numbers, token = self.place.numbers, self.place.token
        while not self._over:
            at += 1
            nodes = self.nodes
            live = self._asking[threading.get_ident()] = nodes[at % len(nodes)]
            if live not in self.nodes:
                continue
            asked = {
                "order_number": numbers[at % len(numbers)],
                "purpose": "delivery-appointment",
            }
            try:
                status, headers, body = live.send("POST", "/v1/releases", token, asked)
            except (OSError, http.client.HTTPException):
                status, headers, body = 0, {}, b""
                time.sleep(0.02)
            if status == 200:
                self.released.append(json.loads(body))
            elif status == 503:
                self.waits.append(headers.get("retry-after"))
            self.answered[live.port, status] += 1
        self._asking.pop(threading.get_ident(), None)
