"""Who calls: a token in the Authorization header and nowhere else, with what it is bound to.

Bearer tokens (RFC 6750), DPoP (RFC 9449), certificates as a TLS proxy tells them (RFC 8705, RFC 9440).
"""

import base64
import re
from collections.abc import Container
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from flask import Request

from gateway.api.endpoint import Credentials
from gateway.api.problems import MALFORMED, NOT_AUTHENTICATED, TOKEN_IN_QUERY, ProblemError, stop
from gateway.model.client import Client
from gateway.settings import OauthSettings
from gateway.storage.store import Store
from gateway.usecases.oauth import admission
from gateway.usecases.oauth.admission import Denied, Flaw, Scheme
from gateway.usecases.oauth.possession import Shown
from gateway.usecases.oauth.signatures import ALGORITHMS, digest

_REALM = 'realm="contact-export-gateway"'
CHALLENGE = f"Bearer {_REALM}"
_BY_DPOP = f'DPoP {_REALM}, algs="{" ".join(ALGORITHMS)}"'
CERTIFICATE = "Client-Cert"

# RFC 6750 §2.1 token68; a token of ours is shorter than 64 characters.
_TOKEN = re.compile(r"(Bearer|DPoP) +([A-Za-z0-9._~+/-]{1,512}=*)", re.IGNORECASE)
_QUERY_NAMES = ("access_token", "token", "api_key", "client_assertion", "client_secret")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def refuse_token_in_query(query: Container[str]) -> None:
    """ProblemError when the address carries a secret, also beside a good header: it is in logs now."""
    if any(name in query for name in _QUERY_NAMES):
        raise stop(TOKEN_IN_QUERY, "a token in the address is refused, and should be revoked")


def credentials(request: Request, settings: OauthSettings) -> Credentials:
    """What the request shows; ProblemError where it tells of a certificate and may not."""
    issuer = settings.issuer or _own_name(request)
    shown = Shown(
        proofs=tuple(request.headers.getlist("DPoP")),
        method=request.method,
        address=f"{issuer or ''}{request.path}",
        certificate=_certificate(request, settings),
    )
    return Credentials(
        authorization=request.headers.get("Authorization"), shown=shown, issuer=issuer
    )


def bearer(authorization: str | None) -> str | None:
    """The token of a Bearer header; None where there is none, or anything else in it."""
    scheme, token = _parsed(authorization)
    return token if scheme is Scheme.BEARER else None


def authenticate(store: Store, given: Credentials) -> Client | Denied | None:
    """The client whose token it is; None where there is no token, or nothing like one."""
    scheme, token = _parsed(given.authorization)
    return None if scheme is None else admission.admit(store, scheme, token, given.shown)


def challenge(authorization: str | None, denied: Denied | None = None) -> ProblemError:
    """The answer to whoever could not be authenticated; it does not say which tokens ever existed."""
    if authorization is None:
        return stop(
            NOT_AUTHENTICATED,
            "send the token as Authorization: Bearer TOKEN",
            {"WWW-Authenticate": CHALLENGE},
        )
    if denied is None or denied.flaw is Flaw.TOKEN:
        detail = "the token is unknown, expired or revoked"
    else:
        detail = denied.why
    error = "invalid_dpop_proof" if denied and denied.flaw is Flaw.PROOF else "invalid_token"
    by_dpop = error == "invalid_dpop_proof" or _parsed(authorization)[0] is Scheme.DPOP
    told = f'{_BY_DPOP if by_dpop else CHALLENGE}, error="{error}"'
    return stop(NOT_AUTHENTICATED, detail, {"WWW-Authenticate": told})


def _parsed(authorization: str | None) -> tuple[Scheme | None, str]:
    match = _TOKEN.fullmatch(authorization or "")
    return (Scheme(match[1].lower()), match[2]) if match else (None, "")


def _own_name(request: Request) -> str | None:
    """Without a configured address: the one that this machine was called by, by this machine itself."""
    try:
        host = urlsplit(f"//{request.host}").hostname
    except ValueError:
        return None
    return f"http://{request.host}" if host in _LOOPBACK else None


def _certificate(request: Request, settings: OauthSettings) -> str | None:
    """The thumbprint (RFC 8705 §3.1) of the certificate that a configured proxy tells of."""
    values = [value for value in request.headers.getlist(CERTIFICATE) if value]
    if not values:
        return None
    if not _is_trusted(request.remote_addr, settings):
        raise stop(
            MALFORMED, f"{CERTIFICATE} counts from the proxies of oauth.certificate_proxies only"
        )
    if len(values) > 1:
        raise stop(MALFORMED, f"{CERTIFICATE} is given more than once")
    [value] = values
    try:
        if value.startswith(":"):
            der = base64.b64decode(value.removeprefix(":").removesuffix(":"), validate=True)
            certificate = x509.load_der_x509_certificate(der)
        else:
            certificate = x509.load_pem_x509_certificate(unquote(value).encode())
    except ValueError:
        raise stop(MALFORMED, f"{CERTIFICATE} is no certificate") from None
    return digest(certificate.public_bytes(Encoding.DER))


def _is_trusted(address: str | None, settings: OauthSettings) -> bool:
    try:
        peer = ip_address(address or "")
    except ValueError:
        return False
    return any(peer in network for network in settings.certificate_proxies)
