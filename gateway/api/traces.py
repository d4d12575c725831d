"""Tells of each request as one span: method, route template and status, and nothing that was sent."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, Response, request

from gateway.api.application import METHODS, UNMATCHED
from gateway.tracing import Fact, Step, Told, span

_TOLD = "gateway.told"

WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


def watched(app: Flask) -> WsgiApp:
    """The application, telling of each of its requests; W3C traceparents are continued."""
    app.after_request(_tell)

    def call(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        given = {"traceparent": environ.get("HTTP_TRACEPARENT", "")}
        with span(Step.REQUEST, given) as told:
            return app({**environ, _TOLD: told}, start_response)

    return call


def _tell(response: Response) -> Response:
    told: Told = request.environ[_TOLD]
    told.tell(Fact.METHOD, request.method if request.method in METHODS else "OTHER")
    told.tell(Fact.ROUTE, request.url_rule.rule if request.url_rule else UNMATCHED)
    told.tell(Fact.STATUS, response.status_code)
    return response
