"""`gateway doctor`: what does not hold is found, and each finding says how to mend it."""

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gateway.usecases.services import Services
from gateway.vault import age_files
from gateway.vault.providers.file import FileProvider
from tests.builders import an_order
from tests.cli.conftest import Gateway
from tests.conftest import Clock


def findings(result: Any, health: str) -> dict[str, str | None]:
    """The parts in this state, with the fix of each."""
    found = json.loads(result.stdout)["findings"]
    return {it["part"]: it["fix"] for it in found if it["health"] == health}


def test_a_sound_gateway_is_told_so(fresh: Gateway) -> None:
    """Nothing is broken, exit status 0, a line for every part."""
    fresh("init")
    result = fresh("doctor", "--json")
    assert result.exit_code == 0
    assert findings(result, "broken") == {}
    assert set(findings(result, "ok")) >= {
        *("settings", "data directory", "policy", "keys", "database", "deletion"),
    }


def test_a_gateway_that_is_not_set_up_is_told_how(
    bare: Gateway, environment: dict[str, str]
) -> None:
    """It looks, says what is missing, and creates nothing."""
    result = bare("doctor", "--json")
    assert result.exit_code == 1
    assert findings(result, "broken") == {"data directory": "gateway init"}
    assert not Path(environment["GATEWAY_DATA"]).exists()


def test_bad_settings_are_found(fresh: Gateway, environment: dict[str, str]) -> None:
    """The key is named; what stands on the settings is not looked at."""
    environment["GATEWAY_SERVICE__PORT"] = "many"
    result = fresh("doctor")
    assert result.exit_code == 1
    assert "GATEWAY_SERVICE__PORT" in result.stdout
    assert len(result.stdout.splitlines()) == 1


def test_a_service_beyond_this_machine_is_noted(
    fresh: Gateway, environment: dict[str, str]
) -> None:
    """It may be meant, so it is no error; but it wants a proxy with TLS."""
    fresh("init")
    environment["GATEWAY_SERVICE__HOST"] = "192.0.2.1"
    result = fresh("doctor", "--json")
    assert result.exit_code == 0
    assert "TLS proxy" in str(findings(result, "note")["settings"])


@pytest.mark.parametrize("name", ["", "keyring.json"])
def test_what_others_can_read_is_found(
    fresh: Gateway, environment: dict[str, str], name: str
) -> None:
    """The data directory and the keyring: with the command that closes them."""
    fresh("init")
    path = Path(environment["GATEWAY_DATA"]) / name
    path.chmod(0o755)
    result = fresh("doctor")
    assert result.exit_code == 1
    assert "broken" in result.stdout
    assert f"chmod {'600' if name else '700'} {path}" in result.stdout


def test_a_token_that_everybody_can_read_is_found(
    fresh: Gateway, environment: dict[str, str], tmp_path: Path
) -> None:
    """Whoever writes it may let a group read it, and nobody else."""
    fresh("init")
    token = tmp_path / "bao.token"
    token.write_text("s.invented")
    environment["GATEWAY_OPENBAO__TOKEN_FILE"] = str(token)
    token.chmod(0o644)
    assert findings(fresh("doctor", "--json"), "broken") == {"permissions": f"chmod o= {token}"}
    token.chmod(0o640)
    assert fresh("doctor").exit_code == 0


def test_what_stands_too_close_together_is_noted(
    fresh: Gateway, environment: dict[str, str], tmp_path: Path
) -> None:
    """The root key beside what it opens, the list of erasures on the disk that a backup is there for."""
    environment["GATEWAY_BACKUP__RECIPIENTS"] = age_files.make_identity(tmp_path / "database.key")
    fresh("init")
    said = fresh("doctor").stdout
    assert "keys.root_file elsewhere" in said
    assert "backup.tombstones_file on another disk" in said
    environment["GATEWAY_KEYS__ROOT_FILE"] = str(tmp_path / "usb" / "root.key")
    environment["GATEWAY_BACKUP__TOMBSTONES_FILE"] = str(tmp_path / "usb" / "tombstones")
    (tmp_path / "usb").mkdir()
    (Path(environment["GATEWAY_DATA"]) / "root.key").rename(tmp_path / "usb" / "root.key")
    assert "places" in findings(fresh("doctor", "--json"), "ok")


def test_an_empty_database_is_found(fresh: Gateway, environment: dict[str, str]) -> None:
    """Tables that are not there, with the command that makes them."""
    fresh("init")
    for path in Path(environment["GATEWAY_DATA"]).glob("gateway.db*"):
        path.unlink()
    result = fresh("doctor", "--json")
    assert result.exit_code == 1
    assert findings(result, "broken") == {"database": "gateway init"}


def test_overdue_contacts_are_found(gateway: Gateway, clock: Clock) -> None:
    """Contacts that should be gone, until retention has run."""
    gateway("orders", "import", "-", stdin=json.dumps(an_order("aaaaaaaaa1")).encode())
    clock.advance(days=90)
    result = gateway("doctor", "--json")
    assert result.exit_code == 1
    assert findings(result, "broken") == {"deletion": "gateway retention run"}
    gateway("retention", "run")
    assert gateway("doctor").exit_code == 0


def test_a_lost_keyring_is_found_and_nothing_is_put_in_its_place(
    gateway: Gateway, data: Path
) -> None:
    """Neither the doctor nor an import begins another one; what brings it back is said."""
    assert _import(gateway, "aaaaaaaaa1").exit_code == 0
    (data / "keyring.json").unlink()
    result = gateway("doctor")
    assert result.exit_code == 1
    assert "2 contacts are under keys that the keyring does not hold" in result.stdout
    assert "gateway backup restore --keyring FILE" in result.stdout
    refused = _import(gateway, "aaaaaaaaa2")
    assert (refused.exit_code, "keyring.json is gone" in refused.output) == (1, True)
    assert not (data / "keyring.json").exists()


def _import(gateway: Gateway, number: str) -> Any:
    return gateway("orders", "import", "-", stdin=json.dumps(an_order(number)).encode())


def test_a_rotation_that_is_not_through_is_noted(gateway: Gateway) -> None:
    """Until every contact is under the newest keys."""
    _import(gateway, "aaaaaaaaa1")
    gateway("keys", "rotate", "--later")
    noted = findings(gateway("doctor", "--json"), "note")
    assert "gateway keys rewrap" in str(noted["sealed contacts"])
    gateway("keys", "rewrap")
    assert "sealed contacts" not in findings(gateway("doctor", "--json"), "note")


def test_each_fault_of_the_key_provider_has_its_fix(gateway: Gateway, data: Path) -> None:
    """A root key that is not there, and another one in its place; the log is no fault of its own."""
    _import(gateway, "aaaaaaaaa1")
    root = data / "root.key"
    kept = root.read_bytes()
    root.unlink()
    broken = findings(gateway("doctor", "--json"), "broken")
    assert broken.keys() == {"key provider"}
    assert "keys.root_file" in str(broken["key provider"])
    root.write_bytes(base64.b64encode(os.urandom(32)))
    root.chmod(0o600)
    assert "restore --keyring" in str(
        findings(gateway("doctor", "--json"), "broken")["key provider"]
    )
    root.write_bytes(kept)
    assert gateway("doctor").exit_code == 0


def test_a_lost_list_of_erasures_is_found_and_made_anew(
    gateway: Gateway, environment: dict[str, str], data: Path, tmp_path: Path
) -> None:
    """By the log: the backup that is made next has it whole again."""
    for name in ("recipients", "keyring_recipients"):
        identity = age_files.make_identity(tmp_path / name)
        environment[f"GATEWAY_BACKUP__{name.upper()}"] = identity
    _import(gateway, "aaaaaaaaa1")
    assert gateway("subjects", "erase", "--order", "aaaaaaaaa1", "--reason", "asked").exit_code == 0
    before = (data / "tombstones").read_text()
    (data / "tombstones").unlink()
    broken = findings(gateway("doctor", "--json"), "broken")
    assert broken == {"erasures": "gateway backup create DIRECTORY writes it anew"}
    assert gateway("backup", "create", str(tmp_path / "shelf")).exit_code == 0
    assert (data / "tombstones").read_text() == before
    assert "erasures" in findings(gateway("doctor", "--json"), "ok")


def test_a_clock_that_jumped_erases_nothing(gateway: Gateway, clock: Clock) -> None:
    """Until it is set right, or somebody says that it is; the doctor tells both ways."""
    gateway("orders", "import", "-", stdin=json.dumps(an_order("aaaaaaaaa1")).encode())
    assert gateway("retention", "run").exit_code == 0
    clock.advance(days=92)
    for words in (("retention", "run"), ("keys", "destroy-expired")):
        refused = gateway(*words)
        assert (refused.exit_code, "nothing is erased" in refused.stderr) == (1, True)
    assert gateway("orders", "show", "aaaaaaaaa1").stdout.count("is erased by") == 1
    broken = findings(gateway("doctor", "--json"), "broken")
    assert "gateway retention run --clock-is-right" in str(broken["clock"])
    said = gateway("retention", "run", "--clock-is-right")
    assert (said.exit_code, "of 1 orders" in said.stdout) == (0, True)
    assert "clock" not in findings(gateway("doctor", "--json"), "broken")


def test_a_clock_behind_the_log_is_found(gateway: Gateway, clock: Clock) -> None:
    """Entries would all have the time of the last one."""
    gateway("orders", "import", "-", stdin=json.dumps(an_order("aaaaaaaaa1")).encode())
    clock.advance(days=-1)
    assert "yet to reach" in gateway("doctor").stdout


def test_a_keyring_of_another_gateway_is_found(gateway: Gateway, data: Path) -> None:
    """Though its keys have the names of the right ones."""
    path = data / "keyring.json"
    _import(gateway, "aaaaaaaaa1")
    whole = json.loads(path.read_bytes())
    older = [row for row in whole["keys"] if row["use"] != "contact"]
    path.write_text(json.dumps(whole | {"keys": older}))
    assert "lacks contact-2026-11-23-1" in _import(gateway, "aaaaaaaaa2").output
    root = FileProvider(data / "root.key", os.urandom)
    for row in whole["keys"]:
        if row["use"] == "contact":
            wrapped = root.wrap(row["key_id"], os.urandom(32))
            row["wrapped"] = base64.b64encode(wrapped).decode()
    path.write_text(json.dumps(whole))
    result = gateway("doctor")
    assert result.exit_code == 1
    assert "contact-2026-11-23-1 is another key than the one" in result.stdout
    assert "move it away" in result.stdout


def test_registrations_that_lapse_are_noted(
    gateway: Gateway, told: Callable[..., Any], clock: Clock
) -> None:
    """Lapsed ones, and those that lapse within a month; a note, since it may be meant."""
    text = gateway("doctor").stdout
    assert "emons of default is not current" in text
    assert "emons of other is not current" in text
    assert "dachser" not in text
    clock.advance(days=380)
    assert "dachser of default lapses soon" in gateway("doctor").stdout


def test_missing_witnesses_holders_and_backups_are_noted(
    fresh: Gateway, environment: dict[str, str], tmp_path: Path
) -> None:
    """Each with its fix; they may be meant, so nothing is broken."""
    fresh("init")
    result = fresh("doctor", "--json")
    assert result.exit_code == 0
    assert "[holders]" in str(findings(result, "note")["witnesses"])
    assert "gateway backup key" in str(findings(result, "note")["backup"])
    environment["GATEWAY_HOLDERS__DIRECTORY"] = str(tmp_path / "holder")
    assert "[witnesses]" in str(findings(fresh("doctor", "--json"), "note")["witnesses"])


def test_a_backup_is_asked_for_until_it_is_made_and_when_it_is_old(
    fresh: Gateway, environment: dict[str, str], tmp_path: Path, clock: Clock
) -> None:
    """As the log tells; a day-old one is fine."""
    fresh("init")
    for name in ("recipients", "keyring_recipients"):
        identity = age_files.make_identity(tmp_path / name)
        environment[f"GATEWAY_BACKUP__{name.upper()}"] = identity
    assert "backup create" in str(findings(fresh("doctor", "--json"), "note")["backup"])
    assert fresh("backup", "create", str(tmp_path / "shelf")).exit_code == 0
    clock.advance(days=1)
    assert "backup" in findings(fresh("doctor", "--json"), "ok")
    clock.advance(days=2)
    assert "backup create" in str(findings(fresh("doctor", "--json"), "note")["backup"])


def test_a_log_that_failed_its_verification_is_told(gateway: Gateway, services: Services) -> None:
    """Until it was verified a first time, that is asked for."""
    part = "verification"

    def told(health: str) -> str:
        found = json.loads(gateway("doctor", "--json").stdout)["findings"]
        return " ".join(it["says"] for it in found if (it["part"], it["health"]) == (part, health))

    assert "log of default was never verified" in told("note")
    for merchant in ("default", "other"):
        assert gateway("audit", "verify", "--merchant", merchant).exit_code == 0
    assert "each log held when it was last verified" in told("ok")
    edit = "UPDATE entries SET leaf = replace(leaf, 'carrier', 'courier') WHERE log = 1 AND \"index\" = 2"
    with services.store.change() as connection:
        connection.execute(text(edit))
    assert gateway("audit", "verify").exit_code == 1
    assert "2026q4 did not hold on 2026-11-23 12:00 UTC: entry 2" in told("broken")
