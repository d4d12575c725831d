"""A small OpenID Connect provider, served for real; it says whom it is told to, and errs as it is told to."""

import base64
import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from flask import Flask, Response, jsonify, redirect, request
from joserfc.jwk import ECKey, RSAKey
from werkzeug.serving import make_server
from werkzeug.wrappers import Response as Answer

from tests.oauth import Key, signed

CLIENT_ID, SECRET = "console", "a secret of the provider's"
_KEY = RSAKey.generate_key(2048)
_KEY.ensure_kid()


@dataclass
class Provider:
    """What it says of whoever signs in, and how it strays from what is right."""

    now: Callable[[], float]
    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256", "kid": _KEY.kid})
    key: Key | None = field(default_factory=lambda: _KEY)
    denies: bool = False
    says_issuer: str | None = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def discovery(self) -> dict[str, Any]:
        """OpenID Connect Discovery 1.0."""
        return {
            "issuer": self.says_issuer or self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
        }

    def authorize(self, asked: dict[str, str]) -> str:
        """Signs somebody in without a question, and sends the browser back."""
        assert asked["code_challenge_method"] == "S256"
        assert asked["response_type"] == "code"
        assert asked["scope"].split() == ["openid", "email"]
        told = {"state": asked["state"]}
        if self.denies:
            told["error"] = "access_denied"
        else:
            code = f"code-{len(self.codes)}"
            self.codes[code] = asked
            told |= {"code": code, "iss": self.issuer}
        return f"{asked['redirect_uri']}?{urlencode(told)}"

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """Gives the ID token for a code, once, to the client that can prove it began this."""
        asked = self.codes.pop(form.get("code", ""), None)
        credentials = base64.b64encode(f"{CLIENT_ID}:{SECRET}".encode()).decode()
        if asked is None or authorization != f"Basic {credentials}":
            return None
        challenge = create_s256_code_challenge(form["code_verifier"])
        if asked["code_challenge"] != challenge or asked["redirect_uri"] != form["redirect_uri"]:
            return None
        access = "an access token"
        half = hashlib.sha256(access.encode()).digest()[:16]
        claims = {
            "iss": self.issuer,
            "sub": "4711",
            "aud": CLIENT_ID,
            "iat": int(self.now()),
            "exp": int(self.now()) + 300,
            "nonce": asked["nonce"],
            "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
            "email_verified": True,
            **self.claims,
        }
        told = {name: value for name, value in claims.items() if value is not None}
        whole = signed(self.header, told, self.key)
        return {"access_token": access, "token_type": "Bearer", "id_token": whole}


@contextmanager
def served(now: Callable[[], float]) -> Iterator[Provider]:
    """The provider, on a port of its own."""
    provider = Provider(now)
    app = Flask("provider")

    @app.get("/.well-known/openid-configuration")
    def discovery() -> Response:
        return jsonify(provider.discovery())

    @app.get("/jwks")
    def jwks() -> Response:
        return jsonify({"keys": [_KEY.as_dict(private=False)]})

    @app.get("/authorize")
    def authorize() -> Answer:
        return redirect(provider.authorize(request.args.to_dict()))

    @app.post("/token")
    def token() -> Answer:
        given = provider.token(request.form.to_dict(), request.headers.get("Authorization", ""))
        if given is None:
            return Response('{"error": "invalid_grant"}', 400, mimetype="application/json")
        return jsonify(given)

    server = make_server("127.0.0.1", 0, app, threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield provider
    server.shutdown()
    thread.join()
    server.server_close()


def another_key() -> ECKey:
    """One that the provider does not publish."""
    return ECKey.generate_key("P-256")
