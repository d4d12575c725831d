"""OpenAPI 3.1 from the declared endpoints: what is not declared there is not promised here."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import Schema

from gateway.api import problems, repetition
from gateway.api.bodies import FORM, JSON
from gateway.api.endpoint import EVERY_ROLE, Endpoint, Form, Json, Open, Repeats, Streamed
from gateway.api.problems import Kind
from policies.question import Role

VERSION = "1"
"""Of the surface, as in its paths; the service has a version of its own."""

_PARAMETER = re.compile(r"<(?:path:)?([a-z_]+)>")
_ABOUT = """\
Hands the contact data of OTTO freight orders to the responsible carrier, for agreeing the delivery
appointment and for nothing else. Whatever is decided is on record before it is answered.

Times are RFC 3339 in UTC, ids are opaque. Errors are `application/problem+json` (RFC 9457).
"""

_ACCESS = {
    "type": "oauth2",
    "description": (
        "Access tokens by `private_key_jwt`, bound by DPoP (RFC 9449) or to a client certificate "
        "(RFC 8705); `gateway clients keys` registers the client's public keys. A token that is bound "
        "by DPoP is sent as `Authorization: DPoP TOKEN` beside its proof."
    ),
    "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": {}}},
}


def specification(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """The OpenAPI document of these endpoints."""
    spec = APISpec(
        title="Contact export gateway",
        version=VERSION,
        openapi_version="3.1.0",
        info={"description": _ABOUT},
        plugins=[_Plugin(schema_name_resolver=_name)],
        security=[{"token": []}, {"access": []}],
    )
    spec.components.security_scheme(
        "token", {"type": "http", "scheme": "bearer", "description": "gateway clients create"}
    )
    spec.components.security_scheme("access", _ACCESS)
    for endpoint in endpoints:
        path = _PARAMETER.sub(r"{\1}", endpoint.path)
        spec.path(path=path, operations={endpoint.method.lower(): _operation(endpoint)})
    return spec.to_dict()


class _Converter(OpenAPIConverter):
    """Adds what a shape says beside its members, and its first line."""

    def schema2jsonschema(self, schema: Schema) -> dict[str, Any]:
        described: dict[str, Any] = super().schema2jsonschema(schema)  # type: ignore[no-untyped-call]  # apispec is not typed
        described["description"] = (schema.__doc__ or "").partition("\n")[0]
        return described | dict(getattr(schema, "also", {}))


class _Plugin(MarshmallowPlugin):
    Converter = _Converter


def _name(shape: type[Schema] | Schema) -> str:
    kind = shape if isinstance(shape, type) else type(shape)
    return kind.__name__.removesuffix("Shape")


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": endpoint.summary,
        "description": "\n\n".join(filter(None, (endpoint.about, _who(endpoint)))),
        "operationId": _operation_id(endpoint),
        "responses": _responses(endpoint),
    }
    if isinstance(endpoint.access, Open):
        operation["security"] = []
    if parameters := _parameters(endpoint):
        operation["parameters"] = parameters
    if endpoint.body is not None:
        operation["requestBody"] = {"required": True, "content": _content(endpoint.body)}
    return operation


def _who(endpoint: Endpoint) -> str:
    if isinstance(endpoint.access, Open):
        return f"Without a token: {endpoint.access.because}."
    roles = [role.value for role in Role if role in endpoint.access]
    return "For every role." if len(roles) == len(Role) else f"For: {', '.join(roles)}."


def _operation_id(endpoint: Endpoint) -> str:
    words = re.findall(r"[a-z]+", endpoint.path.removeprefix("/v1"))
    return "_".join([endpoint.method.lower(), *words])


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(endpoint.path)
    ]
    if endpoint.query is not None:
        parameters.append({"in": "query", "schema": endpoint.query})
    if endpoint.conditional:
        about = "The ETag of an earlier answer; 304 if it would be the same."
        parameters.append(
            {
                "name": "If-None-Match",
                "in": "header",
                "schema": {"type": "string"},
                "description": about,
            }
        )
    if endpoint.repeats is not Repeats.IGNORED:
        key = {"type": "string", "pattern": "^[!-~]{1,255}$"}
        about = "The same key with the same request gives the same answer; with another, 422."
        parameters.append(
            {"name": repetition.HEADER, "in": "header", "schema": key, "description": about}
        )
    return parameters


def _content(body: Json | Streamed | Form) -> dict[str, Any]:
    if isinstance(body, Json):
        return {JSON: {"schema": body.shape}}
    if isinstance(body, Form):
        return {FORM: {"schema": body.shape}}
    return {media_type: {"schema": dict(body.described)} for media_type in body.media_types}


def _responses(endpoint: Endpoint) -> dict[str, Any]:
    by_status: dict[int, list[Kind]] = {}
    for kind in dict.fromkeys((*endpoint.problems, *_usual(endpoint))):
        by_status.setdefault(kind.status, []).append(kind)
    answers = {str(status): _answer(shape) for status, shape in endpoint.answers.items()}
    if endpoint.conditional:
        answers["304"] = {"description": "What If-None-Match names still stands."}
    for status in sorted(by_status):
        told = _problem(by_status[status])
        if answer := answers.get(str(status)):
            told = {
                "description": f"{answer['description']}; {told['description']}",
                "content": {**answer["content"], **told["content"]},
            }
        answers[str(status)] = told
    return answers


def _answer(shape: type[Schema] | str) -> dict[str, Any]:
    if isinstance(shape, str):
        schema = {"type": "string"}
        return {"description": "Text", "content": {shape.partition(";")[0]: {"schema": schema}}}
    about = (shape.__doc__ or "").partition("\n")[0]
    return {"description": about, "content": {JSON: {"schema": shape}}}


def _problem(kinds: Sequence[Kind]) -> dict[str, Any]:
    shapes = list(dict.fromkeys(kind.shape for kind in kinds))
    schema = shapes[0] if len(shapes) == 1 else {"anyOf": shapes}
    return {
        "description": "; ".join(kind.title for kind in kinds),
        "content": {problems.MEDIA_TYPE: {"schema": schema}},
    }


def _usual(endpoint: Endpoint) -> Iterator[Kind]:
    """The problems that the steps around a handler may end in."""
    if isinstance(endpoint.body, Form):
        yield problems.TOKEN_IN_QUERY
    if not isinstance(endpoint.access, Open):
        yield from (problems.TOKEN_IN_QUERY, problems.NOT_AUTHENTICATED, problems.TOO_MANY)
        yield problems.UNAVAILABLE
        if endpoint.access != EVERY_ROLE:
            yield problems.ROLE
    if endpoint.body is not None:
        yield from (problems.MALFORMED, problems.TOO_SLOW, problems.TOO_LARGE, problems.MEDIA)
    checked = (
        isinstance(endpoint.body, Json | Streamed),
        endpoint.query,
        endpoint.repeats is not Repeats.IGNORED,
    )
    if any(checked):
        yield problems.INVALID
    yield problems.INTERNAL
