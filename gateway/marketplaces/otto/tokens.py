"""Access tokens of OTTO's API, kept in memory as long as OTTO says; no secret leaves it but to OTTO."""

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from gateway.errors import Unavailable
from gateway.marketplaces.otto.api_facts import ApiFacts
from gateway.marketplaces.otto.calls import PART, Answer, Calls, Surroundings

_EARLY_SECONDS = 30.0
"""So much before a token's end it is renewed: it must last for the request that carries it."""

# RFC 6749, section 5.2: only these words of a refusal are repeated.
_ERRORS = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    }
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What OTTO gives for an app; `host` names one of the configured hosts."""

    host: str
    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Token:
    bearer: str = field(repr=False)
    until: float
    scopes: frozenset[str] | None


class Tokens:
    """The token in hand, and the next one when it is needed (OAuth 2.0, client credentials)."""

    def __init__(
        self, calls: Calls, facts: ApiFacts, credentials: Credentials, around: Surroundings
    ) -> None:
        self._calls = calls
        self._facts = facts
        self._credentials = credentials
        self._around = around
        self._token: _Token | None = None

    def bearer(self) -> str:
        """A token that is not over. Unavailable when OTTO gives none."""
        return self._current().bearer

    def scopes(self) -> frozenset[str] | None:
        """What the token allows; None where OTTO does not say, which means: all that was asked for."""
        return self._current().scopes

    def forget(self) -> None:
        """The token was refused: the next one is asked for."""
        self._token = None

    def _current(self) -> _Token:
        if self._token is None or self._around.ticks() >= self._token.until:
            self._token = self._fetch()
        return self._token

    def _fetch(self) -> _Token:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._credentials.client_id,
            "client_secret": self._credentials.client_secret,
            "scope": " ".join(self._facts.scopes),
        }
        # The time before, not after: the token may have begun to age on its way.
        asked_at = self._around.ticks()
        answer = self._calls.post(self._facts.paths.token, form)
        if answer.status != HTTPStatus.OK:
            raise Unavailable(PART, f"OTTO gives no token: {_why(answer)}")
        given = _members(answer.body)
        bearer, lifetime = given.get("access_token"), given.get("expires_in")
        if not isinstance(bearer, str) or not bearer or not bearer.isascii():
            raise Unavailable(PART, "OTTO's answer to the request for a token holds none")
        return _Token(bearer, asked_at + _seconds(lifetime), _scopes(given.get("scope")))


def _why(answer: Answer) -> str:
    error = _members(answer.body).get("error")
    said = error if isinstance(error, str) and error in _ERRORS else f"status {answer.status}"
    fix = (
        "grant the scopes of config/marketplaces/otto.toml to the app in OTTO Partner Connect"
        if said == "invalid_scope"
        else "the credentials are wrong or revoked: gateway orders sync --set-credentials"
    )
    return f"{said}; {fix}"


def _members(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _seconds(lifetime: Any) -> float:
    """How long the token serves; one without a lifetime serves until it is refused."""
    try:
        seconds = float(lifetime)
    except (TypeError, ValueError):
        return float("inf")
    return max(seconds - _EARLY_SECONDS, seconds / 2)


def _scopes(text: Any) -> frozenset[str] | None:
    return frozenset(text.split()) if isinstance(text, str) else None
