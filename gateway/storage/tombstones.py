"""What was erased, by names that tell nobody who: a file that outlives the database.

A line is durable before the erasure that it tells of is, so no restored backup brings back what was
erased since. An order is named as the audit log names it: by a digest whose key is destroyed with the
subject, so that a backup from before still knows it, and nobody else ever will. A line whose erasure
failed in the end is harmless: what was to be erased is erased at the restore.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from gateway.errors import Unavailable
from gateway.model.times import parse_rfc3339, rfc3339
from gateway.vault.keyfile import replace_private, sync_directory


class Kind(StrEnum):
    """What went: a contact, all that tells who a subject was, or a key."""

    CONTACT = "contact"
    SUBJECT = "subject"
    KEY = "key"


NO_MERCHANT = "-"
"""Stands beside a key: it serves all of them."""

_PARTS = 4


@dataclass(frozen=True, slots=True)
class Tombstone:
    """One line; `name` is the order's name in the log, or the key's name."""

    time: datetime
    kind: Kind
    merchant: str
    name: str

    @property
    def whose(self) -> tuple[Kind, str, str]:
        """What it is of: two that differ in their time alone tell the same."""
        return self.kind, self.merchant, self.name


@dataclass(slots=True)
class Buried:
    """All that the file names: orders by merchant, and keys with the time of their end."""

    contacts: dict[str, set[str]] = field(default_factory=dict)
    subjects: dict[str, set[str]] = field(default_factory=dict)
    keys: dict[str, datetime] = field(default_factory=dict)

    def knows(self, tombstone: Tombstone) -> bool:
        """Whether it is named."""
        match tombstone.kind:
            case Kind.KEY:
                return tombstone.name in self.keys
            case Kind.SUBJECT:
                return tombstone.name in self.subjects.get(tombstone.merchant, ())
            case _:
                return tombstone.name in self.contacts.get(tombstone.merchant, ())

    def add(self, tombstone: Tombstone) -> None:
        """Take in one more."""
        match tombstone.kind:
            case Kind.KEY:
                self.keys[tombstone.name] = tombstone.time
            case Kind.SUBJECT:
                self.subjects.setdefault(tombstone.merchant, set()).add(tombstone.name)
            case _:
                self.contacts.setdefault(tombstone.merchant, set()).add(tombstone.name)


class Tombstones:
    """The file at `path`; several processes may append to it at once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def bury(self, tombstones: Sequence[Tombstone]) -> None:
        """Append lines, durably. Unavailable: nothing may be erased until it works again."""
        lines = "".join(map(_line, tombstones)).encode("ascii")
        try:
            with self._alone() as file:
                # A crash may have cut the last line; its erasure never happened.
                end = os.lseek(file, 0, os.SEEK_END)
                if end and os.pread(file, 1, end - 1) != b"\n":
                    lines = b"\n" + lines
                _write(file, lines)
                if not end:
                    sync_directory(self.path.parent)
        except OSError as fault:
            raise Unavailable(
                "tombstones", f"{self.path} cannot be written: nothing was erased", self.path
            ) from fault

    def bury_key(self, key_id: str, now: datetime) -> None:
        """Append the name of a key that is about to be destroyed."""
        self.bury([Tombstone(now, Kind.KEY, NO_MERCHANT, key_id)])

    def content(self) -> bytes:
        """The file as it is, to be kept elsewhere as well."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as fault:
            raise Unavailable("tombstones", f"{self.path} cannot be read", self.path) from fault

    def absorb(self, content: bytes) -> int:
        """Append what another file names and this one does not; how many lines that were."""
        known = set(self.content().splitlines())
        further = [
            _parse(it) for it in content.splitlines(keepends=True) if it.rstrip() not in known
        ]
        tombstones = [tombstone for tombstone in further if tombstone is not None]
        if tombstones:
            self.bury(tombstones)
        return len(tombstones)

    def read(self) -> Buried:
        """Everything that is named; nothing where there is no file."""
        buried = Buried()
        try:
            with self.path.open("rb") as file:
                for line in file:
                    tombstone = _parse(line)
                    if tombstone is not None:
                        buried.add(tombstone)
        except FileNotFoundError:
            pass
        except OSError as fault:
            raise Unavailable("tombstones", f"{self.path} cannot be read", self.path) from fault
        return buried

    def prune(self, before: datetime) -> int:
        """Drop contacts that went before `before`, where each would be due in any backup; how many.

        Subjects and keys stay for ever.
        """
        if not self.path.exists():
            return 0
        try:
            with self._alone():
                lines = self.path.read_bytes().splitlines(keepends=True)
                kept = [line for line in lines if not _is_old(line, before)]
                if len(kept) < len(lines):
                    replace_private(self.path, b"".join(kept))
        except OSError as fault:
            raise Unavailable(
                "tombstones", f"{self.path} cannot be rewritten", self.path
            ) from fault
        return len(lines) - len(kept)

    @contextmanager
    def _alone(self) -> Iterator[int]:
        """The file, opened to append, held by this process alone."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self.path.with_name(self.path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                yield file
            finally:
                os.close(file)
        finally:
            os.close(lock)


def _write(file: int, lines: bytes) -> None:
    written = 0
    while written < len(lines):
        written += os.write(file, lines[written:])
    os.fsync(file)


def _line(tombstone: Tombstone) -> str:
    time = rfc3339(tombstone.time)
    return f"{time} {tombstone.kind} {tombstone.merchant} {tombstone.name}\n"


def _parse(line: bytes) -> Tombstone | None:
    """The tombstone of a whole line; None for one that a crash cut."""
    parts = line.decode("ascii", "replace").split(" ")
    if len(parts) != _PARTS or not line.endswith(b"\n"):
        return None
    try:
        time, kind = parse_rfc3339(parts[0]), Kind(parts[1])
    except ValueError:
        return None
    return Tombstone(time, kind, parts[2], parts[3].rstrip("\n"))


def _is_old(line: bytes, before: datetime) -> bool:
    tombstone = _parse(line)
    return tombstone is None or (tombstone.kind is Kind.CONTACT and tombstone.time < before)
