"""What lets a client in: a plain token, or access tokens that its own key asks for as they are needed."""

from collections.abc import Callable
from threading import Lock
from typing import Any, Protocol

from gateway.client.faults import ClientError, ProblemError
from gateway.client.own_key import OwnKey
from gateway.client.wire import Wire

_METADATA = "/.well-known/oauth-authorization-server"
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_EARLY_SECONDS = 30
"""A token is not shown any more so long before its end: a request takes time to arrive."""


class Access(Protocol):
    """Gives the headers that let one request in."""

    def headers(self, method: str, path: str) -> dict[str, str]:
        """For one request, sent once."""
        ...


class PlainToken:
    """A token that the operator made, or what gives the one that counts now."""

    def __init__(self, token: str | Callable[[], str]) -> None:
        self._token = token

    def headers(self, _method: str, _path: str) -> dict[str, str]:
        """RFC 6750."""
        token = self._token if isinstance(self._token, str) else self._token()
        return {"Authorization": f"Bearer {token}"}


class OwnAccess:
    """Access tokens of a few minutes, bound to the key that asked for them."""

    def __init__(self, wire: Wire, key: OwnKey) -> None:
        self._wire = wire
        self._key = key
        self._lock = Lock()
        self._token = ""
        self._until = 0.0

    def headers(self, method: str, path: str) -> dict[str, str]:
        """RFC 9449: the token, and a proof for this very request."""
        address = self._wire.url + path.partition("?")[0]
        with self._lock:
            if self._key.now() >= self._until:
                self._renew()
            token = self._token
        return {
            "Authorization": f"DPoP {token}",
            "DPoP": self._key.proof(method, address, token),
        }

    def _renew(self) -> None:
        endpoint = self._endpoint()
        answer = self._wire.ask("POST", endpoint, lambda: self._request(endpoint))
        if not answer.is_good:
            told = {
                "title": answer.body.get("error"),
                "detail": answer.body.get("error_description"),
            }
            raise ProblemError(answer.status, told, answer.retry_after)
        self._token = str(answer.body["access_token"])
        self._until = self._key.now() + int(answer.body["expires_in"]) - _EARLY_SECONDS

    def _endpoint(self) -> str:
        """Where tokens are asked for, below the gateway's address."""
        url = self._wire.url
        answer = self._wire.ask("GET", _METADATA, dict)
        if not answer.is_good:
            raise answer.problem()
        issuer, endpoint = str(answer.body.get("issuer")), str(answer.body.get("token_endpoint"))
        # RFC 8414 §3.3: whoever answers under another name could have the assertion used elsewhere.
        if issuer != url or not endpoint.startswith(f"{url}/"):
            raise ClientError(
                f"{url} calls itself {issuer}: use that address, if it is the gateway's"
            )
        return endpoint.removeprefix(url)

    def _request(self, endpoint: str) -> dict[str, Any]:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": self._key.assertion(self._wire.url),
        }
        proof = self._key.proof("POST", self._wire.url + endpoint)
        return {"headers": {"DPoP": proof}, "fields": form, "encode_multipart": False}
