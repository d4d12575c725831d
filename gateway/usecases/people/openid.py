"""Signs people in through the house's own OpenID Connect provider; only an account that is there opens.

Authorization code with PKCE, state and nonce (OpenID Connect Core 3.1, RFC 9700). It never makes an
account, never believes an address that the provider did not verify, never takes another person for whom the
account was first opened, and never opens a carrier's: the merchant's provider must not let anybody
see a contact.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests import RequestException

from gateway.errors import Unavailable
from gateway.settings import OpenidSettings
from gateway.storage import sessions
from gateway.storage.openid_bindings import Person
from gateway.storage.store import Store
from gateway.usecases.people import signin
from gateway.usecases.people.accounts import hashed, secret
from gateway.usecases.people.signin import NotLetIn, SignedIn, Vouched

_ALGORITHMS = ("RS256", "PS256", "ES256", "Ed25519")
_SKEW_SECONDS = 60
_KIND = "openid"
_LIFE = timedelta(minutes=10)
"""How long somebody may take at the provider."""

_KNOWN_LIFE = timedelta(hours=1)
_TIMEOUT_SECONDS = 5
_LONGEST_SUBJECT = 255
_DISCOVERY = "/.well-known/openid-configuration"


@dataclass(slots=True)
class Provider:
    """The provider as the settings name it; what it says of itself is asked for once an hour."""

    settings: OpenidSettings
    store: Store
    _known: tuple[datetime, Mapping[str, Any]] | None = field(default=None, init=False)

    def begin(self, browser: str, callback: str) -> str:
        """Where to send this browser; it comes back to `callback`. Unavailable: the provider is not there."""
        state = secret(self.store.entropy)
        with self._session(callback) as session:
            endpoint = self._metadata(session)["authorization_endpoint"]
            address, _ = session.create_authorization_url(
                endpoint,
                state=state,
                code_verifier=_derived(browser, state, "verifier"),
                nonce=_derived(browser, state, "nonce"),
            )
        with self.store.change() as connection:
            ends_at = self.store.clock() + _LIFE
            sessions.add_ticket(connection, _ticket(browser, state), _KIND, None, ends_at)
        return str(address)

    def finish(self, browser: str, callback: str, answer: Mapping[str, str]) -> SignedIn | NotLetIn:
        """With what the provider sent the browser back with; nobody is let in when anything does not hold."""
        state = answer.get("state", "")
        if not self._used_up(browser, state):
            # Nobody was asked, so nobody answered: there is nothing to put on record.
            return NotLetIn.UNKNOWN
        if answer.get("iss", self.settings.issuer) != self.settings.issuer:
            return signin.by_openid(self.store, None)
        with self._session(callback) as session:
            claims = _asked(lambda: self._claims(session, browser, state, answer.get("code", "")))
        return signin.by_openid(self.store, None if claims is None else _vouched(claims))

    def _claims(
        self, session: OAuth2Session, browser: str, state: str, code: str
    ) -> Mapping[str, Any]:
        """What the provider signed for us, about whoever this browser is; raises what Authlib raises."""
        known = self._metadata(session)
        token = session.fetch_token(
            known["token_endpoint"],
            grant_type="authorization_code",
            code=code,
            code_verifier=_derived(browser, state, "verifier"),
            allow_redirects=False,
        )
        keys = KeySet.import_key_set(_json(session, known["jwks_uri"]))
        signed = jwt.decode(token["id_token"], keys, algorithms=_ALGORITHMS)
        claims = CodeIDToken(
            signed.claims,
            signed.header,
            {
                "iss": {"essential": True, "value": self.settings.issuer},
                "aud": {"essential": True, "value": self.settings.client_id},
                "nonce": {"essential": True},
            },
            {
                "nonce": _derived(browser, state, "nonce"),
                "client_id": self.settings.client_id,
                "access_token": token.get("access_token"),
            },
        )
        claims.validate(int(self.store.clock().timestamp()), _SKEW_SECONDS)
        return dict(claims)

    def _metadata(self, session: OAuth2Session) -> Mapping[str, Any]:
        now = self.store.clock()
        if self._known is None or now - self._known[0] >= _KNOWN_LIFE:
            try:
                told = _json(session, self.settings.issuer.rstrip("/") + _DISCOVERY)
            except (RequestException, ValueError) as fault:
                raise _unavailable() from fault
            if told.get("issuer") != self.settings.issuer:
                raise Unavailable(
                    "openid", "the provider calls itself by another name: openid.issuer"
                )
            self._known = (now, told)
        return self._known[1]

    def _session(self, callback: str) -> OAuth2Session:
        return OAuth2Session(
            self.settings.client_id,
            _secret(self.settings.client_secret_file),
            scope="openid email",
            redirect_uri=callback,
            code_challenge_method="S256",
            default_timeout=_TIMEOUT_SECONDS,
        )

    def _used_up(self, browser: str, state: str) -> bool:
        """Whether this browser was sent off with this state, and had not come back with it before."""
        ticket = _ticket(browser, state)
        with self.store.change() as connection:
            known = sessions.ticket(connection, ticket, _KIND, self.store.clock()) is not None
            return known and sessions.use_ticket(connection, ticket)


def _asked(ask: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """What the provider says; None where it refuses, or what it says does not hold."""
    try:
        return ask()
    except RequestException as fault:
        raise _unavailable() from fault
    except (OAuthError, JoseError, ValueError, KeyError, TypeError):
        return None


def _vouched(claims: Mapping[str, Any]) -> Vouched | None:
    """Whom it is about; None where the address is not verified, or the name no name (Core 2: `sub`)."""
    email, subject = claims.get("email"), claims.get("sub")
    if claims.get("email_verified") is not True or not isinstance(email, str):
        return None
    if not isinstance(subject, str) or not 1 <= len(subject) <= _LONGEST_SUBJECT:
        return None
    return Vouched(Person(claims["iss"], subject), email)


def _json(session: OAuth2Session, address: str) -> Any:
    answer = session.get(address, withhold_token=True, allow_redirects=False)
    answer.raise_for_status()
    return answer.json()


def _secret(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise Unavailable(
            "openid", f"openid.client_secret_file: {file} cannot be read", file
        ) from fault


def _unavailable() -> Unavailable:
    return Unavailable("openid", "the OpenID Connect provider does not answer")


def _derived(browser: str, state: str, use: str) -> str:
    """A secret of this browser's for one sign-in, which nobody has to keep: 256 bits in base64url."""
    made = hmac.digest(browser.encode(), f"{use}\0{state}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def _ticket(browser: str, state: str) -> bytes:
    return hashed(f"{hashed(browser).hex()}{state}")
