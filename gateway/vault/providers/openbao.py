"""OpenBao's (or HashiCorp Vault's) transit engine: a wrapping key for each of ours, which never leaves it.

Because every key has a wrapping key of its own, destroying one there makes every copy of that key
worthless, in whatever backup of the keyring it may lie. Needs a policy on the mount that allows
`create`, `read`, `update` and `delete` on `keys/PREFIX*`, and `update` on `encrypt/PREFIX*` and
`decrypt/PREFIX*`. The API is OpenBao's "Transit secrets engine (API)".
"""

import base64
import json
from http import HTTPStatus
from pathlib import Path

import urllib3
from urllib3.exceptions import HTTPError

from gateway.settings import OpenBaoSettings
from gateway.vault.providers.provider import KeyDamaged, ProviderDown

NAME = "openbao"
_TIMEOUT = urllib3.Timeout(connect=1.0, read=3.0)


class OpenBaoProvider:
    """Wraps through `POST …/encrypt` with AES-256-GCM; our key's name is bound in."""

    name = NAME

    def __init__(self, settings: OpenBaoSettings) -> None:
        self._settings = settings
        ca_file = settings.ca_file
        self._pool = urllib3.PoolManager(
            timeout=_TIMEOUT,
            retries=False,
            cert_reqs="CERT_REQUIRED",
            ca_certs=str(ca_file) if ca_file else None,
        )

    def wrap(self, key_id: str, secret: bytes) -> bytes:
        """The engine's ciphertext, `vault:v1:…`; its wrapping key is made where it is not there."""
        self._done(self._send("POST", self._path("keys", key_id), {"type": "aes256-gcm96"}))
        body = {"plaintext": _base64(secret), "associated_data": _base64(key_id.encode())}
        return self._call("encrypt", key_id, "ciphertext", body).encode()

    def unwrap(self, key_id: str, wrapped: bytes) -> bytes:
        """The secret."""
        body = {
            "ciphertext": wrapped.decode("ascii", "replace"),
            "associated_data": _base64(key_id.encode()),
        }
        text = self._call("decrypt", key_id, "plaintext", body)
        try:
            return base64.b64decode(text, validate=True)
        except ValueError as fault:
            raise ProviderDown(self.name, _STRANGE) from fault

    def forget(self, key_id: str) -> None:
        """Delete the wrapping key, all its versions."""
        path = self._path("keys", key_id)
        if self._send("GET", path).status == HTTPStatus.NOT_FOUND:
            return
        self._done(self._send("POST", f"{path}/config", {"deletion_allowed": True}))
        self._done(self._send("DELETE", path))

    def _call(self, verb: str, key_id: str, wanted: str, body: object) -> str:
        """The member of the answer's data that is wanted."""
        response = self._send("POST", self._path(verb, key_id), body)
        if response.status == HTTPStatus.BAD_REQUEST and verb == "decrypt":
            raise KeyDamaged(self.name, key_id)
        self._done(response)
        try:
            return str(json.loads(response.data)["data"][wanted])
        except (ValueError, KeyError, TypeError) as fault:
            raise ProviderDown(self.name, _STRANGE) from fault

    def _done(self, response: urllib3.BaseHTTPResponse) -> None:
        if response.status not in {HTTPStatus.OK, HTTPStatus.NO_CONTENT}:
            raise ProviderDown(self.name, _why(response.status))

    def _path(self, verb: str, key_id: str) -> str:
        return f"{self._settings.mount}/{verb}/{self._settings.prefix}{key_id}"

    def _send(self, method: str, path: str, body: object = None) -> urllib3.BaseHTTPResponse:
        url = f"{self._settings.url.rstrip('/')}/v1/{path}"
        headers = {"X-Vault-Token": self._token(), "X-Vault-Request": "true"}
        try:
            return self._pool.request(
                method, url, headers=headers, body=None if body is None else json.dumps(body)
            )
        except HTTPError as fault:
            reason = f"{self._settings.url} cannot be reached ({type(fault).__name__})"
            raise ProviderDown(self.name, reason) from fault

    def _token(self) -> str:
        """Read each time: an agent renews the file."""
        path: Path = self._settings.token_file
        try:
            return path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as fault:
            reason = f"openbao.token_file: {path} cannot be read"
            raise ProviderDown(self.name, reason, path) from fault


_STRANGE = "an answer that is none of the transit engine"
_WHY: dict[int, str] = {
    HTTPStatus.FORBIDDEN: "permission denied; its token has run out, or its policy lacks a path",
    HTTPStatus.SERVICE_UNAVAILABLE: "it is sealed, or in maintenance",
    HTTPStatus.NOT_FOUND: "there is no transit engine at openbao.mount",
}


def _why(status: int) -> str:
    """By the status alone: what it says could repeat what was sent."""
    return _WHY.get(status, f"status {status}")


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
