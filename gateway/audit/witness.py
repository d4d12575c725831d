"""The messages between a log and its witnesses; no cosignature is kept that does not verify.

Format: c2sp.org/tlog-witness, `add-checkpoint`. A witness keeps the largest checkpoint of a log that
it has seen and cosigns a new one only with a proof that it continues that one.
"""

from collections.abc import Sequence

from gateway.audit.encoding import encode_base64, parse_number
from gateway.audit.faults import Malformed, SignatureRefused
from gateway.audit.note import Note, Verifier, parse_signatures


def add_checkpoint(old_size: int, proof: Sequence[bytes], checkpoint: bytes) -> bytes:
    """The body of the request to cosign a signed checkpoint.

    `proof` leads from the tree of `old_size` that the witness last cosigned; it is empty for size 0,
    and for a checkpoint of the very size.
    """
    lines = [f"old {old_size}", *map(encode_base64, proof), "", ""]
    return "\n".join(lines).encode() + checkpoint


def add_cosignatures(checkpoint: bytes, answer: bytes, witness: Verifier) -> bytes:
    """The checkpoint with the lines of a witness's answer that are this witness's own.

    `SignatureRefused` where there are none or one does not verify. Lines that the checkpoint
    already bears from this witness give way to the new ones.
    """
    note = Note.parse(checkpoint)
    try:
        lines = parse_signatures(answer.decode())
    except UnicodeDecodeError:
        raise Malformed("a witness's answer is not UTF-8") from None
    own = tuple(line for line in lines if witness.knows(line))
    if not own:
        raise SignatureRefused(f"{witness.name} did not cosign the checkpoint")
    for line in own:
        witness.check(note.text, line)
    kept = tuple(line for line in note.signatures if not witness.knows(line))
    return Note(note.text, (*kept, *own)).encode()


def conflict_size(answer: bytes) -> int:
    """The size of the checkpoint that the witness last cosigned, as it answers with status 409."""
    try:
        size, newline, rest = answer.decode().partition("\n")
    except UnicodeDecodeError:
        raise Malformed("a witness's answer is not UTF-8") from None
    if not newline or rest:
        raise Malformed("a witness's answer is not a size")
    return parse_number(size)
