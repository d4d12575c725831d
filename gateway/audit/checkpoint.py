"""C2SP tlog-checkpoints: what a log commits to at one size; never believed without a signature.

Format: c2sp.org/tlog-checkpoint, a signed note of origin, size and root hash.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.audit import cosignature
from gateway.audit.encoding import decode_base64, encode_base64, parse_number
from gateway.audit.faults import Malformed, SignatureRefused
from gateway.audit.merkle import EMPTY_ROOT, HASH_SIZE
from gateway.audit.note import Note, Signer, Verifier, open_note


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log named `origin` has `size` entries under `root`.

    `extensions` are lines that others may add; ours have none.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The text that is signed."""
        lines = (self.origin, str(self.size), encode_base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """The checkpoint whose text is exactly `text`."""
        lines = text.split("\n")
        if len(lines) < 4 or not all(lines[:-1]) or lines[-1]:
            raise Malformed("a checkpoint is three or more lines, none of them empty")
        origin, size, root = lines[0], parse_number(lines[1]), decode_base64(lines[2])
        if len(root) != HASH_SIZE:
            raise Malformed("a checkpoint's root hash is not 32 bytes long")
        if size == 0 and root != EMPTY_ROOT:
            raise Malformed("a checkpoint of an empty tree has another root than the empty one")
        return cls(origin, size, root, tuple(lines[3:-1]))


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A witness saw a checkpoint at `time`, in seconds since 1970."""

    witness: str
    time: int


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> bytes:
    """The checkpoint as a note signed by the log."""
    text = checkpoint.text()
    return Note(text, (signer.sign(text),)).encode()


def open_checkpoint(raw: bytes, log: Verifier, origin: str | None = None) -> Checkpoint:
    """The checkpoint that the log's key signed.

    `origin` is the log's own name, by default that of its key (c2sp.org/tlog-checkpoint: they
    should match). A checkpoint of another log under the same key is refused.
    """
    checkpoint = Checkpoint.parse(open_note(raw, (log,)).text)
    if checkpoint.origin != (origin or log.name):
        raise SignatureRefused("the checkpoint is of another log")
    return checkpoint


def cosigned_by(raw: bytes, witnesses: Sequence[Verifier]) -> tuple[Cosigned, ...]:
    """Which of the known witnesses cosigned the checkpoint, in the order of the note's lines.

    A line of a known witness that does not verify refuses the whole note.
    """
    note = Note.parse(raw)
    found = []
    for signature in note.signatures:
        for witness in witnesses:
            if witness.knows(signature):
                witness.check(note.text, signature)
                found.append(Cosigned(witness.name, cosignature.unpack(signature.data)[0]))
    return tuple(found)
