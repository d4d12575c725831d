"""`gateway orders`: every form goes in, every bad order is named without its values, nothing is lost."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.resources import default_config
from tests.builders import a_freight_item, a_parcel_item, an_address, an_order
from tests.cli.conftest import Gateway

File = Callable[..., str]
Told = Callable[..., Any]
A, B = an_order("aaaaaaaaa1"), an_order("aaaaaaaaa2")
BAD = an_order("aaaaaaaaa3", positionItems=[])
SECRETS = ("Mustermann", "23125001", "erika@example.org")


def ndjson(*values: Any) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


@pytest.mark.parametrize(
    ("content", "stored"),
    [
        (A, 1),
        ({"resources": [A, B], "links": []}, 2),
        ([A, B], 2),
        (ndjson(A, B), 2),
        (b"[]", 0),
    ],
    ids=["one order", "a page", "an array", "NDJSON", "an empty array"],
)
def test_every_form_goes_in(told: Told, file: File, content: Any, stored: int) -> None:
    """One order, a page, an array, lines; from a file and from a pipe; a second time changes nothing."""
    path = file(content)
    nothing = {"rejected": [], "broken": None}
    assert told("orders", "import", path) == {"stored": stored, "unchanged": 0, **nothing}
    piped = told("orders", "import", "-", stdin=Path(path).read_bytes())
    assert piped == {"stored": 0, "unchanged": stored, **nothing}


def test_a_bad_order_is_named_and_the_good_ones_stored(gateway: Gateway, file: File) -> None:
    """Position, order number, field and what is wrong, on the error output; exit status 1."""
    result = gateway("orders", "import", file([A, BAD, 7, B]))
    assert result.exit_code == 1
    assert result.stdout == "2 stored, 0 unchanged, 2 rejected\n"
    first, second = result.stderr.splitlines()
    assert first.startswith("rejected: position 2, order aaaaaaaaa3: positionItems: ")
    assert second.startswith("rejected: position 3: order: at line 1, byte ")
    assert gateway("orders", "show", "aaaaaaaaa2").exit_code == 0
    assert gateway("orders", "show", "aaaaaaaaa3").exit_code == 1


def test_no_value_of_an_order_is_printed(gateway: Gateway, file: File) -> None:
    """Neither good nor bad orders show anything of the buyer."""
    hostile = an_order(
        "aaaaaaaaa4",
        orderDate=SECRETS[2],
        deliveryAddress=an_address(countryCode="+49 30 23125001", email=["erika@example.org"]),
    )
    for words in ([], ["--json"]):
        result = gateway("orders", "import", file([A, BAD, hostile]), *words)
        assert result.exit_code == 1
        assert not any(secret in result.output for secret in SECRETS)


def test_rejects_are_written_whole_for_their_owner_alone(
    gateway: Gateway, file: File, tmp_path: Path
) -> None:
    """One a line, to be mended and imported again; nobody else can read them."""
    rejects = tmp_path / "bad.ndjson"
    rejects.write_text("old")
    rejects.chmod(0o644)
    pretty = json.dumps([A, BAD, {"orderNumber": "x"}], indent=2).encode()
    result = gateway("orders", "import", file(pretty), "--rejects", str(rejects))
    assert result.exit_code == 1
    lines = rejects.read_bytes().splitlines()
    assert [json.loads(line) for line in lines] == [BAD, {"orderNumber": "x"}]
    assert rejects.stat().st_mode & 0o777 == 0o600
    mended = BAD | {"positionItems": [a_freight_item()]}
    again = gateway("orders", "import", file(ndjson(mended)))
    assert again.stdout == "1 stored, 0 unchanged, 0 rejected\n"


def test_rejects_never_overwrite_the_input(gateway: Gateway, file: File) -> None:
    """The same file for both is wrong usage, and it stays as it is."""
    path = file([A, BAD])
    before = Path(path).read_bytes()
    result = gateway("orders", "import", path, "--rejects", path)
    assert result.exit_code == 2
    assert "would overwrite the input" in result.stderr
    assert Path(path).read_bytes() == before


def test_rejects_that_cannot_be_written_are_named_first(
    gateway: Gateway, file: File, tmp_path: Path
) -> None:
    """Nothing is imported when the bad ones would be lost."""
    result = gateway("orders", "import", file([A]), "--rejects", str(tmp_path / "no" / "bad"))
    assert result.exit_code == 1
    assert "--rejects" in result.stderr
    assert gateway("orders", "show", "aaaaaaaaa1").exit_code == 1


def test_broken_json_keeps_what_came_before(gateway: Gateway, file: File) -> None:
    """The place is named, everything before it is stored, exit status 1."""
    broken = json.dumps([A, B]).encode()[:-40]
    result = gateway("orders", "import", file(broken))
    assert result.exit_code == 1
    assert result.stdout == "1 stored, 0 unchanged, 0 rejected\n"
    assert "Error: line 1, byte " in result.stderr
    assert "What came before is stored" in result.stderr
    assert gateway("orders", "show", "aaaaaaaaa1").exit_code == 0


def test_broken_json_is_told_in_json_too(gateway: Gateway, file: File) -> None:
    """The document that is printed is whole, whatever became of the input."""
    broken = json.dumps([A, BAD, B]).encode()[:-40]
    result = gateway("orders", "import", file(broken), "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert (told["stored"], told["unchanged"]) == (1, 0)
    assert [it["position"] for it in told["rejected"]] == [2]
    assert told["broken"]["line"] == 1


@pytest.mark.parametrize(
    "content", [b"", b"\xef\xbb\xbf[]", b"\xff\xfe[\0]\0", b"hello", b"{", b"null"]
)
def test_what_is_no_json_of_orders_is_an_error(
    gateway: Gateway, file: File, content: bytes
) -> None:
    """Empty, with byte order mark, UTF-16, prose: said in one line, exit status 1."""
    result = gateway("orders", "import", file(content))
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1


def test_a_pipe_sees_no_progress_bar(gateway: Gateway, file: File) -> None:
    """Nothing but the result is printed where no terminal is."""
    result = gateway("orders", "import", file([A]))
    assert result.stderr == ""


def test_another_merchants_import_is_its_own(gateway: Gateway, file: File) -> None:
    """What is imported for one merchant is not there for the other."""
    assert gateway("orders", "import", file([A]), "--merchant", "other").exit_code == 0
    assert gateway("orders", "show", "aaaaaaaaa1").exit_code == 1
    assert gateway("orders", "show", "aaaaaaaaa1", "--merchant", "other").exit_code == 0


def test_assigning_opens_the_window(told: Told, file: File) -> None:
    """The order shows carrier, consignment and an open window; assigning again changes nothing."""
    told("orders", "import", file([A]))
    words = ("orders", "assign", "aaaaaaaaa1", "--carrier", "dachser", "--consignment", "DE-1")
    shown = told(*words)
    [item] = shown["position_items"]
    assert (item["carrier"], item["consignment"], item["window"]) == ("dachser", "DE-1", "open")
    assert told(*words) == shown == told("orders", "show", "aaaaaaaaa1")


def test_single_pieces_can_be_assigned(told: Told, gateway: Gateway, file: File) -> None:
    """Of a mixed order the freight piece goes to the carrier; a parcel cannot."""
    pieces = [a_freight_item("piece-1"), a_parcel_item("piece-2")]
    told("orders", "import", file([an_order("aaaaaaaaa1", positionItems=pieces)]))
    words = ("orders", "assign", "aaaaaaaaa1", "--carrier", "dachser")
    shown = told(*words, "--item", "piece-1")
    assert [it["carrier"] for it in shown["position_items"]] == ["dachser", None]
    refused = gateway(*words, "--item", "piece-2")
    assert refused.exit_code == 1
    assert "piece-2 goes by parcel" in refused.stderr


def test_a_carrier_that_cannot_be_is_refused(gateway: Gateway, file: File) -> None:
    """An unknown carrier, with the way to the known ones."""
    gateway("orders", "import", file([A]))
    result = gateway("orders", "assign", "aaaaaaaaa1", "--carrier", "dascher")
    assert result.exit_code == 1
    assert "carrier: dascher is not registered; gateway carriers list" in result.stderr


def test_an_order_is_shown_without_its_contact(gateway: Gateway, file: File) -> None:
    """State, deadline and kind of address, piece by piece; nothing of the buyer."""
    gateway("orders", "import", file([A]))
    for words in ([], ["--json"]):
        result = gateway("orders", "show", "aaaaaaaaa1", *words)
        assert result.exit_code == 0
        assert "freight" in result.stdout
        assert "relay" in result.stdout
        assert not any(secret in result.output for secret in SECRETS)


def test_another_marketplaces_export_goes_in(gateway: Gateway, file: File, tmp_path: Path) -> None:
    """Bad rows are named, and stand under the header in a file that goes in once they are mended."""
    export = (default_config() / "demo/feed.csv").read_bytes()
    rows = export.splitlines(keepends=True)
    bad = [*rows[:3], rows[3].replace(b"Paket", b"Brieftaube")]
    rejects = tmp_path / "rejects.csv"
    of_feed = ("orders", "import", "--marketplace", "feed")
    result = gateway(*of_feed, file(b"".join(bad)), "--rejects", str(rejects))
    assert result.exit_code == 1
    assert result.stdout == "1 stored, 0 unchanged, 1 rejected\n"
    assert 'order WEB-1002: row 4, "Versandart": holds a word' in result.stderr
    assert rejects.read_bytes() == rows[0] + bad[3]
    rejects.write_bytes(rejects.read_bytes().replace(b"Brieftaube", b"Paket"))
    assert gateway(*of_feed, str(rejects)).stdout == "1 stored, 0 unchanged, 0 rejected\n"
    assert "Order WEB-1002 of feed" in gateway("orders", "show", "WEB-1002").stdout
    wrong = gateway("orders", "import", "--marketplace", "ebay", file(b"{}"))
    assert (wrong.exit_code, "feed, otto" in wrong.stderr) == (1, True)
