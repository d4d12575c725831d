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


def test_a_lost_keyring_comes_back_alone(
    gateway: Gateway, identities: list[str], data: Path, tmp_path: Path, clock: Clock
) -> None:
    """Beside the database that stands; what was destroyed since stays so."""
    order = json.dumps(an_order()).encode()
    gateway("orders", "import", "-", stdin=order)
    gateway("backup", "create", str(tmp_path / "shelf"))
    clock.advance(hours=1)
    revoked = gateway("keys", "revoke", "contact-2026-11-23-1")
    assert revoked.exit_code == 0, revoked.output
    copy = str(tmp_path / "shelf" / "keyring.age")
    (data / "keyring.json").unlink()
    none = gateway("backup", "restore", *identities)
    assert (none.exit_code, "name the backup" in none.output) == (2, True)
    older = gateway("backup", "restore", "--keyring", copy, *identities)
    assert "Erased again: 0 subjects, 0 contacts, 1 keys." in older.output
    broken = gateway("doctor").stdout
    assert "2 contacts are under keys that the keyring does not hold" in broken


def test_a_keyring_from_the_newest_backup_opens_everything(
    gateway: Gateway, identities: list[str], data: Path, tmp_path: Path
) -> None:
    """After it nothing is broken, and orders come in again."""
    gateway("orders", "import", "-", stdin=json.dumps(an_order()).encode())
    gateway("backup", "create", str(tmp_path / "shelf"))
    (data / "keyring.json").unlink()
    copy = str(tmp_path / "shelf" / "keyring.age")
    back = gateway("backup", "restore", "--keyring", copy, *identities)
    assert "The keyring is back." in back.output
    assert "broken" not in gateway("doctor").stdout
    further = json.dumps(an_order("aaaaaaaaa1")).encode()
    assert gateway("orders", "import", "-", stdin=further).exit_code == 0


def test_no_database_is_restored_without_its_keyring(
    gateway: Gateway, environment: dict[str, str], identities: list[str], tmp_path: Path
) -> None:
    """Where no keyring is, its backup is asked for, and nothing is written."""
    gateway("orders", "import", "-", stdin=json.dumps(an_order()).encode())
    made = gateway("backup", "create", str(tmp_path / "shelf"), "--json")
    environment["GATEWAY_DATA"] = str(tmp_path / "elsewhere")
    alone = gateway("backup", "restore", json.loads(made.stdout)["database"], *identities)
    assert (alone.exit_code, "name its backup with --keyring" in alone.output) == (1, True)
    assert not (tmp_path / "elsewhere" / "keyring.json").exists()
