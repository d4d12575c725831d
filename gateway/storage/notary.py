"""Signs a log's checkpoints, and holds the latest of each in a file apart from the database.

The held file shows that a database was set back: its own checkpoints went with it. Whoever can
change both files and has the signing key is found by a checkpoint held elsewhere, and only by it.
"""

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from gateway.audit.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from gateway.audit.note import Algorithm, Signer, Verifier
from gateway.errors import Unavailable
from gateway.storage.gate import Gate


class Notary:
    """Signs with one key under the name of each log; `seed` gives the key's 32 bytes."""

    def __init__(self, seed: Callable[[], bytes], held: Path) -> None:
        self._seed = seed
        self._held = held
        self._gate = Gate(held / "gate")

    def verifier(self, origin: str) -> Verifier:
        """The public key under a log's name."""
        return self._signer(origin).verifier

    def notes(self) -> list[bytes]:
        """Every note that is held."""
        return [file.read_bytes() for file in sorted(self._held.glob("*.checkpoint"))]

    def all_held(self, merchant: str) -> list[bytes]:
        """Every note that is held for a merchant's logs, whatever period they are of."""
        return [
            note
            for note in self.notes()
            if note.partition(b"\n")[0].rpartition(b"/")[0].endswith(f"/{merchant}".encode())
        ]

    def elsewhere(self, held: Path) -> "Notary":
        """One with the same key that holds its notes in another place."""
        return Notary(self._seed, held)

    def sign(self, checkpoint: Checkpoint) -> bytes:
        """The checkpoint as a signed note."""
        return sign_checkpoint(checkpoint, self._signer(checkpoint.origin))

    def open(self, note: bytes, origin: str) -> Checkpoint:
        """The checkpoint in a note of this log; an AuditError when it was not signed here."""
        return open_checkpoint(note, self.verifier(origin))

    def held(self, origin: str) -> bytes | None:
        """The note that was held last for a log; Unavailable where that cannot be told."""
        try:
            return self._file(origin).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as fault:
            why = f"the held checkpoints cannot be read ({type(fault).__name__}): {self._held}"
            raise Unavailable("log", why, self._held) from fault

    def hold(self, origin: str, note: bytes) -> None:
        """Hold a newer note; replaced atomically, so a crash leaves the one or the other."""
        self._held.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._gate.passing():
            held = self.held(origin)
            # Of two that were signed one after the other, the later one may come here first.
            if held is not None and self.open(held, origin).size >= self.open(note, origin).size:
                return
            fresh = self._file(origin).with_suffix(".new")
            with fresh.open("wb") as file:
                file.write(note)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._file(origin))

    def release(self, origin: str) -> None:
        """Stop holding the note of a log that was deleted whole."""
        self._file(origin).unlink(missing_ok=True)

    def _file(self, origin: str) -> Path:
        # An origin has slashes, a file name must not: its hash stands for it.
        return self._held / f"{sha256(origin.encode()).hexdigest()[:32]}.checkpoint"

    def _signer(self, origin: str) -> Signer:
        return Signer(origin, Algorithm.ED25519, self._seed())
