"""The Flask application over the endpoints: every request takes the same steps, in the same order.

Nothing is reachable that is not a declared endpoint, and no answer leaves by another way than these.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

import flask
from flask import Flask, Response
from marshmallow import Schema
from werkzeug.datastructures import MultiDict

from gateway.api import authentication, bodies, logs, problems, repetition
from gateway.api.endpoint import (
    Answer,
    Call,
    Credentials,
    Endpoint,
    Form,
    Json,
    Open,
    Page,
    Repeats,
    Streamed,
)
from gateway.api.metrics import Metrics
from gateway.api.problems import Problem, stop
from gateway.api.rates import Allowance, Rates
from gateway.api.turnstile import Turnstile
from gateway.api.writing import Writer, writer
from gateway.model.client import Client
from gateway.model.ids import new_id
from gateway.server import WAITING_FOR_EACH
from gateway.storage.answers import Repeatable
from gateway.usecases import repeats
from gateway.usecases.oauth import grant
from gateway.usecases.oauth.admission import Denied
from gateway.usecases.services import Services

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    # Otherwise the server would name itself and its kind.
    "Server": "gateway",
}
_STYLED = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; form-action 'none'"
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
UNMATCHED = "unmatched"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Request(flask.Request):
    """A request, with what is told of it at the end; the steps hand it on, and none asks for it."""

    began: float
    request_id: str
    client_id: str | None = None
    allowance: Allowance | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """What all requests of one worker share."""

    services: Services
    metrics: Metrics
    rates: Rates
    log: Any


def build(services: Services, endpoints: Sequence[Endpoint], log: Any) -> Flask:
    """The WSGI application that answers these endpoints and no others."""
    app = Flask("gateway", static_folder=None, template_folder=None)
    app.request_class = Request
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.config["MAX_CONTENT_LENGTH"] = services.settings.limits.body_bytes
    # A redirect would repeat the address, and answer without authentication.
    app.url_map.merge_slashes = False
    rates = Rates(services.settings.limits.requests_per_minute)
    edge = Edge(services, Metrics(), rates, log)
    app.before_request(_begin(edge))
    app.after_request(_finish(edge))
    app.register_error_handler(Exception, _fail(edge))
    for endpoint in endpoints:
        app.add_url_rule(
            endpoint.path,
            endpoint=endpoint.name,
            view_func=_view(edge, endpoint),
            methods=[endpoint.method],
        )
    threads = services.settings.service.threads
    app.wsgi_app = Turnstile(  # type: ignore[method-assign]  # as Flask's documentation has it
        app.wsgi_app,
        working=threads,
        waiting=WAITING_FOR_EACH * threads,
        refused=_turn_away(edge),
    )
    return app


# ---- Around every request -------------------------------------------------------------------


def _current() -> Request:
    """The request itself, not Flask's stand-in, which would look for it at each use."""
    request: Request = flask.request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001  werkzeug's public name
    return request


def _begin(edge: Edge) -> Callable[[], None]:
    def begin() -> None:
        request = _current()
        request.began = time.perf_counter()
        request.request_id = new_id(edge.services.store.clock(), edge.services.store.entropy)

    return begin


def _turn_away(edge: Edge) -> Callable[[str], str]:
    def turn_away(why: str) -> str:
        edge.metrics.turned_away(why)
        return new_id(edge.services.store.clock(), edge.services.store.entropy)

    return turn_away


def _finish(edge: Edge) -> Callable[[Response], Response]:
    def finish(response: Response) -> Response:
        request = _current()
        given = {name.lower() for name, _ in response.headers}
        response.headers.extend([it for it in _HEADERS.items() if it[0].lower() not in given])
        response.headers["X-Request-Id"] = request.request_id
        if request.allowance is not None:
            response.headers.update(request.allowance.headers())
        seconds = time.perf_counter() - request.began
        method = request.method if request.method in METHODS else "OTHER"
        route = request.url_rule.rule if request.url_rule else UNMATCHED
        edge.metrics.request(method, route, response.status_code, seconds)
        edge.log.info(
            "request",
            request_id=request.request_id,
            method=method,
            route=route,
            status=response.status_code,
            milliseconds=round(seconds * 1000, 3),
            client=request.client_id,
        )
        return response

    return finish


def _fail(edge: Edge) -> Callable[[Exception], Response]:
    def fail(fault: Exception) -> Response:
        problem, request_id = problems.of(fault), _current().request_id
        if problem.kind is problems.INTERNAL:
            edge.log.error("fault", request_id=request_id, **logs.told(fault))
        elif problem.kind is problems.UNAVAILABLE:
            parts = list(problem.extra["parts"])
            edge.log.error("unavailable", request_id=request_id, parts=parts, **logs.told(fault))
        return _rendered_problem(problem, request_id)

    return fail


# ---- One request ----------------------------------------------------------------------------


def _view(edge: Edge, endpoint: Endpoint) -> Callable[..., Response]:
    """The steps of a request, from who calls to the bytes of the answer."""
    shapes = {
        status: writer(shape())
        for status, shape in endpoint.answers.items()
        if isinstance(shape, type) and issubclass(shape, Schema)
    }
    query = endpoint.query() if endpoint.query else None
    shape = endpoint.body.shape() if isinstance(endpoint.body, Json) else None

    def view(**path: str) -> Response:
        request = _current()
        credentials = authentication.credentials(request, edge.services.settings.oauth)
        client = _admitted(edge, endpoint, request, credentials)
        if not all(endpoint.path_form.fullmatch(segment) for segment in path.values()):
            raise stop(problems.NOT_FOUND, "nothing has a name of this form")
        raw = _body(edge, endpoint, request)
        key = None
        if endpoint.repeats is not Repeats.IGNORED:
            key = repetition.key(request.headers.get(repetition.HEADER))
        repeatable = None
        if client and key and raw is not None:
            repeatable = repetition.repeatable(
                client.client_id, key, request.method, request.path, raw
            )
        call = Call(
            request_id=request.request_id,
            metrics=edge.metrics,
            caller=client,
            path=path,
            query=bodies.of_query(query, request.args) if query else {},
            body=bodies.of_shape(shape, bodies.parsed(raw or b"")) if shape else {},
            stream=request.stream,
            repeat_key=key,
            repeatable=repeatable,
            form=request.form if isinstance(endpoint.body, Form) else MultiDict(),
            credentials=credentials,
            count=partial(_count, edge, request),
            peer=_peer(request),
        )
        if repeatable is not None and endpoint.repeats is Repeats.ANSWER_KEPT:
            return _once(edge, endpoint, shapes, call, repeatable)
        response = _rendered(shapes, call, endpoint.handler(edge.services, call))
        return _if_changed(request, response) if endpoint.conditional else response

    return view


def _admitted(
    edge: Edge, endpoint: Endpoint, request: Request, credentials: Credentials
) -> Client | None:
    """Who calls, when they may: authenticated, within their rate, in a role that belongs here."""
    if isinstance(endpoint.access, Open):
        if isinstance(endpoint.body, Form):
            authentication.refuse_token_in_query(request.args)
        return None
    authentication.refuse_token_in_query(request.args)
    found = authentication.authenticate(edge.services.store, credentials)
    if not isinstance(found, Client):
        _count(edge, request, None)
        _note(edge, request, found)
        raise authentication.challenge(credentials.authorization, found)
    _count(edge, request, found)
    if found.role not in endpoint.access:
        raise stop(problems.ROLE, f"the role {found.role} has no business here")
    return found


def _note(edge: Edge, request: Request, denied: Denied | None) -> None:
    """Put on record that a good token came without what it is bound to: it may be stolen."""
    if denied is not None and denied.client is not None:
        grant.record_refusal(edge.services.store, denied.client, denied.flaw, request.request_id)


def _count(edge: Edge, request: Request, client: Client | None) -> None:
    """Counts a request of a client, or a failed authentication of an address."""
    if client is None:
        _within(request, edge.rates.of_stranger(request.remote_addr or ""))
        return
    request.client_id = client.client_id
    _within(request, edge.rates.of_client(client.client_id))


def _within(request: Request, allowance: Allowance) -> None:
    request.allowance = allowance
    if not allowance.granted:
        raise stop(problems.TOO_MANY, f"try again in {allowance.seconds} s")


def _body(edge: Edge, endpoint: Endpoint, request: Request) -> bytes | None:
    """The body read whole; None where there is none to read, or the handler reads it itself."""
    if endpoint.body is None:
        return b"" if endpoint.method != "GET" else None
    bodies.require_media_type(
        request.mimetype,
        request.mimetype_params.get("charset", ""),
        request.headers.get("Content-Encoding", ""),
        _media_types(endpoint.body),
    )
    if isinstance(endpoint.body, Form):
        return None
    if isinstance(endpoint.body, Streamed):
        request.max_content_length = edge.services.settings.limits.orders_body_bytes
        return None
    return request.get_data(cache=False)


def _media_types(body: Json | Streamed | Form) -> tuple[str, ...]:
    match body:
        case Json():
            return (bodies.JSON,)
        case Form():
            return (bodies.FORM,)
        case Streamed():
            return body.media_types


def _peer(request: Request) -> str | None:
    if any(name in request.headers for name in _FORWARDED):
        return None
    return request.remote_addr


def _once(
    edge: Edge,
    endpoint: Endpoint,
    shapes: Mapping[int, Writer],
    call: Call,
    repeatable: Repeatable,
) -> Response:
    """The answer, or the one that was given before to this very request."""
    store = edge.services.store
    with store.read() as connection:
        earlier = repeats.earlier(connection, repeatable)
    if earlier is not None:
        return _json(earlier.answer, earlier.status, bodies.JSON)
    answer = endpoint.handler(edge.services, call)
    if not isinstance(answer, Answer):
        return _rendered(shapes, call, answer)
    shown = shapes[answer.status](answer.body)
    repeats.keep(store, call.client.merchant, repeatable, answer.status, shown)
    return _json(shown, answer.status, bodies.JSON)


# ---- Rendering ------------------------------------------------------------------------------


def _rendered(
    shapes: Mapping[int, Writer], call: Call, answer: Answer | Problem | Page
) -> Response:
    match answer:
        case Answer():
            response = _json(shapes[answer.status](answer.body), answer.status, bodies.JSON)
            response.headers.update(answer.headers)
            return response
        case Problem():
            return _rendered_problem(answer, call.request_id)
        case Page():
            response = Response(answer.content, content_type=answer.media_type)
            response.headers["Cache-Control"] = answer.cache_control
            if answer.style:
                response.headers["Content-Security-Policy"] = _STYLED
            return response


def _if_changed(request: Request, response: Response) -> Response:
    """The answer with its ETag; 304 where its reader has it already (RFC 9110 §13.1.2)."""
    if response.status_code == HTTPStatus.OK:
        response.add_etag()
        response.make_conditional(request)
    return response


def _rendered_problem(problem: Problem, request_id: str) -> Response:
    response = _json(problem.body(request_id), problem.kind.status, problems.MEDIA_TYPE)
    response.headers.update(problem.headers)
    return response


def _json(body: Mapping[str, Any], status: int, media_type: str) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text.encode(), status=status, content_type=media_type)
