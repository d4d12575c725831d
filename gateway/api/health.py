"""Whether the service lives, whether it can work, and what it counted; without a token, without data."""

import hmac

from marshmallow import fields

from gateway.api import authentication, problems
from gateway.api import metrics as counters
from gateway.api.endpoint import Answer, Call, Endpoint, Open, Page, endpoint
from gateway.api.problems import Problem, stop
from gateway.api.shapes import Shape, one_of
from gateway.errors import Unavailable
from gateway.usecases.backlog import Backlog, backlog
from gateway.usecases.readiness import Readiness
from gateway.usecases.services import Services

_PROBES = Open("probes carry no token; the answer holds no data")
_LOOPBACK = frozenset({"127.0.0.1", "::1"})


class AliveShape(Shape):
    """The process answers."""

    status = one_of(("alive",))


class ReadyShape(Shape):
    """Every part works."""

    status = one_of(("ready",))
    parts = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


@endpoint(
    "GET",
    "/healthz",
    access=_PROBES,
    summary="Tell that the process lives",
    answers={200: AliveShape},
)
def alive(_services: Services, _call: Call) -> Answer:
    """Always, as long as there is anybody to answer."""
    return Answer(body={"status": "alive"})


def ready(readiness: Readiness) -> Endpoint:
    """The endpoint over one worker's readiness."""

    @endpoint(
        "GET",
        "/readyz",
        access=_PROBES,
        summary="Tell whether every part works, or which does not and why",
        answers={200: ReadyShape},
        problems=(problems.UNAVAILABLE,),
    )
    def ready(_services: Services, _call: Call) -> Answer | Problem:
        parts = readiness.parts()
        if broken := {name: why for name, why in parts.items() if why is not None}:
            return problems.unavailable(broken)
        return Answer(body={"status": "ready", "parts": dict.fromkeys(parts, "ok")})

    return ready


@endpoint(
    "GET",
    "/metrics",
    access=Open("its own token, or from this machine alone: judged by the handler"),
    summary="Give the counters of all workers, for Prometheus",
    answers={200: counters.MEDIA_TYPE},
    problems=(problems.NOT_AUTHENTICATED,),
)
def metrics(services: Services, call: Call) -> Page:
    """The counters, to this machine or to whoever has their token."""
    token = services.settings.service.metrics_token
    if token:
        given = authentication.bearer(call.credentials.authorization) or ""
        if not hmac.compare_digest(given, token):
            raise authentication.challenge(call.credentials.authorization)
    elif call.peer not in _LOOPBACK:
        raise stop(
            problems.NOT_AUTHENTICATED,
            "only from this machine, or with the token of service.metrics_token",
            {"WWW-Authenticate": authentication.CHALLENGE},
        )
    return Page(content=call.metrics.exposition(_backlog(services)), media_type=counters.MEDIA_TYPE)


def _backlog(services: Services) -> Backlog | None:
    try:
        return backlog(services)
    except Unavailable:
        return None
