"""Everything at once for a while, with faults in between: afterwards every invariant holds."""

import base64
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from gateway.usecases.log.verify import verify
from tests.conftest import Template
from tests.end_to_end.live import Live
from tests.end_to_end.soak import processes
from tests.end_to_end.soak.disk import SmallDisk, small_disk
from tests.end_to_end.soak.house import WORKERS, House
from tests.end_to_end.soak.invariants import INVARIANTS, Evidence
from tests.end_to_end.soak.ledger import Ledger
from tests.end_to_end.soak.operator import Operator
from tests.end_to_end.soak.sight import Sight, Unwrap, root_key
from tests.end_to_end.soak.traffic import Traffic
from tests.vault.real import Bao, bao, bao_settings

__all__ = ["bao", "bao_settings"]

_PATIENCE_SECONDS = 120
_APART_SECONDS = 7
"""The server takes workers that die faster than this for a crash loop, and ends."""

_BELIEVED = timedelta(days=2).total_seconds()
_NEVER = timedelta(days=400).total_seconds()


@dataclass
class Soak:
    """A house under load, and what can be done to it; each fault ends with a gateway that serves."""

    house: House
    disk: SmallDisk
    key_provider: Callable[[bool], None]
    seconds: float
    """How long each fault lasts, and the quiet between two."""
    ledger: Ledger = field(default_factory=Ledger)
    killed_at: float = 0

    def __post_init__(self) -> None:
        """Serve, and let all clients in."""
        self.live: Live = self.house.serve()
        self.logs = [Path(self.live.errors.name)]
        self.traffic = Traffic(lambda: self.live, self.house.tokens, self.ledger, seed=1)
        self.services = self.house.services()
        self.shelf = self.house.home / "shelf"
        self.operator = Operator(
            self.services, self.shelf, self.ledger, min(self.seconds / 10, 1.0), seed=2
        )
        self.traffic.start()
        self.operator.start()

    # ---- Faults ---------------------------------------------------------------------------------

    def kill_worker(self) -> None:
        """One of those that answer is gone in the middle of its work; the server starts another."""
        self._apart()
        self._until(lambda: len(processes.workers(self.live.pid)) == WORKERS)
        before = processes.workers(self.live.pid)
        victim = random.choice(before)
        os.kill(victim, 9)
        self._until(
            lambda: len(now := processes.workers(self.live.pid)) == WORKERS and victim not in now
        )

    def cut_power(self) -> None:
        """Every process is gone at once; somebody starts the gateway again."""
        self.live.kill()
        self.live = self.house.serve()
        self.logs.append(Path(self.live.errors.name))
        self.killed_at = time.monotonic()

    def fill_disk(self) -> None:
        """No byte more fits, until somebody makes room."""
        self._until(self._all_started)
        with self.disk.full(processes.family(self.live.pid), self.logs[-1]):
            self._until_unavailable("cannot be written")
            time.sleep(self.seconds)

    def stop_key_provider(self) -> None:
        """What holds the keys does not answer for longer than they stay in memory."""
        self.key_provider(False)
        try:
            self._until_unavailable("key provider")
            time.sleep(self.seconds)
        finally:
            self.key_provider(True)

    def jump(self, seconds: float) -> None:
        """The clock is set, and set right again."""
        self.ledger.leapt = True
        self.ledger.leaps += 1
        self.house.shift(seconds)
        time.sleep(self.seconds)
        self.house.shift(0)
        self._until_releases()
        self.ledger.leapt = False

    # ---- Around them ----------------------------------------------------------------------------

    def suffer(self, fault: Callable[[], None]) -> None:
        """A fault, and the way back: it is ready, and hands contacts over again."""
        fault()
        self._until(self._ready)
        self._until_releases()
        time.sleep(self.seconds)

    def end(self, unwrap: Unwrap) -> Evidence:
        """Stop everybody, and gather what is there to be judged."""
        self.traffic.stop()
        self.operator.stop()
        # Whatever was in its way before: now that all is well again, each of them works.
        for deed in (self.operator.rotate, self.operator.erase, self.operator.back_up):
            self._until(partial(self.operator.do, deed))
        self._until(self._ready)
        self._until(lambda: self.live.send("GET", "/v1/audit/key")[0] == 200)
        _, _, vkey = self.live.send("GET", "/v1/audit/key")
        listening = processes.listening(self.live.pid)
        self.live.stop()
        store = self.services.store
        verdicts = [*verify(store, "default", ()), *verify(store, "other", ())]
        store.database.engine.dispose()
        return Evidence(
            ledger=self.ledger,
            sight=Sight(self.house.data, unwrap),
            places=[self.house.data, self.house.temporary, self.shelf, *self.logs],
            listening=listening,
            vkey=vkey.decode().strip(),
            verdicts=verdicts,
        )

    def close(self) -> None:
        """Nobody is left, however it ended."""
        self.traffic.stop()
        self.operator.stop()
        self.services.store.database.engine.dispose()
        if self.live.is_running:
            self.live.kill()

    def _apart(self) -> None:
        since = time.monotonic() - self.killed_at
        time.sleep(max(0.0, _APART_SECONDS - since))
        self.killed_at = time.monotonic()

    def _ready(self) -> bool:
        try:
            return self.live.send("GET", "/readyz")[0] == 200
        except OSError:
            return False

    def _all_started(self) -> bool:
        """Each worker counts into a file of its own, from its start on."""
        counting = self.house.data / "metrics" / str(self.live.port)
        return all(
            (counting / f"counter_{pid}.db").exists() for pid in processes.workers(self.live.pid)
        )

    def _until_releases(self) -> None:
        before = len(self.ledger.released)
        self._until(lambda: len(self.ledger.released) > before)

    def _until_unavailable(self, word: str) -> None:
        def count() -> int:
            told = self.ledger.unavailable
            return sum(told[detail] for detail in list(told) if word in detail)

        before = count()
        self._until(lambda: count() > before)

    def _until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < deadline, (self.ledger.wrong, self.ledger.unavailable)
            time.sleep(0.05)


def file_provider(data: Path) -> Callable[[bool], None]:
    """Takes the root key's file away, and gives it back."""
    root = data / "root.key"

    def switch(on: bool) -> None:
        (data / "away").rename(root) if on else root.rename(data / "away")

    return switch


@contextmanager
def soaking(
    home: Path,
    template: Template,
    megabytes: int,
    seconds: float,
    told: dict[str, str],
    provider: Callable[[bool], None] | None = None,
) -> Iterator[Soak]:
    """A soak in `home`, its data on a small disk."""
    with small_disk(home / "data", megabytes, os.geteuid()) as disk:
        # The rules are proved once for all tests.
        shutil.copy(template.data / "policy-proof.json", disk.path)
        house = House(home, disk.path, {"GATEWAY_KEYS__CACHE_SECONDS": "2", **told})
        soak = Soak(house, disk, provider or file_provider(house.data), seconds)
        try:
            yield soak
        finally:
            soak.close()


def judge(seen: Evidence) -> None:
    """Every invariant; there was something of each kind to be judged."""
    assert len(seen.ledger.released) > 0
    assert len(seen.ledger.refused) > 0
    for name in ("erase", "rotate", "back_up"):
        assert seen.ledger.done[name] > 0, seen.ledger.done
    for holds in INVARIANTS:
        holds(seen)


@pytest.mark.long
def test_everything_at_once_with_faults(tmp_path: Path, template: Template) -> None:
    """A worker killed, a disk full, a provider down, a clock that jumps: in little, on SQLite."""
    with soaking(tmp_path, template, megabytes=48, seconds=0.3, told={}) as soak:
        soak.suffer(soak.fill_disk)
        soak.suffer(soak.stop_key_provider)
        soak.suffer(lambda: soak.jump(_NEVER))
        soak.suffer(soak.kill_worker)
        judge(soak.end(root_key(soak.house.data)))


def bao_provider(bao: Bao) -> Callable[[bool], None]:
    """Seals OpenBao, and unseals it."""

    def switch(on: bool) -> None:
        if on:
            bao.ask("PUT", "sys/unseal", {"key": bao.unseal_key()})
        else:
            bao.ask("PUT", "sys/seal")

    return switch


def bao_unwrap(bao: Bao, prefix: str) -> Unwrap:
    """How an auditor with OpenBao's root token unwraps a key."""

    def unwrap(key_id: str, wrapped: bytes) -> bytes:
        body = {
            "ciphertext": wrapped.decode(),
            "associated_data": base64.b64encode(key_id.encode()).decode(),
        }
        answer = bao.ask("POST", f"transit/decrypt/{prefix}{key_id}", body)
        return base64.b64decode(answer["data"]["plaintext"])

    return cache(unwrap)


def endure(soak: Soak, minutes: float) -> None:
    """Every fault there is, again and again, in an order of chance."""
    faults = [soak.fill_disk, soak.stop_key_provider, soak.kill_worker, soak.cut_power]
    faults += [partial(soak.jump, by) for by in (_BELIEVED, -_BELIEVED, _NEVER)]
    chance, end = random.Random(4), time.monotonic() + 60 * minutes
    while time.monotonic() < end:
        for fault in chance.sample(faults, len(faults)):
            soak.suffer(fault)


@pytest.mark.long
def test_minutes_of_everything_on_sqlite(
    tmp_path: Path, template: Template, bao: Bao, bao_settings: Any
) -> None:
    """The same for minutes and with all faults; the keys are OpenBao's, which is sealed now and then."""
    prefix = "gateway-soak-"
    told = {
        "GATEWAY_KEYS__PROVIDER": "openbao",
        "GATEWAY_OPENBAO__URL": bao_settings.url,
        "GATEWAY_OPENBAO__MOUNT": bao_settings.mount,
        "GATEWAY_OPENBAO__PREFIX": prefix,
        "GATEWAY_OPENBAO__TOKEN_FILE": str(bao_settings.token_file),
    }
    with soaking(tmp_path, template, 512, 3.0, told, bao_provider(bao)) as soak:
        endure(soak, minutes=5)
        judge(soak.end(bao_unwrap(bao, prefix)))
