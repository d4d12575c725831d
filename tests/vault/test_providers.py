"""Every provider wraps keys that it alone unwraps, under their own names alone, and says when it cannot."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway import settings as gateway_settings
from gateway.errors import ConfigurationError
from gateway.settings import KmsSettings, OpenBaoSettings, Pkcs11Settings
from gateway.vault.providers.choice import providers
from gateway.vault.providers.file import FileProvider
from gateway.vault.providers.kms import KmsProvider
from gateway.vault.providers.openbao import OpenBaoProvider
from gateway.vault.providers.pkcs11 import Pkcs11Provider
from gateway.vault.providers.provider import KeyDamaged, Provider, ProviderDown
from tests.vault.real import Bao, free_port

KEY_ID = "contact-2026-11-23-1"
SECRET = bytes(range(32))
KINDS = ("file", "openbao", "aws-kms", "pkcs11")


@pytest.fixture
def open_provider(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Provider]:
    """Opens a provider of a kind; twice the same kind is the same place."""

    def opened(kind: str) -> Provider:
        match kind:
            case "file":
                return FileProvider(tmp_path / "root.key", os.urandom)
            case "openbao":
                return OpenBaoProvider(request.getfixturevalue("bao_settings"))
            case "aws-kms":
                return KmsProvider(request.getfixturevalue("kms_settings"))
            case _:
                return Pkcs11Provider(request.getfixturevalue("pkcs11_settings"), os.urandom)

    return opened


@pytest.fixture(params=KINDS)
def provider(request: pytest.FixtureRequest, open_provider: Callable[[str], Provider]) -> Provider:
    """Each kind in turn."""
    return open_provider(request.param)


def test_what_was_wrapped_is_unwrapped(
    provider: Provider, open_provider: Callable[[str], Provider]
) -> None:
    """A key comes back whole, also to another process that reaches the same provider."""
    wrapped = provider.wrap(KEY_ID, SECRET)
    assert provider.unwrap(KEY_ID, wrapped) == SECRET
    assert open_provider(provider.name).unwrap(KEY_ID, wrapped) == SECRET


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(secret=st.binary(min_size=32, max_size=32))
def test_any_key_comes_back(provider: Provider, secret: bytes) -> None:
    """No key is special to a provider, and none shows in what it wraps."""
    wrapped = provider.wrap(KEY_ID, secret)
    assert secret not in wrapped
    assert provider.unwrap(KEY_ID, wrapped) == secret


def test_a_wrapped_key_stands_for_its_own_name(provider: Provider) -> None:
    """Under another key's name it stays closed."""
    wrapped = provider.wrap(KEY_ID, SECRET)
    provider.wrap("contact-2026-11-24-1", SECRET)
    with pytest.raises(KeyDamaged):
        provider.unwrap("contact-2026-11-24-1", wrapped)


@pytest.mark.parametrize("kept", [0, 5, 20])
def test_what_was_changed_or_cut_stays_closed(provider: Provider, kept: int) -> None:
    """A changed or truncated wrapped key is damaged, not a crash."""
    wrapped = provider.wrap(KEY_ID, SECRET)
    with pytest.raises(KeyDamaged):
        provider.unwrap(KEY_ID, wrapped[:kept])
    with pytest.raises(KeyDamaged):
        provider.unwrap(KEY_ID, wrapped[:-1] + bytes([wrapped[-1] ^ 1]))


def test_forgetting_one_key_leaves_the_others(provider: Provider) -> None:
    """What is forgotten is forgotten once for all; other keys open as before."""
    provider.wrap(KEY_ID, SECRET)
    other = provider.wrap("index-all-1", SECRET)
    provider.forget(KEY_ID)
    provider.forget(KEY_ID)
    assert provider.unwrap("index-all-1", other) == SECRET


@pytest.mark.parametrize("kind", ["openbao", "pkcs11"])
def test_forgetting_is_final_where_each_key_has_a_wrapping_key(
    kind: str, open_provider: Callable[[str], Provider]
) -> None:
    """No copy of the wrapped key opens again, not even under a wrapping key of the same name."""
    provider = open_provider(kind)
    wrapped = provider.wrap(KEY_ID, SECRET)
    provider.forget(KEY_ID)
    with pytest.raises(KeyDamaged):
        provider.unwrap(KEY_ID, wrapped)
    provider.wrap(KEY_ID, SECRET)
    with pytest.raises(KeyDamaged):
        provider.unwrap(KEY_ID, wrapped)


# ---- The root key's file ------------------------------------------------------------------------


def test_a_root_key_open_to_others_is_refused(tmp_path: Path) -> None:
    """What others may have read wraps nothing; the message says what to do."""
    root = tmp_path / "root.key"
    provider = FileProvider(root, os.urandom)
    wrapped = provider.wrap(KEY_ID, SECRET)
    assert root.stat().st_mode & 0o777 == 0o600
    root.chmod(0o644)
    with pytest.raises(ProviderDown, match="chmod 600"):
        provider.unwrap(KEY_ID, wrapped)


@pytest.mark.parametrize("content", ["", "AAAA", "not base64 at all", "A" * 43])
def test_a_file_that_is_no_root_key_is_refused(tmp_path: Path, content: str) -> None:
    """A damaged root key is said to be one, and left as it is."""
    root = tmp_path / "root.key"
    root.write_text(content)
    root.chmod(0o600)
    with pytest.raises(ProviderDown, match="holds no root key"):
        FileProvider(root, os.urandom).wrap(KEY_ID, SECRET)
    assert root.read_text() == content


def test_a_root_key_that_cannot_be_written_is_a_clear_fault(tmp_path: Path) -> None:
    """Without a place for its root key the provider wraps nothing."""
    (tmp_path / "file").touch()
    with pytest.raises(ProviderDown, match="file"):
        FileProvider(tmp_path / "file" / "root.key", os.urandom).wrap(KEY_ID, SECRET)


# ---- OpenBao ------------------------------------------------------------------------------------


def test_openbao_down_is_said_with_its_address(bao_settings: OpenBaoSettings) -> None:
    """Nobody listens: the reason names the server."""
    closed = replace(bao_settings, url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ProviderDown, match=r"127\.0\.0\.1:\d+ cannot be reached"):
        OpenBaoProvider(closed).wrap(KEY_ID, SECRET)


def test_openbao_refusing_the_token_is_said(bao_settings: OpenBaoSettings) -> None:
    """A token that has run out, or may not do what is asked."""
    provider = OpenBaoProvider(bao_settings)
    wrapped = provider.wrap(KEY_ID, SECRET)
    bao_settings.token_file.write_text("expired")
    with pytest.raises(ProviderDown, match="permission denied"):
        provider.unwrap(KEY_ID, wrapped)


def test_openbaos_token_may_be_renewed_in_its_file(bao: Bao, bao_settings: OpenBaoSettings) -> None:
    """The token is read at each call: an agent's renewal needs no restart."""
    provider = OpenBaoProvider(bao_settings)
    wrapped = provider.wrap(KEY_ID, SECRET)
    bao_settings.token_file.write_text(bao.token())
    assert provider.unwrap(KEY_ID, wrapped) == SECRET
    bao_settings.token_file.unlink()
    with pytest.raises(ProviderDown, match="token_file"):
        provider.unwrap(KEY_ID, wrapped)


def test_openbao_without_the_engine_is_said(bao: Bao, bao_settings: OpenBaoSettings) -> None:
    """A mount that is not there is a fault of the settings, and named so."""
    bao_settings.token_file.write_text(bao.root_token)
    with pytest.raises(ProviderDown, match="no transit engine"):
        OpenBaoProvider(replace(bao_settings, mount="nowhere")).wrap(KEY_ID, SECRET)


def test_a_sealed_openbao_serves_again_when_it_is_unsealed(
    bao: Bao, bao_settings: OpenBaoSettings
) -> None:
    """While the server is sealed the reason says so; nothing is lost by it."""
    provider = OpenBaoProvider(bao_settings)
    wrapped = provider.wrap(KEY_ID, SECRET)
    bao.ask("PUT", "sys/seal")
    try:
        with pytest.raises(ProviderDown, match="sealed"):
            provider.unwrap(KEY_ID, wrapped)
    finally:
        bao.ask("PUT", "sys/unseal", {"key": bao.unseal_key()})
    assert provider.unwrap(KEY_ID, wrapped) == SECRET


@pytest.fixture
def not_bao() -> Iterator[tuple[HTTPServer, dict[str, Any]]]:
    """Another server altogether, and what it answers to everything."""
    answer: dict[str, Any] = {"status": 200, "body": b"<html>It works!</html>"}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(answer["status"])
            self.end_headers()
            self.wfile.write(answer["body"])

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server, answer
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, b"<html>It works!</html>", "none of the transit engine"),
        (200, b"{}", "none of the transit engine"),
        (200, b"[]", "none of the transit engine"),
        (200, b'{"data":{"plaintext":"*"}}', "none of the transit engine"),
        (502, b"", "status 502"),
        (599, b"", "status 599"),
    ],
)
def test_an_answer_that_is_none_of_the_engine_is_a_fault(
    not_bao: tuple[HTTPServer, dict[str, Any]],
    tmp_path: Path,
    status: int,
    body: bytes,
    reason: str,
) -> None:
    """Pointed at something else, the provider says so instead of taking what it was answered."""
    server, answer = not_bao
    answer |= {"status": status, "body": body}
    (tmp_path / "token").write_text("invented")
    url = f"http://127.0.0.1:{server.server_port}"
    provider = OpenBaoProvider(OpenBaoSettings(url, "transit", "", tmp_path / "token", None))
    with pytest.raises(ProviderDown, match=reason):
        provider.unwrap(KEY_ID, b"vault:v1:AAAA")
    with pytest.raises(ProviderDown):
        provider.wrap(KEY_ID, SECRET)


# ---- AWS KMS ------------------------------------------------------------------------------------


def test_kms_says_why_it_does_not_serve(kms_settings: KmsSettings) -> None:
    """A key that is not there is named, with AWS's own code."""
    gone = replace(kms_settings, key_id="00000000-0000-0000-0000-000000000000")
    with pytest.raises(ProviderDown, match="NotFoundException for key 00000000"):
        KmsProvider(gone).wrap(KEY_ID, SECRET)


def test_kms_out_of_reach_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """No endpoint, or no credentials: the kind of fault is named."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "invented")
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ProviderDown, match="EndpointConnectionError"):
        KmsProvider(KmsSettings("alias/gateway", "eu-central-1")).wrap(KEY_ID, SECRET)


# ---- PKCS#11 ------------------------------------------------------------------------------------


def test_a_wrapping_key_cannot_be_read_from_the_token(pkcs11_settings: Pkcs11Settings) -> None:
    """It is made in the token, sensitive and not extractable."""
    import pkcs11

    Pkcs11Provider(pkcs11_settings, os.urandom).wrap(KEY_ID, SECRET)
    library = pkcs11.lib(str(pkcs11_settings.module))
    token = library.get_token(token_label=pkcs11_settings.token)
    with token.open() as session:
        key = session.get_key(label=f"gateway-{KEY_ID}")
        assert key[pkcs11.Attribute.SENSITIVE]
        assert not key[pkcs11.Attribute.EXTRACTABLE]
        with pytest.raises(pkcs11.exceptions.AttributeSensitive):
            key[pkcs11.Attribute.VALUE]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"token": "elsewhere"}, "NoSuchToken from token elsewhere"),
        ({"module": Path("/nowhere/library.so")}, "PKCS11Error"),
        ({"pin_file": Path("/nowhere/pin")}, "FileNotFoundError"),
    ],
)
def test_a_token_that_cannot_be_opened_is_said(
    pkcs11_settings: Pkcs11Settings, changes: dict[str, object], reason: str
) -> None:
    """A token that is not plugged in, a library or a PIN that is not there."""
    with pytest.raises(ProviderDown, match=reason):
        Pkcs11Provider(replace(pkcs11_settings, **changes), os.urandom).wrap(KEY_ID, SECRET)


def test_a_token_that_failed_is_tried_again(pkcs11_settings: Pkcs11Settings) -> None:
    """A wrong PIN now does not keep the right one from working later."""
    provider = Pkcs11Provider(pkcs11_settings, os.urandom)
    pkcs11_settings.pin_file.write_text("9999")
    with pytest.raises(ProviderDown, match="PinIncorrect"):
        provider.wrap(KEY_ID, SECRET)
    pkcs11_settings.pin_file.write_text("1234")
    assert provider.unwrap(KEY_ID, provider.wrap(KEY_ID, SECRET)) == SECRET


def test_a_pin_that_was_refused_is_not_tried_again(pkcs11_settings: Pkcs11Settings) -> None:
    """A token that locks after a few wrong ones is asked once; another PIN in the file is tried."""
    provider = Pkcs11Provider(pkcs11_settings, os.urandom)
    pkcs11_settings.pin_file.write_text("9999")
    with pytest.raises(ProviderDown, match="PinIncorrect"):
        provider.wrap(KEY_ID, SECRET)
    for _ in range(2):
        with pytest.raises(ProviderDown, match=f"refused the PIN in {pkcs11_settings.pin_file}"):
            provider.wrap(KEY_ID, SECRET)
    pkcs11_settings.pin_file.write_text("8888")
    with pytest.raises(ProviderDown, match="PinIncorrect"):
        provider.wrap(KEY_ID, SECRET)


def test_a_forked_process_opens_the_token_for_itself(pkcs11_settings: Pkcs11Settings) -> None:
    """A session does not survive a fork; the child begins its own."""
    provider = Pkcs11Provider(pkcs11_settings, os.urandom)
    wrapped = provider.wrap(KEY_ID, SECRET)
    child = os.fork()
    if child == 0:  # pragma: no cover  another process
        os._exit(0 if provider.unwrap(KEY_ID, wrapped) == SECRET else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert provider.unwrap(KEY_ID, wrapped) == SECRET


# ---- The libraries they need --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "module", "extra"),
    [("aws-kms", "boto3", "kms"), ("pkcs11", "pkcs11", "pkcs11")],
)
def test_a_missing_library_is_named_with_its_extra(
    kind: str, module: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever chooses a provider without its library is told what to install."""
    named = {
        "GATEWAY_DATA": str(tmp_path),
        "GATEWAY_KEYS__PROVIDER": kind,
        "GATEWAY_KMS__KEY_ID": "alias/gateway",
        "GATEWAY_KMS__REGION": "eu-central-1",
        "GATEWAY_PKCS11__MODULE": "/x",
        "GATEWAY_PKCS11__TOKEN": "x",
        "GATEWAY_PKCS11__PIN_FILE": "/x",
    }
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigurationError, match=rf"contact-export-gateway\[{extra}\]"):
        providers(gateway_settings.load(named), os.urandom)(kind)
