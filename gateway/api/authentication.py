"""Who calls: a bearer token (RFC 6750) in the Authorization header and nowhere else."""

import re
from collections.abc import Container

from gateway.api.problems import NOT_AUTHENTICATED, TOKEN_IN_QUERY, ProblemError, stop
from gateway.model.client import Client
from gateway.storage.store import Store
from gateway.usecases import clients

CHALLENGE = 'Bearer realm="contact-export-gateway"'

# RFC 6750 §2.1 b64token; a token of ours is shorter than 64 characters.
_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/-]{1,512}=*)")
_QUERY_NAMES = ("access_token", "token", "api_key")


def refuse_token_in_query(query: Container[str]) -> None:
    """ProblemError when the address carries a token, also beside a good header: it is in logs now."""
    if any(name in query for name in _QUERY_NAMES):
        raise stop(TOKEN_IN_QUERY, "a token in the address is refused, and should be revoked")


def bearer(authorization: str | None) -> str | None:
    """The token of an Authorization header; None where there is none, or anything else in it."""
    match = _BEARER.fullmatch(authorization or "")
    return match[1] if match else None


def authenticate(store: Store, authorization: str | None) -> Client | None:
    """The live client whose token it is, looked up anew for every request; None for anybody else."""
    token = bearer(authorization)
    return None if token is None else clients.authenticate(store, token, store.clock())


def challenge(authorization: str | None) -> ProblemError:
    """The answer to whoever could not be authenticated; it does not say which tokens ever existed."""
    if authorization is None:
        return stop(
            NOT_AUTHENTICATED,
            "send the token as Authorization: Bearer TOKEN",
            {"WWW-Authenticate": CHALLENGE},
        )
    return stop(
        NOT_AUTHENTICATED,
        "the token is unknown, expired or revoked",
        {"WWW-Authenticate": f'{CHALLENGE}, error="invalid_token"'},
    )
