"""C2SP tlog-proof files and the verdict on a receipt; a proof is never taken for another entry.

Format: c2sp.org/tlog-proof. Verification needs nothing but the receipt and the log's key.
"""

from dataclasses import dataclass

from gateway.audit.checkpoint import Checkpoint, open_checkpoint
from gateway.audit.encoding import decode_base64, encode_base64, parse_number
from gateway.audit.entry import Entry
from gateway.audit.faults import AuditError, Malformed
from gateway.audit.merkle import HASH_SIZE, check_inclusion, leaf_hash
from gateway.audit.note import MAX_NOTE, Verifier

_HEADER = "c2sp.org/tlog-proof@v1"
_MAX_HASHES = 63


@dataclass(frozen=True, slots=True)
class LoggedProof:
    """An offline proof: index, inclusion path and the signed checkpoint it leads to.

    `checkpoint` is the note as signed and cosigned. `extra` is unauthenticated and has no meaning
    here; it is kept so that files of others survive a round trip.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def encode(self) -> str:
        """The text of the `.tlog-proof` file."""
        extra = "" if self.extra is None else f"extra {encode_base64(self.extra)}\n"
        hashes = "".join(f"{encode_base64(value)}\n" for value in self.hashes)
        return f"{_HEADER}\n{extra}index {self.index}\n{hashes}\n{self.checkpoint.decode()}"

    @classmethod
    def parse(cls, text: str) -> "LoggedProof":
        """The proof whose text is exactly `text`; the checkpoint in it is not yet verified."""
        if len(text) > 2 * MAX_NOTE:
            raise Malformed("the proof is too long")
        head, blank, checkpoint = text.partition("\n\n")
        if not blank:
            raise Malformed("the proof has no blank line before its checkpoint")
        lines = head.split("\n")
        if lines.pop(0) != _HEADER:
            raise Malformed(f"the proof does not begin with {_HEADER}")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = decode_base64(lines.pop(0).removeprefix("extra "))
        if not lines or not lines[0].startswith("index "):
            raise Malformed("the proof has no index line")
        index = parse_number(lines.pop(0).removeprefix("index "))
        hashes = tuple(decode_base64(line) for line in lines)
        if len(hashes) > _MAX_HASHES or any(len(value) != HASH_SIZE for value in hashes):
            raise Malformed("the proof's path is not a list of 32-byte hashes")
        return cls(index, hashes, _encoded(checkpoint), extra)


@dataclass(frozen=True, slots=True)
class Verified:
    """The entry stands at `index` of the log whose key signed `checkpoint`."""

    entry: Entry
    index: int
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Refused:
    """The receipt proves nothing; `step` names what failed and `reason` says why."""

    step: str
    reason: str


def verify_receipt(
    leaf: bytes, proof: str, vkey: str, origin: str | None = None
) -> Verified | Refused:
    """Whether `leaf`, the bytes of an entry, is in the log that `vkey` speaks for.

    `origin` is the log's name where it is not that of its key.
    """
    step = "key"
    try:
        log = Verifier.parse(vkey)
        step = "proof"
        logged = LoggedProof.parse(proof)
        step = "checkpoint"
        checkpoint = open_checkpoint(logged.checkpoint, log, origin)
        step = "inclusion"
        check_inclusion(
            index=logged.index,
            size=checkpoint.size,
            leaf=leaf_hash(leaf),
            proof=logged.hashes,
            root=checkpoint.root,
        )
        step = "entry"
        entry = Entry.parse(leaf)
    except AuditError as error:
        return Refused(step, str(error))
    if entry.index != logged.index:
        return Refused("entry", f"it says index {entry.index}, the proof {logged.index}")
    return Verified(entry, logged.index, checkpoint)


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Malformed("the checkpoint holds an unpaired surrogate") from None
