"""The operator beside a serving gateway, not in its processes: erases, rotates, revokes, backs up."""

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

from gateway.audit.entry import Actor
from gateway.errors import GatewayError
from gateway.usecases import forget
from gateway.usecases.backup import making
from gateway.usecases.services import Services
from gateway.vault.keys import KeyUse
from tests.end_to_end.soak.ledger import Ledger

_OPERATOR = Actor(role="operator", id="soak")


class Operator:
    """A thread that does one thing after another until it is stopped."""

    def __init__(
        self, services: Services, shelf: Path, ledger: Ledger, every: float, seed: int
    ) -> None:
        self._services = services
        self._shelf = shelf
        self._ledger = ledger
        self._every = every
        self._chance = random.Random(seed)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.backups: list[Path] = []

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the deed under way."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        deeds = [self.erase, self.rotate, self.erase, self.back_up, self.erase, self.revoke]
        at = 0
        while not self._over.wait(self._every):
            self.do(deeds[at % len(deeds)])
            at += 1

    def do(self, deed: Callable[[], None]) -> bool:
        """Whether it worked: a gateway that cannot says so, in its own kind of fault."""
        try:
            deed()
        except GatewayError:
            self._ledger.done[f"{deed.__name__} failed"] += 1
            return False
        except Exception as fault:  # noqa: BLE001  any other is a defect
            self._ledger.wrong.append(f"{deed.__name__}: {fault!r}")
            return False
        self._ledger.done[deed.__name__] += 1
        return True

    def erase(self) -> None:
        """A buyer asked for it."""
        ledger = self._ledger
        known = sorted(ledger.stored - ledger.erasing)
        if not known:
            return
        number = self._chance.choice(known)
        ledger.erasing.add(number)
        forget.erase(self._services.store, "default", _OPERATOR, number, "request by letter")
        ledger.erased.add(number)

    def rotate(self) -> None:
        """New versions of the keys."""
        self._services.key_care.rotate(_OPERATOR)

    def revoke(self) -> None:
        """The oldest version that another has taken the place of."""
        keyring = self._services.keyring
        old = [it for it in keyring.outdated() if it.use in {KeyUse.CONTACT, KeyUse.INDEX}]
        if old:
            self._services.key_care.revoke(_OPERATOR, old[0].key_id, time.sleep)

    def back_up(self) -> None:
        """Both files, on another disk."""
        made = making.create(self._services, _OPERATOR, self._shelf, self._shelf)
        self.backups.append(made.database)
