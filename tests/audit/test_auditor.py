"""The stand-alone verifier: it needs nothing of ours and comes to the core's verdicts by itself."""

import ast
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audit import auditor
from gateway.audit.checkpoint import Checkpoint, sign_checkpoint
from gateway.audit.encoding import encode_base64
from gateway.audit.entry import Entry
from gateway.audit.faults import Malformed
from gateway.audit.merkle import EMPTY_ROOT
from gateway.audit.note import Algorithm, Signer
from gateway.audit.proof import Verified, verify_receipt
from gateway.audit.receipt import Receipt
from gateway.audit.tiles import ENTRIES, Tile, encode_bundle, hashes_of, read_bundle
from gateway.audit.verdict import LogReport
from gateway.audit.verify import verify_log
from tests.audit.logs import ORIGIN, SIGNER, VKEY, MemoryLog, build, leaf, leaves, receipt
from tests.audit.tampering import rearranged, spoilt

ENTRIES_OF_LOG = leaves(600)
LOG = build(ENTRIES_OF_LOG)
SMALL = build(ENTRIES_OF_LOG[:270])
RECEIPT = receipt(LOG, ENTRIES_OF_LOG, 300)
TOKEN = "a-reviewers-token"


def note(log: MemoryLog) -> bytes:
    assert log.note is not None
    return log.note


def auditor_says(log: MemoryLog, held: list[bytes] | None = None) -> bool:
    def read(path: str) -> bytes | None:
        return log.note if path == "checkpoint" else log.resources.get(Tile.parse(path))

    try:
        auditor.verify_log(read, VKEY, None, held or [])
    except auditor.Refused:
        return False
    return True


def core_says(log: MemoryLog, held: list[bytes] | None = None) -> bool:
    return isinstance(verify_log(log, VKEY, held=held or []), LogReport)


def auditor_says_of_receipt(raw: bytes) -> bool:
    try:
        auditor.verify_receipt(raw, VKEY, None)
    except auditor.Refused:
        return False
    return True


def core_says_of_receipt(raw: bytes) -> bool:
    try:
        shown = Receipt.parse(raw)
    except Malformed:
        return False
    return isinstance(verify_receipt(shown.leaf, shown.proof, VKEY), Verified)


@given(st.data())
@settings(max_examples=150)
def test_both_refuse_the_same_tampered_logs(data: st.DataObject) -> None:
    """Bundles, tiles of any level and the checkpoint, spoilt, rearranged or gone."""
    log = SMALL.copy()
    tile = data.draw(st.sampled_from([None, *SMALL.resources]))
    if tile is None:
        log.note = data.draw(spoilt(note(SMALL)))
    elif data.draw(st.booleans()):
        del log.resources[tile]
    elif tile.level == ENTRIES:
        old = SMALL.resources[tile]
        moved = rearranged(read_bundle(old).entries).map(encode_bundle)
        log.resources[tile] = data.draw(spoilt(old) | moved)
    else:
        old = SMALL.resources[tile]
        log.resources[tile] = data.draw(spoilt(old) | rearranged(hashes_of(old)).map(b"".join))
    assert auditor_says(log) == core_says(log) == (log == SMALL)


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 512, 600])
def test_both_accept_sound_logs(size: int) -> None:
    """Of any shape, with checkpoints held of sizes they passed through."""
    log = build(ENTRIES_OF_LOG[:size])
    held = [note(build(ENTRIES_OF_LOG[:old])) for old in {1, size // 2 or 1, size}]
    assert auditor_says(log, held)
    assert core_says(log, held)


def test_both_judge_unusual_logs_alike() -> None:
    """Empty, foreign, deep, grown past the checkpoint, and signed although wrong."""
    stand_in = build(ENTRIES_OF_LOG[:512])
    stand_in.note = note(build(ENTRIES_OF_LOG[:300]))
    stand_in.resources[Tile(1, 0, 1)] = (
        stand_in.resources[Tile(0, 0)][:0] + build(ENTRIES_OF_LOG[:256]).resources[Tile(1, 0, 1)]
    )
    late = ENTRIES_OF_LOG[2].replace(b"T08:", b"T07:")
    cases = {
        "empty": (MemoryLog(sign_checkpoint(Checkpoint(ORIGIN, 0, EMPTY_ROOT), SIGNER)), True),
        "no empty root": (
            MemoryLog(sign_checkpoint(Checkpoint(ORIGIN, 0, bytes(32)), SIGNER)),
            False,
        ),
        "foreign": (build([b"", b"{}", b"\xff"]), True),
        "deep": (build([b"%d" % number for number in range(65_536 + 257)]), True),
        "stand-in": (stand_in, True),
        "gap": (build([*ENTRIES_OF_LOG[:3], ENTRIES_OF_LOG[4]]), False),
        "back in time": (build([*ENTRIES_OF_LOG[:2], late]), False),
        "foreign entry": (build([*ENTRIES_OF_LOG[:2], b"{}"]), False),
        "other key": (
            build(ENTRIES_OF_LOG, signer=Signer(ORIGIN, Algorithm.ED25519, bytes(32))),
            False,
        ),
    }
    assert {name: auditor_says(log) for name, (log, _) in cases.items()} == {
        name: sound for name, (_, sound) in cases.items()
    }
    assert {name: core_says(log) for name, (log, _) in cases.items()} == {
        name: sound for name, (_, sound) in cases.items()
    }


def test_both_find_a_cut_or_rewritten_log_by_a_held_checkpoint() -> None:
    """What the operator's signature alone cannot show."""
    held = [note(LOG)]
    cut = build(ENTRIES_OF_LOG[:599])
    forged = build([*ENTRIES_OF_LOG[:99], leaf(99, carrier="x"), *ENTRIES_OF_LOG[100:]])
    for log in (cut, forged):
        assert auditor_says(log)
        assert core_says(log)
        assert not auditor_says(log, held)
        assert not core_says(log, held)


@given(st.data())
@settings(max_examples=150)
def test_both_judge_tampered_receipts_alike(data: st.DataObject) -> None:
    """The entry, the proof's lines, or the file itself."""
    part = data.draw(st.sampled_from(["entry", "lines", "file"]))
    value = RECEIPT.as_json()
    if part == "entry":
        value["entry"] = encode_base64(data.draw(spoilt(RECEIPT.leaf)))
    elif part == "lines":
        lines = data.draw(rearranged([line.encode() for line in RECEIPT.proof.split("\n")]))
        value["proof"] = b"\n".join(lines).decode()
    raw = json.dumps(value).encode()
    if part == "file":
        raw = data.draw(spoilt(raw))
    assert auditor_says_of_receipt(raw) == core_says_of_receipt(raw)


PROOF = RECEIPT.proof.split("\n")
PATH_END = PROOF.index("")
LOOSE = PROOF[2][:-2] + chr(ord(PROOF[2][-2]) + 1) + "="
"""The first hash with a bit set that base64 leaves unused."""
EMPTY = sign_checkpoint(Checkpoint(ORIGIN, 0, EMPTY_ROOT), SIGNER).decode()


def proof(*, index: str = PROOF[1], path: list[str] = PROOF[2:PATH_END], signed: str = "") -> str:
    """The proof of entry 300 with a part of it replaced."""
    signed = signed or "\n".join(PROOF[PATH_END + 1 :])
    return "\n".join([PROOF[0], index, *path, "", signed])


def of_size(size: int) -> str:
    """One hash of the path, and as many bytes as are told."""
    return encode_base64(bytes(size))


PITFALLS = {
    "a hash of 31 bytes": proof(path=[of_size(31), *PROOF[3:PATH_END]]),
    "a hash of 33 bytes": proof(path=[of_size(33), *PROOF[3:PATH_END]]),
    "an empty hash": proof(path=[*PROOF[2:PATH_END], "="]),
    "a hash that trails": proof(path=[*PROOF[2:PATH_END], of_size(32)]),
    "a hash too few": proof(path=PROOF[2 : PATH_END - 1]),
    "no hash": proof(path=[]),
    "bits that base64 does not use": proof(path=[LOOSE, *PROOF[3:PATH_END]]),
    "base64 without its padding": proof(path=[PROOF[2].rstrip("="), *PROOF[3:PATH_END]]),
    "base64 with a space": proof(path=[f"{PROOF[2]} ", *PROOF[3:PATH_END]]),
    "an index with a zero before it": proof(index="index 0300"),
    "an index with a sign": proof(index="index +300"),
    "an index in other digits": proof(index="index \u0663\u0660\u0660"),
    "an index below the first": proof(index="index -1"),
    "the index that is the size": proof(index="index 600"),
    "an index of 65 bits": proof(index=f"index {2**64 + 300}"),
    "another entry's index": proof(index="index 301"),
    "the empty tree": proof(index="index 0", path=[], signed=EMPTY),
    "a checkpoint of another size": proof(signed=note(build(ENTRIES_OF_LOG[:599])).decode()),
}


@pytest.mark.parametrize("name", PITFALLS)
def test_neither_steps_into_a_pitfall_that_others_fell_into(name: str) -> None:
    """What some verifier of a Merkle proof once took for one."""
    assert PITFALLS[name] != proof() == RECEIPT.proof
    raw = json.dumps({**RECEIPT.as_json(), "proof": PITFALLS[name]}).encode()
    assert not auditor_says_of_receipt(raw)
    assert not core_says_of_receipt(raw)


def test_neither_takes_a_proof_for_another_entry() -> None:
    """However valid the proof is."""
    for other in (ENTRIES_OF_LOG[301], leaf(300, carrier="other"), b"", ENTRIES_OF_LOG[300] + b" "):
        raw = json.dumps({**RECEIPT.as_json(), "entry": encode_base64(other)}).encode()
        assert not auditor_says_of_receipt(raw)
        assert not core_says_of_receipt(raw)


@given(st.data())
def test_both_read_the_same_bytes_as_entries(data: st.DataObject) -> None:
    """A leaf with a member replaced by any JSON value is an entry for both or for neither."""
    value = json.loads(leaf(3, detail={"size": 5}))
    name = data.draw(st.sampled_from(sorted(value)))
    odd = data.draw(
        st.sampled_from(
            [
                "2026-02-30T08:00:00.000000Z",
                None,
                True,
                0,
                -1,
                "",
                "x",
                [],
                ["x"],
                [1],
                {},
                {"a": {}},
            ]
        )
    )
    if name in ("action", "outcome") and isinstance(odd, str):
        return  # the auditor leaves the meaning of actions to its reader
    raw = auditor.canonical(value | {name: odd}).encode()
    try:
        Entry.parse(raw)
    except Malformed:
        with pytest.raises(auditor.Refused):
            auditor.read_entry(raw)
    else:
        assert auditor.read_entry(raw)


def test_it_imports_the_standard_library_and_cryptography_only() -> None:
    """Nothing of the gateway: an independent second implementation."""
    tree = ast.parse(Path(auditor.__file__).read_text())
    names = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    roots = {name.split(".")[0] for name in names}
    assert roots - set(sys.stdlib_module_names) == {"cryptography"}


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """The file alone, in an empty folder, run by an interpreter that sees no other path."""
    alone = shutil.copy(auditor.__file__, tmp_path / "auditor.py")
    return [sys.executable, "-I", "-W", "error", str(alone)]


def run(*arguments: object) -> tuple[int, str]:
    answer = subprocess.run(
        [str(argument) for argument in arguments], capture_output=True, text=True, check=False
    )
    return answer.returncode, answer.stdout + answer.stderr


def test_the_file_alone_verifies_a_receipt(command: list[str], tmp_path: Path) -> None:
    """It prints the sentence that is proven, or why nothing is."""
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(RECEIPT.as_json()))
    proven = (
        "entry 300 (contact.released, permitted, 2026-11-23T08:00:00.300000Z, "
        "id 0190a7c4e5f6000102030405060708ff) is in the log "
        "log.example/2026q4 as signed at 600 entries"
    )
    assert run(*command, "receipt", file, "--key", VKEY) == (0, f"VERIFIED: {proven}\n")
    other = {**RECEIPT.as_json(), "entry": encode_base64(ENTRIES_OF_LOG[301])}
    file.write_text(json.dumps(other))
    status, said = run(*command, "receipt", file, "--key", VKEY)
    assert (status, said[:13]) == (1, "NOT VERIFIED:")


def test_the_file_alone_verifies_a_log_on_disk(command: list[str], tmp_path: Path) -> None:
    """Sound, tampered with, and with a checkpoint held outside."""
    folder = LOG.write(tmp_path / "log")
    sentence = "all 600 entries of log.example/2026q4 are as signed, numbered without gaps"
    status, said = run(*command, "log", folder, "--key", VKEY)
    assert status == 0
    assert said.startswith(f"VERIFIED: {sentence}")

    held = tmp_path / "held"
    held.write_bytes(note(build(ENTRIES_OF_LOG[:99])))
    assert run(*command, "log", folder, "--key", VKEY, "--held", held)[0] == 0
    held.write_bytes(note(build(leaves(601))))
    status, said = run(*command, "log", folder, "--key", VKEY, "--held", held)
    assert (status, "it was cut" in said) == (1, True)

    bundle = folder / Tile(ENTRIES, 1).path()
    bundle.write_bytes(bundle.read_bytes().replace(b'"index":300', b'"index":301'))
    status, said = run(*command, "log", folder, "--key", VKEY)
    assert (status, "300" in said) == (1, True)


class Served(SimpleHTTPRequestHandler):
    """Serves a log as the gateway does: entry bundles for a reviewer only."""

    def do_GET(self) -> None:
        allowed = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        if "/tile/entries/" in self.path and not allowed:
            self.send_error(403)
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Where the log is served, below a prefix."""
    LOG.write(tmp_path / "site" / "v1" / "audit")

    def handler(*arguments: object) -> Served:
        return Served(*arguments, directory=str(tmp_path / "site"))  # type: ignore[arg-type]

    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:  # type: ignore[arg-type]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1/audit"
        server.shutdown()
        thread.join()


def test_the_file_alone_verifies_a_served_log(
    command: list[str], address: str, tmp_path: Path
) -> None:
    """With a reviewer's token; without one the entries cannot be read, which is no verdict."""
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n")
    for prefix in (address, f"{address}/"):
        assert run(*command, "log", prefix, "--key", VKEY, "--token-file", token)[0] == 0
    status, said = run(*command, "log", address, "--key", VKEY)
    assert status == 2
    assert said.startswith("cannot read: HTTP Error 403")
    missing = f"{address}/elsewhere"
    status, said = run(*command, "log", missing, "--key", VKEY)
    assert (status, said) == (1, "NOT VERIFIED: there is no signed checkpoint\n")


def test_the_help_says_how_to_use_it(command: list[str], tmp_path: Path) -> None:
    """Where the key must come from, what a signature does not show, and the exit status."""
    status, said = run(*command, "--help")
    assert status == 0
    for words in ("receipt receipt.json --key VKEY", "--held", "Exit status", "operator"):
        assert words in said
    assert run(*command)[0] == 2
    assert run(*command, "log", tmp_path)[0] == 2
    status, said = run(*command, "receipt", tmp_path / "none", "--key", VKEY)
    assert (status, said.startswith("cannot read:")) == (2, True)
