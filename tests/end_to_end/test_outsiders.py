"""Outsiders check what a serving gateway publishes: with tools that are not ours, and after an erasure."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.audit import auditor
from gateway.audit.tiles import Tile, edge_tiles
from tests.audit.conftest import go_checker
from tests.builders import a_page, an_order, order_number
from tests.conftest import Template
from tests.end_to_end.live import Live, gateway

__all__ = ["go_checker"]

COUNT = 300
RELEASED = (0, 7, 250, 299)


@dataclass(frozen=True)
class Published:
    """A log as an outsider has it: its key, a copy of its files, and the receipts of some releases."""

    data: Path
    vkey: str
    folder: Path
    receipts: list[dict[str, str]]
    entries: list[dict[str, Any]]
    """As a reviewer is shown them, newest first."""


def copied(live: Live, token: str, folder: Path) -> None:
    """The whole log over HTTP, file by file, as c2sp.org/tlog-tiles lays it out."""
    note = live.send("GET", "/v1/audit/checkpoint")[2]
    folder.mkdir()
    (folder / "checkpoint").write_bytes(note)
    size = int(note.split(b"\n")[1])
    full = [Tile(0, number) for number in range(size // 256)]
    for tile in (*full, *edge_tiles(size)):
        kinds = [tile, Tile(-1, tile.index, tile.width)] if tile.level == 0 else [tile]
        for kind in kinds:
            status, _, content = live.send("GET", f"/v1/audit/{kind.path()}", token)
            assert status == 200, kind
            path = folder / kind.path()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


@pytest.fixture(scope="module")
def published(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    """Orders come in, contacts go out, a buyer is erased in between, and all of it is downloaded."""
    folder = tmp_path_factory.mktemp("outsiders")
    data = Path(shutil.copytree(template.data, folder / "data"))
    tokens = template.tokens
    live = Live(data)
    numbers = [order_number(at) for at in range(COUNT)]
    for start in range(0, COUNT, 100):
        page = a_page(an_order(number) for number in numbers[start : start + 100])
        assert live.send("POST", "/v1/orders", tokens["merchant"], page)[0] == 200
    ids = []
    for at in RELEASED:
        path = f"/v1/orders/{numbers[at]}/carrier"
        assert live.send("PUT", path, tokens["merchant"], {"carrier": "dachser"})[0] == 200
        asked = {"order_number": numbers[at], "purpose": "delivery-appointment"}
        status, _, body = live.send("POST", "/v1/releases", tokens["dachser"], asked)
        assert status == 200
        ids.append(json.loads(body)["release_id"])
    paths = [f"/v1/audit/receipts/{release_id}" for release_id in ids]
    before = [json.loads(live.send("GET", path, tokens["dachser"])[2]) for path in paths]
    done = gateway(data, "subjects", "erase", "--order", numbers[7], "--reason", "by letter")
    assert done.returncode == 0, done.stderr
    after = [json.loads(live.send("GET", path, tokens["reviewer"])[2]) for path in paths]
    shown = live.send("GET", "/v1/audit/entries?action=contact.released", tokens["reviewer"])[2]
    vkey = live.send("GET", "/v1/audit/key")[2].decode().strip()
    copied(live, tokens["reviewer"], folder / "log")
    yield Published(data, vkey, folder / "log", before + after, json.loads(shown)["entries"])
    live.stop()


def audited(*words: object) -> subprocess.CompletedProcess[bytes]:
    """The stand-alone auditor, as an auditor runs it: the file alone, in an empty place."""
    return subprocess.run(
        [sys.executable, "-I", auditor.__file__, *map(str, words)], capture_output=True, check=False
    )


def test_go_accepts_the_log_and_the_receipts(go_checker: Path, published: Published) -> None:
    """golang.org/x/mod/sumdb, which shares nothing with us; receipts from before an erasure and after."""
    claims = {"receipts": published.receipts, "consistency": []}
    (published.folder / "claims.json").write_text(json.dumps(claims))
    answer = subprocess.run(
        [go_checker, published.folder, published.vkey], capture_output=True, check=False
    )
    assert (answer.returncode, answer.stderr) == (0, b"")


def test_the_stand_alone_auditor_accepts_them(published: Published, tmp_path: Path) -> None:
    """Each receipt, and the whole log."""
    for at, receipt in enumerate(published.receipts):
        file = tmp_path / f"{at}.json"
        file.write_text(json.dumps(receipt))
        assert audited("receipt", file, "--key", published.vkey).returncode == 0
    said = audited("log", published.folder, "--key", published.vkey)
    assert said.returncode == 0, said.stdout
    assert b"numbered without gaps and in order of time" in said.stdout


def test_our_own_offline_commands_accept_them(published: Published, tmp_path: Path) -> None:
    """They read neither settings nor the database."""
    nowhere = tmp_path / "nowhere"
    words = ("audit", "verify-log", str(published.folder), "--key", published.vkey)
    assert gateway(nowhere, *words).returncode == 0
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(published.receipts[-1]))
    words = ("audit", "verify-receipt", str(file), "--key", published.vkey)
    assert gateway(nowhere, *words).returncode == 0
    assert not nowhere.exists()


def test_a_changed_copy_is_refused_by_all(
    go_checker: Path, published: Published, tmp_path: Path
) -> None:
    """One letter of one entry; the same checks can fail."""
    folder = tmp_path / "log"
    subprocess.run(["cp", "-r", published.folder, folder], check=True)
    (folder / "claims.json").write_text('{"receipts": [], "consistency": []}')
    bundle = folder / "tile/entries/000"
    bundle.write_bytes(bundle.read_bytes().replace(b"order.stored", b"order.stared", 1))
    answer = subprocess.run([go_checker, folder, published.vkey], capture_output=True, check=False)
    assert answer.returncode == 1
    assert audited("log", folder, "--key", published.vkey).returncode == 1
    words = ("audit", "verify-log", str(folder), "--key", published.vkey)
    assert gateway(tmp_path / "nowhere", *words).returncode == 1


def test_an_erased_buyer_s_entries_hold_and_show_as_erased(published: Published) -> None:
    """To the reviewer and in the export; every receipt names the same entry as before the erasure."""
    count = len(RELEASED)
    assert [one["entry"] for one in published.receipts[:count]] == [
        one["entry"] for one in published.receipts[count:]
    ]
    erased = [entry.get("erased", False) for entry in published.entries]
    assert erased == [False, False, True, False]
    said = gateway(published.data, "audit", "export", "--action", "contact.released")
    exported = [json.loads(line) for line in said.stdout.splitlines()]
    assert [entry.get("erased", False) for entry in exported] == erased[::-1]
    assert gateway(published.data, "audit", "verify").returncode == 0
