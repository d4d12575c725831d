"""The keyring's file: every key as its provider wrapped it; it must never hold a key in the clear.

JSON of mode 0600, replaced atomically. It also remembers the names of keys that were destroyed, so
that no name is ever given twice, and that a destruction which was interrupted is brought to its end.
"""

import base64
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway.errors import Unavailable
from gateway.vault.keys import KeyRecord, KeyUse

_FORMAT = 2

Stamp = tuple[int, int, int] | None
"""Tells one state of the file from another; None where there is no file."""


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A key that only its provider can unwrap; `provider` is that provider's name."""

    record: KeyRecord
    provider: str
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class Grave:
    """A key that is gone, and why. `forgotten`: its provider's part is too; `recorded`: the log tells."""

    record: KeyRecord
    provider: str
    destroyed_at: datetime
    reason: str
    forgotten: bool
    recorded: bool


@dataclass(frozen=True, slots=True)
class Contents:
    """What the file holds, by key name."""

    keys: Mapping[str, WrappedKey]
    graves: Mapping[str, Grave]


EMPTY = Contents({}, {})


class KeyFile:
    """The file at `path`; several processes may use it at once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def stamp(self) -> Stamp:
        """The state that the file is in."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ctime_ns, found.st_ino, found.st_size

    def read(self) -> Contents:
        """What it holds; nothing where there is no file. Unavailable when it is open to others."""
        try:
            with self.path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode & 0o777
                if mode & 0o077:
                    raise Unavailable(
                        "keyring",
                        f"{self.path} is open to others (mode {mode:04o}): chmod 600 {self.path}",
                        self.path,
                    )
                return decode(file.read())
        except FileNotFoundError:
            return EMPTY
        except OSError as fault:
            raise Unavailable(
                "keyring", f"{self.path} cannot be read: {fault.strerror}", self.path
            ) from fault
        except ValueError as fault:
            raise Unavailable(
                "keyring", f"{self.path} cannot be read as a keyring", self.path
            ) from fault

    def replace(self, contents: Contents) -> None:
        """Put `contents` in its place: durable when this returns, and either all or nothing."""
        try:
            replace_private(self.path, encode(contents))
        except OSError as fault:
            raise Unavailable(
                "keyring", f"{self.path} cannot be written: {fault.strerror}", self.path
            ) from fault

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One process at a time changes the file; readers need no lock, it is replaced whole."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as fault:
            raise Unavailable(
                "keyring", f"{self.path} cannot be locked: {fault.strerror}", self.path
            ) from fault
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def replace_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, durably, in place of what was there."""
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make names in a directory durable: that a file is there, or has taken another's place."""
    directory = os.open(path, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def encode(contents: Contents) -> bytes:
    """The contents as the file's bytes."""
    keys = [
        {
            **_record_row(key.record),
            "provider": key.provider,
            "wrapped": base64.b64encode(key.wrapped).decode("ascii"),
        }
        for key in contents.keys.values()
    ]
    destroyed = [
        {
            **_record_row(grave.record),
            "provider": grave.provider,
            "destroyed_at": grave.destroyed_at.isoformat(),
            "reason": grave.reason,
            "forgotten": grave.forgotten,
            "recorded": grave.recorded,
        }
        for grave in contents.graves.values()
    ]
    return json.dumps({"format": _FORMAT, "keys": keys, "destroyed": destroyed}, indent=1).encode()


def decode(content: bytes) -> Contents:
    """The contents in the file's bytes; ValueError when they are no keyring."""
    try:
        whole = json.loads(content)
        if whole["format"] != _FORMAT:
            raise ValueError("a keyring of another format")
        keys = [
            WrappedKey(
                _record(row),
                str(row["provider"]),
                base64.b64decode(row["wrapped"], validate=True),
            )
            for row in whole["keys"]
        ]
        graves = [
            Grave(
                _record(row),
                str(row["provider"]),
                datetime.fromisoformat(row["destroyed_at"]),
                str(row["reason"]),
                bool(row["forgotten"]),
                bool(row["recorded"]),
            )
            for row in whole["destroyed"]
        ]
    except (KeyError, TypeError) as fault:
        raise ValueError("not a keyring") from fault
    return Contents(
        {key.record.key_id: key for key in keys},
        {grave.record.key_id: grave for grave in graves},
    )


def _record(row: Mapping[str, Any]) -> KeyRecord:
    return KeyRecord(
        key_id=str(row["key_id"]),
        use=KeyUse(row["use"]),
        epoch=str(row["epoch"]),
        version=int(row["version"]),
        created_at=datetime.fromisoformat(row["created_at"]),
    )


def _record_row(record: KeyRecord) -> dict[str, str | int]:
    return {
        "key_id": record.key_id,
        "use": record.use.value,
        "epoch": record.epoch,
        "version": record.version,
        "created_at": record.created_at.isoformat(),
    }
