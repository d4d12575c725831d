"""`gateway init`: everything is there afterwards, private, and running it again changes nothing."""

import json
from pathlib import Path

from tests.cli.conftest import Gateway
from tests.conftest import Clock


def modes(directory: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in directory.rglob("*")}


def test_it_sets_everything_up(fresh: Gateway, environment: dict[str, str]) -> None:
    """Data directory, keys, database, first merchant and policy; then the other commands work."""
    result = fresh("init", "--json")
    assert result.exit_code == 0, result.output
    data = Path(environment["GATEWAY_DATA"])
    told = json.loads(result.stdout)
    assert told["data_directory"] == str(data)
    assert told["merchants"] == ["default"]
    assert told["policy"].startswith("sha256:")
    assert fresh("doctor").exit_code == 0
    assert fresh("clients", "list").exit_code == 0


def test_nobody_else_can_read_what_it_makes(fresh: Gateway, environment: dict[str, str]) -> None:
    """The directory is 0700, and every file in it 0600."""
    fresh("init")
    data = Path(environment["GATEWAY_DATA"])
    assert data.stat().st_mode & 0o777 == 0o700
    assert all(mode & 0o077 == 0 for mode in modes(data).values()), modes(data)


def test_running_it_again_changes_nothing(fresh: Gateway, environment: dict[str, str]) -> None:
    """Keys, merchants and the log stay as they are."""
    first = fresh("init").output
    keyring = (Path(environment["GATEWAY_DATA"]) / "keyring.json").read_bytes()
    log = fresh("audit", "export").stdout
    assert fresh("init").output == first
    assert (Path(environment["GATEWAY_DATA"]) / "keyring.json").read_bytes() == keyring
    after = fresh("audit", "export").stdout.splitlines()
    assert after[: len(log.splitlines())] == log.splitlines()
    assert [json.loads(line)["action"] for line in after] == [
        "log.opened",
        "policy.changed",
        "audit.exported",
    ]


def test_the_clock_is_watched_from_here_on(fresh: Gateway, clock: Clock) -> None:
    """One that jumps before anything else ran erases nothing."""
    fresh("init")
    clock.advance(days=100)
    result = fresh("retention", "run")
    assert result.exit_code == 1
    assert "100 days ahead" in result.stderr


def test_a_directory_that_others_can_read_is_refused(
    bare: Gateway, environment: dict[str, str]
) -> None:
    """Keys do not go where others look; the error says how to close it. Closed, it serves."""
    data = Path(environment["GATEWAY_DATA"])
    data.mkdir(mode=0o755)
    data.chmod(0o755)
    result = bare("init")
    assert result.exit_code == 1
    assert f"chmod 700 {data}" in result.stderr
    assert list(data.iterdir()) == []
    data.chmod(0o700)
    assert bare("init").exit_code == 0


def test_a_place_that_is_none_is_named(bare: Gateway, environment: dict[str, str]) -> None:
    """A file where the directory should be is an error that names it."""
    Path(environment["GATEWAY_DATA"]).write_text("")
    result = bare("init")
    assert result.exit_code == 1
    assert environment["GATEWAY_DATA"] in result.stderr


def test_a_database_password_is_not_shown(fresh: Gateway, environment: dict[str, str]) -> None:
    """A database that does not answer is an error without its address."""
    environment["GATEWAY_DATABASE"] = "postgresql+psycopg://gateway:s3cret@127.0.0.1:1/none"
    result = fresh("init")
    assert result.exit_code == 1
    assert "s3cret" not in result.output
    assert "127.0.0.1:1/none does not answer" in result.stderr
    assert "127.0.0.1:1/none does not answer" in fresh("doctor").stdout
    assert "127.0.0.1:1/none does not answer" in fresh("clients", "list").stderr
