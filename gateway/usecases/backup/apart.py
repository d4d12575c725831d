"""All that stands apart from the database, as one file of a backup; it never goes with the database's.

The keyring, what opens it where that is a file, credentials for other services, the checkpoints that
are held, and the list of erasures. Each is put back where nothing stands; the last two are joined.
"""

import base64
import json
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.audit.faults import AuditError
from gateway.errors import Conflict, Unavailable
from gateway.settings import Settings
from gateway.storage.store import Store
from gateway.usecases.log.verify import origin_of
from gateway.vault.credentials import beside
from gateway.vault.keyfile import decode, replace_private

_FORMAT = 1


class NoBundle(Exception):
    """The content is no backup of a keyring."""


@dataclass(frozen=True, slots=True, repr=False)
class Bundle:
    """The content of each file; None where there is none."""

    keyring: bytes
    root: bytes | None
    credentials: bytes | None
    held: tuple[bytes, ...]
    tombstones: bytes

    def key_ids(self) -> AbstractSet[str]:
        """The keys there are in it."""
        return decode(self.keyring).keys.keys()

    def encoded(self) -> bytes:
        """All of it as one text."""
        return json.dumps(
            {
                "format": _FORMAT,
                "keyring": _text(self.keyring),
                "root": _text(self.root),
                "credentials": _text(self.credentials),
                "held": [_text(note) for note in self.held],
                "tombstones": _text(self.tombstones),
            }
        ).encode()

    @classmethod
    def decoded(cls, content: bytes) -> "Bundle":
        """What `encoded` wrote; NoBundle where it is something else."""
        try:
            whole: dict[str, Any] = json.loads(content)
            if whole["format"] != _FORMAT:
                raise NoBundle("a backup of a keyring in another format")
            bundle = cls(
                keyring=_bytes(whole["keyring"]) or b"",
                root=_bytes(whole["root"]),
                credentials=_bytes(whole["credentials"]),
                held=tuple(base64.b64decode(note) for note in whole["held"]),
                tombstones=_bytes(whole["tombstones"]) or b"",
            )
            decode(bundle.keyring)
        except (ValueError, KeyError, TypeError) as fault:
            raise NoBundle("this is no backup of a keyring") from fault
        return bundle


def collect(settings: Settings, store: Store) -> Bundle:
    """What stands there now. Unavailable where it cannot be read, or there is no keyring."""
    keyring = _read(settings.keys.keyring)
    if keyring is None:
        raise Unavailable("keyring", f"{settings.keys.keyring} is not there: nothing to back up")
    return Bundle(
        keyring=keyring,
        root=_read(settings.keys.root),
        credentials=_read(beside(settings.keys.keyring)),
        held=tuple(store.logbook.notary.notes()),
        tombstones=store.tombstones.content(),
    )


def put_back(bundle: Bundle, settings: Settings, store: Store) -> None:
    """Write each file that is not there, what opens the keyring before the keyring itself.

    Conflict where another keyring stands there; one that knows all of these keys is the same, later.
    """
    for path, content in _missing(bundle, settings):
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_private(path, content)
        except OSError as fault:
            raise Unavailable("keyring", f"{path} cannot be written: {fault.strerror}") from fault
    store.tombstones.absorb(bundle.tombstones)
    for note in bundle.held:
        origin = origin_of(note)
        if origin is not None:
            try:
                store.logbook.notary.hold(origin, note)
            except AuditError as fault:
                raise Unavailable(
                    "log", f"a checkpoint of {origin} is not ours: {fault}"
                ) from fault


def _missing(bundle: Bundle, settings: Settings) -> list[tuple[Path, bytes]]:
    """The files to write, in this order; Conflict where what stands there must not be written over."""
    root, keyring = settings.keys.root, settings.keys.keyring
    kept_root, kept_keyring = _read(root), _read(keyring)
    if kept_root not in {None, bundle.root}:
        raise Conflict(f"{root} is there already, and another one: move it away")
    if kept_keyring is not None:
        there = decode(kept_keyring)
        if not bundle.key_ids() <= there.keys.keys() | there.graves.keys():
            raise Conflict(
                f"{keyring} is there already, and another one: move it away, or restore without the "
                "backup of the keyring"
            )
    wanted = [
        (root, kept_root, bundle.root),
        (beside(keyring), _read(beside(keyring)), bundle.credentials),
        (keyring, kept_keyring, bundle.keyring),
    ]
    return [(path, new) for path, kept, new in wanted if kept is None and new is not None]


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as fault:
        raise Unavailable("keyring", f"{path} cannot be read: {fault.strerror}") from fault


def _text(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode("ascii")


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text, validate=True)
