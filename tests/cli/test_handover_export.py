"""`gateway handover export`: a file for the carrier alone, every contact in it on record."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from gateway.handover.keys import carrier_keys
from gateway.usecases import register
from gateway.usecases.actors import OPERATOR
from gateway.usecases.services import Services
from tests.builders import an_address, an_order, order_number
from tests.cli.conftest import Gateway
from tests.conftest import NOW, a_carrier
from tests.end_to_end.live import environment
from tests.handover.carrier import Private

ODD = order_number(2)
Told = Callable[..., Any]


class Carrier:
    """Dachser with a key of its own, and three orders that wait for it."""

    def __init__(self, gateway: Gateway, services: Services, folder: Path) -> None:
        self.private = Private()
        self.gateway = gateway
        self.services = services
        self.file = folder / "contacts.jwe"
        self.registered(public_key=self.private.public_pem)
        orders = [an_order(order_number(count)) for count in range(2)]
        orders.append(an_order(ODD, deliveryAddress=an_address(firstName="Łukasz")))
        gateway("orders", "import", "-", stdin=json.dumps(orders).encode())
        for order in orders:
            gateway("orders", "assign", order["orderNumber"], "--carrier", "dachser")

    def registered(self, **terms: Any) -> None:
        """Dachser with these terms, and rhenus."""
        carriers = [a_carrier("dachser", **terms), a_carrier("rhenus")]
        register.apply(self.services.store, "default", OPERATOR, carriers)

    def export(self, *words: str) -> Any:
        """Export to the file."""
        usual = ("handover", "export", "--carrier", "dachser", "--out", str(self.file))
        return self.gateway(*usual, *words)

    def opened(self) -> tuple[str, str]:
        """Media type and text of the file, opened and verified by another library than the writer's."""
        around = JWE()
        around.deserialize(self.file.read_text(), JWK.from_pem(self.private.secret_pem))
        inside = JWS()
        inside.allowed_algs = ["Ed25519"]
        keys = carrier_keys(self.services.keyring, "default", "dachser", NOW)
        inside.deserialize(around.payload.decode(), JWK(**keys.senders[0].public_jwk()))
        return inside.jose_header["cty"], inside.payload.decode("latin-1")

    def released(self) -> list[Any]:
        """The releases on record."""
        lines = self.gateway("audit", "export", "--action", "contact.released").stdout
        return [json.loads(line) for line in lines.splitlines()]


@pytest.fixture
def carrier(gateway: Gateway, services: Services, tmp_path: Path) -> Carrier:
    """Dachser has registered a key."""
    return Carrier(gateway, services, tmp_path)


@pytest.mark.parametrize(
    ("form", "media_type", "mark"),
    [
        ("csv", "text/csv", '"tel:+493023125001"'),
        ("vcard", "text/vcard", "TEL;VALUE=uri;TYPE=voice:tel:+493023125001"),
        ("iftmin", "application/EDIFACT", "COM+?+493023125001:TE'"),
        ("fortras", "text/plain;charset=ISO-8859-1", "TEL+493023125001 "),
    ],
)
def test_a_file_opens_for_the_carrier_alone(
    carrier: Carrier, form: str, media_type: str, mark: str
) -> None:
    """Sealed, signed, mode 0600; each contact is a release by this way."""
    result = carrier.export(
        "--format", form, "--order", order_number(0), "--order", order_number(1)
    )
    assert result.exit_code == 0, result.output
    assert "2 contacts exported" in result.stderr
    kind, text = carrier.opened()
    assert (kind, text.count(mark)) == (media_type, 2)
    assert stat.S_IMODE(carrier.file.stat().st_mode) == 0o600
    assert "Mustermann" not in result.output + carrier.file.read_text()
    entries = carrier.released()
    assert [entry["detail"]["way"] for entry in entries] == ["file", "file"]
    assert {entry["carrier"] for entry in entries} == {"dachser"}


def test_without_orders_the_whole_worklist_goes(carrier: Carrier) -> None:
    """What the charset cannot carry is named, stays out, and makes the exit status 1."""
    result = carrier.export("--format", "iftmin", "--json")
    assert result.exit_code == 1
    told = json.loads(result.stderr)
    assert sorted(told["exported"]) == [order_number(0), order_number(1)]
    assert told["unfit"] == {ODD: "name has characters that UNOC does not have"}
    _, text = carrier.opened()
    assert (text.count("UNH+"), text.count(f"RFF+CU:{ODD}")) == (2, 0)
    assert len(carrier.released()) == 3
    assert carrier.export("--format", "iftmin", "--charset", "UNOD").exit_code == 0


def test_the_policy_decides_as_for_any_release(carrier: Carrier) -> None:
    """Another's order and one that is not there: refused by name, and the others are in the file."""
    carrier.gateway("orders", "assign", order_number(1), "--carrier", "rhenus")
    words = [
        it for number in (order_number(0), order_number(1), "none") for it in ("--order", number)
    ]
    result = carrier.export("--format", "csv", "--field", "phone", *words)
    assert result.exit_code == 1
    assert f"refused: order {order_number(1)}: recipient_not_responsible" in result.stderr
    _, text = carrier.opened()
    assert (text.count("tel:"), "Erika" in text) == (1, False)
    [entry] = carrier.released()
    assert entry["fields"] == ["phone"]


def test_nothing_is_released_for_a_file_that_cannot_be(carrier: Carrier, tmp_path: Path) -> None:
    """No such folder, no key to encrypt to, no terminal to show it on, no such carrier."""
    usual = ("handover", "export", "--format", "csv")
    nowhere = carrier.gateway(
        *usual, "--carrier", "dachser", "--out", str(tmp_path / "no" / "file")
    )
    assert (nowhere.exit_code, "cannot be written" in nowhere.output) == (1, True)
    piped = carrier.gateway(*usual, "--carrier", "dachser", "--out", "-", "--plain")
    assert (piped.exit_code, "terminal" in piped.output) == (2, True)
    assert carrier.export("--format", "csv", "--plain").exit_code == 2
    carrier.registered()
    keyless = carrier.export("--format", "csv")
    assert (keyless.exit_code, "public_key" in keyless.output) == (1, True)
    lost = carrier.gateway(*usual, "--carrier", "dachsre", "--out", "-")
    assert (lost.exit_code, "not registered" in lost.output) == (1, True)
    assert (carrier.released(), carrier.file.exists()) == ([], False)


def test_a_terminal_may_say_otherwise(carrier: Carrier, data: Path) -> None:
    """A dispatcher at the machine sees the card; that is a release as well."""
    words = ("--format", "vcard", "--order", order_number(0), "--out", "-", "--plain")
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "gateway", "handover", "export", "--carrier", "dachser"]
    done = subprocess.run(
        [*command, *words], env=environment(data), stdout=theirs, check=True, timeout=60
    )
    os.close(theirs)
    shown = os.read(ours, 4096).decode()
    os.close(ours)
    assert done.returncode == 0
    assert "FN:Erika Mustermann" in shown
    assert len(carrier.released()) == 1
