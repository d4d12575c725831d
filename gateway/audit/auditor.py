"""Checks receipts and whole logs with nothing of the gateway; it never trusts the operator.

This one file needs Python 3.11 and the package `cryptography`. It shares no code with the service
that writes the log: it is a second implementation of the public formats, short enough to read from
top to bottom before you believe it.

    RFC 6962 section 2.1        the Merkle tree
    c2sp.org/signed-note        the signature on a checkpoint, and the key's spelling (vkey)
    c2sp.org/tlog-checkpoint    what a log commits to: name, size, root
    c2sp.org/tlog-tiles         the tree and the entries as files
    c2sp.org/tlog-proof         the proof in a receipt
    RFC 8785                    the entry's bytes: canonical JSON
"""

import argparse
import base64
import hashlib
import json
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

GUIDE = """\
Is one entry in the log?

    python auditor.py receipt receipt.json --key VKEY

It is named by its id; of a hand-over that is the release_id. A valid receipt of another entry proves
nothing of the one that you ask for.

Is the whole log what its operator signed, with nothing changed, removed or moved?

    python auditor.py log ./log-directory --key VKEY
    python auditor.py log https://gateway.example/v1/audit --key VKEY --token-file reviewer.token

With --save DIR the second also keeps what it read, for other tools and for the next time.

VKEY is the log's verifier key, such as `name+1a2b3c4d+AbCd…`. Get it from where the operator cannot
change it afterwards: a contract, last year's e-mail, another carrier. A key that arrives together
with the receipt proves nothing.

A signature shows that the operator stood by a state of the log. That he shows everyone the same log
and has not cut off its end is shown only by a checkpoint that somebody else kept: give such files
with --held, and keep the checkpoint that you verified today for the next time.

Exit status: 0 verified, 1 not verified, 2 wrong usage or unreadable.
"""

WIDTH = 256
TEXTS = ("id", "time", "merchant", "action", "outcome", "salt")
TEXTS_OR_NULL = ("purpose", "policy", "subject", "carrier", "request_id")
MEMBERS = {*TEXTS, *TEXTS_OR_NULL, "index", "actor", "fields", "reasons", "detail"}
TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z"
CONTROL = r"[\x00-\x09\x0b-\x1f]"

Read = Callable[[str], bytes | None]


class Refused(Exception):
    """What is shown does not hold; the text says where."""


def require(holds: bool, otherwise: str) -> None:
    """Go on only if it holds."""
    if not holds:
        raise Refused(otherwise)


# Spellings: each value has exactly one.


def base64_bytes(text: str, size: int | None = None) -> bytes:
    """Bytes, so many if said, from canonical base64."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused("not base64") from None
    require(base64.b64encode(data).decode() == text, "base64 that is not canonical")
    require(size in (None, len(data)), f"not {size} bytes")
    return data


def number(text: str) -> int:
    """A whole number in ASCII digits without leading zeroes."""
    require(re.fullmatch("0|[1-9][0-9]{0,18}", text) is not None, "a number is not canonical")
    return int(text)


# The tree (RFC 6962 section 2.1).


def leaf_hash(entry: bytes) -> bytes:
    """The hash under which an entry stands in the tree."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two neighbouring subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_from_path(index: int, size: int, leaf: bytes, path: list[bytes]) -> bytes:
    """The root that an inclusion proof leads to, split by split (RFC 6962 section 2.1.1)."""
    require((size == 1) == (not path), "the proof has hashes too many or too few")
    if size == 1:
        return leaf
    left_size = 1 << (size - 1).bit_length() - 1
    if index < left_size:
        return node_hash(root_from_path(index, left_size, leaf, path[:-1]), path[-1])
    inner = root_from_path(index - left_size, size - left_size, leaf, path[:-1])
    return node_hash(path[-1], inner)


class Tree:
    """Grows leaf by leaf and holds each stored tile against the hashes as they come into being."""

    def __init__(self, read: Read) -> None:
        self.read = read
        self.size = 0
        self.peaks: list[bytes] = []
        self.tiles: list[list[bytes]] = []

    def append(self, node: bytes) -> None:
        """Add one leaf hash and every node that it completes."""
        self.put(0, node)
        height = 0
        while self.size >> height & 1:
            node = node_hash(self.peaks.pop(), node)
            height += 1
            if height % 8 == 0:
                self.put(height // 8, node)
        self.peaks.append(node)
        self.size += 1

    def put(self, level: int, node: bytes) -> None:
        """One more hash for the tiles of a level."""
        if level == len(self.tiles):
            self.tiles.append([])
        self.tiles[level].append(node)
        if len(self.tiles[level]) == WIDTH:
            self.check(level, self.size >> 8 * (level + 1))
            self.tiles[level] = []

    def check(self, level: int, index: int) -> None:
        """Hold one stored tile against the derived hashes."""
        derived = self.tiles[level]
        path, stored, width = read_place(self.read, str(level), index, len(derived))
        for position, node in enumerate(derived):
            entry = (index * WIDTH + position) << 8 * level
            same = stored[32 * position : 32 * position + 32] == node
            require(same, f"{path} and the entries from {entry} on do not belong together")
        require(len(stored) == 32 * width, f"{path} has {len(stored)} bytes")

    def check_edge(self) -> None:
        """Hold the unfinished tiles against the derived hashes."""
        for level, derived in enumerate(self.tiles):
            if derived:
                self.check(level, self.size >> 8 * (level + 1))

    def root(self) -> bytes:
        """The root over all leaves so far."""
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


# The signed checkpoint.


class Checkpoint(NamedTuple):
    """The log `origin` has `size` entries under `root`."""

    origin: str
    size: int
    root: bytes


def open_checkpoint(raw: bytes | None, vkey: str, origin: str | None) -> Checkpoint:
    """The checkpoint in a note that the key signed. Signatures of other keys are passed over."""
    name, _, rest = vkey.partition("+")
    key_id, _, encoded = rest.partition("+")
    key = base64_bytes(encoded, 33)
    own_id = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    require(key[0] == 1 and own_id.hex() == key_id, "this is not the vkey of an Ed25519 key")

    try:
        note = (raw or b"").decode()
    except UnicodeDecodeError:
        raise Refused("the checkpoint is not UTF-8") from None
    text, blank, lines = note.rpartition("\n\n")
    require(bool(blank) and lines.endswith("\n"), "there is no signed checkpoint")
    require(not re.search(CONTROL, note), "the checkpoint holds a control character")
    text += "\n"
    signed = False
    for line in lines[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        signer, _, encoded = rest.partition(" ")
        data = base64_bytes(encoded)
        well_formed = dash == "—" and len(data) > 4 and re.fullmatch(r"[^\s+]+", signer)
        require(bool(well_formed), "a signature line is malformed")
        if (signer, data[:4]) == (name, own_id):
            try:
                Ed25519PublicKey.from_public_bytes(key[1:]).verify(data[4:], text.encode())
            except InvalidSignature:
                raise Refused("the checkpoint's signature is not valid") from None
            signed = True
    require(signed, "the checkpoint is not signed by this key")

    fields = text[:-1].split("\n")
    require(len(fields) >= 3 and all(fields), "the checkpoint is malformed")
    checkpoint = Checkpoint(fields[0], number(fields[1]), base64_bytes(fields[2], 32))
    require(checkpoint.origin == (origin or name), f"it is a checkpoint of {checkpoint.origin}")
    return checkpoint


# The entry.


def canonical(part: Any) -> str:
    """RFC 8785 for values without floats, whose spelling is the only hard part of it."""
    if isinstance(part, dict):
        names = sorted(part, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{canonical(name)}:{canonical(part[name])}" for name in names) + "}"
    if isinstance(part, list):
        return "[" + ",".join(map(canonical, part)) + "]"
    require(not isinstance(part, float), "a float in an entry")
    require(not isinstance(part, int) or abs(part) < 2**53, "a number too large for JSON")
    return json.dumps(part, ensure_ascii=False)


def read_entry(data: bytes) -> dict[str, Any]:
    """The entry in a leaf's bytes."""
    try:
        entry = json.loads(data.decode())
        require(canonical(entry).encode() == data, "it is not in canonical form")
    except (ValueError, RecursionError):
        raise Refused("it is not JSON in UTF-8") from None
    if not isinstance(entry, dict) or entry.keys() | {"detail"} != MEMBERS:
        raise Refused("its members are not those of an entry")
    index, actor, detail = entry["index"], entry["actor"], entry.get("detail", {"none": 0})
    require(type(index) is int and index >= 0, "its index is not a whole number")
    require(isinstance(actor, dict) and actor.keys() == {"id", "role"}, "its actor is malformed")
    facts = detail.values() if isinstance(detail, dict) else ()
    require(bool(facts) and all(type(fact) in (str, int) for fact in facts), "its detail is odd")
    require(isinstance(entry["fields"], list), "its fields are not a list")
    require(isinstance(entry["reasons"], list), "its reasons are not a list")
    texts = [*actor.values(), *entry["fields"], *entry["reasons"]]
    texts += [entry[name] for name in TEXTS]
    texts += [entry[name] for name in TEXTS_OR_NULL if entry[name] is not None]
    require(all(isinstance(text, str) for text in texts), "a text in it is not a string")
    require(re.fullmatch("[0-9a-f]{32}", entry["salt"]) is not None, "its salt is malformed")
    require(re.fullmatch(TIME, entry["time"]) is not None, "its time is malformed")
    try:
        datetime.fromisoformat(entry["time"])
    except ValueError:
        raise Refused("its time is not in the calendar") from None
    return entry


# One receipt.


def verify_receipt(data: bytes, vkey: str, origin: str | None) -> str:
    """The sentence that a receipt file proves."""
    try:
        receipt = json.loads(data.decode())
        leaf, proof = base64_bytes(receipt["entry"]), receipt["proof"].encode().decode()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Refused("the receipt is not a JSON object of entry and proof") from None
    head, _, note = proof.partition("\n\n")
    lines = head.split("\n")
    require(lines.pop(0) == "c2sp.org/tlog-proof@v1", "the proof is not a c2sp.org/tlog-proof@v1")
    if lines and lines[0].startswith("extra "):
        base64_bytes(lines.pop(0).removeprefix("extra "))
    require(bool(lines) and lines[0].startswith("index "), "the proof has no index")
    index = number(lines.pop(0).removeprefix("index "))
    path = [base64_bytes(line, 32) for line in lines]

    checkpoint = open_checkpoint(note.encode(), vkey, origin)
    require(index < checkpoint.size, "the proof's index is outside the log")
    root = root_from_path(index, checkpoint.size, leaf_hash(leaf), path)
    require(root == checkpoint.root, "the entry and its proof do not lead to the signed root")
    entry = read_entry(leaf)
    require(entry["index"] == index, f"the entry says index {entry['index']}, its proof {index}")
    return (
        f"entry {index} ({entry['action']}, {entry['outcome']}, {entry['time']}, id {entry['id']}) "
        f"is in the log {checkpoint.origin} as signed at {checkpoint.size} entries"
    )


# A whole log.


def read_place(read: Read, level: str, index: int, width: int) -> tuple[str, bytes, int]:
    """Path, bytes and width of a tile; the full one may stand where a partial one is gone."""
    digits = f"{index:0{(len(str(index)) + 2) // 3 * 3}d}"
    full = f"tile/{level}/" + re.sub(r"([0-9]{3})(?=[0-9])", r"x\1/", digits)
    path = full if width == WIDTH else f"{full}.p/{width}"
    if (data := read(path)) is not None:
        return path, data, width
    if width == WIDTH or (data := read(full)) is None:
        raise Refused(f"{path} is missing")
    return full, data, WIDTH


def bundles(read: Read, size: int) -> Iterator[list[bytes]]:
    """All entries in order, bundle by bundle."""
    for start in range(0, size, WIDTH):
        wanted = min(WIDTH, size - start)
        path, data, width = read_place(read, "entries", start // WIDTH, wanted)
        entries: list[bytes] = []
        at = 0
        while len(entries) < wanted:
            end = at + 2 + int.from_bytes(data[at : at + 2], "big")
            require(at + 2 <= end <= len(data), f"{path} ends before entry {start + len(entries)}")
            entries.append(data[at + 2 : end])
            at = end
        require(width > wanted or at == len(data), f"{path} goes on after its last entry")
        yield entries


def verify_log(read: Read, vkey: str, origin: str | None, held: list[bytes]) -> str:
    """The sentence that a whole log proves."""
    latest = open_checkpoint(read("checkpoint"), vkey, origin)
    outside = [open_checkpoint(note, vkey, origin) for note in held]
    for old in outside:
        cut = f"a held checkpoint has {old.size} entries, the log only {latest.size}: it was cut"
        require(old.size <= latest.size, cut)

    tree, ours, last_time = Tree(read), latest.size > 0, ""
    for entries in bundles(read, latest.size):
        for data in entries:
            index = tree.size
            tree.append(leaf_hash(data))
            for old in outside:
                kept = old.size != tree.size or old.root == tree.root()
                require(kept, f"a held checkpoint of {old.size} entries was signed over others")
            if not ours:
                continue
            try:
                entry = read_entry(data)
            except Refused as refused:
                require(index == 0, f"entry {index}: {refused}")
                ours = False  # a log of another kind: its structure alone is judged
                continue
            require(entry["index"] == index, f"entry {index} says index {entry['index']}")
            require(entry["time"] >= last_time, f"entry {index} is older than the one before")
            last_time = entry["time"]
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{tree.size:,} of {latest.size:,} entries ")
    tree.check_edge()
    require(tree.root() == latest.root, "the entries do not have the root that was signed")
    form = "numbered without gaps and in order of time" if ours else "of no format known here"
    return f"all {latest.size} entries of {latest.origin} are as signed, {form}"


# Where the bytes come from, and the command line.


def from_directory(root: Path, path: str) -> bytes | None:
    """A file of a log on disk."""
    try:
        return (root / path).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def from_address(prefix: str, token: str | None, path: str) -> bytes | None:
    """A resource of a served log; entries are given for a reviewer's token only."""
    request = urllib.request.Request(f"{prefix.rstrip('/')}/{path}")  # noqa: S310 - http(s) only
    if token:
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - see above
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise


def saving(read: Read, root: Path, path: str) -> bytes | None:
    """What is read, kept as a file of the same name."""
    data = read(path)
    if data is not None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return data


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="auditor.py",
        description=(__doc__ or "").split("\n", 1)[0],
        epilog=GUIDE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    receipt = commands.add_parser("receipt", help="is this entry in the log?")
    receipt.add_argument("file", type=Path, metavar="FILE", help="the receipt, a JSON file")
    log = commands.add_parser("log", help="is the whole log as it was signed?")
    log.add_argument("where", metavar="DIR_OR_URL", help="directory or http(s) address of the log")
    held = "a checkpoint kept outside; may be given more than once"
    log.add_argument("--held", type=Path, action="append", default=[], metavar="FILE", help=held)
    log.add_argument("--token-file", type=Path, metavar="FILE", help="holds a reviewer's token")
    log.add_argument("--save", type=Path, metavar="DIR", help="keep a copy of what is read")
    for command in (receipt, log):
        command.add_argument("--key", required=True, metavar="VKEY", help="the log's verifier key")
        command.add_argument("--origin", help="the log's name, where it is not that of its key")
    return parser.parse_args()


def verdict(arguments: argparse.Namespace) -> str:
    """The sentence that is proven by what the command line names."""
    key, origin = arguments.key, arguments.origin
    if arguments.command == "receipt":
        return verify_receipt(arguments.file.read_bytes(), key, origin)
    token = arguments.token_file.read_text().strip() if arguments.token_file else None
    where = arguments.where
    served = re.match("https?://", where)
    read: Read = partial(from_directory, Path(where))
    if served:
        read = partial(from_address, where, token)
    if arguments.save:
        read = partial(saving, read, arguments.save)
    return verify_log(read, key, origin, [file.read_bytes() for file in arguments.held])


def main() -> int:
    """Print the verdict and give the exit status."""
    arguments = parse_arguments()
    try:
        proven = verdict(arguments)
    except Refused as refused:
        sys.stdout.write(f"NOT VERIFIED: {refused}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"cannot read: {error}\n")
        return 2
    sys.stdout.write(f"VERIFIED: {proven}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
