"""The token endpoint and its metadata: OAuth 2.0 client credentials to the FAPI 2.0 bar.

What is not granted is answered as OAuth wants it (RFC 6749 §5.2), not as a problem document.
"""

from typing import Any

from marshmallow import fields

from gateway.api import authentication, problems
from gateway.api.endpoint import Answer, Call, Form, Open, endpoint
from gateway.api.shapes import Shape, number, text
from gateway.errors import NotFound
from gateway.usecases.oauth import assertions
from gateway.usecases.oauth import grant as usecase
from gateway.usecases.oauth.grant import Error, Granted, Refused
from gateway.usecases.oauth.signatures import ALGORITHMS
from gateway.usecases.services import Services

TOKEN_PATH = "/oauth/token"  # noqa: S105  an address
_GRANT = "client_credentials"
_FIELDS = ("grant_type", "client_assertion_type", "client_assertion")
_NOWHERE = "oauth.issuer is not configured, and this is not the machine's own address"


class TokenRequestShape(Shape):
    """A client that proves who it is, by `private_key_jwt` (RFC 7523)."""

    grant_type = text(f"`{_GRANT}`.")
    client_assertion_type = text(f"`{assertions.TYPE}`.")
    client_assertion = text(
        "A JWT signed with a registered key: `iss` and `sub` the client's id, `aud` the issuer as a "
        "single text, `exp` within an hour, a `jti` that was never used."
    )
    client_id = text("Not needed; if given, the one of the assertion.", required=False)


class TokenShape(Shape):
    """An access token, and how it is to be shown: `DPoP` with a proof, or `Bearer` with the certificate."""

    access_token = text()
    token_type = text("`DPoP` or `Bearer`.")
    expires_in = number("Seconds.")


class OauthErrorShape(Shape):
    """Why there is no token (RFC 6749 §5.2)."""

    error = text()
    error_description = text("What to do about it.")


class MetadataShape(Shape):
    """What clients need to know of the authorization server (RFC 8414)."""

    issuer = text()
    token_endpoint = text()
    token_endpoint_auth_methods_supported = fields.List(fields.String(), required=True)
    token_endpoint_auth_signing_alg_values_supported = fields.List(fields.String(), required=True)
    grant_types_supported = fields.List(fields.String(), required=True)
    response_types_supported = fields.List(fields.String(), required=True)
    dpop_signing_alg_values_supported = fields.List(fields.String(), required=True)
    tls_client_certificate_bound_access_tokens = fields.Boolean(required=True)
    service_documentation = text()


@endpoint(
    "POST",
    TOKEN_PATH,
    access=Open("it is where a client proves who it is, by what it signs"),
    summary="Ask for an access token",
    about=(
        "The token is bound to the key of the `DPoP` header (RFC 9449), to the certificate of the "
        "connection (RFC 8705), or to both, and counts for five minutes."
    ),
    body=Form(TokenRequestShape),
    answers={200: TokenShape, 400: OauthErrorShape, 401: OauthErrorShape},
    problems=(problems.NOT_FOUND, problems.TOO_MANY, problems.UNAVAILABLE),
)
def token(services: Services, call: Call) -> Answer:
    """A token, or why there is none; both are on record where a client was named."""
    issuer = call.credentials.issuer
    if issuer is None:
        raise NotFound(_NOWHERE)
    outcome = _asked_wrongly(call) or usecase.grant(
        services.store,
        issuer,
        call.form["client_assertion"],
        call.credentials.shown,
        call.request_id,
    )
    if isinstance(outcome, Refused):
        return _refusal(services, call, outcome)
    call.count(outcome.client)
    return Answer(body=_token(outcome))


@endpoint(
    "GET",
    "/.well-known/oauth-authorization-server",
    access=Open("it says how to ask for a token, and nothing of anybody"),
    summary="Tell clients how to ask for a token",
    answers={200: MetadataShape},
    problems=(problems.NOT_FOUND,),
)
def metadata(services: Services, call: Call) -> Answer:
    """RFC 8414."""
    issuer = call.credentials.issuer
    if issuer is None:
        raise NotFound(_NOWHERE)
    return Answer(
        body={
            "issuer": issuer,
            "token_endpoint": issuer + TOKEN_PATH,
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
            "grant_types_supported": [_GRANT],
            "response_types_supported": [],
            "dpop_signing_alg_values_supported": ALGORITHMS,
            "tls_client_certificate_bound_access_tokens": bool(
                services.settings.oauth.certificate_proxies
            ),
            "service_documentation": f"{issuer}/docs",
        }
    )


def _asked_wrongly(call: Call) -> Refused | None:
    """What speaks against the request before anybody is looked up."""
    form = call.form
    named = assertions.named_client(form.get("client_assertion", ""))
    secret = "client_secret" in form or call.credentials.authorization is not None
    twice = any(len(values) > 1 for _, values in form.lists())
    missing = next((name for name in _FIELDS if not form.get(name)), None)
    checks = (
        (Error.REQUEST, "a parameter is given more than once", twice),
        (Error.CLIENT, "a client proves itself with a client_assertion alone", secret),
        (Error.REQUEST, f"{missing} is missing", missing),
        (Error.GRANT_TYPE, f"the grant_type is {_GRANT}", form.get("grant_type") != _GRANT),
        (
            Error.REQUEST,
            f"the client_assertion_type is {assertions.TYPE}",
            form.get("client_assertion_type") != assertions.TYPE,
        ),
        (
            Error.CLIENT,
            "client_id is not the sub of the client_assertion",
            form.get("client_id", named) != named,
        ),
        (Error.SCOPE, "there are no scopes: leave it out", form.get("scope")),
    )
    return next((Refused(error=error, why=why) for error, why, wrong in checks if wrong), None)


def _refusal(services: Services, call: Call, refused: Refused) -> Answer:
    call.count(None)
    if refused.client is not None:
        usecase.record_refusal(services.store, refused.client, refused.error.value, call.request_id)
    failed = refused.error is Error.CLIENT
    authorized = failed and call.credentials.authorization is not None
    return Answer(
        status=401 if failed else 400,
        body={"error": refused.error, "error_description": refused.why},
        headers={"WWW-Authenticate": authentication.CHALLENGE} if authorized else {},
    )


def _token(granted: Granted) -> dict[str, Any]:
    return {
        "access_token": granted.token,
        "token_type": "DPoP" if granted.by_dpop else "Bearer",
        "expires_in": int(usecase.LIFE.total_seconds()),
    }
