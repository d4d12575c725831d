"""Who the witnesses are, and up to where they have cosigned a log; only their signatures count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from gateway.audit.checkpoint import Checkpoint, Cosigned, cosigned_by
from gateway.audit.faults import AuditError
from gateway.audit.note import Algorithm, Note, Verifier
from gateway.errors import ConfigurationError
from gateway.settings import Witnessing
from gateway.storage import anchors


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness by our own name for it."""

    name: str
    url: str
    verifier: Verifier


@dataclass(frozen=True, slots=True)
class Quorum:
    """The witnesses, and how many of them make a checkpoint witnessed."""

    witnesses: tuple[Witness, ...] = ()
    least: int = 1

    @property
    def verifiers(self) -> tuple[Verifier, ...]:
        """Their keys."""
        return tuple(witness.verifier for witness in self.witnesses)


@dataclass(frozen=True, slots=True)
class Witnessed:
    """The largest checkpoint that enough witnesses cosigned, with its note.

    `names` are the keys that did, `at` is the earliest of their times: since then it stands.
    """

    size: int
    note: bytes
    names: tuple[str, ...]
    at: datetime


def configured(settings: Witnessing) -> Quorum:
    """The witnesses of the settings; ConfigurationError names a key that is none."""
    found = []
    for one in settings.known:
        try:
            verifier = Verifier.parse(one.vkey)
        except AuditError as fault:
            raise ConfigurationError(f"witnesses.known.{one.name}.vkey: {fault}") from None
        if verifier.algorithm is not Algorithm.COSIGNATURE_V1:
            raise ConfigurationError(
                f"witnesses.known.{one.name}.vkey: a log's key, not a witness's (its type must be 4)"
            )
        found.append(Witness(one.name, one.url, verifier))
    return Quorum(tuple(found), settings.quorum)


def largest(connection: Connection, log: int, quorum: Quorum) -> Witnessed | None:
    """The largest checkpoint of a log that is witnessed; SignatureRefused where a line is false."""
    for note in anchors.cosigned(connection, log):
        vouched = {one.witness: one for one in cosigned_by(note, quorum.verifiers)}
        if len(vouched) >= quorum.least:
            return _told(note, tuple(vouched.values()))
    return None


def _told(note: bytes, vouched: Sequence[Cosigned]) -> Witnessed:
    return Witnessed(
        size=Checkpoint.parse(Note.parse(note).text).size,
        note=note,
        names=tuple(one.witness for one in vouched),
        at=datetime.fromtimestamp(min(one.time for one in vouched), UTC),
    )
