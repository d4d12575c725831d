"""`gateway audit`: keys, receipts and verdicts, some of them for people who have nothing but a file."""

import json
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gateway.audit import auditor
from gateway.usecases import merchants
from gateway.usecases.services import Services
from tests.anchoring.witness import Witness
from tests.audit.logs import VKEY, build, leaves
from tests.audit.logs import receipt as receipt_in
from tests.cli.conftest import Gateway
from tests.conftest import Clock

ROOT = Path(__file__).parents[2]
ENTRIES = leaves(300)
LOG = build(ENTRIES)
ORIGIN = "gateway.example/audit/default/2026q4"

Told = Callable[..., Any]
File = Callable[..., str]


def offline(where: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    """A command in an empty place, with nothing in its environment."""
    return subprocess.run(
        [sys.executable, "-m", "gateway", "audit", *words],
        env={"PYTHONPATH": str(ROOT)},
        cwd=where,
        capture_output=True,
        check=False,
        timeout=60,
    )


def an_entry_id(services: Services) -> str:
    with services.store.read() as connection:
        found = connection.execute(text("SELECT id FROM entries WHERE merchant = 'default'"))
        return str(found.scalars().first())


def test_the_key_is_one_line_for_scripts(gateway: Gateway, told: Told) -> None:
    """The vkey of the log that is written now; --json names its log as well."""
    vkey = gateway("audit", "key").stdout
    assert vkey.startswith(f"{ORIGIN}+")
    assert vkey.count("\n") == 1
    assert told("audit", "key")["logs"] == [
        {"origin": ORIGIN, "vkey": vkey.strip(), "is_current": True}
    ]


def test_a_merchant_without_a_log_has_no_key(gateway: Gateway, services: Services) -> None:
    """Nothing to verify, nothing to verify with: neither is a success."""
    merchants.create(services.store, "fresh", "Fresh")
    assert gateway("audit", "key", "--merchant", "fresh").exit_code == 1
    result = gateway("audit", "verify", "--merchant", "fresh")
    assert (result.exit_code, result.stdout) == (1, "NOT VERIFIED: there is no log\n")


def test_a_sound_log_verifies(gateway: Gateway, told: Told) -> None:
    """With its size, its times and its checkpoints."""
    result = gateway("audit", "verify")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{ORIGIN}: VERIFIED: ")
    verdict = told("audit", "verify", "--merchant", "other")
    assert verdict["verified"] is True
    [log] = verdict["logs"]
    assert log["origin"] == "gateway.example/audit/other/2026q4"
    assert log["first_time"] == "2026-11-23T12:00:00.000000Z"
    assert (log["checkpoints"], log["held"]) == (1, 1)


def test_the_first_bad_entry_is_named(gateway: Gateway, services: Services) -> None:
    """An edit of the stored bytes, as anybody with the database can make it."""
    assert gateway("audit", "verify").exit_code == 0
    edit = "UPDATE entries SET leaf = replace(leaf, 'carrier', 'courier') WHERE log = 1 AND \"index\" = 2"
    with services.store.change() as connection:
        connection.execute(text(edit))
    result = gateway("audit", "verify")
    assert result.exit_code == 1
    assert f"{ORIGIN}: NOT VERIFIED: tile/entries/000" in result.stdout
    assert "entry 2:" in result.stdout
    verdict = json.loads(gateway("audit", "verify", "--json").stdout)
    assert verdict["verified"] is False
    assert (verdict["logs"][0]["kind"], verdict["logs"][0]["index"]) == ("entry", 2)


def test_a_held_checkpoint_counts(gateway: Gateway, services: Services, file: File) -> None:
    """One that the log passed through agrees; one that it never signed is named by its file."""
    assert gateway("audit", "verify").exit_code == 0
    with services.store.read() as connection:
        note = connection.execute(text("SELECT note FROM checkpoints WHERE log = 1")).scalar_one()
    held = file(bytes(note), "kept.checkpoint")
    result = gateway("audit", "verify", "--held", held)
    assert "1 stored and 1 held checkpoints agree" in result.stdout
    text_, _, signature = bytes(note).decode().partition("\n\n")
    name, size, root = text_.split("\n")
    longer = f"{name}\n{int(size) + 1}\n{root}\n\n{signature}"
    forged = file(longer.encode(), "forged.checkpoint")
    result = gateway("audit", "verify", "--held", held, "--held", forged)
    assert result.exit_code == 1
    assert f"NOT VERIFIED: held checkpoint of {int(size) + 1} entries: " in result.stdout
    stranger = file(b"no checkpoint", "stranger.checkpoint")
    result = gateway("audit", "verify", "--held", stranger)
    assert result.exit_code == 1
    assert f"{stranger}: NOT VERIFIED: it is no checkpoint" in result.stdout


def test_a_receipt_goes_from_the_operator_to_whoever_checks_it(
    gateway: Gateway, services: Services, tmp_path: Path
) -> None:
    """Printed here, verified there: in an empty place, with an empty environment."""
    vkey = gateway("audit", "key").stdout.strip()
    entry_id = an_entry_id(services)
    result = gateway("audit", "receipt", entry_id)
    assert result.exit_code == 0
    place = tmp_path / "elsewhere"
    place.mkdir()
    (tmp_path / "receipt.json").write_text(result.stdout)
    answer = offline(place, "verify-receipt", "../receipt.json", "--key", vkey)
    assert answer.stdout.startswith(
        b"VERIFIED: entry 0 (log.opened, done, 2026-11-23T12:00:00.000000Z, id %s) is in the log"
        % entry_id.encode()
    )
    assert answer.returncode == 0
    assert list(place.iterdir()) == []


def test_there_is_no_receipt_of_what_is_not_there(gateway: Gateway, services: Services) -> None:
    """An unknown id, and one of another merchant, are the same."""
    result = gateway("audit", "receipt", "0" * 32)
    other = gateway("audit", "receipt", an_entry_id(services), "--merchant", "other")
    assert (result.exit_code, other.exit_code) == (1, 1)
    assert result.stderr == other.stderr == "Error: there is no such release\n"


@pytest.mark.parametrize(
    ("index", "says"),
    [(5, "NOT VERIFIED: inclusion"), (None, "NOT VERIFIED: receipt")],
    ids=["another entry", "no receipt"],
)
def test_a_false_receipt_is_refused(
    bare: Gateway, file: File, index: int | None, says: str
) -> None:
    """A sound proof with another entry, and no receipt at all; the step that failed is named."""
    receipt = receipt_in(LOG, ENTRIES, 5).as_json() if index else {}
    other = receipt_in(LOG, ENTRIES, 6).as_json()
    name = file({**receipt, "entry": other["entry"]})
    result = bare("audit", "verify-receipt", name, "--key", VKEY)
    assert result.exit_code == 1
    assert result.stdout.startswith(says)
    verdict = json.loads(bare("audit", "verify-receipt", name, "--key", VKEY, "--json").stdout)
    assert verdict["verified"] is False


def test_a_receipt_is_read_from_a_pipe(bare: Gateway) -> None:
    """And told for programs, with the entry that it proves."""
    raw = json.dumps(receipt_in(LOG, ENTRIES, 5).as_json()).encode()
    result = bare("audit", "verify-receipt", "-", "--key", VKEY, "--json", stdin=raw)
    told = json.loads(result.stdout)
    assert (told["verified"], told["index"], told["size"]) == (True, 5, 300)
    assert told["entry"]["action"] == "contact.released"


@pytest.mark.parametrize("log", [LOG, build([b"", b"of another kind", *ENTRIES[2:]])])
def test_a_log_on_disk_verifies_ours_or_a_stranger_s(
    environment: dict[str, str], bare: Gateway, tmp_path: Path, log: Any
) -> None:
    """Offline: neither settings nor data directory are looked for."""
    environment.update(GATEWAY_CONFIG="/nowhere/gateway.toml", GATEWAY_DATA="/nowhere")
    folder = str(log.write(tmp_path / "log"))
    held = tmp_path / "held"
    held.write_bytes(build(ENTRIES[:200]).note or b"")
    result = bare("audit", "verify-log", folder, "--key", VKEY)
    assert (result.exit_code, result.stdout[:9]) == (0, "VERIFIED:")
    kept = bare("audit", "verify-log", folder, "--key", VKEY, "--held", str(held))
    assert kept.exit_code == (0 if log is LOG else 1)


def test_a_spoilt_log_on_disk_is_refused(bare: Gateway, tmp_path: Path) -> None:
    """With the first entry that is wrong."""
    folder = LOG.write(tmp_path / "log")
    bundle = folder / "tile/entries/001.p/44"
    bundle.write_bytes(bundle.read_bytes().replace(b"dachser", b"dachsen"))
    result = bare("audit", "verify-log", str(folder), "--key", VKEY)
    assert result.exit_code == 1
    assert result.stdout.startswith("NOT VERIFIED: tile/entries/001.p/44, entry 256: ")


def test_the_stand_alone_verifier_is_handed_out(bare: Gateway, tmp_path: Path) -> None:
    """As the very file that is in the package; its help and ours say how to use it."""
    result = bare("audit", "auditor")
    assert result.exit_code == 0
    file = tmp_path / "auditor.py"
    file.write_bytes(result.stdout_bytes)
    assert auditor.__file__ is not None
    assert file.read_bytes() == Path(auditor.__file__).read_bytes()
    command = [sys.executable, file, "--help"]
    helped = subprocess.run(command, check=True, capture_output=True, env={}, cwd=tmp_path)
    assert b"python auditor.py receipt receipt.json --key VKEY" in helped.stdout
    assert "python auditor.py receipt receipt.json" in bare("audit", "auditor", "--help").stdout


def test_a_terminal_sees_how_far_it_is(services: Services, gateway: Gateway, data: Path) -> None:
    """A bar on standard error, and only there."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 120))
    os.set_blocking(ours, False)
    command = [sys.executable, "-m", "gateway", "audit", "verify"]
    environment = {"PYTHONPATH": str(ROOT), "GATEWAY_DATA": str(data), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs, check=True
    )
    shown = os.read(ours, 100_000)
    os.close(ours)
    os.close(theirs)
    assert ORIGIN.encode() in shown
    assert b"entries" in shown
    assert done.stdout.count(b"\n") == 1


def test_without_witness_or_holder_there_is_nothing_to_show(gateway: Gateway) -> None:
    """The settings' tables are named."""
    result = gateway("audit", "witness")
    assert result.exit_code == 1
    assert "[witnesses] and [holders]" in result.output
    assert "no witness has cosigned it" in gateway("audit", "verify").stdout


def test_a_witness_and_a_holder_are_brought_the_log(
    gateway: Gateway,
    told: Told,
    services: Services,
    environment: dict[str, str],
    clock: Clock,
    tmp_path: Path,
) -> None:
    """On demand; what they have is shown, and what failed ends with status 1."""
    gateway("audit", "verify")
    witness = Witness(clock)
    origin = ORIGIN.replace("default", "other")
    witness.logs = {name: services.store.logbook.notary.verifier(name) for name in (ORIGIN, origin)}
    (tmp_path / "gateway.toml").write_text(
        f"""[witnesses.known.w1]
url = "{witness.url}"
vkey = "{witness.signer.verifier.vkey()}"
[holders]
directory = "{tmp_path / "outside"}"
"""
    )
    environment["GATEWAY_CONFIG"] = str(tmp_path / "gateway.toml")
    shown = told("audit", "witness")
    assert [one["outcome"] for one in shown["anchors"]] == [None, None]
    result = gateway("audit", "witness", "--now")
    assert result.exit_code == 1
    assert "directory: FileNotFoundError" in result.stdout
    (tmp_path / "outside").mkdir()
    shown = told("audit", "witness", "--now")
    assert [one["outcome"] for one in shown["anchors"]] == ["confirmed", "confirmed"]
    verdict = told("audit", "verify")
    [log] = verdict["logs"]
    assert log["witnessed"] == {
        "size": log["size"],
        "at": "2026-11-23T12:00:00Z",
        "by": [witness.name],
    }
    clock.advance(minutes=3)
    assert "0:03:00 ago) by witness.example/w1" in gateway("audit", "verify").stdout
    [held] = (tmp_path / "outside").glob("default-*")
    result = gateway("audit", "verify", "--held", str(held))
    assert (result.exit_code, "2 held checkpoints agree" in result.stdout) == (0, True)
    witness.stop()
