"""Settings that do not hold stop the start: each is named where it was given, with what belongs there."""

from pathlib import Path

import pytest

from gateway import settings
from gateway.errors import ConfigurationError


def _says(**environment: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        settings.load(environment)
    return str(caught.value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a test writes its settings."""
    return tmp_path / "gateway.toml"


def test_every_error_is_told_at_once(file: Path) -> None:
    """With the file that it stands in, so that one look at it mends all."""
    file.write_text('[service]\nport = "x"\nworkers = 0\n[audit]\nperiod = "week"\n')
    told = _says(GATEWAY_CONFIG=str(file)).split("; ")
    assert told == [
        f"{file}: service.port: Not a valid integer.",
        f"{file}: service.workers: Must be greater than or equal to 1 and less than or equal to 256.",
        f"{file}: audit.period: Must be one of: month, quarter, year.",
    ]


def test_what_the_environment_says_is_named_as_it_is_there() -> None:
    """Not as a line of a file, in which nobody would find it."""
    assert _says(GATEWAY_SERVICE__PORT="abc") == "GATEWAY_SERVICE__PORT: Not a valid integer."
    told = _says(GATEWAY_DATABASE="mysql://me:secret@db/x")
    assert told == "GATEWAY_DATABASE: an sqlite:/// or postgresql:// URL"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("GATEWAY_SERVICE__PROT", "there is no such key; port is meant?"),
        ("GATEWAY_SERVCE__PORT", "there is no such key; service is meant?"),
        ("GATEWAY_SERVICE__COLOUR", "there is no such key"),
    ],
)
def test_an_unknown_key_is_told_with_the_one_that_is_close(name: str, meant: str) -> None:
    """A slip of the finger is mended without the manual."""
    told = _says(**{name: "1"})
    assert told == f"{name}: {meant}"


def test_a_file_that_is_no_toml_is_told_with_its_line(file: Path) -> None:
    """As the parser has it."""
    file.write_text("[service]\nport = \n")
    told = _says(GATEWAY_CONFIG=str(file))
    assert told.startswith(f"{file}: ")
    assert "line 2" in told


def test_the_environment_goes_before_the_file(file: Path) -> None:
    """And GATEWAY_DATABASE before the key of the table."""
    file.write_text('[service]\nport = 9001\n[database]\nurl = "sqlite:////tmp/file.db"\n')
    read = settings.load({"GATEWAY_CONFIG": str(file)})
    assert (read.service.port, read.database_url) == (9001, "sqlite:////tmp/file.db")
    told = {"GATEWAY_SERVICE__PORT": "9002", "GATEWAY_DATABASE": "postgresql://db/gateway"}
    read = settings.load({"GATEWAY_CONFIG": str(file), **told})
    assert (read.service.port, read.database_url) == (9002, "postgresql://db/gateway")
