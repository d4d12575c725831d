"""The files that operators deploy with: sound by the tools that read them, and true to the package."""

import configparser
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from gateway.cli import main
from tests.end_to_end.live import ROOT

DEPLOY = ROOT / "config" / "deploy"


@pytest.fixture
def services() -> dict[str, Any]:
    """The services of the Compose file."""
    services: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    return services


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """Every directive is known and well formed; only the program stands elsewhere here."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    unit = (DEPLOY / "gateway.service").read_text()
    here = tmp_path / "gateway.service"
    here.write_text(unit.replace("/opt/gateway/bin/gateway", sys.executable))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(here)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_systemd_finds_little_exposed() -> None:
    """By its own count, of which 10.0 is a service without any wall: at most 1.5."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    unit = DEPLOY / "gateway.service"
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=15", str(unit)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_the_unit_serves_without_asking_the_doctor() -> None:
    """Deletions that a stop left overdue are found by the doctor, and mended by serving alone.

    The user is a named one: commands run under it as well, on the same files.
    """
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.read(DEPLOY / "gateway.service")
    assert "ExecStartPre" not in unit["Service"]
    assert unit["Service"]["ExecStart"].endswith("/gateway serve")
    assert unit["Service"]["User"] == "gateway"


def test_the_dockerfile_passes_its_linter() -> None:
    """Without a rule switched off."""
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [linter, "--no-color", DEPLOY / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert "hadolint ignore" not in (DEPLOY / "Dockerfile").read_text()


def test_what_compose_mounts_and_runs_is_there(services: dict[str, Any]) -> None:
    """Files beside it, and commands with options that the package has."""
    mounted = [one.split(":")[0] for it in services.values() for one in it.get("volumes", [])]
    made_by_the_operator = {"./tls"}
    for path in {one for one in mounted if one.startswith("./")} - made_by_the_operator:
        assert (DEPLOY / path).is_file(), path
    assert "gateway init --grant-to gateway_service" in services["migrate"]["command"][0]
    shown = CliRunner().invoke(main, ["init", "--help"])
    assert "--grant-to" in shown.output


def test_only_the_proxy_is_reachable_from_outside(services: dict[str, Any]) -> None:
    """Neither database nor gateway publishes a port, and the proxy has no way to the database."""
    assert [name for name, it in services.items() if "ports" in it] == ["proxy"]
    assert set(services["proxy"]["networks"]).isdisjoint(services["database"]["networks"])


def test_the_service_does_not_hold_the_owners_password(services: dict[str, Any]) -> None:
    """The role that may change the log's rows is the migration's alone."""
    assert services["gateway"]["secrets"] == ["service-password"]


def test_the_proxy_shows_no_counters_and_waits_for_whole_requests() -> None:
    """A slow sender holds one of its connections, never a thread of the gateway."""
    text = (DEPLOY / "nginx.conf").read_text()
    assert "proxy_request_buffering on;" in text
    assert "location = /metrics { return 404; }" in text
