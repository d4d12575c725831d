"""C2SP signed notes with Ed25519; a text must not be used before a known key has vouched for it.

Format: c2sp.org/signed-note. Verifier keys (vkeys) and signer keys are spelled as
golang.org/x/mod/sumdb/note spells them, so that its tools read ours and the other way round.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.audit import cosignature
from gateway.audit.encoding import decode_base64, encode_base64
from gateway.audit.faults import Malformed, SignatureRefused

MAX_NOTE = 1_000_000
"""Longest note in bytes, as golang.org/x/mod/sumdb/note has it."""
MAX_SIGNATURES = 100
"""Most signature lines in a note, as golang.org/x/mod/sumdb/note has it."""

_KEY_SIZE = 32
_KEY_ID_SIZE = 4
_SECRET = "PRIVATE+KEY+"  # noqa: S105 - the public prefix of the format
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_SPACE_OR_PLUS = re.compile(r"[\s+]")


class Algorithm(IntEnum):
    """The signature types of c2sp.org/signed-note that are made and checked here."""

    ED25519 = 0x01
    COSIGNATURE_V1 = 0x04


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: the key's name, its four-byte ID and the signature's own bytes."""

    name: str
    key_id: bytes
    data: bytes

    def line(self) -> str:
        """The line as it stands in a note, newline included."""
        return f"— {self.name} {encode_base64(self.key_id + self.data)}\n"

    @classmethod
    def parse(cls, line: str) -> "Signature":
        """The signature in a line given without its newline."""
        if not line.startswith("— "):
            raise Malformed("a signature line does not begin with an em dash and a space")
        name, _, encoded = line.removeprefix("— ").partition(" ")
        _require_name(name)
        data = decode_base64(encoded)
        if len(data) <= _KEY_ID_SIZE:
            raise Malformed("a signature is too short")
        return cls(name, data[:_KEY_ID_SIZE], data[_KEY_ID_SIZE:])


@dataclass(frozen=True, slots=True)
class Note:
    """A parsed note. Its signatures are claims until `open_note` has checked them."""

    text: str
    signatures: tuple[Signature, ...]

    def encode(self) -> bytes:
        """The note as it is stored and served."""
        return f"{self.text}\n{''.join(line.line() for line in self.signatures)}".encode()

    @classmethod
    def parse(cls, raw: bytes) -> "Note":
        """The note whose bytes are `raw`; `Malformed` where the form is not kept exactly."""
        if len(raw) > MAX_NOTE:
            raise Malformed("a note is longer than 1,000,000 bytes")
        try:
            whole = raw.decode()
        except UnicodeDecodeError:
            raise Malformed("a note is not UTF-8") from None
        if _CONTROL.search(whole):
            raise Malformed("a note holds a control character")
        text, blank, lines = whole.rpartition("\n\n")
        if not blank:
            raise Malformed("a note has no blank line before its signatures")
        return cls(text + "\n", parse_signatures(lines))


def parse_signatures(lines: str) -> tuple[Signature, ...]:
    """The signatures of one or more lines, each ending in a newline; nothing else may stand there.

    A witness answers a checkpoint with such lines as well (c2sp.org/tlog-witness).
    """
    if not lines.endswith("\n"):
        raise Malformed("the last signature line does not end in a newline")
    if lines.count("\n") > MAX_SIGNATURES:
        raise Malformed("a note has more than 100 signatures")
    return tuple(Signature.parse(line) for line in lines[:-1].split("\n"))


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under its name: the only thing that makes a note's text worth reading."""

    name: str
    algorithm: Algorithm
    public_key: bytes

    def __post_init__(self) -> None:
        _require_name(self.name)
        if len(self.public_key) != _KEY_SIZE:
            raise Malformed("an Ed25519 key is 32 bytes long")

    @property
    def key_id(self) -> bytes:
        """SHA-256(name ‖ 0x0A ‖ algorithm ‖ public key)[:4]."""
        hashed = self.name.encode() + b"\n" + bytes((self.algorithm,)) + self.public_key
        return hashlib.sha256(hashed).digest()[:_KEY_ID_SIZE]

    def vkey(self) -> str:
        """`name+hex(key id)+base64(algorithm ‖ public key)`, which `parse` reads."""
        return _spell_key(self.name, self.key_id, self.algorithm, self.public_key)

    @classmethod
    def parse(cls, vkey: str) -> "Verifier":
        """The verifier that `vkey` spells; `Malformed` if the key ID is not its own."""
        name, key_id, algorithm, key = _parse_key(vkey)
        verifier = cls(name, algorithm, key)
        _require_key_id(verifier, key_id)
        return verifier

    def knows(self, signature: Signature) -> bool:
        """Whether the line claims to be by this key: both name and key ID are its own."""
        return signature.name == self.name and signature.key_id == self.key_id

    def check(self, text: str, signature: Signature) -> None:
        """Raise `SignatureRefused` unless this key signed the note's `text`."""
        message, data = text.encode(), signature.data
        try:
            if self.algorithm is Algorithm.COSIGNATURE_V1:
                time, data = cosignature.unpack(data)
                message = cosignature.message(text, time)
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(data, message)
        except (InvalidSignature, Malformed, ValueError):
            raise SignatureRefused(f"the signature of {self.name} is not valid") from None


class Signer:
    """A private key under its name; it shows its public half only."""

    def __init__(self, name: str, algorithm: Algorithm, seed: bytes) -> None:
        """A signer from 32 random bytes."""
        if len(seed) != _KEY_SIZE:
            raise Malformed("an Ed25519 seed is 32 bytes long")
        self._seed = seed
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Verifier(name, algorithm, self._key.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"<Signer {self.verifier.vkey()}>"

    def sign(self, text: str) -> Signature:
        """The plain Ed25519 signature of a note's text."""
        if self.verifier.algorithm is not Algorithm.ED25519:
            raise ValueError("a witness's key makes cosignatures only")
        return self._line(self._key.sign(text.encode()))

    def cosign(self, text: str, time: int) -> Signature:
        """The cosignature of a checkpoint's text at `time`, in seconds since 1970."""
        if self.verifier.algorithm is not Algorithm.COSIGNATURE_V1:
            raise ValueError("a log's key makes plain signatures only")
        signed = self._key.sign(cosignature.message(text, time))
        return self._line(cosignature.pack(time, signed))

    def secret(self) -> str:
        """`PRIVATE+KEY+name+hex(key id)+base64(algorithm ‖ seed)`: whoever has it can sign."""
        verifier = self.verifier
        return _SECRET + _spell_key(verifier.name, verifier.key_id, verifier.algorithm, self._seed)

    @classmethod
    def parse(cls, secret: str) -> "Signer":
        """The signer that `secret` spells; `Malformed` if the key ID is not its own."""
        if not secret.startswith(_SECRET):
            raise Malformed("a signer key begins with PRIVATE+KEY+")
        name, key_id, algorithm, seed = _parse_key(secret.removeprefix(_SECRET))
        signer = cls(name, algorithm, seed)
        _require_key_id(signer.verifier, key_id)
        return signer

    def _line(self, data: bytes) -> Signature:
        return Signature(self.verifier.name, self.verifier.key_id, data)


@dataclass(frozen=True, slots=True)
class Vouched:
    """The text of a note and those of its signatures that known keys made."""

    text: str
    signatures: tuple[Signature, ...]


def open_note(raw: bytes, known: Sequence[Verifier]) -> Vouched:
    """The text of a note that at least one known key signed.

    Signatures of unknown keys are passed over; an invalid signature of a known key refuses the
    whole note, as c2sp.org/signed-note advises.
    """
    note = Note.parse(raw)
    valid = []
    for signature in note.signatures:
        for verifier in known:
            if verifier.knows(signature):
                verifier.check(note.text, signature)
                valid.append(signature)
    if not valid:
        raise SignatureRefused("no known key signed the note")
    return Vouched(note.text, tuple(valid))


def _require_name(name: str) -> None:
    if not name or _SPACE_OR_PLUS.search(name):
        raise Malformed("a key's name is empty or holds a space or a plus")


def _require_key_id(verifier: Verifier, key_id: str) -> None:
    if verifier.key_id.hex() != key_id:
        raise Malformed("a key's ID does not belong to its name and key")


def _spell_key(name: str, key_id: bytes, algorithm: Algorithm, key: bytes) -> str:
    return f"{name}+{key_id.hex()}+{encode_base64(bytes((algorithm,)) + key)}"


def _parse_key(text: str) -> tuple[str, str, Algorithm, bytes]:
    """Name, key ID in hex, algorithm and raw key of `name+id+key`, where base64 may hold a plus."""
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    data = decode_base64(encoded)
    try:
        return name, key_id, Algorithm(data[0]), data[1:]
    except (IndexError, ValueError):
        raise Malformed("a key's algorithm is not one that is known here") from None
