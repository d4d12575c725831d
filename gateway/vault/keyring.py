"""The file keyring: versioned keys in one file apart from the database; it must never be readable by others."""

import base64
import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path

from gateway.errors import Unavailable
from gateway.model.ids import Entropy

KEY_BYTES = 32


class KeyUse(StrEnum):
    """What a key is for; a key serves one use only."""

    CONTACT = "contact"
    INDEX = "index"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class Key:
    """A key with the name that ciphertexts carry, for example contact-2026-11-23-1."""

    key_id: str
    use: KeyUse
    epoch: str
    version: int
    created_at: datetime
    secret: bytes = field(repr=False)


class Keyring:
    """Keys in a JSON file of mode 0600, replaced atomically; several processes may use it at once.

    `contact` keys belong to the import day's epoch: one day's contacts become unreadable together
    when its key is destroyed. `index` and `log` keys belong to no day; their epoch is "all".
    """

    def __init__(self, path: Path, entropy: Entropy) -> None:
        self._path = path
        self._entropy = entropy
        self._keys: dict[str, Key] = {}
        self._newest: dict[tuple[KeyUse, str], Key] = {}

    def contact_key(self, day: date, now: datetime) -> Key:
        """The newest key of the day's epoch, for sealing; made when the day has none yet."""
        return self._newest_or_new(KeyUse.CONTACT, day.isoformat(), now)

    def index_key(self, now: datetime) -> Key:
        """The newest key of the blind index."""
        return self._newest_or_new(KeyUse.INDEX, "all", now)

    def log_key(self, now: datetime) -> Key:
        """The seed of the Ed25519 key that signs the audit log's checkpoints."""
        return self._newest_or_new(KeyUse.LOG, "all", now)

    def by_id(self, key_id: str) -> Key | None:
        """The key that a ciphertext names; None when it was destroyed or never existed."""
        if key_id not in self._keys:
            self._load()
        return self._keys.get(key_id)

    def all(self) -> list[Key]:
        """Every key there is now, oldest first."""
        self._load()
        return sorted(self._keys.values(), key=lambda key: (key.created_at, key.key_id))

    def add_version(self, use: KeyUse, epoch: str, now: datetime) -> Key:
        """A new version of a key; older versions still open what they sealed."""
        with self._alone():
            self._load()
            newest = self._newest.get((use, epoch))
            return self._add(use, epoch, newest.version + 1 if newest else 1, now)

    def destroy(self, key_id: str) -> bool:
        """Forget a key for ever; whatever only it can open is unreadable from now on."""
        with self._alone():
            self._load()
            if self._keys.pop(key_id, None) is None:
                return False
            self._write()
            return True

    def _newest_or_new(self, use: KeyUse, epoch: str, now: datetime) -> Key:
        key = self._newest.get((use, epoch))
        if key is not None:
            return key
        with self._alone():
            self._load()
            return self._newest.get((use, epoch)) or self._add(use, epoch, 1, now)

    def _add(self, use: KeyUse, epoch: str, version: int, now: datetime) -> Key:
        key_id = f"{use}-{epoch}-{version}"
        key = Key(key_id, use, epoch, version, now.astimezone(UTC), self._entropy(KEY_BYTES))
        self._keys[key_id] = key
        self._write()
        return key

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time changes the file; readers need no lock, it is replaced whole."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _load(self) -> None:
        try:
            with self._path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode & 0o777
                if mode & 0o077:
                    raise Unavailable(
                        "keyring",
                        f"{self._path} is open to others (mode {mode:04o}): chmod 600 {self._path}",
                    )
                keys = [_key(row) for row in json.load(file)["keys"]]
        except FileNotFoundError:
            keys = []
        except (OSError, ValueError, KeyError, TypeError) as fault:
            raise Unavailable("keyring", f"{self._path} cannot be read as a keyring") from fault
        self._index(keys)

    def _write(self) -> None:
        rows = [_row(key) for key in self._keys.values()]
        fresh = self._path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump({"format": 1, "keys": rows}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        directory = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
        self._index(self._keys.values())

    def _index(self, keys: Iterable[Key]) -> None:
        self._keys = {key.key_id: key for key in keys}
        newest: dict[tuple[KeyUse, str], Key] = {}
        for key in sorted(self._keys.values(), key=lambda key: key.version):
            newest[key.use, key.epoch] = key
        self._newest = newest


def _key(row: dict[str, str | int]) -> Key:
    return Key(
        key_id=str(row["key_id"]),
        use=KeyUse(str(row["use"])),
        epoch=str(row["epoch"]),
        version=int(row["version"]),
        created_at=datetime.fromisoformat(str(row["created_at"])),
        secret=base64.b64decode(str(row["secret"]), validate=True),
    )


def _row(key: Key) -> dict[str, str | int]:
    return {
        "key_id": key.key_id,
        "use": key.use,
        "epoch": key.epoch,
        "version": key.version,
        "created_at": key.created_at.isoformat(),
        "secret": base64.b64encode(key.secret).decode("ascii"),
    }
