"""What opens other services' doors, such as OTTO's: a file beside the keyring, each entry sealed.

It must never hold a secret in the clear; nothing of it stands in the database or the environment.
"""

import base64
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway.errors import Unavailable
from gateway.vault.keyfile import replace_private
from gateway.vault.seals import Seals, key_of

_FORMAT = 1


def beside(keyring: Path) -> Path:
    """Where the file stands."""
    return keyring.with_name("credentials.json")


class CredentialFile:
    """The file at `path`, mode 0600, replaced atomically; several processes may use it at once."""

    def __init__(self, path: Path, seals: Seals) -> None:
        self._path = path
        self._seals = seals

    def find(self, owner: str) -> Mapping[str, str] | None:
        """The members of this owner's secret; None where there is none.

        Unavailable when the file cannot be read, or its key is not there.
        """
        sealed = self._read().get(owner)
        if sealed is None:
            return None
        opened = self._seals.open(base64.b64decode(sealed), owner)
        return {str(name): str(value) for name, value in json.loads(opened).items()}

    def keep(self, owner: str, secret: Mapping[str, str], now: datetime) -> None:
        """Put this in place of what the owner had; durable when this returns."""
        with self._alone():
            sealed = self._seals.seal(json.dumps(dict(secret)).encode(), owner, now)
            self._replace({**self._read(), owner: base64.b64encode(sealed).decode("ascii")})

    def reseal(self, now: datetime) -> int:
        """Bring every entry under the newest key; how many were under another."""
        with self._alone():
            entries = self._read()
            fresh = {
                owner: base64.b64encode(renewed).decode("ascii")
                for owner, sealed in entries.items()
                if (renewed := self._seals.renewed(base64.b64decode(sealed), owner, now))
            }
            if fresh:
                self._replace(entries | fresh)
            return len(fresh)

    def key_ids(self) -> set[str]:
        """The keys that entries are under; of one that is being written, too."""
        with self._alone():
            return {key_of(base64.b64decode(sealed)) for sealed in self._read().values()}

    def owners(self) -> list[str]:
        """Who has an entry; opens none."""
        return sorted(self._read())

    def _replace(self, entries: Mapping[str, str]) -> None:
        content = json.dumps({"format": _FORMAT, "credentials": entries}, indent=1)
        try:
            replace_private(self._path, content.encode())
        except OSError as fault:
            raise self._fault("written", fault) from fault

    def _read(self) -> dict[str, str]:
        try:
            with self._path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode & 0o777
                if mode & 0o077:
                    raise Unavailable(
                        "credentials",
                        f"{self._path} is open to others (mode {mode:04o}): chmod 600 {self._path}",
                        self._path,
                    )
                whole: Any = json.load(file)
        except FileNotFoundError:
            return {}
        except OSError as fault:
            raise self._fault("read", fault) from fault
        except ValueError as fault:
            raise Unavailable("credentials", f"{self._path} is damaged", self._path) from fault
        if not isinstance(whole, dict) or whole.get("format") != _FORMAT:
            raise Unavailable("credentials", f"{self._path} is no file of credentials", self._path)
        return dict(whole["credentials"])

    @contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as fault:
            raise self._fault("locked", fault) from fault
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _fault(self, deed: str, fault: OSError) -> Unavailable:
        return Unavailable(
            "credentials", f"{self._path} cannot be {deed}: {fault.strerror}", self._path
        )
