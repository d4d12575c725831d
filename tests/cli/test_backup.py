"""`gateway backup`: as an operator types it, from the identities to the restored gateway."""

import json
from pathlib import Path

import pytest

from tests.builders import an_order
from tests.cli.conftest import Gateway
from tests.conftest import Clock, Template


@pytest.fixture
def identities(gateway: Gateway, environment: dict[str, str], tmp_path: Path) -> list[str]:
    """Two identities, whose recipients are in the settings."""
    words = []
    for setting in ("RECIPIENTS", "KEYRING_RECIPIENTS"):
        file = tmp_path / f"{setting}.key"
        made = gateway("backup", "key", str(file))
        assert made.stdout.startswith("age1")
        assert file.stat().st_mode & 0o777 == 0o600
        environment[f"GATEWAY_BACKUP__{setting}"] = made.stdout.strip()
        words += ["--identity", str(file)]
    return words


def test_an_identity_is_never_written_over(gateway: Gateway, tmp_path: Path) -> None:
    """What it opens would be lost."""
    assert gateway("backup", "key", str(tmp_path / "my.key")).exit_code == 0
    again = gateway("backup", "key", str(tmp_path / "my.key"))
    assert (again.exit_code, "never overwritten" in again.output) == (1, True)


def test_there_and_back(
    gateway: Gateway,
    environment: dict[str, str],
    identities: list[str],
    template: Template,
    tmp_path: Path,
    clock: Clock,
) -> None:
    """Made, verified, restored elsewhere: the order stands there as it stood here."""
    order = json.dumps(an_order()).encode()
    assert gateway("orders", "import", "-", stdin=order).exit_code == 0
    shelf = tmp_path / "shelf"
    made = gateway("backup", "create", str(shelf), "--json")
    assert made.exit_code == 0, made.output
    files = json.loads(made.stdout)
    verified = gateway(
        "backup", "verify", files["database"], "--keyring", files["keyring"], *identities
    )
    assert verified.exit_code == 0, verified.output
    assert "It opens and is whole" in verified.stdout
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (elsewhere / "policy-proof.json").write_bytes(
        (template.data / "policy-proof.json").read_bytes()
    )
    environment["GATEWAY_DATA"] = str(elsewhere)
    words = ("backup", "restore", files["database"], "--keyring", files["keyring"], *identities)
    restored = gateway(*words)
    assert restored.exit_code == 0, restored.output
    assert "rows are back" in restored.stdout
    assert "Order bagm62dvgp" in gateway("orders", "show", "bagm62dvgp").stdout
    again = gateway(*words)
    assert (again.exit_code, "has tables already" in again.output) == (1, True)


def test_without_recipients_it_says_how(gateway: Gateway, tmp_path: Path) -> None:
    """Nothing is written in the clear for want of a key."""
    done = gateway("backup", "create", str(tmp_path / "shelf"))
    assert (done.exit_code, "gateway backup key" in done.output) == (1, True)
    assert not (tmp_path / "shelf").exists()
